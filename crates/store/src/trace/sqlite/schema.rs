//! Opening and migrating files.

use std::{path::Path, time::Duration};

use sqlx::migrate::Migrator;

use crate::{
    database::{
        Database,
        sqlite::{self, FileError},
    },
    error::StoreError,
};

/// The number of connections that read: queries are short, and more would not help two cores.
const READERS: u32 = 4;

fn migrator() -> Migrator {
    sqlx::migrate!("../../migrations/traces/sqlite")
}

/// Returns the migrations that opening the file at `path` would apply.
pub(in crate::trace) async fn pending(path: &Path) -> Result<Vec<String>, FileError> {
    sqlite::pending(path, &migrator()).await
}

/// Opens the file at `path`. Creates and migrates it if necessary.
pub(in crate::trace) async fn open(path: &Path) -> Result<Database, StoreError> {
    // Every commit is synced to disk. A group of writes shares one commit.
    let options = sqlite::options(path)
        .busy_timeout(Duration::from_secs(10))
        .statement_cache_capacity(200)
        // A checkpoint copies a page once, however often it has changed since the last one: rare checkpoints copy less.
        .pragma("wal_autocheckpoint", "16384")
        .pragma("journal_size_limit", "134217728")
        .pragma("temp_store", "memory");
    let writer = options.clone().pragma("cache_size", "-65536");
    Database::open_sqlite(writer, options.pragma("cache_size", "-4096"), READERS, &migrator()).await
}

/// Opens the file at `path` read-only. Another process may write to it.
pub(in crate::trace) async fn open_read_only(path: &Path) -> Result<Database, FileError> {
    let reader = sqlite::open_read_only(path, &migrator()).await?;
    Ok(Database::Sqlite { writer: reader.clone(), reader })
}
