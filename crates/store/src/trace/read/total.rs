//! Sums over all traces of a workspace, for KPIs and ungrouped charts.

use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock},
    time::Duration,
};

use domain::rollup::{
    plan::{self, Segment, Source},
    sums::Sums,
};
use shared::{Timestamp, time_range::Window};
use sqlx::{
    AssertSqlSafe, PgConnection, Postgres,
    postgres::{PgArguments, PgRow},
    query::QueryAs,
};
use tracing::instrument;
use uuid::Uuid;

use crate::{
    database::{Statement, Transaction, in_read, timestamp::SqlTimestamp},
    error::StoreError,
    trace::{TraceStore, row::SumsRow, table::totals_table, transaction::ReadTransaction},
};

impl TraceStore {
    /// Returns the exact sums of several windows, read in one transaction.
    ///
    /// # Errors
    /// Returns an error if the database is not available.
    #[instrument(level = "debug", skip_all, fields(db.system.name = self.system(), db.operation.name = "SELECT"))]
    pub async fn sums(&self, workspace_id: Uuid, windows: &[Window]) -> Result<Vec<Sums>, StoreError> {
        in_read!(self, transaction => transaction.sums(workspace_id, windows))
    }

    /// Returns the exact sums of each step of a window. Steps without traces are left out.
    ///
    /// # Errors
    /// Returns an error if the database is not available.
    #[instrument(level = "debug", skip_all, fields(db.system.name = self.system(), db.operation.name = "SELECT"))]
    pub async fn sums_by_step(
        &self,
        workspace_id: Uuid,
        window: Window,
        step: Duration,
    ) -> Result<Vec<(Timestamp, Sums)>, StoreError> {
        in_read!(self, transaction => transaction.sums_by_step(workspace_id, window, step))
    }
}

/// The sums of a segment, or of a step in a segment.
#[derive(sqlx::FromRow)]
struct KeyedSumsRow<K> {
    key: K,
    #[sqlx(flatten)]
    sums: SumsRow,
}

impl ReadTransaction {
    /// Returns the exact sums of several windows.
    pub(super) async fn sums(
        &mut self,
        workspace_id: Uuid,
        windows: &[Window],
    ) -> Result<Vec<Sums>, StoreError> {
        let cut = self.cut_totals(workspace_id, windows, Source::TOTALS).await?;
        // One statement reads all segments of all windows, since a round trip to a server takes longer than their sums.
        let mut parts = self.segment_sums(workspace_id, &cut.concat()).await?.into_iter();
        let add = |mut sums: Sums, part| {
            sums += part;
            sums
        };
        Ok(cut
            .iter()
            .map(|segments| parts.by_ref().take(segments.len()).fold(Sums::default(), add))
            .collect())
    }

    /// Returns the exact sums of each step of a window.
    pub(super) async fn sums_by_step(
        &mut self,
        workspace_id: Uuid,
        window: Window,
        step: Duration,
    ) -> Result<Vec<(Timestamp, Sums)>, StoreError> {
        let rollups = plan::within_step(Source::TOTALS, step);
        let segments = self.cut_totals(workspace_id, &[window], &rollups).await?.concat();
        let mut steps: BTreeMap<Timestamp, Sums> = BTreeMap::new();
        for row in self.step_sums(workspace_id, &segments, step).await? {
            *steps.entry(row.key.0).or_default() += row.sums.into();
        }
        Ok(steps.into_iter().collect())
    }

    /// Returns the sums of each segment.
    async fn segment_sums(
        &mut self,
        workspace_id: Uuid,
        segments: &[Segment],
    ) -> Result<Vec<Sums>, StoreError> {
        if let Transaction::Postgres(connection) = &mut self.transaction {
            return postgres_segment_sums(connection, workspace_id, segments).await;
        }
        let mut found = Vec::with_capacity(segments.len());
        for &segment in segments {
            let statement = sqlite_sums(&mut self.transaction, "SELECT ", workspace_id, segment);
            found.push(statement.fetch_one::<SumsRow>().await?.into());
        }
        Ok(found)
    }

