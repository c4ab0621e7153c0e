//! Writes groups of requests: prices their records, writes all of them in one transaction, or each request in its own if
//! that fails, and invalidates the cached responses. Creates the default alert rules of a workspace with its first records.
//! Independent of the queue.

use std::{collections::BTreeSet, panic};

use domain::{
    alert::default::default_rules,
    error::chain,
    price::prices::Prices,
    trace::record::{IncomingSpan, NewScore, NewTrace},
};
use moka::sync::Cache;
use shared::Timestamp;
use store::{
    StoreError,
    alert::AlertStore,
    trace::{TraceStore, WriteSummary},
};
use uuid::Uuid;

use crate::{
    cache::Invalidator,
    clock::Clock,
    pricer::Pricer,
    telemetry::metrics::{Metrics, Unit},
};

/// The number of traces and incoming spans after which a group is full. Larger transactions are not faster.
pub const GROUP_TRACES: usize = 8192;

/// The number of workspaces whose default alert rules are known to exist.
const CACHED_WORKSPACES: u64 = 10_000;

/// Writes groups of requests to a store. Clones share the connections.
#[derive(Clone, Debug)]
pub struct GroupWriter {
    store: TraceStore,
    alerts: AlertStore,
    pricer: Pricer,
    invalidator: Invalidator,
    metrics: Metrics,
    clock: Clock,
    with_default_rules: Cache<Uuid, ()>,
}

impl GroupWriter {
    /// Creates a writer to `store`, with the prices of `pricer`.
    #[must_use]
    pub fn new(
        store: TraceStore,
        pricer: Pricer,
        invalidator: Invalidator,
        metrics: Metrics,
        clock: Clock,
    ) -> Self {
        let alerts = AlertStore::new(store.database());
        Self {
            store,
            alerts,
            pricer,
            invalidator,
            metrics,
            clock,
            with_default_rules: Cache::new(CACHED_WORKSPACES),
        }
    }

    /// Returns the prices of these workspaces. If the workspace prices can never be read, returns the public prices:
    /// costs can be recalculated later, but rejected traces would be lost.
    ///
    /// # Errors
    /// Returns a transient error if the store is unavailable.
    pub async fn prices(&self, workspaces: &BTreeSet<Uuid>) -> Result<Prices, StoreError> {
        match self.pricer.prices(workspaces.iter().copied()).await {
            Err(error) if !error.is_transient() => {
                tracing::error!(
                    error = chain(&error),
                    "failed to read prices of workspaces, using public prices"
                );
                self.pricer.prices([]).await
            }
            prices => prices,
        }
    }

    /// Sets the costs of new records.
    ///
    /// # Errors
    /// Returns a transient error if the store is unavailable.
    pub async fn priced<T: Record>(&self, requests: Vec<Vec<T>>) -> Result<Vec<Vec<T>>, StoreError> {
        let prices = self.prices(&workspaces(&requests)).await?;
        Ok(price(prices, requests).await)
    }

    /// Writes the records of requests, and returns the result of each request: one that cannot be written does not fail the
    /// others.
    ///
    /// # Errors
    /// Returns a transient error if the store is unavailable. Some requests may have been written; writing them again
    /// counts nothing twice.
    pub async fn write<T: Record>(
        &self,
        requests: &[Vec<T>],
    ) -> Result<Vec<Result<(), StoreError>>, StoreError> {
        let all: Vec<&T> = requests.iter().flatten().collect();
        let results = match self.metrics.time_write(T::UNIT, all.len(), T::write(&self.store, &all)).await {
            Ok(written) => {
                self.metrics.record_dropped_spans(written.dropped);
                requests.iter().map(|_| Ok(())).collect()
            }
            Err(error) if error.is_transient() => return Err(error),
            Err(error) if requests.len() == 1 => vec![Err(error)],
            Err(error) => {
                tracing::warn!(
                    error = chain(&error),
                    requests = requests.len(),
                    "failed to write group, writing each request separately"
                );
                self.write_each(requests).await?
            }
        };
        let written = requests.iter().zip(&results).filter(|(_, result)| result.is_ok());
        let workspaces: BTreeSet<Uuid> =
            written.filter_map(|(records, _)| records.first()).map(T::workspace_id).collect();
        for workspace_id in workspaces {
            self.invalidator.invalidate(workspace_id).await;
            self.create_default_rules(workspace_id).await;
        }
        Ok(results)
    }

    /// Creates the default alert rules of a workspace unless they have been created before.
    async fn create_default_rules(&self, workspace_id: Uuid) {
        if self.with_default_rules.contains_key(&workspace_id) {
            return;
        }
        match self.alerts.create_default_rules(workspace_id, &default_rules(), self.clock.now()).await {
            Ok(_) => self.with_default_rules.insert(workspace_id, ()),
            Err(error) => {
                tracing::warn!(
                    error = chain(&error),
                    workspace.id = %workspace_id,
                    "failed to create default alert rules"
                );
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
                result => {
                    results.push(result.map(|written| self.metrics.record_dropped_spans(written.dropped)));
                }
            }
        }
        Ok(results)
    }

    /// Promotes pending traces that have received no span since `before`.
    ///
    /// # Errors
    /// Returns an error if the store fails. Traces that were promoted before the failure stay promoted.
    pub async fn promote(&self, before: Timestamp) -> Result<(), StoreError> {
        for workspace_id in self.store.promote(before).await? {
            self.invalidator.invalidate(workspace_id).await;
        }
        Ok(())
    }

    /// Writes a score.
    ///
    /// # Errors
    /// Returns an error if the score was not written.
    pub async fn score(&self, score: &NewScore) -> Result<(), StoreError> {
        self.store.score(score).await?;
        self.invalidator.invalidate(score.workspace_id).await;
        Ok(())
    }
}

/// Returns the workspaces of requests, each of which has the records of one workspace.
pub fn workspaces<T: Record>(requests: &[Vec<T>]) -> BTreeSet<Uuid> {
    requests.iter().filter_map(|records| records.first()).map(T::workspace_id).collect()
}

/// Sets the costs of records. Runs on a blocking thread, since there may be a hundred thousand spans.
pub async fn price<T: Record>(prices: Prices, mut requests: Vec<Vec<T>>) -> Vec<Vec<T>> {
    let work = tokio::task::spawn_blocking(move || {
        requests.iter_mut().flatten().for_each(|record| record.price(&prices));
        requests
    });
    match work.await {
        Ok(requests) => requests,
        // The task is never cancelled, so it panicked.
        Err(error) => panic::resume_unwind(error.into_panic()),
    }
}

/// A record that is written in groups.
pub trait Record: Send + Sync + 'static {
    /// The unit in metrics.
    const UNIT: Unit;

    /// Returns the workspace that owns the record.
    fn workspace_id(&self) -> Uuid;

    /// Sets the cost.
    fn price(&mut self, prices: &Prices);

    /// Writes records in one transaction.
    ///
    /// # Errors
    /// Returns an error if the transaction was not committed.
    fn write(
        store: &TraceStore,
        records: &[&Self],
    ) -> impl Future<Output = Result<WriteSummary, StoreError>> + Send;
}

impl Record for NewTrace {
    const UNIT: Unit = Unit::Traces;

    fn workspace_id(&self) -> Uuid {
        self.workspace_id
    }

    fn price(&mut self, prices: &Prices) {
        prices.price_trace(self);
    }

    async fn write(store: &TraceStore, records: &[&Self]) -> Result<WriteSummary, StoreError> {
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

    async fn write(store: &TraceStore, records: &[&Self]) -> Result<WriteSummary, StoreError> {
        store.write_spans(records).await
    }
}
