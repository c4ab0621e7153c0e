//! Counting and skipping over the rollups, so that neither a list's total nor its page 1000 walks over the rows before
//! it, and a search for few rows knows where they are.

use domain::rollup::plan::{self, Segment, Source};
use shared::{Timestamp, time_range::Window};

use super::{
    StoreError,
    list::{ListRequest, TraceFilter},
    row,
    snapshot::{Snapshot, cut_groups, cut_totals},
    total,
};

/// Whether only the rollups by agent and model can tell how many traces match: the narrow ones know no names.
pub(super) fn is_grouped(filter: &TraceFilter) -> bool {
    filter.agent_id.is_some() || filter.model.is_some()
}

fn rollups(filter: &TraceFilter) -> &'static [Source] {
    if is_grouped(filter) { Source::GROUPS } else { Source::TOTALS }
}

/// The segments of a window in which the matches can be counted, in the order of time.
pub(super) async fn cut(
    snapshot: &mut impl Snapshot,
    request: &ListRequest,
    window: Window,
) -> Result<Vec<Segment>, StoreError> {
    if request.filter.is_by_row() {
        return Ok(vec![Segment { source: Source::Raw, start: window.start, end: window.end }]);
    }
    if is_grouped(&request.filter) {
        return cut_groups(snapshot, request.workspace_id, window, Source::GROUPS).await;
    }
    Ok(cut_totals(snapshot, request.workspace_id, &[window], Source::TOTALS).await?.concat())
}

/// How many traces of the window match.
pub(super) async fn count(snapshot: &mut impl Snapshot, request: &ListRequest) -> Result<u64, StoreError> {
    let ListRequest { workspace_id, filter, window, .. } = request;
    if !is_grouped(filter) && !filter.is_by_row() {
        let sums = total::sums(snapshot, *workspace_id, &[*window]).await?;
        return Ok(sums.iter().map(|sums| row::count(sums.count(filter.status))).sum());
    }
    let mut total = 0;
    for segment in cut(snapshot, request, *window).await? {
        let counts = snapshot.counts(*workspace_id, filter, segment).await?;
        total += counts.iter().map(|&(_, count)| count).sum::<u64>();
    }
    Ok(total)
}

/// Where the page after `offset` matching traces begins: it holds traces before the moment, after skipping the rest.
/// The rest is less than the newest bucket (or ragged end) with a match before the moment holds.
pub(super) async fn skip(
    snapshot: &mut impl Snapshot,
    request: &ListRequest,
    offset: u64,
) -> Result<(Timestamp, u64), StoreError> {
    if offset == 0 {
        return Ok((request.window.end, 0));
    }
    let mut rest = offset;
    let mut end = request.window.end;
    // In the order of time, so that the newest is popped first.
    let mut segments = cut(snapshot, request, request.window).await?;
    'segments: while let Some(segment) = segments.pop() {
        end = end.max(segment.end);
        for (bucket, count) in snapshot.counts(request.workspace_id, &request.filter, segment).await? {
            if rest >= count {
                rest -= count;
                end = bucket;
                continue;
            }
            if segment.source == Source::Raw {
                return Ok((segment.end.min(end), rest));
            }
            // The page begins inside this bucket: look into it more finely.
            end = bucket + segment.source.bucket();
            let window = Window { start: bucket, end };
            segments = plan::segments(window, &finer(rollups(&request.filter), segment.source));
            continue 'segments;
        }
    }
    Ok((end, rest))
}

/// The parts of a rollup's segment in which anything matches, each to be read more finely, in the order of time.
/// Neighbours that are to be read row by row are one part; of others the newest may be all that is wanted.
pub(super) async fn matching(
    snapshot: &mut impl Snapshot,
    request: &ListRequest,
    segment: Segment,
) -> Result<Vec<Segment>, StoreError> {
    let finer = finer(rollups(&request.filter), segment.source);
    let mut parts: Vec<Segment> = Vec::new();
    let counts = snapshot.counts(request.workspace_id, &request.filter, segment).await?;
    for (bucket, _) in counts.into_iter().rev().filter(|&(_, count)| count > 0) {
        let window = Window { start: bucket, end: bucket + segment.source.bucket() };
        for part in plan::segments(window, &finer) {
            match parts.last_mut() {
                Some(last) if part.source == Source::Raw && last.end == part.start => last.end = part.end,
                _ => parts.push(part),
            }
        }
    }
    Ok(parts)
}

fn finer(rollups: &[Source], than: Source) -> Vec<Source> {
    rollups.iter().copied().filter(|&source| source > than).collect()
}
