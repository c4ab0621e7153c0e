//! Changes of the rollups by new and changed traces. The store applies them in the transaction that writes the traces.

use std::collections::HashMap;

use shared::Timestamp;
use uuid::Uuid;

use super::{histogram::Histogram, plan::Source, sums::Sums};
use crate::{error::CorruptData, trace::record::NewTrace};

/// The key of a bucket by agent and model. Sorted like the keys of the tables, so that neighbours are on the same page and
/// two writers lock rows in the same order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupKey<'a> {
    /// The workspace.
    pub workspace_id: Uuid,
    /// The start of the bucket.
    pub bucket: Timestamp,
    /// The agent.
    pub agent_id: &'a str,
    /// The model; empty for none.
    pub model: &'a str,
}

impl<'a> GroupKey<'a> {
    fn of(trace: &'a NewTrace, source: Source) -> Self {
        Self {
            workspace_id: trace.workspace_id,
            bucket: trace.timestamp.floor(source.bucket()),
            agent_id: &trace.agent_id,
            model: trace.model.as_deref().unwrap_or_default(),
        }
    }
}

/// The traces to remove from the rollups and those to add. A changed trace is in both, in its old and its new version.
#[derive(Clone, Copy)]
pub struct RollupChange<'a> {
    /// The traces to remove.
    pub removed: &'a [&'a NewTrace],
    /// The traces to add.
    pub added: &'a [&'a NewTrace],
}

impl<'a> RollupChange<'a> {
    /// Returns the change by new traces.
    #[must_use]
    pub fn of_new(traces: &'a [&'a NewTrace]) -> Self {
        Self { removed: &[], added: traces }
    }

    /// Returns the workspace and the start of each of the traces.
    pub fn starts(self) -> impl Iterator<Item = (Uuid, Timestamp)> {
        self.removed.iter().chain(self.added).map(|trace| (trace.workspace_id, trace.timestamp))
    }

    /// Returns the change of each bucket of the totals, sorted by the key of the table.
    #[must_use]
    pub fn totals(self, source: Source) -> Vec<((Uuid, Timestamp), Sums)> {
        let mut sums: HashMap<(Uuid, Timestamp), Sums> = HashMap::new();
        let key = |trace: &NewTrace| (trace.workspace_id, trace.timestamp.floor(source.bucket()));
        for trace in self.added {
            *sums.entry(key(trace)).or_default() += Sums::of(trace);
        }
        for trace in self.removed {
            *sums.entry(key(trace)).or_default() -= Sums::of(trace);
        }
        let mut sums: Vec<_> = sums.into_iter().filter(|&(_, sums)| sums != Sums::default()).collect();
        sums.sort_unstable_by_key(|&(key, _)| key);
        sums
    }

    /// Returns the change of each bucket by agent and model, sorted by the key of the table.
    #[must_use]
    pub fn groups(self, source: Source) -> Vec<(GroupKey<'a>, GroupChange)> {
        let mut changes: HashMap<GroupKey<'_>, GroupChange> = HashMap::new();
        for trace in self.added {
            let change = changes.entry(GroupKey::of(trace, source)).or_default();
            change.sums += Sums::of(trace);
            change.added.record(trace.latency);
        }
        for trace in self.removed {
            let change = changes.entry(GroupKey::of(trace, source)).or_default();
            change.sums -= Sums::of(trace);
            change.removed.record(trace.latency);
        }
        let changed = |change: &GroupChange| change.sums != Sums::default() || change.added != change.removed;
        let mut changes: Vec<_> = changes.into_iter().filter(|(_, change)| changed(change)).collect();
        changes.sort_unstable_by_key(|&(key, _)| key);
        changes
    }
}

/// The change of a bucket by agent and model.
#[derive(Default)]
pub struct GroupChange {
    /// The change of the sums; negative if the bucket shrinks.
    pub sums: Sums,
    added: Histogram,
    removed: Histogram,
}

impl GroupChange {
    /// Returns the encoded histogram of the bucket after this change.
    #[must_use]
    pub fn histogram(&self) -> Vec<u8> {
        if self.removed == Histogram::default() {
            return self.added.encode();
        }
        let mut histogram = self.added.clone();
        histogram.subtract(&self.removed);
        histogram.encode()
    }

    /// Adds the stored histogram of the bucket.
    ///
    /// # Errors
    /// Returns an error if the stored histogram cannot be read.
    pub fn merge_stored(&mut self, stored: &[u8]) -> Result<(), CorruptData> {
        self.added.merge_encoded(stored)
    }
}

/// The change of the buckets of a trace by a new score.
pub struct QualityChange<'a> {
    /// The workspace.
    pub workspace_id: Uuid,
    /// The start of the trace.
    pub timestamp: Timestamp,
    /// The agent of the trace.
    pub agent_id: &'a str,
    /// The model of the trace; empty for none.
    pub model: &'a str,
    /// 1 for the first score of the trace, else 0.
    pub scored: i64,
    /// The change of the quality in millionths of a point.
    pub quality: i64,
}
