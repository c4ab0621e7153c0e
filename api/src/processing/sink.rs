//! What happens to a group of requests: one transaction for all of them, or one for each where that fails, and then the
//! answers they change are dropped. Holds no queue.

use std::collections::BTreeSet;

use uuid::Uuid;

use crate::{
    cache::Invalidator,
    error::chain,
    store::trace::{
        StoreError, TraceStore, Written,
        record::{LooseSpan, NewScore, NewTrace},
    },
    telemetry::metrics::{Metrics, Unit},
};

/// A group takes no further request once it has so many traces and spans by themselves: a larger transaction is not written faster.
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
        self.write_requests(requests).await
    }

    /// Writes requests' spans that came by themselves, as [`Sink::write`] writes traces.
    ///
    /// # Errors
    /// As [`Sink::write`].
    pub async fn write_spans(
        &self,
        requests: &[Vec<LooseSpan>],
    ) -> Result<Vec<Result<(), StoreError>>, StoreError> {
        self.write_requests(requests).await
    }

    async fn write_requests<T: Record>(
        &self,
        requests: &[Vec<T>],
    ) -> Result<Vec<Result<(), StoreError>>, StoreError> {
        let all: Vec<&T> = requests.iter().flatten().collect();
        let results = match self.metrics.time_write(T::UNIT, all.len(), T::write(&self.store, &all)).await {
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
            written.filter_map(|(records, _)| records.first()).map(T::workspace_id).collect();
        for workspace_id in workspaces {
            self.invalidator.written(workspace_id).await;
        }
        Ok(results)
    }

    async fn write_each<T: Record>(
        &self,
        requests: &[Vec<T>],
    ) -> Result<Vec<Result<(), StoreError>>, StoreError> {
        let mut results = Vec::with_capacity(requests.len());
        for records in requests {
            match T::write(&self.store, &records.iter().collect::<Vec<_>>()).await {
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

/// What is written in groups.
trait Record: Sync {
    /// What it is counted as.
    const UNIT: Unit;

    fn workspace_id(&self) -> Uuid;

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

    async fn write(store: &TraceStore, records: &[&Self]) -> Result<Written, StoreError> {
        store.write(records).await
    }
}

impl Record for LooseSpan {
    const UNIT: Unit = Unit::Spans;

    fn workspace_id(&self) -> Uuid {
        self.workspace_id
    }

    async fn write(store: &TraceStore, records: &[&Self]) -> Result<Written, StoreError> {
        store.write_spans(records).await
    }
}
