//! Reading one state of the file.

use std::time::Duration;

use domain::rollup::{
    group::{GroupRow, Latencies},
    plan::{Segment, Source},
    sums::Sums,
    window::Sought,
};
use futures_util::{StreamExt, TryStreamExt};
use shared::{Timestamp, trace::Score};
use sqlx::{Row, Sqlite, Transaction, sqlite::SqliteRow};
use uuid::Uuid;

use crate::{
    error::StoreError,
    trace::{
        detail::{StoredSpan, StoredTrace},
        list::{ListRequest, TraceFilter},
        row,
        select::{self, FRAME, SCORES, SPAN, SPANS, trace_columns},
        snapshot::{AddGroup, Listed, Part, Snapshot},
        thread::{ThreadListRequest, ThreadRequest, ThreadSums},
    },
};

/// The columns of [`row::sums`], from a rollup.
macro_rules! sums_columns {
    () => {
        "COALESCE(SUM(requests), 0), COALESCE(SUM(errors), 0), COALESCE(SUM(timeouts), 0), COALESCE(SUM(latency), 0), \
         COALESCE(SUM(tokens), 0), COALESCE(SUM(cost), 0), COALESCE(SUM(scored), 0), COALESCE(SUM(quality), 0)"
    };
}

/// The same, from the traces themselves.
macro_rules! raw_sums_columns {
    () => {
        "COUNT(*), COALESCE(SUM(status = 1), 0), COALESCE(SUM(status = 2), 0), COALESCE(SUM(latency), 0), \
         COALESCE(SUM(tokens_total), 0), COALESCE(SUM(cost), 0), COUNT(quality), COALESCE(SUM(quality), 0)"
    };
}

