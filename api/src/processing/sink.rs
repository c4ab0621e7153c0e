//! What happens to a group of requests: its traces get their costs, then one transaction for all of them, or one for each
//! where that fails, and then the answers they change are dropped. Holds no queue.

use std::{collections::BTreeSet, panic};

use uuid::Uuid;

use crate::{
    cache::Invalidator,
    error::chain,
    price::pricer::{Pricer, Prices},
    store::trace::{
        StoreError, TraceStore,
        record::{NewScore, NewTrace},
    },
    telemetry::metrics::Metrics,
};

/// A group takes no further request once it has so many traces: a larger transaction is not written faster.
pub const GROUP_TRACES: usize = 8192;

/// Where groups go.
#[derive(Clone, Debug)]
pub struct Sink {
    store: TraceStore,
    pricer: Pricer,
    invalidator: Invalidator,
    metrics: Metrics,
}

impl Sink {
    /// Writes to `store` what `pricer` has priced, and drops answers through `invalidator`.
    #[must_use]
    pub fn new(store: TraceStore, pricer: Pricer, invalidator: Invalidator, metrics: Metrics) -> Self {
        Self { store, pricer, invalidator, metrics }
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

    /// Gives requests' traces their costs, before they are written for the first time.
    ///
    /// # Errors
    /// Where the store does not answer at the moment.
    pub async fn priced(&self, requests: Vec<Vec<NewTrace>>) -> Result<Vec<Vec<NewTrace>>, StoreError> {
        let prices = self.prices(&workspaces(&requests)).await?;
        Ok(price(prices, requests).await)
    }

    /// Writes requests' traces, and says of each request what became of it: one that cannot be written does not fail the
    /// others.
    ///
    /// # Errors
    /// Where the store does not write at the moment, whatever it is given. Some requests may be written: writing them
    /// again counts nothing twice.
    pub async fn write(&self, requests: &[Vec<NewTrace>]) -> Result<Vec<Result<(), StoreError>>, StoreError> {
        let all: Vec<&NewTrace> = requests.iter().flatten().collect();
        let results = match self.metrics.time_write(all.len(), self.store.write(&all)).await {
            Ok(_) => requests.iter().map(|_| Ok(())).collect(),
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
            written.filter_map(|(traces, _)| traces.first()).map(|trace| trace.workspace_id).collect();
        for workspace_id in workspaces {
            self.invalidator.written(workspace_id).await;
        }
        Ok(results)
    }

    async fn write_each(
        &self,
        requests: &[Vec<NewTrace>],
    ) -> Result<Vec<Result<(), StoreError>>, StoreError> {
        let mut results = Vec::with_capacity(requests.len());
        for traces in requests {
            match self.store.write(&traces.iter().collect::<Vec<_>>()).await {
                Err(error) if error.is_transient() => return Err(error),
                result => results.push(result.map(|_| ())),
            }
        }
        Ok(results)
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
pub fn workspaces(requests: &[Vec<NewTrace>]) -> BTreeSet<Uuid> {
    requests.iter().filter_map(|traces| traces.first()).map(|trace| trace.workspace_id).collect()
}

/// Gives requests' traces their costs by these prices. It may be a hundred thousand spans: not for async threads.
pub async fn price(prices: Prices, mut requests: Vec<Vec<NewTrace>>) -> Vec<Vec<NewTrace>> {
    let work = tokio::task::spawn_blocking(move || {
        requests.iter_mut().flatten().for_each(|trace| prices.price_trace(trace));
        requests
    });
    match work.await {
        Ok(requests) => requests,
        // It is not cancelled: it panicked, and so does this.
        Err(error) => panic::resume_unwind(error.into_panic()),
    }
}
