//! What happens to a group of requests: its traces get their costs, then one transaction for all of them, or one for each
//! where that fails, and then the answers they change are dropped. A workspace's first traces bring it the alert rules that
//! every workspace begins with. Holds no queue.

use std::{collections::BTreeSet, panic};

use domain::{
    alert::default::default_rules,
    error::chain,
    price::prices::Prices,
    trace::record::{IncomingSpan, NewScore, NewTrace},
};
use moka::sync::Cache as Known;
use shared::Timestamp;
use store::{
    StoreError,
    alert::AlertStore,
    trace::{TraceStore, Written},
};
use uuid::Uuid;

use crate::{
    cache::Invalidator,
    clock::Clock,
    pricer::Pricer,
    telemetry::metrics::{Metrics, Unit},
};

/// A group takes no further request once it has so many traces and spans by themselves: a larger transaction is not written
/// faster.
pub const GROUP_TRACES: usize = 8192;

/// Workspaces of which it is remembered that they have their alert rules.
const KNOWN: u64 = 10_000;

/// Where groups go.
#[derive(Clone, Debug)]
pub struct Sink {
    store: TraceStore,
    alerts: AlertStore,
    pricer: Pricer,
    invalidator: Invalidator,
    metrics: Metrics,
    clock: Clock,
    known: Known<Uuid, ()>,
}

impl Sink {
    /// Writes to `store` what `pricer` has priced, and drops answers through `invalidator`.
    #[must_use]
    pub fn new(
        store: TraceStore,
        pricer: Pricer,
        invalidator: Invalidator,
        metrics: Metrics,
        clock: Clock,
    ) -> Self {
        let alerts = AlertStore::new(store.database());
        Self { store, alerts, pricer, invalidator, metrics, clock, known: Known::new(KNOWN) }
    }

    /// The prices of these workspaces. Where a workspace's own cannot be read for good, they are the public ones alone:
    /// nothing is lost for a cost that can be computed anew.
    ///
    /// # Errors
    /// Where the store does not answer at the moment.
    pub async fn prices(&self, workspaces: &BTreeSet<Uuid>) -> Result<Prices, StoreError> {
        match self.pricer.prices(workspaces.iter().copied()).await {
            Err(error) if !error.is_transient() => {
                tracing::error!(error = chain(&error), "the workspaces' own prices cannot be read");
                self.pricer.prices([]).await
            }
            prices => prices,
        }
    }

    /// Gives requests' records their costs, before they are written for the first time.
    ///
    /// # Errors
    /// Where the store does not answer at the moment.
    pub async fn priced<T: Record>(&self, requests: Vec<Vec<T>>) -> Result<Vec<Vec<T>>, StoreError> {
        let prices = self.prices(&workspaces(&requests)).await?;
        Ok(price(prices, requests).await)
    }

    /// Writes requests' records, and says of each request what became of it: one that cannot be written does not fail the
    /// others.
    ///
    /// # Errors
    /// Where the store does not write at the moment, whatever it is given. Some requests may be written: writing them
    /// again counts nothing twice.
    pub async fn write<T: Record>(
        &self,
        requests: &[Vec<T>],
    ) -> Result<Vec<Result<(), StoreError>>, StoreError> {
        let all: Vec<&T> = requests.iter().flatten().collect();
        let results = match self.metrics.time_write(T::UNIT, all.len(), T::write(&self.store, &all)).await {
            Ok(written) => {
                self.metrics.spans_dropped(written.dropped);
                requests.iter().map(|_| Ok(())).collect()
            }
            Err(error) if error.is_transient() => return Err(error),
            Err(error) if requests.len() == 1 => vec![Err(error)],
            Err(error) => {
                tracing::warn!(
                    error = chain(&error),
                    requests = requests.len(),
                    "a group was not written, trying each request by itself"
                );
                self.write_each(requests).await?
            }
        };
        let written = requests.iter().zip(&results).filter(|(_, result)| result.is_ok());
        let workspaces: BTreeSet<Uuid> =
            written.filter_map(|(records, _)| records.first()).map(T::workspace_id).collect();
        for workspace_id in workspaces {
            self.invalidator.written(workspace_id).await;
            self.begin_alerts(workspace_id).await;
        }
        Ok(results)
    }

