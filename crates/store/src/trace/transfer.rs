//! Moving everything from one store into another: what is beyond writing and reading traces as ever. How a file is read
//! from one end to the other stands in [`super::sqlite`].

use domain::{
    rollup::{
        plan::{Segment, Source},
        sums::Sums,
    },
    trace::record::NewScore,
};
use shared::{Timestamp, time_range::Window};
use uuid::Uuid;

use super::{StoreError, TraceStore, list::TraceFilter, snapshot::Snapshot, total};
use crate::database::postgres::Retries;

/// The end of the year 9999, at which a day begins: nothing is stored that starts later.
const END: Timestamp = Timestamp::from_millis(253_402_300_800_000);

/// What a workspace's traces come to: equal where two stores hold the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    /// Traces, counted one by one.
    pub traces: u64,
    /// What the rollups say of each day that has any.
    pub days: Vec<(Timestamp, Sums)>,
}

impl Tally {
    /// All days together.
    #[must_use]
    pub fn sums(&self) -> Sums {
        self.days.iter().fold(Sums::default(), |mut sums, &(_, day)| {
            sums += day;
            sums
        })
    }
}

impl TraceStore {
    /// Keeps scores that are not here yet, or are older here, as [`TraceStore::score`] does, and answers how many that
    /// were. All or none are kept; no two may be of one trace and name.
    ///
    /// # Errors
    /// Where the transaction did not commit.
    pub async fn restore_scores(&self, scores: &[NewScore]) -> Result<u64, StoreError> {
        match self {
            Self::Sqlite(store) => store.restore_scores(scores).await,
            Self::Postgres(store) => store.restore_scores(scores).await,
        }
    }

    /// What the workspace's traces come to that started at `since`, the beginning of a day, or later.
    ///
    /// # Errors
    /// Where the engine fails.
    pub async fn tally(&self, workspace_id: Uuid, since: Timestamp) -> Result<Tally, StoreError> {
        answer!(self, snapshot => tally(snapshot, workspace_id, since))
    }
}

async fn tally(
    snapshot: &mut impl Snapshot,
    workspace_id: Uuid,
    since: Timestamp,
) -> Result<Tally, StoreError> {
    let window = Window { start: since, end: END };
    let days = total::sums_by_step(snapshot, workspace_id, window, Source::Daily.bucket()).await?;
    let rows = Segment { source: Source::Raw, start: since, end: END };
    let counts = snapshot.counts(workspace_id, &TraceFilter::default(), rows).await?;
    Ok(Tally { traces: counts.iter().map(|(_, count)| count).sum(), days })
}
