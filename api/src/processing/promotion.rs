//! Promotes pending traces: builds traces from spans that have waited long enough for their root span.

use std::time::Duration;

use store::StoreError;

use super::group_writer::GroupWriter;
use crate::{
    clock::Clock,
    job::{Job, Stop},
};

/// The time between two checks for pending traces.
const INTERVAL: Duration = Duration::from_secs(10);

/// Promotes pending traces.
#[derive(Clone, Debug)]
pub struct Promotion {
    /// Writes the traces.
    pub writer: GroupWriter,
    /// The clock.
    pub clock: Clock,
    /// Traces that have received no span for this long are promoted.
    pub root_wait: Duration,
}

impl Job for Promotion {
    const NAME: &'static str = "trace_promotion";

    fn interval(&self) -> Duration {
        INTERVAL
    }

    async fn run(&self, _: &Stop) -> Result<(), StoreError> {
        self.writer.promote(self.clock.now() - self.root_wait).await
    }
}
