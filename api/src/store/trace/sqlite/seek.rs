//! Counting and skipping over the rollups, so that neither a list's total nor its page 1000 walks over the rows before
//! it, and a search for few rows knows where they are.

use shared::{Timestamp, time_range::Window};
use sqlx::{QueryBuilder, Row, Sqlite, SqliteConnection};
use uuid::Uuid;

use super::{rollup, round_up_end, row, total::window_sums};
use crate::store::trace::{
    StoreError,
    list::{ListRequest, TraceFilter},
    plan::{self, Segment, Source},
    sums::Sums,
};

/// The rollups that can tell how many traces match: the narrow ones where no name is asked for.
pub(super) fn rollups(filter: &TraceFilter) -> &'static [Source] {
    if filter.agent_id.is_none() && filter.model.is_none() { Source::TOTALS } else { Source::GROUPS }
}

/// What a row of the traces must be to match.
pub(super) fn push_filter(select: &mut QueryBuilder<Sqlite>, filter: &TraceFilter) {
    if let Some(agent_id) = &filter.agent_id {
        select.push(" AND agent_id = ").push_bind(agent_id.clone());
    }
    match filter.model.as_deref() {
        None => {}
        Some("") => {
            select.push(" AND model IS NULL");
        }
        Some(model) => {
            select.push(" AND model = ").push_bind(model.to_owned());
        }
    }
    if let Some(status) = filter.status {
        select.push(" AND status = ").push_bind(row::status_number(status));
    }
}

/// How many traces of the window match.
pub(super) async fn count(snapshot: &mut SqliteConnection, request: &ListRequest) -> Result<u64, StoreError> {
    let rollups = rollups(&request.filter);
    if rollups == Source::TOTALS {
        let sums = window_sums(snapshot, request.workspace_id, request.window).await?;
        return Ok(row::count(sums.count(request.filter.status)));
    }
    let window = round_up_end(&mut *snapshot, request.workspace_id, request.window, rollups).await?;
    let mut total = 0;
    for segment in plan::segments(window, rollups) {
        let buckets = buckets(&mut *snapshot, request.workspace_id, &request.filter, segment).await?;
        total += buckets.iter().map(|&(_, count)| count).sum::<u64>();
    }
    Ok(total)
}

/// Where the page after `offset` matching traces begins: it holds traces before the moment, after skipping the rest.
/// The rest is less than the newest bucket (or ragged end) with a match before the moment holds.
pub(super) async fn skip(
    snapshot: &mut SqliteConnection,
    request: &ListRequest,
    offset: u64,
) -> Result<(Timestamp, u64), StoreError> {
    if offset == 0 {
        return Ok((request.window.end, 0));
    }
    let rollups = rollups(&request.filter);
    let window = round_up_end(&mut *snapshot, request.workspace_id, request.window, rollups).await?;
    let mut rest = offset;
    let mut end = window.end;
    // In the order of time, so that the newest is popped first.
    let mut segments = plan::segments(window, rollups);
    'segments: while let Some(segment) = segments.pop() {
        for (bucket, count) in buckets(&mut *snapshot, request.workspace_id, &request.filter, segment).await?
        {
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
            segments = plan::segments(Window { start: bucket, end }, &finer(rollups, segment.source));
            continue 'segments;
        }
    }
    Ok((end, rest))
}

/// The parts of a rollup's segment in which anything matches, each to be read more finely, in the order of time.
/// Neighbours that are to be read row by row are one part; of others the newest may be all that is wanted.
pub(super) async fn matching(
    snapshot: &mut SqliteConnection,
    request: &ListRequest,
    segment: Segment,
) -> Result<Vec<Segment>, StoreError> {
    let finer = finer(rollups(&request.filter), segment.source);
    let mut parts: Vec<Segment> = Vec::new();
    let buckets = buckets(snapshot, request.workspace_id, &request.filter, segment).await?;
    for (bucket, _) in buckets.into_iter().rev().filter(|&(_, count)| count > 0) {
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

/// How many traces of each of a segment's buckets match, newest first; a segment of raw rows is one bucket.
async fn buckets(
    snapshot: &mut SqliteConnection,
    workspace_id: Uuid,
    filter: &TraceFilter,
    segment: Segment,
) -> Result<Vec<(Timestamp, u64)>, StoreError> {
    if segment.source == Source::Raw {
        let mut select = QueryBuilder::new("SELECT COUNT(*) FROM traces WHERE workspace_id = ");
        select.push_bind(workspace_id);
        select.push(" AND timestamp >= ").push_bind(segment.start.as_micros());
        select.push(" AND timestamp < ").push_bind(segment.end.as_micros());
        push_filter(&mut select, filter);
        let count: i64 = select.build_query_scalar().fetch_one(snapshot).await?;
        return Ok(vec![(segment.start, row::count(count))]);
    }
    let grouped = rollups(filter) == Source::GROUPS;
    let table =
        if grouped { rollup::groups_table(segment.source) } else { rollup::totals_table(segment.source) };
    let mut select = QueryBuilder::new("SELECT bucket, SUM(requests), SUM(errors), SUM(timeouts) FROM ");
    select.push(table).push(" WHERE workspace_id = ").push_bind(workspace_id);
    select.push(" AND bucket >= ").push_bind(segment.start.as_micros());
    select.push(" AND bucket < ").push_bind(segment.end.as_micros());
    if let Some(agent_id) = &filter.agent_id {
        select.push(" AND agent_id = ").push_bind(agent_id.clone());
    }
    if let Some(model) = &filter.model {
        select.push(" AND model = ").push_bind(model.clone());
    }
    select.push(" GROUP BY bucket ORDER BY bucket DESC");
    let rows = select.build().fetch_all(snapshot).await?;
    rows.iter()
        .map(|row| {
            let (requests, errors, timeouts) = (row.try_get(1)?, row.try_get(2)?, row.try_get(3)?);
            let sums = Sums { requests, errors, timeouts, ..Default::default() };
            Ok((Timestamp::from_micros(row.try_get(0)?), row::count(sums.count(filter.status))))
        })
        .collect()
}
