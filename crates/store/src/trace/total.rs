//! Sums of all traces together: what the key figures and the plain charts are made of.

use std::{collections::BTreeMap, time::Duration};

use domain::rollup::{
    plan::{self, Source},
    sums::Sums,
};
use shared::{Timestamp, time_range::Window};
use uuid::Uuid;

use super::{
    StoreError,
    snapshot::{Snapshot, cut_totals},
};

/// The exact sums of several windows.
pub(super) async fn sums(
    snapshot: &mut impl Snapshot,
    workspace_id: Uuid,
    windows: &[Window],
) -> Result<Vec<Sums>, StoreError> {
    let cut = cut_totals(snapshot, workspace_id, windows, Source::TOTALS).await?;
    // All segments of all windows in one question: a round trip to a server costs more than they do.
    let mut parts = snapshot.sums(workspace_id, &cut.concat()).await?.into_iter();
    let add = |mut sums: Sums, part| {
        sums += part;
        sums
    };
    Ok(cut.iter().map(|segments| parts.by_ref().take(segments.len()).fold(Sums::default(), add)).collect())
}

/// The exact sums of each step of a window.
pub(super) async fn sums_by_step(
    snapshot: &mut impl Snapshot,
    workspace_id: Uuid,
    window: Window,
    step: Duration,
) -> Result<Vec<(Timestamp, Sums)>, StoreError> {
    let rollups = plan::within_step(Source::TOTALS, step);
    let segments = cut_totals(snapshot, workspace_id, &[window], &rollups).await?.concat();
    let mut steps: BTreeMap<Timestamp, Sums> = BTreeMap::new();
    for (start, sums) in snapshot.steps(workspace_id, &segments, step).await? {
        *steps.entry(start).or_default() += sums;
    }
    Ok(steps.into_iter().collect())
}
