//! Reading one state of the database. A round trip costs more than what is read in it, so what an answer is put together
//! of is asked for in few statements.

use std::time::Duration;

use domain::rollup::{
    group::{GroupRow, Latencies},
    plan::{Segment, Source, Unsettled},
    sums::Sums,
    window::Sought,
};
use futures_util::{StreamExt, TryStreamExt};
use shared::{Timestamp, time_range::Window, trace::Score};
use sqlx::{
    Postgres, Row, Transaction,
    postgres::{PgArguments, PgRow},
    query::Query,
};
use uuid::Uuid;

use super::{Layout, key::trace_key, stale};
use crate::{
    database::moment::Moment,
    error::StoreError,
    trace::{
        detail::{StoredSpan, StoredTrace},
        list::{ListRequest, TraceFilter},
        row::{self, Columns},
        select::{self, FRAME, SCORES, SPAN, SPANS, trace_columns},
        snapshot::{AddGroup, Listed, Part, Snapshot},
        thread::{ThreadListRequest, ThreadRequest, ThreadSums},
    },
};

/// The columns of [`row::sums`], from a rollup. The sum of integers is a number of any size: it stops where ours do.
macro_rules! sums_columns {
    () => {
        "SUM(requests)::BIGINT, SUM(errors)::BIGINT, SUM(timeouts)::BIGINT, \
         LEAST(SUM(latency), 9223372036854775807)::BIGINT, LEAST(SUM(tokens), 9223372036854775807)::BIGINT, \
         LEAST(SUM(cost), 9223372036854775807)::BIGINT, SUM(scored)::BIGINT, \
         LEAST(SUM(quality), 9223372036854775807)::BIGINT"
    };
}

/// The same, from the traces themselves.
macro_rules! raw_sums_columns {
    () => {
        "COUNT(*), COUNT(*) FILTER (WHERE status = 1), COUNT(*) FILTER (WHERE status = 2), \
         LEAST(SUM(latency), 9223372036854775807)::BIGINT, \
         LEAST(COALESCE(SUM(tokens_total), 0), 9223372036854775807)::BIGINT, \
         LEAST(COALESCE(SUM(cost), 0), 9223372036854775807)::BIGINT, COUNT(quality), \
         LEAST(COALESCE(SUM(quality), 0), 9223372036854775807)::BIGINT"
    };
}

/// The sums of all segments at once, whichever rollups they are in, grouped by `$key` of a bucket and `$raw_key` of a
/// trace. `$1` is the workspace; then come number, start and end of the segments of each source: see [`bind_segments`].
macro_rules! segment_sums {
    ($key:literal, $raw_key:literal) => {
        concat!(
            "SELECT t.* FROM UNNEST($2::BIGINT[], $3::TIMESTAMPTZ[], $4::TIMESTAMPTZ[]) AS s (n, first, last) \
             CROSS JOIN LATERAL (SELECT ", $key, ", ", sums_columns!(), " FROM totals_daily \
             WHERE workspace_id = $1 AND bucket >= s.first AND bucket < s.last GROUP BY 1) AS t \
             UNION ALL \
             SELECT t.* FROM UNNEST($5::BIGINT[], $6::TIMESTAMPTZ[], $7::TIMESTAMPTZ[]) AS s (n, first, last) \
             CROSS JOIN LATERAL (SELECT ", $key, ", ", sums_columns!(), " FROM totals_hourly \
             WHERE workspace_id = $1 AND bucket >= s.first AND bucket < s.last GROUP BY 1) AS t \
             UNION ALL \
             SELECT t.* FROM UNNEST($8::BIGINT[], $9::TIMESTAMPTZ[], $10::TIMESTAMPTZ[]) AS s (n, first, last) \
             CROSS JOIN LATERAL (SELECT ", $key, ", ", sums_columns!(), " FROM totals_minutely \
             WHERE workspace_id = $1 AND bucket >= s.first AND bucket < s.last GROUP BY 1) AS t \
             UNION ALL \
             SELECT t.* FROM UNNEST($11::BIGINT[], $12::TIMESTAMPTZ[], $13::TIMESTAMPTZ[]) AS s (n, first, last) \
             CROSS JOIN LATERAL (SELECT ", $raw_key, ", ", raw_sums_columns!(), " FROM traces \
             WHERE workspace_id = $1 AND timestamp >= s.first AND timestamp < s.last GROUP BY 1) AS t"
        )
    };
}

