//! What new and changed traces mean for the rollups. The engines write it, in the transaction that writes the traces.

use std::collections::HashMap;

use shared::Timestamp;
use uuid::Uuid;

use super::{histogram::Histogram, plan::Source, sums::Sums};
use crate::{error::Corrupt, trace::record::NewTrace};

/// Which bucket of a rollup by agent and model. In the order of the tables' keys, so that neighbours land on the same
/// page, and so that two writers lock rows in the same order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupKey<'a> {
    pub workspace_id: Uuid,
    pub bucket: Timestamp,
    pub agent_id: &'a str,
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

/// Traces that count no longer as they did, and traces that count now. One that has changed is in both.
#[derive(Clone, Copy)]
pub struct Recount<'a> {
    pub before: &'a [&'a NewTrace],
    pub after: &'a [&'a NewTrace],
}

impl<'a> Recount<'a> {
    /// New traces.
    pub fn new_ones(traces: &'a [&'a NewTrace]) -> Self {
        Self { before: &[], after: traces }
    }

    /// When these traces started, and whose they are.
    pub fn moments(self) -> impl Iterator<Item = (Uuid, Timestamp)> {
        self.before.iter().chain(self.after).map(|trace| (trace.workspace_id, trace.timestamp))
    }
}

/// What a bucket by agent and model gains.
#[derive(Default)]
pub struct GroupChange {
    /// Less than nothing of what it loses.
    pub sums: Sums,
    added: Histogram,
    removed: Histogram,
}

impl GroupChange {
    /// The bucket's histogram after this change, as it is stored.
    pub fn histogram(&self) -> Vec<u8> {
        if self.removed == Histogram::default() {
            return self.added.encode();
        }
        let mut histogram = self.added.clone();
        histogram.subtract(&self.removed);
        histogram.encode()
    }

    /// Takes in the histogram that is stored.
    pub fn merge_stored(&mut self, stored: &[u8]) -> Result<(), Corrupt> {
        self.added.merge_encoded(stored)
    }
}

/// What each bucket of all traces together gains, in the order of the table's key.
pub fn totals(recount: Recount<'_>, source: Source) -> Vec<((Uuid, Timestamp), Sums)> {
    let mut sums: HashMap<(Uuid, Timestamp), Sums> = HashMap::new();
    let key = |trace: &NewTrace| (trace.workspace_id, trace.timestamp.floor(source.bucket()));
    for trace in recount.after {
        *sums.entry(key(trace)).or_default() += Sums::of(trace);
    }
    for trace in recount.before {
        *sums.entry(key(trace)).or_default() -= Sums::of(trace);
    }
    let mut sums: Vec<_> = sums.into_iter().filter(|&(_, sums)| sums != Sums::default()).collect();
    sums.sort_unstable_by_key(|&(key, _)| key);
    sums
}

/// What each bucket by agent and model gains, in the order of the table's key.
pub fn groups(recount: Recount<'_>, source: Source) -> Vec<(GroupKey<'_>, GroupChange)> {
    let mut changes: HashMap<GroupKey<'_>, GroupChange> = HashMap::new();
    for trace in recount.after {
        let change = changes.entry(GroupKey::of(trace, source)).or_default();
        change.sums += Sums::of(trace);
        change.added.record(trace.latency);
    }
    for trace in recount.before {
        let change = changes.entry(GroupKey::of(trace, source)).or_default();
        change.sums -= Sums::of(trace);
        change.removed.record(trace.latency);
    }
    let changed = |change: &GroupChange| change.sums != Sums::default() || change.added != change.removed;
    let mut changes: Vec<_> = changes.into_iter().filter(|(_, change)| changed(change)).collect();
    changes.sort_unstable_by_key(|&(key, _)| key);
    changes
}

/// How a score moves the rollups that hold its trace.
pub struct QualityChange<'a> {
    pub workspace_id: Uuid,
    pub timestamp: Timestamp,
    pub agent_id: &'a str,
    /// Empty for none.
    pub model: &'a str,
    /// 1 for the trace's first score, 0 for a later one.
    pub scored: i64,
    /// Millionths of a point.
    pub quality: i64,
}
