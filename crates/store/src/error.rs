//! The error of the stores.

use domain::error::CorruptData;

use crate::database::{postgres, sqlite};

/// Why a store operation failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database rejected the statement or is unreachable.
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
    /// The schema could not be migrated.
    #[error("the migrations of the database failed")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// A stored value cannot be read.
    #[error(transparent)]
    CorruptData(#[from] CorruptData),
}

impl StoreError {
    /// Creates an error for a stored value that cannot be read.
    pub fn corrupt(what: impl Into<String>) -> Self {
        Self::CorruptData(CorruptData(what.into()))
    }

    /// Returns whether a retry may succeed: the database is unreachable, busy or full, and the input is valid.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Database(error) if postgres::is_transient(error) || sqlite::is_transient(error))
    }
}