/// A row for each segment that holds anything: its number and its sums.
const SUMS: &str = segment_sums!("s.n", "s.n");

/// A row for each step in each segment: `$14` is the step.
const STEPS: &str = segment_sums!(
    "date_bin($14 * INTERVAL '1 microsecond', bucket, TIMESTAMPTZ '1970-01-01 00:00:00+00')",
    "date_bin($14 * INTERVAL '1 microsecond', timestamp, TIMESTAMPTZ '1970-01-01 00:00:00+00')"
);

/// Both a minute's own traces, and from the next minute on the totals, which are fewer.
const NEXT_STARTS: &str = "SELECT COALESCE( \
         (SELECT MIN(timestamp) FROM traces WHERE workspace_id = $1 AND timestamp >= e.moment AND timestamp < e.minute), \
         (SELECT MIN(bucket) FROM totals_minutely WHERE workspace_id = $1 AND bucket >= e.minute)) \
     FROM UNNEST($2::TIMESTAMPTZ[], $3::TIMESTAMPTZ[]) WITH ORDINALITY AS e (moment, minute, n) ORDER BY n";

const DAILY_GROUPS: &str = "SELECT bucket, agent_id, model, requests, errors, timeouts, latency, tokens, cost, scored, \
     quality, histogram FROM traces_daily WHERE workspace_id = $1 AND bucket >= $2 AND bucket < $3";
const HOURLY_GROUPS: &str = "SELECT bucket, agent_id, model, requests, errors, timeouts, latency, tokens, cost, scored, \
     quality, histogram FROM traces_hourly WHERE workspace_id = $1 AND bucket >= $2 AND bucket < $3";
const RAW_GROUPS: &str = "SELECT timestamp, agent_id, COALESCE(model, ''), 1::BIGINT, (status = 1)::INTEGER::BIGINT, \
     (status = 2)::INTEGER::BIGINT, latency, COALESCE(tokens_total, 0), COALESCE(cost, 0), \
     (quality IS NOT NULL)::INTEGER::BIGINT, COALESCE(quality, 0) FROM traces \
     WHERE workspace_id = $1 AND timestamp >= $2 AND timestamp < $3";

/// A row for each agent and model that is sought, in their order.
const NEWEST_OF: &str = "SELECT (SELECT timestamp FROM traces WHERE workspace_id = $1 AND agent_id = s.agent_id \
         AND COALESCE(model, '') = s.model AND timestamp >= s.first AND timestamp < s.last \
         ORDER BY timestamp DESC LIMIT 1) \
     FROM UNNEST($2::TEXT[], $3::TEXT[], $4::TIMESTAMPTZ[], $5::TIMESTAMPTZ[]) WITH ORDINALITY \
     AS s (agent_id, model, first, last, n) ORDER BY n";

/// One state of the database, for as long as this is held.
pub(in crate::trace) struct PostgresSnapshot {
    pub(super) transaction: Transaction<'static, Postgres>,
    pub(super) layout: Layout,
}

impl Snapshot for PostgresSnapshot {
    async fn next_starts(
        &mut self,
        workspace_id: Uuid,
        moments: &[Timestamp],
    ) -> Result<Vec<Option<Timestamp>>, StoreError> {
        let minute = |moment: &Timestamp| Moment(moment.ceil(Source::Minutely.bucket()));
        let next: Vec<Option<Moment>> = sqlx::query_scalar(NEXT_STARTS)
            .bind(workspace_id)
            .bind(moments.iter().map(|&moment| Moment(moment)).collect::<Vec<_>>())
            .bind(moments.iter().map(minute).collect::<Vec<_>>())
            .fetch_all(&mut *self.transaction)
            .await?;
        Ok(next.into_iter().map(|next| next.map(|Moment(next)| next)).collect())
    }

    async fn unsettled(&mut self, workspace_id: Uuid, window: Window) -> Result<Unsettled, StoreError> {
        match self.layout {
            Layout::Plain => Ok(Unsettled::default()),
            Layout::Timescale => stale::unsettled(&mut self.transaction, workspace_id, window).await,
        }
    }

