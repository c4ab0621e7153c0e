//! Maintenance: refreshes late data in the aggregates, and deletes traces after their retention. One replica does this at a
//! time; the others find the lock taken and return.

use std::{borrow::Cow, time::Duration};

use domain::rollup::plan::Source;
use shared::Timestamp;
use sqlx::{AssertSqlSafe, Connection, PgConnection, error::DatabaseError};

use super::{Layout, Lifecycle, stale::REFRESHED_AFTER};
use crate::{
    database::{postgres::PostgresSettings, timestamp::SqlTimestamp},
    error::StoreError,
};

/// The key of the advisory lock.
const LOCK: i64 = 0x74_72_61_63_65_73_6d_74;
/// The error code of a lock that was not granted.
const LOCK_NOT_AVAILABLE: &str = "55P03";
/// The maximum number of stale hours that are processed at once.
const MAX_STALE_ROWS: i64 = 50_000;
/// The maximum number of rows that one transaction deletes, to keep transactions short.
const DELETE_BATCH_ROWS: i64 = 10_000;
/// The maximum number of transactions for each table in one call. The next call continues.
const MAX_DELETES: u32 = 100;

/// How to maintain a database.
#[derive(Clone, Debug)]
pub(in crate::trace) struct Maintenance {
    pub(in crate::trace) settings: PostgresSettings,
    pub(in crate::trace) lifecycle: Lifecycle,
}

/// Refreshes aggregates and deletes old traces.
pub(in crate::trace) async fn maintain(
    maintenance: &Maintenance,
    layout: Layout,
    now: Timestamp,
) -> Result<(), StoreError> {
    // Maintenance uses its own connection: a refresh may take longer than the statement timeout of the pool, and the
    // lock is released with the connection.
    let mut connection = maintenance.settings.connect_one().await?;
    let locked: bool =
        sqlx::query_scalar("SELECT pg_try_advisory_lock($1)").bind(LOCK).fetch_one(&mut connection).await?;
    if locked {
        if layout == Layout::Timescale {
            refresh(&mut connection, now).await?;
        }
        if let Some(retention) = maintenance.lifecycle.retention {
            let oldest = (now - retention).floor(Source::Daily.bucket());
            delete_before(&mut connection, layout, oldest).await?;
        }
    }
    connection.close().await?;
    Ok(())
}

/// Refreshes the aggregates up to [`REFRESHED_AFTER`], and deletes the stale hours that were recorded before the refresh: they
/// were committed together with their traces, which the refresh therefore included.
async fn refresh(connection: &mut PgConnection, now: Timestamp) -> Result<(), StoreError> {
    // The end is limited to the server's clock, by which writers decide which hours are stale.
    let (SqlTimestamp(now), recorded): (SqlTimestamp, Vec<i64>) =
        sqlx::query_as("SELECT LEAST($1, now()), ARRAY(SELECT id FROM traces_stale ORDER BY id LIMIT $2)")
            .bind(SqlTimestamp(now))
            .bind(MAX_STALE_ROWS)
            .fetch_one(&mut *connection)
            .await?;
    if recorded.is_empty() {
        // The policies refresh everything else.
        return Ok(());
    }
    let until = (now - REFRESHED_AFTER).floor(Source::Hourly.bucket());
    let whole_days = until.floor(Source::Daily.bucket());
    for (aggregate, until) in [("traces_hourly", until), ("traces_daily", whole_days)] {
        if !refresh_until(connection, aggregate, until).await? {
            return Ok(());
        }
    }
    sqlx::query("DELETE FROM traces_stale WHERE id = ANY($1) AND hour < $2")
        .bind(recorded)
        .bind(SqlTimestamp(until))
        .execute(connection)
        .await?;
    Ok(())
}

