//! Sums and latency histograms by agent or model: the data of grouped charts, percentiles and top lists.

use std::time::Duration;

use domain::rollup::{
    group::Groups,
    plan::{self, Source},
    sums::GroupedSums,
};
use shared::{metric::Dimension, time_range::Window};
use uuid::Uuid;

use super::{
    StoreError,
    snapshot::{Snapshot, cut_groups},
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
    let mut groups = Groups::new(window.start, step, group);
    snapshot.add_groups(workspace_id, &segments, &mut |row| Ok(groups.add(row)?)).await?;
    Ok(groups.finish())
}