    async fn sums(&mut self, workspace_id: Uuid, segments: &[Segment]) -> Result<Vec<Sums>, StoreError> {
        let rows = bind_segments(SUMS, workspace_id, segments).fetch_all(&mut *self.transaction).await?;
        let mut found = vec![Sums::default(); segments.len()];
        for row in &rows {
            let segment = usize::try_from(row.integer(0)?).ok().and_then(|number| found.get_mut(number));
            if let Some(sums) = segment {
                *sums = row::sums(row, 1)?;
            }
        }
        Ok(found)
    }

    async fn steps(
        &mut self,
        workspace_id: Uuid,
        segments: &[Segment],
        step: Duration,
    ) -> Result<Vec<(Timestamp, Sums)>, StoreError> {
        let rows = bind_segments(STEPS, workspace_id, segments)
            .bind(step.as_micros() as f64)
            .fetch_all(&mut *self.transaction)
            .await?;
        rows.iter().map(|row| Ok((row.moment(0)?, row::sums(row, 1)?))).collect()
    }

    async fn add_groups(
        &mut self,
        workspace_id: Uuid,
        segments: &[Segment],
        add: &mut AddGroup<'_>,
    ) -> Result<(), StoreError> {
        for segment in segments {
            let mut rows = sqlx::query(match segment.source {
                Source::Daily => DAILY_GROUPS,
                Source::Hourly => HOURLY_GROUPS,
                Source::Minutely | Source::Raw => RAW_GROUPS,
            })
            .bind(workspace_id)
            .bind(Moment(segment.start))
            .bind(Moment(segment.end))
            .fetch(&mut *self.transaction);
            while let Some(row) = rows.try_next().await? {
                add_group(add, &row, segment.source, self.layout)?;
            }
        }
        Ok(())
    }

