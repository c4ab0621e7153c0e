//! What new and changed traces mean for the rollups. The engines write it, in the transaction that writes the traces.

use std::collections::HashMap;

use shared::Timestamp;
use uuid::Uuid;

use super::{StoreError, histogram::Histogram, plan::Source, record::NewTrace, sums::Sums};

/// Which bucket of a rollup by agent and model. In the order of the tables' keys, so that neighbours land on the same
/// page, and so that two writers lock rows in the same order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct GroupKey<'a> {
    pub(super) workspace_id: Uuid,
    pub(super) bucket: Timestamp,
    pub(super) agent_id: &'a str,
    pub(super) model: &'a str,
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
pub(super) struct Recount<'a> {
    pub(super) before: &'a [&'a NewTrace],
    pub(super) after: &'a [&'a NewTrace],
}

impl<'a> Recount<'a> {
    /// New traces.
    pub(super) fn new_ones(traces: &'a [&'a NewTrace]) -> Self {
        Self { before: &[], after: traces }
    }

    /// When these traces started, and whose they are.
    pub(super) fn moments(self) -> impl Iterator<Item = (Uuid, Timestamp)> {
        self.before.iter().chain(self.after).map(|trace| (trace.workspace_id, trace.timestamp))
    }
}

/// What a bucket by agent and model gains.
#[derive(Default)]
pub(super) struct GroupChange {
    /// Less than nothing of what it loses.
    pub(super) sums: Sums,
    added: Histogram,
    removed: Histogram,
}

impl GroupChange {
    /// The bucket's histogram after this change, as it is stored.
    pub(super) fn histogram(&self) -> Vec<u8> {
        if self.removed == Histogram::default() {
            return self.added.encode();
        }
        let mut histogram = self.added.clone();
        histogram.subtract(&self.removed);
        histogram.encode()
    }

    /// Takes in the histogram that is stored.
    pub(super) fn merge_stored(&mut self, stored: &[u8]) -> Result<(), StoreError> {
        self.added.merge_encoded(stored)
    }
}

/// What each bucket of all traces together gains, in the order of the table's key.
pub(super) fn totals(recount: Recount<'_>, source: Source) -> Vec<((Uuid, Timestamp), Sums)> {
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
pub(super) fn groups(recount: Recount<'_>, source: Source) -> Vec<(GroupKey<'_>, GroupChange)> {
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

/// The table of all traces together.
pub(super) fn totals_table(source: Source) -> &'static str {
    match source {
        Source::Daily => "totals_daily",
        Source::Hourly => "totals_hourly",
        Source::Minutely => "totals_minutely",
        Source::Raw => "traces",
    }
}

/// The table by agent and model; minutes have none.
pub(super) fn groups_table(source: Source) -> &'static str {
    match source {
        Source::Daily => "traces_daily",
        Source::Hourly => "traces_hourly",
        Source::Minutely | Source::Raw => "traces",
    }
}

/// How a score moves the rollups that hold its trace.
pub(super) struct QualityChange<'a> {
    pub(super) workspace_id: Uuid,
    pub(super) timestamp: Timestamp,
    pub(super) agent_id: &'a str,
    /// Empty for none.
    pub(super) model: &'a str,
    /// 1 for the trace's first score, 0 for a later one.
    pub(super) scored: i64,
    /// Millionths of a point.
    pub(super) quality: i64,
}
