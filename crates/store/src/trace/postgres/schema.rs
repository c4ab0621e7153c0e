//! The schema: migrations for all databases, migrations for each layout, and the policies of TimescaleDB that depend on the
//! settings.

use std::time::Duration;

use sqlx::{AssertSqlSafe, Connection, PgConnection};

use super::Lifecycle;
use crate::{
    database::postgres::{PostgresSettings, Schema, lock},
    error::StoreError,
};

/// The layout of the rollups by agent and model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Tables that the store updates: SQLite, and PostgreSQL without TimescaleDB.
    Plain,
    /// Continuous aggregates over a hypertable of TimescaleDB.
    Timescale,
}

const DAY: u64 = 86_400;

fn common() -> Schema {
    Schema::new(sqlx::migrate!("../../migrations/traces/postgres"), "traces_migrations")
}

fn of_layout(layout: Layout) -> Schema {
    match layout {
        Layout::Plain => {
            Schema::new(sqlx::migrate!("../../migrations/traces/plain"), "traces_plain_migrations")
        }
        Layout::Timescale => {
            Schema::new(sqlx::migrate!("../../migrations/traces/timescale"), "traces_timescale_migrations")
        }
    }
}

/// Applies the pending migrations and returns the layout and the migrations that were applied. The first migration chooses the
/// layout of a database; it does not change later, even if the server then supports TimescaleDB.
pub(in crate::trace) async fn migrate(
    settings: &PostgresSettings,
    wanted: Option<Layout>,
    lifecycle: Option<Lifecycle>,
) -> Result<(Layout, Vec<String>), StoreError> {
    let mut connection = lock(settings).await?;
    let layout = choose(&mut connection, wanted).await?;
    if layout == Layout::Timescale {
        sqlx::query("CREATE EXTENSION IF NOT EXISTS timescaledb").execute(&mut connection).await?;
    }
    let mut applied = common().apply(&mut connection).await?;
    applied.extend(of_layout(layout).apply(&mut connection).await?);
    if let (Layout::Timescale, Some(lifecycle)) = (layout, lifecycle) {
        set_policies(&mut connection, lifecycle).await?;
    }
    connection.close().await?;
    Ok((layout, applied))
}

/// Returns the migrations that [`migrate`] would apply.
pub(in crate::trace) async fn pending(settings: &PostgresSettings) -> Result<Vec<String>, StoreError> {
    let mut connection = settings.connect_one().await?;
    let layout = choose(&mut connection, None).await?;
    let mut pending = common().pending(&mut connection).await?;
    pending.extend(of_layout(layout).pending(&mut connection).await?);
    connection.close().await?;
    Ok(pending)
}

/// Returns the layout of a database: that of its migrations, or the wanted one if it has none.
async fn choose(connection: &mut PgConnection, wanted: Option<Layout>) -> Result<Layout, StoreError> {
    for layout in [Layout::Plain, Layout::Timescale] {
        if of_layout(layout).has_applied_migrations(connection).await? {
            return Ok(layout);
        }
    }
    Ok(match wanted {
        Some(layout) => layout,
        None if has_timescale(connection).await? => Layout::Timescale,
        None => Layout::Plain,
    })
}

/// Returns whether TimescaleDB can be used: it is installed and loaded, its license includes continuous aggregates, and the
/// user may create extensions. The license setting exists only if the library is loaded.
async fn has_timescale(connection: &mut PgConnection) -> Result<bool, StoreError> {
    let loaded: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM pg_available_extensions WHERE name = 'timescaledb') \
         AND COALESCE(current_setting('timescaledb.license', TRUE) = 'timescale', \
         current_setting('shared_preload_libraries') LIKE '%timescaledb%') \
         AND (EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'timescaledb') \
         OR (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) \
         OR (EXISTS (SELECT 1 FROM pg_available_extension_versions WHERE name = 'timescaledb' AND trusted) \
         AND has_database_privilege(current_database(), 'CREATE')))",
    )
    .fetch_one(connection)
    .await?;
    Ok(loaded)
}

/// Updates the policies that differ from the settings. Others stay: setting a policy resets its schedule.
async fn set_policies(connection: &mut PgConnection, lifecycle: Lifecycle) -> Result<(), StoreError> {
    let days = |after: Option<Duration>| after.map(|after| after.as_secs().div_ceil(DAY).max(1));
    for relation in ["traces", "traces_hourly", "traces_daily"] {
        // Whole chunks are dropped: with one more day, no trace is deleted early.
        let retention = days(lifecycle.retention).map(|days| days + 1);
        set_policy(connection, relation, "retention", "drop_after", retention).await?;
    }
    set_policy(connection, "traces", "compression", "compress_after", days(lifecycle.compress_after)).await
}

async fn set_policy(
    connection: &mut PgConnection,
    relation: &'static str,
    kind: &'static str,
    setting: &'static str,
    days: Option<u64>,
) -> Result<(), StoreError> {
    let wanted = days.and_then(|days| i64::try_from(days).ok());
    // Depending on the version, jobs of a continuous aggregate have its name or that of its materialization hypertable.
    let found: Option<i64> = sqlx::query_scalar(
        "SELECT (EXTRACT(EPOCH FROM (config ->> $3)::INTERVAL) / 86400)::BIGINT FROM timescaledb_information.jobs \
         WHERE proc_name = 'policy_' || $2 AND (hypertable_name = $1 OR hypertable_name = (SELECT \
         materialization_hypertable_name FROM timescaledb_information.continuous_aggregates WHERE view_name = $1))",
    )
    .bind(relation)
    .bind(kind)
    .bind(setting)
    .fetch_optional(&mut *connection)
    .await?;
    if found == wanted {
        return Ok(());
    }
    if found.is_some() {
        // Safe: the names are constants of this file.
        let remove = format!("SELECT remove_{kind}_policy('{relation}')");
        sqlx::query(AssertSqlSafe(remove)).execute(&mut *connection).await?;
    }
    if let Some(days) = wanted {
        let add = format!("SELECT add_{kind}_policy('{relation}', INTERVAL '{days} days')");
        sqlx::query(AssertSqlSafe(add)).execute(connection).await?;
    }
    Ok(())
}
