//! What happens to a group of requests: one transaction for all of them, or one for each where that fails, and then the
//! answers they change are dropped. Holds no queue.

use std::collections::BTreeSet;

use shared::Timestamp;
use uuid::Uuid;

use crate::{
    cache::Invalidator,
    error::chain,
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
    invalidator: Invalidator,
    metrics: Metrics,
}

impl Sink {
    /// Writes to `store` and drops answers through `invalidator`.
    #[must_use]
    pub fn new(store: TraceStore, invalidator: Invalidator, metrics: Metrics) -> Self {
        Self { store, invalidator, metrics }
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
