//! Maintains the store of traces: refreshes rollups and deletes traces that are older than the retention.

use std::time::Duration;

use store::{StoreError, trace::TraceStore};

use crate::{
    clock::Clock,
    job::{Job, Stop},
};

/// The time between two maintenance runs.
const INTERVAL: Duration = Duration::from_secs(60);

/// Maintains the store of traces.
#[derive(Clone, Debug)]
pub struct Maintenance {
    /// The store.
    pub traces: TraceStore,
    /// The clock.
    pub clock: Clock,
}

impl Job for Maintenance {
    const NAME: &'static str = "maintenance";

    fn interval(&self) -> Duration {
        INTERVAL
    }

    async fn run(&self, stop: &Stop) -> Result<(), StoreError> {
        // A stop cancels the run, since a refresh may take minutes. The next process repeats it.
        stop.unless_requested(self.traces.maintain(self.clock.now())).await.unwrap_or(Ok(()))
    }
}