    async fn newest_of(
        &mut self,
        workspace_id: Uuid,
        sought: &[Sought<'_>],
    ) -> Result<Vec<Option<Timestamp>>, StoreError> {
        if sought.is_empty() {
            return Ok(Vec::new());
        }
        let newest: Vec<Option<Moment>> = sqlx::query_scalar(NEWEST_OF)
            .bind(workspace_id)
            .bind(sought.iter().map(|sought| sought.pair.agent_id.as_str()).collect::<Vec<_>>())
            .bind(sought.iter().map(|sought| sought.pair.model.as_str()).collect::<Vec<_>>())
            .bind(sought.iter().map(|sought| Moment(sought.window.start)).collect::<Vec<_>>())
            .bind(sought.iter().map(|sought| Moment(sought.window.end)).collect::<Vec<_>>())
            .fetch_all(&mut *self.transaction)
            .await?;
        Ok(newest.into_iter().map(|newest| newest.map(|Moment(newest)| newest)).collect())
    }

    async fn counts(
        &mut self,
        workspace_id: Uuid,
        filter: &TraceFilter,
        segment: Segment,
    ) -> Result<Vec<(Timestamp, u64)>, StoreError> {
        let mut select = select::counts::<Postgres>(workspace_id, filter, segment);
        if segment.source == Source::Raw {
            let count: i64 = select.build_query_scalar().fetch_one(&mut *self.transaction).await?;
            return Ok(vec![(segment.start, row::count(count))]);
        }
        let rows = select.build().fetch_all(&mut *self.transaction).await?;
        rows.iter().map(|row| row::bucket_count(row, filter.status)).collect()
    }

    async fn rows(&mut self, request: &ListRequest, part: Part) -> Result<Vec<Listed>, StoreError> {
        let mut select = select::rows::<Postgres>(request, part);
        let rows = select.build().fetch_all(&mut *self.transaction).await?;
        rows.iter().map(|row| Ok((row::trace(row)?, row::cursor(row)?))).collect()
    }

    async fn trace(&mut self, workspace_id: Uuid, trace_id: &str) -> Result<Option<StoredTrace>, StoreError> {
        let place: Option<(Moment, i64)> =
            sqlx::query_as("SELECT timestamp, id FROM trace_keys WHERE key = $1")
                .bind(trace_key(workspace_id, trace_id))
                .fetch_optional(&mut *self.transaction)
                .await?;
        let Some((timestamp, id)) = place else { return Ok(None) };
        let row = sqlx::query(concat!(
            "SELECT ",
            trace_columns!(),
            " FROM traces WHERE workspace_id = $1 AND timestamp = $2 AND id = $3"
        ))
        .bind(workspace_id)
        .bind(timestamp)
        .bind(id)
        .fetch_optional(&mut *self.transaction)
        .await?;
        row.as_ref().map(row::stored_trace).transpose()
    }

    async fn spans(&mut self, trace: i64) -> Result<Vec<StoredSpan>, StoreError> {
        // One by one: there may be ten thousand, and a row takes more room than what is made of it.
        let rows = sqlx::query(SPANS).bind(trace).fetch(&mut *self.transaction);
        rows.map(|row| row::stored_span(&row?)).try_collect().await
    }

    async fn span(&mut self, trace: i64, span_id: &str) -> Result<Option<StoredSpan>, StoreError> {
        let row = sqlx::query(SPAN).bind(trace).bind(span_id).fetch_optional(&mut *self.transaction).await?;
        row.as_ref().map(row::stored_span).transpose()
    }

    async fn scores(&mut self, workspace_id: Uuid, trace_id: &str) -> Result<Vec<Score>, StoreError> {
        let scores = sqlx::query(SCORES).bind(workspace_id).bind(trace_id);
        scores.fetch_all(&mut *self.transaction).await?.iter().map(row::score).collect()
    }

    async fn thread_sums(&mut self, request: &ThreadRequest) -> Result<Option<ThreadSums>, StoreError> {
        let mut select = select::thread_sums::<Postgres>(request);
        let row = select.build().fetch_optional(&mut *self.transaction).await?;
        Ok(row.as_ref().map(row::thread).transpose()?.map(|(_, sums)| sums))
    }

    async fn thread_rows(&mut self, request: &ThreadRequest) -> Result<Vec<StoredTrace>, StoreError> {
        let rows = select::thread_rows::<Postgres>(request).build().fetch_all(&mut *self.transaction).await?;
        rows.iter().map(row::stored_trace).collect()
    }

    async fn threads(
        &mut self,
        request: &ThreadListRequest,
    ) -> Result<(Vec<(String, ThreadSums)>, u64), StoreError> {
        let rows = select::threads::<Postgres>(request).build().fetch_all(&mut *self.transaction).await?;
        row::threads(&rows)
    }

    async fn frame(&mut self, id: i64) -> Result<Option<Vec<u8>>, StoreError> {
        let data = sqlx::query_scalar(FRAME).bind(id);
        Ok(data.fetch_optional(&mut *self.transaction).await?)
    }
}

/// Binds `$1` to `$13` of [`segment_sums`].
fn bind_segments(
    statement: &'static str,
    workspace_id: Uuid,
    segments: &[Segment],
) -> Query<'static, Postgres, PgArguments> {
    let mut query = sqlx::query(statement).bind(workspace_id);
    for source in [Source::Daily, Source::Hourly, Source::Minutely, Source::Raw] {
        let numbered = (0_i64..).zip(segments).filter(|(_, segment)| segment.source == source);
        let (mut numbers, mut starts, mut ends) = (Vec::new(), Vec::new(), Vec::new());
        for (number, segment) in numbered {
            numbers.push(number);
            starts.push(Moment(segment.start));
            ends.push(Moment(segment.end));
        }
        query = query.bind(numbers).bind(starts).bind(ends);
    }
    query
}

fn add_group(add: &mut AddGroup<'_>, row: &PgRow, source: Source, layout: Layout) -> Result<(), StoreError> {
    let dense: Vec<i32>;
    let latencies = match (source, layout) {
        (Source::Raw | Source::Minutely, _) => Latencies::One,
        (_, Layout::Plain) => Latencies::Encoded(row.try_get(11)?),
        (_, Layout::Timescale) => {
            dense = row.try_get(11)?;
            // The first is for what lies below bucket 0, where nothing does.
            Latencies::Dense(dense.get(1..).unwrap_or_default())
        }
    };
    add(&GroupRow {
        source,
        moment: row.moment(0)?,
        agent_id: row.text(1)?,
        model: row.text(2)?,
        sums: row::sums(row, 3)?,
        latencies,
    })
}
