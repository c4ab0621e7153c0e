//! Opening databases of traces, and their migrations.

use std::path::Path;

use super::{
    TraceStore,
    postgres::{Layout, Lifecycle, Maintenance, schema},
    sqlite,
};
use crate::{
    database::{Database, postgres::PostgresSettings, sqlite::FileError},
    error::StoreError,
};

impl TraceStore {
    /// Opens a SQLite file. Creates and migrates it if necessary.
    ///
    /// # Errors
    /// Returns an error if the file cannot be opened or migrated.
    pub async fn open_sqlite(path: &Path) -> Result<Self, StoreError> {
        Ok(Self::on_sqlite(sqlite::schema::open(path).await?))
    }

    /// Opens a SQLite file read-only, while another process may write to it. The file must have the current schema.
    ///
    /// # Errors
    /// Returns an error if the file is missing, has another schema, or cannot be read.
    pub async fn open_sqlite_read_only(path: &Path) -> Result<Self, FileError> {
        Ok(Self::on_sqlite(sqlite::schema::open_read_only(path).await?))
    }

    /// Opens and migrates a PostgreSQL database. New databases use TimescaleDB if the server has it. Several replicas may
    /// do this at once.
    ///
    /// # Errors
    /// Returns an error if the server is unreachable or the schema cannot be migrated.
    pub async fn open_postgres(
        settings: &PostgresSettings,
        lifecycle: &Lifecycle,
    ) -> Result<Self, StoreError> {
        Self::on_postgres(settings, Some(*lifecycle), None).await
    }

    /// Opens and migrates a PostgreSQL database that another process maintains: the policies for old traces stay as they
    /// are.
    ///
    /// # Errors
    /// As [`TraceStore::open_postgres`].
    pub async fn open_postgres_without_maintenance(settings: &PostgresSettings) -> Result<Self, StoreError> {
        Self::on_postgres(settings, None, None).await
    }

    /// Opens and migrates a PostgreSQL database. A new database gets this layout, even if the server supports another.
    ///
    /// # Errors
    /// As [`TraceStore::open_postgres`].
    pub async fn open_postgres_with_layout(
        settings: &PostgresSettings,
        lifecycle: &Lifecycle,
        layout: Layout,
    ) -> Result<Self, StoreError> {
        Self::on_postgres(settings, Some(*lifecycle), Some(layout)).await
    }

    /// Returns the migrations that [`TraceStore::open_sqlite`] would apply. Does not change the file.
    ///
    /// # Errors
    /// Returns an error if the file cannot be read.
    pub async fn pending_sqlite(path: &Path) -> Result<Vec<String>, FileError> {
        sqlite::schema::pending(path).await
    }

    /// Migrates a PostgreSQL database and returns the migrations that were applied.
    ///
    /// # Errors
    /// As [`TraceStore::open_postgres`].
    pub async fn migrate_postgres(settings: &PostgresSettings) -> Result<Vec<String>, StoreError> {
        Ok(schema::migrate(settings, None, None).await?.1)
    }

    /// Returns the migrations that [`TraceStore::migrate_postgres`] would apply. Does not change the database.
    ///
    /// # Errors
    /// Returns an error if the server is unreachable.
    pub async fn pending_postgres(settings: &PostgresSettings) -> Result<Vec<String>, StoreError> {
        schema::pending(settings).await
    }

    fn on_sqlite(database: Database) -> Self {
        Self { database, layout: Layout::Plain, maintenance: None }
    }

    async fn on_postgres(
        settings: &PostgresSettings,
        lifecycle: Option<Lifecycle>,
        layout: Option<Layout>,
    ) -> Result<Self, StoreError> {
        let (layout, _) = schema::migrate(settings, layout, lifecycle).await?;
        let database = Database::Postgres(settings.connect().await?);
        let maintenance =
            Maintenance { settings: settings.clone(), lifecycle: lifecycle.unwrap_or_default() };
        Ok(Self { database, layout, maintenance: Some(maintenance) })
    }
}
