//! Opening and migrating files.

use std::{path::Path, time::Duration};

use sqlx::{
    migrate::Migrator,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

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
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        // In WAL mode this syncs every commit to disk before it returns. A group of writes shares one commit.
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(Duration::from_secs(10))
        .statement_cache_capacity(200)
        // A checkpoint copies a page once, however often it has changed since the last one: rare checkpoints copy less.
        .pragma("wal_autocheckpoint", "16384")
        .pragma("journal_size_limit", "134217728")
        .pragma("temp_store", "memory");
    let writer = SqlitePoolOptions::new()
        .max_connections(1)
        .min_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_with(options.clone().pragma("cache_size", "-65536"))
        .await?;
    migrator().run(&writer).await?;
    let reader = SqlitePoolOptions::new()
        .max_connections(READERS)
        .min_connections(1)
        .max_lifetime(None)
        .connect_with(options.read_only(true).pragma("cache_size", "-4096"))
        .await?;
    Ok(Database::Sqlite { writer, reader })
}

/// Opens the file at `path` read-only. Another process may write to it.
pub(in crate::trace) async fn open_read_only(path: &Path) -> Result<Database, FileError> {
    let reader = sqlite::open_read_only(path, &migrator()).await?;
    Ok(Database::Sqlite { writer: reader.clone(), reader })
}
