//! Counts of a workspace's traces, to compare two databases after a transfer.

use domain::rollup::{
    plan::{Segment, Source},
    sums::Sums,
};
use shared::{Timestamp, time_range::Window};
use tracing::instrument;
use uuid::Uuid;

use super::list::TraceFilter;
use crate::{
    database::in_read,
    error::StoreError,
    trace::{TraceStore, transaction::ReadTransaction},
};

/// The end of the year 9999, at midnight: no stored trace starts later.
const END: Timestamp = Timestamp::from_millis(253_402_300_800_000);

/// The counts of a workspace's traces. They are equal in databases with the same traces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    /// The number of traces, counted row by row.
    pub traces: u64,
    /// The sums of each day with traces, from the rollups.
    pub days: Vec<(Timestamp, Sums)>,
}

impl Tally {
    /// Returns the sums of all days.
    #[must_use]
    pub fn sums(&self) -> Sums {
        self.days.iter().fold(Sums::default(), |mut sums, &(_, day)| {
            sums += day;
            sums
        })
    }
}

impl TraceStore {
    /// Counts the workspace's traces that start at `since`, the start of a day, or later.
    ///
    /// # Errors
    /// Returns an error if the database is not available.
    #[instrument(level = "debug", skip_all, fields(db.system.name = self.system(), db.operation.name = "SELECT"))]
    pub async fn tally(&self, workspace_id: Uuid, since: Timestamp) -> Result<Tally, StoreError> {
        in_read!(self, transaction => transaction.tally(workspace_id, since))
    }
}

impl ReadTransaction {
    async fn tally(&mut self, workspace_id: Uuid, since: Timestamp) -> Result<Tally, StoreError> {
        let window = Window { start: since, end: END };
        let days = self.sums_by_step(workspace_id, window, Source::Daily.bucket()).await?;
        let rows = Segment { source: Source::Raw, start: since, end: END };
        let counts = self.counts(workspace_id, &TraceFilter::default(), rows).await?;
        Ok(Tally { traces: counts.iter().map(|(_, count)| count).sum(), days })
    }
}