    /// Gives a workspace the alert rules that every one begins with, unless it has been.
    async fn begin_alerts(&self, workspace_id: Uuid) {
        if self.known.contains_key(&workspace_id) {
            return;
        }
        match self.alerts.create_default_rules(workspace_id, &default_rules(), self.clock.now()).await {
            Ok(_) => self.known.insert(workspace_id, ()),
            Err(error) => {
                tracing::warn!(error = chain(&error), "a workspace was not given its alert rules yet");
            }
        }
    }

    async fn write_each<T: Record>(
        &self,
        requests: &[Vec<T>],
    ) -> Result<Vec<Result<(), StoreError>>, StoreError> {
        let mut results = Vec::with_capacity(requests.len());
        for records in requests {
            match T::write(&self.store, &records.iter().collect::<Vec<_>>()).await {
                Err(error) if error.is_transient() => return Err(error),
                result => results.push(result.map(|written| self.metrics.spans_dropped(written.dropped))),
            }
        }
        Ok(results)
    }

    /// Makes traces of those that wait for their outermost span and of which nothing has come since `before`.
    ///
    /// # Errors
    /// Where the store fails. What was done stays done.
    pub async fn promote(&self, before: Timestamp) -> Result<(), StoreError> {
        for workspace_id in self.store.promote(before).await? {
            self.invalidator.written(workspace_id).await;
        }
        Ok(())
    }

    /// Writes a score.
    ///
    /// # Errors
    /// Where the store did not write it.
    pub async fn score(&self, score: &NewScore) -> Result<(), StoreError> {
        self.store.score(score).await?;
        self.invalidator.written(score.workspace_id).await;
        Ok(())
    }
}

/// Whose requests these are: each is of one workspace.
pub fn workspaces<T: Record>(requests: &[Vec<T>]) -> BTreeSet<Uuid> {
    requests.iter().filter_map(|records| records.first()).map(T::workspace_id).collect()
}

/// Gives requests' records their costs by these prices. It may be a hundred thousand spans: not for async threads.
pub async fn price<T: Record>(prices: Prices, mut requests: Vec<Vec<T>>) -> Vec<Vec<T>> {
    let work = tokio::task::spawn_blocking(move || {
        requests.iter_mut().flatten().for_each(|record| record.price(&prices));
        requests
    });
    match work.await {
        Ok(requests) => requests,
        // It is not cancelled: it panicked, and so does this.
        Err(error) => panic::resume_unwind(error.into_panic()),
    }
}

/// What is written in groups.
pub trait Record: Send + Sync + 'static {
    /// What it is counted as.
    const UNIT: Unit;

    /// Whose it is.
    fn workspace_id(&self) -> Uuid;

    /// Gives it its cost.
    fn price(&mut self, prices: &Prices);

    /// Writes several in one transaction.
    fn write(
        store: &TraceStore,
        records: &[&Self],
    ) -> impl Future<Output = Result<Written, StoreError>> + Send;
}

impl Record for NewTrace {
    const UNIT: Unit = Unit::Traces;

    fn workspace_id(&self) -> Uuid {
        self.workspace_id
    }

    fn price(&mut self, prices: &Prices) {
        prices.price_trace(self);
    }

    async fn write(store: &TraceStore, records: &[&Self]) -> Result<Written, StoreError> {
        store.write(records).await
    }
}

impl Record for IncomingSpan {
    const UNIT: Unit = Unit::Spans;

    fn workspace_id(&self) -> Uuid {
        self.workspace_id
    }

    fn price(&mut self, prices: &Prices) {
        prices.price_span(self.workspace_id, &mut self.span);
    }

    async fn write(store: &TraceStore, records: &[&Self]) -> Result<Written, StoreError> {
        store.write_spans(records).await
    }
}