    /// Returns the sums of each step in the segments. A step in several segments has several rows.
    async fn step_sums(
        &mut self,
        workspace_id: Uuid,
        segments: &[Segment],
        step: Duration,
    ) -> Result<Vec<KeyedSumsRow<SqlTimestamp>>, StoreError> {
        if let Transaction::Postgres(connection) = &mut self.transaction {
            let steps = bind_segments(&POSTGRES_STEPS, workspace_id, segments);
            return Ok(steps.bind(step.as_micros() as f64).fetch_all(&mut **connection).await?);
        }
        let mut found = Vec::new();
        for &segment in segments {
            let select = match segment.source {
                Source::Raw => "SELECT timestamp / $4 * $4 AS key, ",
                Source::Daily | Source::Hourly | Source::Minutely => "SELECT bucket / $4 * $4 AS key, ",
            };
            let mut statement = sqlite_sums(&mut self.transaction, select, workspace_id, segment);
            statement.push(" GROUP BY 1");
            let step = i64::try_from(step.as_micros()).unwrap_or(i64::MAX);
            found.extend(statement.bind(step).fetch_all::<KeyedSumsRow<SqlTimestamp>>().await?);
        }
        Ok(found)
    }
}

/// Begins a statement on SQLite that selects the sums of a segment.
fn sqlite_sums<'t>(
    transaction: &'t mut Transaction,
    select: &'static str,
    workspace_id: Uuid,
    segment: Segment,
) -> Statement<'t> {
    let (columns, filter) = match segment.source {
        Source::Raw => (
            "COUNT(*) AS requests, COALESCE(SUM(status = 1), 0) AS errors, COALESCE(SUM(status = 2), 0) AS timeouts, \
             COALESCE(SUM(latency), 0) AS latency, COALESCE(SUM(tokens_total), 0) AS tokens, \
             COALESCE(SUM(cost), 0) AS cost, COUNT(quality) AS scored, COALESCE(SUM(quality), 0) AS quality FROM ",
            " WHERE workspace_id = $1 AND timestamp >= $2 AND timestamp < $3",
        ),
        Source::Daily | Source::Hourly | Source::Minutely => (
            "COALESCE(SUM(requests), 0) AS requests, COALESCE(SUM(errors), 0) AS errors, \
             COALESCE(SUM(timeouts), 0) AS timeouts, COALESCE(SUM(latency), 0) AS latency, \
             COALESCE(SUM(tokens), 0) AS tokens, COALESCE(SUM(cost), 0) AS cost, \
             COALESCE(SUM(scored), 0) AS scored, COALESCE(SUM(quality), 0) AS quality FROM ",
            " WHERE workspace_id = $1 AND bucket >= $2 AND bucket < $3",
        ),
    };
    let mut statement = transaction.sql(select);
    statement.push(columns).push(totals_table(segment.source)).push(filter);
    statement.bind(workspace_id).bind(SqlTimestamp(segment.start)).bind(SqlTimestamp(segment.end))
}

/// Returns the sums of all segments with one statement.
async fn postgres_segment_sums(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    segments: &[Segment],
) -> Result<Vec<Sums>, StoreError> {
    let rows: Vec<KeyedSumsRow<i64>> =
        bind_segments(&POSTGRES_SUMS, workspace_id, segments).fetch_all(connection).await?;
    let mut found = vec![Sums::default(); segments.len()];
    for row in rows {
        let segment = usize::try_from(row.key).ok().and_then(|number| found.get_mut(number));
        if let Some(sums) = segment {
            *sums = row.sums.into();
        }
    }
    Ok(found)
}