/// Refreshes an aggregate. Returns `false` if its policy is refreshing it, which allows no other refresh.
async fn refresh_until(
    connection: &mut PgConnection,
    aggregate: &'static str,
    until: Timestamp,
) -> Result<bool, StoreError> {
    // Newer versions refresh in several passes, newest data first, by default: see the migration.
    let passes: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM pg_proc WHERE proname = 'refresh_continuous_aggregate' \
         AND 'options' = ANY(proargnames))",
    )
    .fetch_one(&mut *connection)
    .await?;
    let options = if passes { r#", options => '{"buckets_per_batch": 0}'"# } else { "" };
    // The refresh has no start, since gaps between refreshed ranges would count as empty. Only changed buckets are
    // computed.
    // Safe: the names are constants of this file.
    let call = format!("CALL refresh_continuous_aggregate('{aggregate}', NULL, $1{options})");
    match sqlx::query(AssertSqlSafe(call)).bind(SqlTimestamp(until)).execute(connection).await {
        Ok(_) => Ok(true),
        Err(error) if code(&error).as_deref() == Some(LOCK_NOT_AVAILABLE) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn code(error: &sqlx::Error) -> Option<Cow<'_, str>> {
    error.as_database_error().and_then(DatabaseError::code)
}

/// The time by which rows of a hypertable outlive the retention: whole chunks of seven days are dropped, a day late. The key of
/// a trace must exist until then, or the trace could be sent and counted again. So must its spans, payloads and scores.
const CHUNK: Duration = Duration::from_secs(8 * 86_400);

/// Deletes traces that started before `oldest`. Policies drop the chunks of a hypertable and of its aggregates.
async fn delete_before(
    connection: &mut PgConnection,
    layout: Layout,
    oldest: Timestamp,
) -> Result<(), StoreError> {
    let oldest_key = match layout {
        Layout::Plain => oldest,
        Layout::Timescale => oldest - CHUNK,
    };
    for table in [KEYS, PAYLOADS, SCORES, MINUTES, HOURS, DAYS] {
        delete_rows(connection, table, oldest_key).await?;
    }
    if layout == Layout::Plain {
        for table in [TRACES, GROUP_HOURS, GROUP_DAYS] {
            delete_rows(connection, table, oldest).await?;
        }
    }
    Ok(())
}

/// Spans and pending traces have no time: they are deleted by number, with the keys of their traces.
const KEYS: &str = "WITH old AS (DELETE FROM trace_keys WHERE ctid = ANY(ARRAY( \
         SELECT ctid FROM trace_keys WHERE timestamp < $1 LIMIT $2)) RETURNING id), \
     spans AS (DELETE FROM spans USING old WHERE spans.trace = old.id), \
     waiting AS (DELETE FROM waiting_traces USING old WHERE waiting_traces.id = old.id) SELECT COUNT(*) FROM old";
const TRACES: &str = "WITH old AS (DELETE FROM traces WHERE ctid = ANY(ARRAY( \
         SELECT ctid FROM traces WHERE timestamp < $1 LIMIT $2)) RETURNING 1) SELECT COUNT(*) FROM old";
const PAYLOADS: &str = "WITH old AS (DELETE FROM payloads WHERE id = ANY(ARRAY( \
         SELECT id FROM payloads WHERE newest < $1 LIMIT $2)) RETURNING 1) SELECT COUNT(*) FROM old";
const SCORES: &str = "WITH old AS (DELETE FROM scores WHERE ctid = ANY(ARRAY( \
         SELECT ctid FROM scores WHERE timestamp < $1 LIMIT $2)) RETURNING 1) SELECT COUNT(*) FROM old";

macro_rules! delete_buckets {
    ($table:literal) => {
        concat!(
            "WITH old AS (DELETE FROM ",
            $table,
            " WHERE ctid = ANY(ARRAY(SELECT ctid FROM ",
            $table,
            " WHERE bucket < $1 LIMIT $2)) RETURNING 1) SELECT COUNT(*) FROM old"
        )
    };
}
const MINUTES: &str = delete_buckets!("totals_minutely");
const HOURS: &str = delete_buckets!("totals_hourly");
const DAYS: &str = delete_buckets!("totals_daily");
const GROUP_HOURS: &str = delete_buckets!("traces_hourly");
const GROUP_DAYS: &str = delete_buckets!("traces_daily");

/// Runs a statement that deletes some rows and returns their number, until all rows or enough for one call are deleted.
async fn delete_rows(
    connection: &mut PgConnection,
    statement: &'static str,
    oldest: Timestamp,
) -> Result<(), StoreError> {
    for _ in 0..MAX_DELETES {
        let deleted: i64 = sqlx::query_scalar(statement)
            .bind(SqlTimestamp(oldest))
            .bind(DELETE_BATCH_ROWS)
            .fetch_one(&mut *connection)
            .await?;
        if deleted < DELETE_BATCH_ROWS {
            break;
        }
    }
    Ok(())
}
