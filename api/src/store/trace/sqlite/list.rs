//! Lists of traces: any page at the same price. Counting and skipping are done over the rollups, so that neither the
//! total nor page 1000 walks over the rows before it.

use shared::{Timestamp, time_range::Window};
use sqlx::{QueryBuilder, Row, Sqlite, SqliteConnection};
use uuid::Uuid;

use super::{
    SqliteTraces, rollup, round_up_end,
    row::{self, trace_columns},
    total::window_sums,
};
use crate::store::trace::{
    StoreError,
    list::{From, ListPage, ListRequest, TraceFilter},
    plan::{self, Segment, Source},
    sums::Sums,
};

impl SqliteTraces {
    pub(in crate::store::trace) async fn list(&self, request: &ListRequest) -> Result<ListPage, StoreError> {
        let mut snapshot = self.reader.begin().await?;
        let total = count(&mut snapshot, request).await?;
        let mut select = QueryBuilder::new(concat!("SELECT ", trace_columns!(), " FROM traces WHERE workspace_id = "));
        select.push_bind(request.workspace_id);
        select.push(" AND timestamp >= ").push_bind(request.window.start.as_micros());
        let offset = match request.from {
            From::After(cursor) => {
                select.push(" AND timestamp < ").push_bind(request.window.end.as_micros());
                select.push(" AND (timestamp, id) < (").push_bind(cursor.timestamp.as_micros());
                select.push(", ").push_bind(cursor.id).push(")");
                0
            }
            From::Offset(offset) if offset >= total => return Ok(ListPage { items: Vec::new(), total, next: None }),
            From::Offset(offset) => {
                let (end, rest) = skip(&mut snapshot, request, offset).await?;
                select.push(" AND timestamp < ").push_bind(end.as_micros());
                rest
            }
        };
        push_filter(&mut select, &request.filter);
        select.push(" ORDER BY timestamp DESC, id DESC LIMIT ").push_bind(i64::from(request.limit) + 1);
        select.push(" OFFSET ").push_bind(i64::try_from(offset).unwrap_or(i64::MAX));
        let rows = select.build().fetch_all(&mut *snapshot).await?;

        let limit = request.limit as usize;
        let shown = rows.get(..limit).unwrap_or(&rows);
        Ok(ListPage {
            items: shown.iter().map(row::trace).collect::<Result<_, _>>()?,
            total,
            next: if rows.len() > limit { shown.last().map(row::cursor).transpose()? } else { None },
        })
    }
}

fn push_filter(select: &mut QueryBuilder<Sqlite>, filter: &TraceFilter) {
    if let Some(status) = filter.status {
        select.push(" AND status = ").push_bind(row::status_number(status));
    }
    push_names(select, filter);
}

fn push_names(select: &mut QueryBuilder<Sqlite>, filter: &TraceFilter) {
    if let Some(agent_id) = &filter.agent_id {
        select.push(" AND agent_id = ").push_bind(agent_id.clone());
    }
    if let Some(model) = &filter.model {
        select.push(" AND model = ").push_bind(model.clone());
    }
}

/// The rollups that can tell how many traces match: the narrow ones where no name is asked for.
fn rollups(filter: &TraceFilter) -> &'static [Source] {
    if filter.agent_id.is_none() && filter.model.is_none() { Source::TOTALS } else { Source::GROUPS }
}

/// How many traces of the window match.
async fn count(snapshot: &mut SqliteConnection, request: &ListRequest) -> Result<u64, StoreError> {
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
async fn skip(
    snapshot: &mut SqliteConnection,
    request: &ListRequest,
    offset: u64,
) -> Result<(Timestamp, u64), StoreError> {
    let rollups = rollups(&request.filter);
    let window = round_up_end(&mut *snapshot, request.workspace_id, request.window, rollups).await?;
    if offset == 0 {
        return Ok((window.end, 0));
    }
    let mut rest = offset;
    let mut end = window.end;
    // In the order of time, so that the newest is popped first.
    let mut segments = plan::segments(window, rollups);
    'segments: while let Some(segment) = segments.pop() {
        for (bucket, count) in buckets(&mut *snapshot, request.workspace_id, &request.filter, segment).await? {
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
            let finer: Vec<_> = rollups.iter().copied().filter(|&source| source > segment.source).collect();
            segments = plan::segments(Window { start: bucket, end }, &finer);
            continue 'segments;
        }
    }
    Ok((end, rest))
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
    let table = if grouped { rollup::groups_table(segment.source) } else { rollup::totals_table(segment.source) };
    let mut select = QueryBuilder::new("SELECT bucket, SUM(requests), SUM(errors), SUM(timeouts) FROM ");
    select.push(table).push(" WHERE workspace_id = ").push_bind(workspace_id);
    select.push(" AND bucket >= ").push_bind(segment.start.as_micros());
    select.push(" AND bucket < ").push_bind(segment.end.as_micros());
    push_names(&mut select, filter);
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