/// The sums of a rollup on PostgreSQL. Sums of BIGINT are NUMERIC there: they are limited to the range of BIGINT.
const ROLLUP_SUMS: &str = "SUM(requests)::BIGINT AS requests, SUM(errors)::BIGINT AS errors, \
     SUM(timeouts)::BIGINT AS timeouts, LEAST(SUM(latency), 9223372036854775807)::BIGINT AS latency, \
     LEAST(SUM(tokens), 9223372036854775807)::BIGINT AS tokens, \
     LEAST(SUM(cost), 9223372036854775807)::BIGINT AS cost, SUM(scored)::BIGINT AS scored, \
     LEAST(SUM(quality), 9223372036854775807)::BIGINT AS quality";

/// The same sums of the traces themselves.
const RAW_SUMS: &str = "COUNT(*) AS requests, COUNT(*) FILTER (WHERE status = 1) AS errors, \
     COUNT(*) FILTER (WHERE status = 2) AS timeouts, LEAST(SUM(latency), 9223372036854775807)::BIGINT AS latency, \
     LEAST(COALESCE(SUM(tokens_total), 0), 9223372036854775807)::BIGINT AS tokens, \
     LEAST(COALESCE(SUM(cost), 0), 9223372036854775807)::BIGINT AS cost, COUNT(quality) AS scored, \
     LEAST(COALESCE(SUM(quality), 0), 9223372036854775807)::BIGINT AS quality";

/// The sources in the order in which [`segment_sums`] reads them.
const SOURCES: [Source; 4] = [Source::Daily, Source::Hourly, Source::Minutely, Source::Raw];

/// Returns the statement for the sums of all segments on PostgreSQL, grouped by a key of a bucket or a trace with this column
/// of its time. `$1` is the workspace, followed by the number, start and end of the segments of each source: see
/// [`bind_segments`].
fn segment_sums(key: impl Fn(&str) -> String) -> Arc<str> {
    let part = |(number, source): (usize, Source)| {
        let (time, sums) =
            if source == Source::Raw { ("timestamp", RAW_SUMS) } else { ("bucket", ROLLUP_SUMS) };
        let (key, table, start, end) = (key(time), totals_table(source), number + 1, number + 2);
        format!(
            "SELECT t.* \
             FROM UNNEST(${number}::BIGINT[], ${start}::TIMESTAMPTZ[], ${end}::TIMESTAMPTZ[]) AS s (n, first, last) \
             CROSS JOIN LATERAL (SELECT {key} AS key, {sums} FROM {table} \
             WHERE workspace_id = $1 AND {time} >= s.first AND {time} < s.last GROUP BY 1) AS t"
        )
    };
    (2..).step_by(3).zip(SOURCES).map(part).collect::<Vec<_>>().join(" UNION ALL ").into()
}

/// A row for each segment that has traces, by the number of the segment.
static POSTGRES_SUMS: LazyLock<Arc<str>> = LazyLock::new(|| segment_sums(|_| "s.n".to_owned()));

/// A row for each step in each segment, by the start of the step. `$14` is the step in microseconds.
static POSTGRES_STEPS: LazyLock<Arc<str>> = LazyLock::new(|| {
    segment_sums(|time| {
        format!("date_bin($14 * INTERVAL '1 microsecond', {time}, TIMESTAMPTZ '1970-01-01 00:00:00+00')")
    })
});

/// Binds `$1` to `$13` of [`segment_sums`].
fn bind_segments<K>(
    statement: &Arc<str>,
    workspace_id: Uuid,
    segments: &[Segment],
) -> QueryAs<'static, Postgres, KeyedSumsRow<K>, PgArguments>
where
    KeyedSumsRow<K>: for<'r> sqlx::FromRow<'r, PgRow>,
{
    // Safe: the text consists of constants.
    let mut query = sqlx::query_as(AssertSqlSafe(Arc::clone(statement))).bind(workspace_id);
    for source in SOURCES {
        let (mut numbers, mut starts, mut ends) = (Vec::new(), Vec::new(), Vec::new());
        for (number, segment) in (0_i64..).zip(segments).filter(|(_, segment)| segment.source == source) {
            numbers.push(number);
            starts.push(SqlTimestamp(segment.start));
            ends.push(SqlTimestamp(segment.end));
        }
        query = query.bind(numbers).bind(starts).bind(ends);
    }
    query
}
