//! The schema, asked about and brought up to date without opening a store.

use std::path::Path;

use super::{StoreError, TraceStore, postgres::PostgresTraces, sqlite};
use crate::database::{postgres::PostgresSettings, sqlite::FileError};

impl TraceStore {
    /// What [`TraceStore::open_sqlite`] would apply to the file at `path`. Changes nothing.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub async fn pending_sqlite(path: &Path) -> Result<Vec<String>, FileError> {
        sqlite::pending(path).await
    }

    /// Brings the schema up to date without opening the store, and answers what was applied.
    ///
    /// # Errors
    /// As [`TraceStore::open_postgres`].
    pub async fn migrate_postgres(settings: &PostgresSettings) -> Result<Vec<String>, StoreError> {
        PostgresTraces::migrate(settings).await
    }

    /// What [`TraceStore::migrate_postgres`] would apply. Changes nothing.
    ///
    /// # Errors
    /// Where the server cannot be reached.
    pub async fn pending_postgres(settings: &PostgresSettings) -> Result<Vec<String>, StoreError> {
        PostgresTraces::pending(settings).await
    }
}
