//! Reads sums and histograms by agent and model of many windows at once. Most of them overlap: shared parts are read once.

use std::collections::{BTreeSet, HashMap};

use domain::rollup::{
    plan::{self, Segment, Source},
    window::{WindowReader, WindowSums},
};
use shared::time_range::Window;
use uuid::Uuid;

use super::{StoreError, snapshot::Snapshot};

/// Reads windows, and when the newest trace of each agent and model in some of them started.
pub(super) async fn window_sums(
    snapshot: &mut impl Snapshot,
    workspace_id: Uuid,
    windows: &[Window],
    newest_of: &[Window],
) -> Result<WindowSums, StoreError> {
    let distinct: BTreeSet<_> = windows.iter().map(|window| (window.end, window.start)).collect();
    let distinct: Vec<_> = distinct.into_iter().map(|(end, start)| Window { start, end }).collect();
    let cut = cut(snapshot, workspace_id, &distinct).await?;
    let mut reader = WindowReader::new(&distinct, &cut);
    let segments = reader.segments();
    snapshot.add_groups(workspace_id, &segments, &mut |row| Ok(reader.add(row)?)).await?;

    let mut sums = reader.finish();
    let unknown = sums.unknown_newest(newest_of);
    let newest = snapshot.newest_of(workspace_id, &sums.sought(&unknown)).await?;
    sums.fill_newest(&unknown, newest);
    Ok(sums)
}

/// Cuts windows into the segments in which the rollups by agent and model answer them.
async fn cut(
    snapshot: &mut impl Snapshot,
    workspace_id: Uuid,
    windows: &[Window],
) -> Result<Vec<Vec<Segment>>, StoreError> {
    // An end that is a bucket's cannot be moved any further without passing traces by.
    let hour = Source::Hourly.bucket();
    let ragged: BTreeSet<_> =
        windows.iter().map(|window| window.end).filter(|end| end.floor(hour) != *end).collect();
    let ragged: Vec<_> = ragged.into_iter().collect();
    let next = snapshot.next_starts(workspace_id, &ragged).await?;
    let next: HashMap<_, _> = ragged.into_iter().zip(next).collect();
    let rounded: Vec<_> = windows
        .iter()
        .map(|&window| {
            let next = next.get(&window.end).copied().unwrap_or(Some(window.end));
            plan::round_up_end(window, next, Source::GROUPS)
        })
        .collect();
    let start = rounded.iter().map(|window| window.start).min();
    let end = rounded.iter().map(|window| window.end).max();
    let Some((start, end)) = start.zip(end) else { return Ok(Vec::new()) };
    let unsettled = snapshot.unsettled(workspace_id, Window { start, end }).await?;
    Ok(rounded.into_iter().map(|window| plan::segments_around(window, Source::GROUPS, &unsettled)).collect())
}
