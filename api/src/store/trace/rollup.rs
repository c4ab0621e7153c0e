//! What a batch adds to the rollups. The engines add it, in the transaction that writes the traces.

use std::collections::HashMap;

use shared::Timestamp;
use uuid::Uuid;

use super::{
    plan::Source,
    record::NewTrace,
    sums::{Distribution, Sums},
};

/// Which bucket of a rollup by agent and model. In the order of the tables' keys, so that neighbours land on the same
/// page, and so that two writers lock rows in the same order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct GroupKey<'a> {
    pub(super) workspace_id: Uuid,
    pub(super) bucket: Timestamp,
    pub(super) agent_id: &'a str,
    pub(super) model: &'a str,
}

/// What the traces add to each bucket of all traces together, in the order of the table's key.
pub(super) fn totals<'a>(
    traces: impl Iterator<Item = &'a NewTrace>,
    source: Source,
) -> Vec<((Uuid, Timestamp), Sums)> {
    let mut sums: HashMap<(Uuid, Timestamp), Sums> = HashMap::new();
    for trace in traces {
        let bucket = trace.timestamp.floor(source.bucket());
        *sums.entry((trace.workspace_id, bucket)).or_default() += Sums::of(trace);
    }
    let mut sums: Vec<_> = sums.into_iter().collect();
    sums.sort_unstable_by_key(|&(key, _)| key);
    sums
}

/// What the traces add to each bucket by agent and model, in the order of the table's key.
pub(super) fn groups<'a>(
    traces: impl Iterator<Item = &'a NewTrace>,
    source: Source,
) -> Vec<(GroupKey<'a>, Distribution)> {
    let mut distributions: HashMap<GroupKey<'a>, Distribution> = HashMap::new();
    for trace in traces {
        let key = GroupKey {
            workspace_id: trace.workspace_id,
            bucket: trace.timestamp.floor(source.bucket()),
            agent_id: &trace.agent_id,
            model: trace.model.as_deref().unwrap_or_default(),
        };
        distributions.entry(key).or_default().record(trace);
    }
    let mut distributions: Vec<_> = distributions.into_iter().collect();
    distributions.sort_unstable_by_key(|&(key, _)| key);
    distributions
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
