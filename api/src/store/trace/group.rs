//! Sums and latency histograms by agent or model: what grouped charts, percentiles and top lists are made of.

use std::time::Duration;

use shared::{Timestamp, metric::Dimension, time_range::Window};
use uuid::Uuid;

use super::{
    StoreError,
    plan::{self, Source},
    snapshot::{Snapshot, cut_groups},
    sums::{Distribution, GroupedSums, Sums},
};

/// Sums and histograms of each step (the whole window where `None`) and each group (all together where `None`).
pub(super) async fn sums_by_group(
    snapshot: &mut impl Snapshot,
    workspace_id: Uuid,
    window: Window,
    step: Option<Duration>,
    group: Option<Dimension>,
) -> Result<GroupedSums, StoreError> {
    let rollups =
        step.map_or_else(|| Source::GROUPS.to_vec(), |step| plan::within_step(Source::GROUPS, step));
    let segments = cut_groups(snapshot, workspace_id, window, &rollups).await?;
    let mut groups = Groups { start: window.start, step, group, found: GroupedSums::new() };
    snapshot.add_groups(workspace_id, &segments, &mut |row| groups.add(row)).await?;
    Ok(groups.found)
}

/// What has been added up so far.
struct Groups {
    start: Timestamp,
    step: Option<Duration>,
    group: Option<Dimension>,
    found: GroupedSums,
}

/// A bucket of one agent and model, or a single trace.
pub(super) struct GroupRow<'a> {
    /// Where it was read.
    pub(super) source: Source,
    pub(super) moment: Timestamp,
    pub(super) agent_id: &'a str,
    /// Empty for none.
    pub(super) model: &'a str,
    pub(super) sums: Sums,
    pub(super) latencies: Latencies<'a>,
}

/// How the latencies of a row are told.
pub(super) enum Latencies<'a> {
    /// A single trace's, which is the sum.
    One,
    /// As [`super::histogram::Histogram::encode`] wrote them.
    Encoded(&'a [u8]),
    /// A count for each bucket of the histogram, from bucket 0 on.
    Dense(&'a [i32]),
}

impl Groups {
    /// Adds a row.
    fn add(&mut self, row: &GroupRow<'_>) -> Result<(), StoreError> {
        let key = match self.group {
            None => "",
            Some(Dimension::Agent) => row.agent_id,
            Some(Dimension::Model) => row.model,
        };
        let key = (!key.is_empty()).then(|| key.to_owned());
        let step = self.step.map_or(self.start, |step| row.moment.floor(step));
        let distribution: &mut Distribution = self.found.entry(key).or_default().entry(step).or_default();
        distribution.sums += row.sums;
        match row.latencies {
            Latencies::One => distribution.latencies.record(row.sums.latency),
            Latencies::Encoded(bytes) => distribution.latencies.merge_encoded(bytes)?,
            Latencies::Dense(counts) => distribution.latencies.merge_dense(counts),
        }
        Ok(())
    }
}
