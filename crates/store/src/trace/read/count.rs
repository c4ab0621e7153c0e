//! Counts and skips traces with the rollups, so that the total of a list and its page 1000 need not read the rows before
//! it, and finds the buckets with matches.

use domain::rollup::{
    plan::{self, Segment, Source},
    sums::Sums,
};
use shared::{Timestamp, time_range::Window};
use uuid::Uuid;

use super::{
    list::{BucketCount, ListRequest, TraceFilter},
    page::push_filter,
};
use crate::{
    database::{self, timestamp::SqlTimestamp},
    error::StoreError,
    trace::{
        table::{groups_table, totals_table},
        transaction::ReadTransaction,
    },
};

#[derive(sqlx::FromRow)]
struct BucketRow {
    bucket: SqlTimestamp,
    requests: i64,
    errors: i64,
    timeouts: i64,
}

impl ReadTransaction {
    /// Cuts a window into segments in which matches can be counted, sorted by time.
    pub(super) async fn cut(
        &mut self,
        request: &ListRequest,
        window: Window,
    ) -> Result<Vec<Segment>, StoreError> {
        if request.filter.is_by_row() {
            return Ok(vec![Segment { source: Source::Raw, start: window.start, end: window.end }]);
        }
        if request.filter.is_grouped() {
            return self.cut_groups(request.workspace_id, window, Source::GROUPS).await;
        }
        Ok(self.cut_totals(request.workspace_id, &[window], Source::TOTALS).await?.concat())
    }

    /// Returns the number of matching traces in the window.
    pub(super) async fn count(&mut self, request: &ListRequest) -> Result<u64, StoreError> {
        let ListRequest { workspace_id, filter, window, .. } = request;
        if !filter.is_grouped() && !filter.is_by_row() {
            let sums = self.sums(*workspace_id, &[*window]).await?;
            return Ok(sums.iter().map(|sums| database::count(sums.count(filter.status))).sum());
        }
        let mut total = 0;
        for segment in self.cut(request, *window).await? {
            let counts = self.counts(*workspace_id, filter, segment).await?;
            total += counts.iter().map(|&(_, count)| count).sum::<u64>();
        }
        Ok(total)
    }

    /// Finds the page after `offset` matching traces. Returns a moment before which its traces start, and how many traces to
    /// skip before that moment: fewer than the newest bucket (or ragged end) with a match before it contains.
    pub(super) async fn skip(
        &mut self,
        request: &ListRequest,
        offset: u64,
    ) -> Result<(Timestamp, u64), StoreError> {
        if offset == 0 {
            return Ok((request.window.end, 0));
        }
        let mut rest = offset;
        let mut end = request.window.end;
        // Sorted by time: the newest is at the end.
        let mut segments = self.cut(request, request.window).await?;
        'segments: while let Some(segment) = segments.pop() {
            end = end.max(segment.end);
            for (bucket, count) in self.counts(request.workspace_id, &request.filter, segment).await? {
                if rest >= count {
                    rest -= count;
                    end = bucket;
                    continue;
                }
                if segment.source == Source::Raw {
                    return Ok((segment.end.min(end), rest));
                }
                // The page starts in this bucket: continue with finer buckets.
                end = bucket + segment.source.bucket();
                let window = Window { start: bucket, end };
                segments = plan::segments(window, &finer(&request.filter, segment.source));
                continue 'segments;
            }
        }
        Ok((end, rest))
    }

    /// Returns the parts of a rollup's segment that have matches, as finer segments, sorted by time. Adjacent raw segments
    /// are joined. Others are not, since the newest may be enough.
    pub(super) async fn matching(
        &mut self,
        request: &ListRequest,
        segment: Segment,
    ) -> Result<Vec<Segment>, StoreError> {
        let finer = finer(&request.filter, segment.source);
        let mut parts: Vec<Segment> = Vec::new();
        let counts = self.counts(request.workspace_id, &request.filter, segment).await?;
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

    /// Returns the number of matching traces in each bucket of a segment, newest first. A raw segment is one bucket.
    pub(super) async fn counts(
        &mut self,
        workspace_id: Uuid,
        filter: &TraceFilter,
        segment: Segment,
    ) -> Result<Vec<BucketCount>, StoreError> {
        if segment.source == Source::Raw {
            let mut select = self.transaction.sql("SELECT COUNT(*) FROM traces WHERE workspace_id = ");
            select.push_bind(workspace_id);
            select.push(" AND timestamp >= ").push_bind(SqlTimestamp(segment.start));
            select.push(" AND timestamp < ").push_bind(SqlTimestamp(segment.end));
            push_filter(&mut select, filter);
            return Ok(vec![(segment.start, database::count(select.fetch_scalar().await?))]);
        }
        let table =
            if filter.is_grouped() { groups_table(segment.source) } else { totals_table(segment.source) };
        let mut select = self.transaction.sql(
            "SELECT bucket, CAST(SUM(requests) AS BIGINT) AS requests, CAST(SUM(errors) AS BIGINT) AS errors, \
             CAST(SUM(timeouts) AS BIGINT) AS timeouts FROM ",
        );
        select.push(table).push(" WHERE workspace_id = ").push_bind(workspace_id);
        select.push(" AND bucket >= ").push_bind(SqlTimestamp(segment.start));
        select.push(" AND bucket < ").push_bind(SqlTimestamp(segment.end));
        if let Some(agent_id) = filter.agent_id.as_deref() {
            select.push(" AND agent_id = ").push_bind(agent_id);
        }
        if let Some(model) = filter.model.as_deref() {
            select.push(" AND model = ").push_bind(model);
        }
        select.push(" GROUP BY bucket ORDER BY bucket DESC");
        let rows: Vec<BucketRow> = select.fetch_all().await?;
        let count = |BucketRow { bucket, requests, errors, timeouts }| {
            let sums = Sums { requests, errors, timeouts, ..Sums::default() };
            (bucket.0, database::count(sums.count(filter.status)))
        };
        Ok(rows.into_iter().map(count).collect())
    }
}

/// Returns the rollups in which a filter's matches can be counted and that are finer than `than`.
fn finer(filter: &TraceFilter, than: Source) -> Vec<Source> {
    let rollups = if filter.is_grouped() { Source::GROUPS } else { Source::TOTALS };
    rollups.iter().copied().filter(|&source| source > than).collect()
}