/// One state of the file, for as long as this is held.
pub(in crate::trace) struct SqliteSnapshot(pub(super) Transaction<'static, Sqlite>);

impl Snapshot for SqliteSnapshot {
    async fn next_starts(
        &mut self,
        workspace_id: Uuid,
        moments: &[Timestamp],
    ) -> Result<Vec<Option<Timestamp>>, StoreError> {
        let mut found = Vec::with_capacity(moments.len());
        for moment in moments {
            let next: Option<i64> = sqlx::query_scalar(
                "SELECT MIN(timestamp) FROM traces WHERE workspace_id = $1 AND timestamp >= $2",
            )
            .bind(workspace_id)
            .bind(moment.as_micros())
            .fetch_one(&mut *self.0)
            .await?;
            found.push(next.map(Timestamp::from_micros));
        }
        Ok(found)
    }

    async fn sums(&mut self, workspace_id: Uuid, segments: &[Segment]) -> Result<Vec<Sums>, StoreError> {
        let mut found = Vec::with_capacity(segments.len());
        for segment in segments {
            let row = sqlx::query(match segment.source {
                Source::Daily => concat!(
                    "SELECT ",
                    sums_columns!(),
                    " FROM totals_daily WHERE workspace_id = $1 AND bucket >= $2 AND bucket < $3"
                ),
                Source::Hourly => concat!(
                    "SELECT ",
                    sums_columns!(),
                    " FROM totals_hourly WHERE workspace_id = $1 AND bucket >= $2 AND bucket < $3"
                ),
                Source::Minutely => concat!(
                    "SELECT ",
                    sums_columns!(),
                    " FROM totals_minutely WHERE workspace_id = $1 AND bucket >= $2 AND bucket < $3"
                ),
                Source::Raw => concat!(
                    "SELECT ",
                    raw_sums_columns!(),
                    " FROM traces WHERE workspace_id = $1 AND timestamp >= $2 AND timestamp < $3"
                ),
            })
            .bind(workspace_id)
            .bind(segment.start.as_micros())
            .bind(segment.end.as_micros())
            .fetch_one(&mut *self.0)
            .await?;
            found.push(row::sums(&row, 0)?);
        }
        Ok(found)
    }

    async fn steps(
        &mut self,
        workspace_id: Uuid,
        segments: &[Segment],
        step: Duration,
    ) -> Result<Vec<(Timestamp, Sums)>, StoreError> {
        let mut found = Vec::new();
        for segment in segments {
            let rows = sqlx::query(match segment.source {
                Source::Daily => concat!("SELECT bucket / $4 * $4, ", sums_columns!(), " FROM totals_daily WHERE workspace_id = $1 AND bucket >= $2 AND bucket < $3 GROUP BY 1"),
                Source::Hourly => concat!("SELECT bucket / $4 * $4, ", sums_columns!(), " FROM totals_hourly WHERE workspace_id = $1 AND bucket >= $2 AND bucket < $3 GROUP BY 1"),
                Source::Minutely => concat!("SELECT bucket / $4 * $4, ", sums_columns!(), " FROM totals_minutely WHERE workspace_id = $1 AND bucket >= $2 AND bucket < $3 GROUP BY 1"),
                Source::Raw => concat!("SELECT timestamp / $4 * $4, ", raw_sums_columns!(), " FROM traces WHERE workspace_id = $1 AND timestamp >= $2 AND timestamp < $3 GROUP BY 1"),
            })
            .bind(workspace_id)
            .bind(segment.start.as_micros())
            .bind(segment.end.as_micros())
            .bind(i64::try_from(step.as_micros()).unwrap_or(i64::MAX))
            .fetch_all(&mut *self.0)
            .await?;
            for row in rows {
                found.push((Timestamp::from_micros(row.try_get(0)?), row::sums(&row, 1)?));
            }
        }
        Ok(found)
    }

    async fn add_groups(
        &mut self,
        workspace_id: Uuid,
        segments: &[Segment],
        add: &mut AddGroup<'_>,
    ) -> Result<(), StoreError> {
        for segment in segments {
            let mut rows = sqlx::query(match segment.source {
                Source::Daily => "SELECT bucket, agent_id, model, requests, errors, timeouts, latency, tokens, cost, scored, quality, histogram FROM traces_daily WHERE workspace_id = $1 AND bucket >= $2 AND bucket < $3",
                Source::Hourly => "SELECT bucket, agent_id, model, requests, errors, timeouts, latency, tokens, cost, scored, quality, histogram FROM traces_hourly WHERE workspace_id = $1 AND bucket >= $2 AND bucket < $3",
                Source::Minutely | Source::Raw => "SELECT timestamp, agent_id, COALESCE(model, ''), 1, status = 1, status = 2, latency, COALESCE(tokens_total, 0), COALESCE(cost, 0), quality IS NOT NULL, COALESCE(quality, 0) FROM traces WHERE workspace_id = $1 AND timestamp >= $2 AND timestamp < $3",
            })
            .bind(workspace_id)
            .bind(segment.start.as_micros())
            .bind(segment.end.as_micros())
            .fetch(&mut *self.0);
            while let Some(row) = rows.try_next().await? {
                add(&group_row(&row, segment.source)?)?;
            }
        }
        Ok(())
    }

    async fn newest_of(
        &mut self,
        workspace_id: Uuid,
        sought: &[Sought<'_>],
    ) -> Result<Vec<Option<Timestamp>>, StoreError> {
        let mut found = Vec::with_capacity(sought.len());
        for Sought { pair, window } in sought {
            let newest: Option<i64> = sqlx::query_scalar(
                "SELECT timestamp FROM traces WHERE workspace_id = $1 AND agent_id = $2 AND COALESCE(model, '') = $3 \
                 AND timestamp >= $4 AND timestamp < $5 ORDER BY timestamp DESC LIMIT 1",
            )
            .bind(workspace_id)
            .bind(&pair.agent_id)
            .bind(&pair.model)
            .bind(window.start.as_micros())
            .bind(window.end.as_micros())
            .fetch_optional(&mut *self.0)
            .await?;
            found.push(newest.map(Timestamp::from_micros));
        }
        Ok(found)
    }

    async fn counts(
        &mut self,
        workspace_id: Uuid,
        filter: &TraceFilter,
        segment: Segment,
    ) -> Result<Vec<(Timestamp, u64)>, StoreError> {
        let mut select = select::counts::<Sqlite>(workspace_id, filter, segment);
        if segment.source == Source::Raw {
            let count: i64 = select.build_query_scalar().fetch_one(&mut *self.0).await?;
            return Ok(vec![(segment.start, row::count(count))]);
        }
        let rows = select.build().fetch_all(&mut *self.0).await?;
        rows.iter().map(|row| row::bucket_count(row, filter.status)).collect()
    }

    async fn rows(&mut self, request: &ListRequest, part: Part) -> Result<Vec<Listed>, StoreError> {
        let rows = select::rows::<Sqlite>(request, part).build().fetch_all(&mut *self.0).await?;
        rows.iter().map(|row| Ok((row::trace(row)?, row::cursor(row)?))).collect()
    }

    async fn trace(&mut self, workspace_id: Uuid, trace_id: &str) -> Result<Option<StoredTrace>, StoreError> {
        let row = sqlx::query(concat!(
            "SELECT ",
            trace_columns!(),
            " FROM traces WHERE workspace_id = $1 AND trace_id = $2"
        ))
        .bind(workspace_id)
        .bind(trace_id)
        .fetch_optional(&mut *self.0)
        .await?;
        row.as_ref().map(row::stored_trace).transpose()
    }

    async fn spans(&mut self, trace: i64) -> Result<Vec<StoredSpan>, StoreError> {
        // One by one: there may be ten thousand, and a row takes more room than what is made of it.
        let rows = sqlx::query(SPANS).bind(trace).fetch(&mut *self.0);
        rows.map(|row| row::stored_span(&row?)).try_collect().await
    }

    async fn span(&mut self, trace: i64, span_id: &str) -> Result<Option<StoredSpan>, StoreError> {
        let row = sqlx::query(SPAN).bind(trace).bind(span_id).fetch_optional(&mut *self.0).await?;
        row.as_ref().map(row::stored_span).transpose()
    }

    async fn scores(&mut self, workspace_id: Uuid, trace_id: &str) -> Result<Vec<Score>, StoreError> {
        let rows = sqlx::query(SCORES).bind(workspace_id).bind(trace_id).fetch_all(&mut *self.0).await?;
        rows.iter().map(row::score).collect()
    }

    async fn thread_sums(&mut self, request: &ThreadRequest) -> Result<Option<ThreadSums>, StoreError> {
        let mut select = select::thread_sums::<Sqlite>(request);
        let row = select.build().fetch_optional(&mut *self.0).await?;
        Ok(row.as_ref().map(row::thread).transpose()?.map(|(_, sums)| sums))
    }

    async fn thread_rows(&mut self, request: &ThreadRequest) -> Result<Vec<StoredTrace>, StoreError> {
        let rows = select::thread_rows::<Sqlite>(request).build().fetch_all(&mut *self.0).await?;
        rows.iter().map(row::stored_trace).collect()
    }

    async fn threads(
        &mut self,
        request: &ThreadListRequest,
    ) -> Result<(Vec<(String, ThreadSums)>, u64), StoreError> {
        let rows = select::threads::<Sqlite>(request).build().fetch_all(&mut *self.0).await?;
        row::threads(&rows)
    }

    async fn frame(&mut self, id: i64) -> Result<Option<Vec<u8>>, StoreError> {
        let data = sqlx::query_scalar(FRAME).bind(id);
        Ok(data.fetch_optional(&mut *self.0).await?)
    }
}

fn group_row(row: &SqliteRow, source: Source) -> Result<GroupRow<'_>, StoreError> {
    Ok(GroupRow {
        source,
        moment: Timestamp::from_micros(row.try_get(0)?),
        agent_id: row.try_get(1)?,
        model: row.try_get(2)?,
        sums: row::sums(row, 3)?,
        latencies: if source == Source::Raw { Latencies::One } else { Latencies::Encoded(row.try_get(11)?) },
    })
}
