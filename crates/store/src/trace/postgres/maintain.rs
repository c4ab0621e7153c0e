//! What has to be done now and then: refreshing what came late, and dropping what is too old. One replica does it at a
//! time; the others find the lock taken and go on.

use std::{borrow::Cow, time::Duration};

use domain::rollup::plan::Source;
use shared::Timestamp;
use sqlx::{AssertSqlSafe, Connection, PgConnection, error::DatabaseError};

use super::{Layout, PostgresTraces, stale::REFRESHED_AFTER};
use crate::{database::moment::Moment, error::StoreError};

/// What tells this advisory lock from others.
const LOCK: i64 = 0x74_72_61_63_65_73_6d_74;
/// PostgreSQL's code for it.
const LOCK_NOT_AVAILABLE: &str = "55P03";
/// Stale hours that are struck off at once.
const STALE_ROWS: i64 = 50_000;
/// Rows that are dropped in one transaction, so that none takes long.
const DROPPED_AT_ONCE: i64 = 10_000;
/// Transactions of one call that drop rows: the next call goes on.
const DROPS: u32 = 100;

impl PostgresTraces {
    /// Refreshes and drops what is due at `now`.
    pub(in crate::trace) async fn maintain(&self, now: Timestamp) -> Result<(), StoreError> {
        // A connection of its own: a refresh may take longer than a statement of a request, and the lock ends with it.
        let mut connection = self.settings.connect_one().await?;
        let mine: bool = sqlx::query_scalar("SELECT pg_try_advisory_lock($1)")
            .bind(LOCK)
            .fetch_one(&mut connection)
            .await?;
        if mine {
            if self.layout == Layout::Timescale {
                refresh(&mut connection, now).await?;
            }
            if let Some(retention) = self.lifecycle.retention {
                let oldest = (now - retention).floor(Source::Daily.bucket());
                drop_before(&mut connection, self.layout, oldest).await?;
            }
        }
        connection.close().await?;
        Ok(())
    }
}

/// Refreshes the aggregates as far as they may be, and strikes off the stale hours that this took in: those that were
/// noted before it began, and so were committed together with what they are stale for.
async fn refresh(connection: &mut PgConnection, now: Timestamp) -> Result<(), StoreError> {
    // The server's clock counts, since it is the one that writers ask whether they are late.
    let (Moment(now), noted): (Moment, Vec<i64>) =
        sqlx::query_as("SELECT LEAST($1, now()), ARRAY(SELECT id FROM traces_stale ORDER BY id LIMIT $2)")
            .bind(Moment(now))
            .bind(STALE_ROWS)
            .fetch_one(&mut *connection)
            .await?;
    if noted.is_empty() {
        // The policies see to what came in time.
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
        .bind(noted)
        .bind(Moment(until))
        .execute(connection)
        .await?;
    Ok(())
}

/// Refreshes an aggregate; answers false where its policy is at it, which leaves no room for another.
async fn refresh_until(
    connection: &mut PgConnection,
    aggregate: &'static str,
    until: Timestamp,
) -> Result<bool, StoreError> {
    // Versions that could do it in several passes do the newest first: see the migration.
    let passes: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM pg_proc WHERE proname = 'refresh_continuous_aggregate' \
         AND 'options' = ANY(proargnames))",
    )
    .fetch_one(&mut *connection)
    .await?;
    let options = if passes { r#", options => '{"buckets_per_batch": 0}'"# } else { "" };
    // From the beginning: an aggregate that is refreshed with gaps takes them for empty. Only what changed is computed.
    // The name is one of this file's.
    let call = format!("CALL refresh_continuous_aggregate('{aggregate}', NULL, $1{options})");
    match sqlx::query(AssertSqlSafe(call)).bind(Moment(until)).execute(connection).await {
        Ok(_) => Ok(true),
        Err(error) if code(&error).as_deref() == Some(LOCK_NOT_AVAILABLE) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn code(error: &sqlx::Error) -> Option<Cow<'_, str>> {
    error.as_database_error().and_then(DatabaseError::code)
}

/// A row of a hypertable may outlive its time by so much: whole chunks are dropped, of seven days, a day late. For so long
/// its key is kept, or the trace could be sent and counted again, and all that its page shows.
const CHUNK: Duration = Duration::from_secs(8 * 86_400);

/// Drops what started before `oldest`. Chunks of a hypertable and of its aggregates are dropped by their policies.
async fn drop_before(
    connection: &mut PgConnection,
    layout: Layout,
    oldest: Timestamp,
) -> Result<(), StoreError> {
    let gone = match layout {
        Layout::Plain => oldest,
        Layout::Timescale => oldest - CHUNK,
    };
    for table in [KEYS, PAYLOADS, SCORES, MINUTES, HOURS, DAYS] {
        drop_rows(connection, table, gone).await?;
    }
    if layout == Layout::Plain {
        for table in [TRACES, GROUP_HOURS, GROUP_DAYS] {
            drop_rows(connection, table, oldest).await?;
        }
    }
    Ok(())
}

/// Spans go with the keys of their traces: both are found by the trace's number alone. So does what waits.
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

macro_rules! drop_buckets {
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
const MINUTES: &str = drop_buckets!("totals_minutely");
const HOURS: &str = drop_buckets!("totals_hourly");
const DAYS: &str = drop_buckets!("totals_daily");
const GROUP_HOURS: &str = drop_buckets!("traces_hourly");
const GROUP_DAYS: &str = drop_buckets!("traces_daily");

/// Runs a statement that drops some rows and answers how many, until it has dropped all or enough for one call.
async fn drop_rows(
    connection: &mut PgConnection,
    statement: &'static str,
    oldest: Timestamp,
) -> Result<(), StoreError> {
    for _ in 0..DROPS {
        let dropped: i64 = sqlx::query_scalar(statement)
            .bind(Moment(oldest))
            .bind(DROPPED_AT_ONCE)
            .fetch_one(&mut *connection)
            .await?;
        if dropped < DROPPED_AT_ONCE {
            break;
        }
    }
    Ok(())
}
