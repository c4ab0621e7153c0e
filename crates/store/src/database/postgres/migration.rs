//! Bringing a schema up to date. Several schemas may stand in one database, since accounts and traces may share one, so
//! each notes in a table of its own what was applied; and several replicas may start at once, of which one migrates and
//! the others wait.

use sqlx::{
    AssertSqlSafe, PgConnection,
    migrate::{MigrateError, Migrator},
};

use super::PostgresSettings;
use crate::database::migration::missing;

/// The advisory lock that migrations take: any number that nobody else uses.
const LOCK: i64 = 0x61_67_65_6e_74_6f_62_73;

/// A schema: its migrations, and the table that names those which were applied.
pub(crate) struct Schema {
    migrator: Migrator,
    table: &'static str,
}

impl Schema {
    /// Notes what is applied in `table`.
    pub(crate) fn new(mut migrator: Migrator, table: &'static str) -> Self {
        migrator.dangerous_set_table_name(table);
        // Whoever migrates holds the lock of this module, for longer than one schema.
        migrator.set_locking(false);
        Self { migrator, table }
    }

    /// Whether any of it was ever applied.
    pub(crate) async fn is_begun(&self, connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
        let exists = sqlx::query_scalar("SELECT to_regclass($1) IS NOT NULL").bind(self.table);
        exists.fetch_one(connection).await
    }

    /// What [`Schema::apply`] would apply, in that order.
    pub(crate) async fn pending(&self, connection: &mut PgConnection) -> Result<Vec<String>, sqlx::Error> {
        let mut applied: Vec<i64> = Vec::new();
        if self.is_begun(connection).await? {
            // The table's name is one of this program's.
            let query = AssertSqlSafe(format!("SELECT version FROM {} WHERE success", self.table));
            applied = sqlx::query_scalar(query).fetch_all(connection).await?;
        }
        Ok(missing(&self.migrator, self.table, &applied))
    }

    /// Applies what is pending and answers what that was.
    pub(crate) async fn apply(&self, connection: &mut PgConnection) -> Result<Vec<String>, MigrateError> {
        let missing = self.pending(connection).await?;
        self.migrator.run_direct(None, connection, false).await?;
        Ok(missing)
    }
}

/// A connection that has the database's migrations to itself for as long as it is open: the lock goes with it, however it
/// ends.
pub(crate) async fn lock(settings: &PostgresSettings) -> Result<PgConnection, sqlx::Error> {
    let mut connection = settings.connect_one().await?;
    sqlx::query("SELECT pg_advisory_lock($1)").bind(LOCK).execute(&mut connection).await?;
    Ok(connection)
}
