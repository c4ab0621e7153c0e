//! Migrations of a schema. Accounts and traces may share one database, so each schema has its own table of applied
//! migrations. If several replicas start at once, one migrates and the others wait.

use sqlx::{
    AssertSqlSafe, PgConnection,
    migrate::{MigrateError, Migrator},
};

use super::PostgresSettings;
use crate::database::migration::missing;

/// The key of the advisory lock for migrations.
const LOCK: i64 = 0x61_67_65_6e_74_6f_62_73;

/// A schema: its migrations and the table of those that were applied.
pub(crate) struct Schema {
    migrator: Migrator,
    table: &'static str,
}

impl Schema {
    /// Creates a schema with `table` as the record of its applied migrations.
    pub(crate) fn new(mut migrator: Migrator, table: &'static str) -> Self {
        migrator.dangerous_set_table_name(table);
        // The lock of this module is held for several schemas.
        migrator.set_locking(false);
        Self { migrator, table }
    }

    /// Returns whether any migration was ever applied.
    pub(crate) async fn has_applied_migrations(
        &self,
        connection: &mut PgConnection,
    ) -> Result<bool, sqlx::Error> {
        let exists = sqlx::query_scalar("SELECT to_regclass($1) IS NOT NULL").bind(self.table);
        exists.fetch_one(connection).await
    }

    /// Returns the migrations that [`Schema::apply`] would apply, in order.
    pub(crate) async fn pending(&self, connection: &mut PgConnection) -> Result<Vec<String>, sqlx::Error> {
        let mut applied: Vec<i64> = Vec::new();
        if self.has_applied_migrations(connection).await? {
            // Safe: the name of the table is a constant.
            let query = AssertSqlSafe(format!("SELECT version FROM {} WHERE success", self.table));
            applied = sqlx::query_scalar(query).fetch_all(connection).await?;
        }
        Ok(missing(&self.migrator, self.table, &applied))
    }

    /// Applies the pending migrations and returns their names.
    pub(crate) async fn apply(&self, connection: &mut PgConnection) -> Result<Vec<String>, MigrateError> {
        let missing = self.pending(connection).await?;
        self.migrator.run_direct(None, connection, false).await?;
        Ok(missing)
    }
}

/// Opens a connection that holds the lock for migrations until it is closed or breaks.
pub(crate) async fn lock(settings: &PostgresSettings) -> Result<PgConnection, sqlx::Error> {
    let mut connection = settings.connect_one().await?;
    sqlx::query("SELECT pg_advisory_lock($1)").bind(LOCK).execute(&mut connection).await?;
    Ok(connection)
}
