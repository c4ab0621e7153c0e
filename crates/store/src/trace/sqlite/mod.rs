//! The trace store on SQLite: one file in WAL mode, one connection that writes, a pool of connections that read.

mod bulk;
mod insert;
mod recost;
mod rollup;
mod scan;
mod score;
mod snapshot;
mod write;
mod writing;

use std::{path::Path, time::Duration};

use shared::Timestamp;
use sqlx::{
    Sqlite, SqlitePool, Transaction,
    migrate::Migrator,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use uuid::Uuid;

pub use self::scan::{Part, TraceScan};
use self::snapshot::SqliteSnapshot;
use super::StoreError;
use crate::database::{
    Database,
    sqlite::{self, FileError},
};

/// Connections that read at once: a query is short, and two cores serve no more.
const READERS: u32 = 4;

/// The traces of all workspaces in one SQLite file.
#[derive(Clone, Debug)]
pub struct SqliteTraces {
    writer: SqlitePool,
    reader: SqlitePool,
}

fn migrator() -> Migrator {
    sqlx::migrate!("../../migrations/traces/sqlite")
}

/// What opening would apply to the file at `path`.
pub(super) async fn pending(path: &Path) -> Result<Vec<String>, FileError> {
    sqlite::pending(path, &migrator()).await
}

impl SqliteTraces {
    /// Opens (and makes, and migrates) the file at `path`.
    ///
    /// # Errors
    /// Where the file cannot be opened or its schema not be brought up to date.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // In WAL mode every commit is on the disk before it is acknowledged; one fsync serves a whole group.
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_secs(10))
            .statement_cache_capacity(200)
            // Checkpoints copy each page once, however often it changed since the last one: make them rare.
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
        Ok(Self { writer, reader })
    }

    /// Opens the file at `path` to read it, and leaves it as it is: another process may be writing to it. Its schema must
    /// be this version's.
    ///
    /// # Errors
    /// Where it is not there, not up to date, or cannot be read.
    pub async fn open_read_only(path: &Path) -> Result<Self, FileError> {
        let reader = sqlite::open_read_only(path, &migrator()).await?;
        Ok(Self { writer: reader.clone(), reader })
    }

    /// When the newest trace of the workspace started.
    pub(super) async fn newest(&self, workspace_id: Uuid) -> Result<Option<Timestamp>, StoreError> {
        let newest: Option<i64> =
            sqlx::query_scalar("SELECT MAX(timestamp) FROM traces WHERE workspace_id = $1")
                .bind(workspace_id)
                .fetch_one(&self.reader)
                .await?;
        Ok(newest.map(Timestamp::from_micros))
    }

    pub(super) fn database(&self) -> Database {
        Database::Sqlite { writer: self.writer.clone(), reader: self.reader.clone() }
    }

    /// A transaction that has the file to itself: one that began by reading could not always go on to write.
    async fn begin_write(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        Ok(self.writer.begin_with("BEGIN IMMEDIATE").await?)
    }

    async fn begin_read(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        Ok(self.reader.begin().await?)
    }

    /// One state of the file, to be read.
    pub(super) async fn snapshot(&self) -> Result<SqliteSnapshot, StoreError> {
        Ok(SqliteSnapshot(self.begin_read().await?))
    }

    pub(super) async fn ping(&self) -> Result<(), StoreError> {
        // Reads the file: `SELECT 1` would be answered without it.
        sqlx::query("SELECT 1 FROM traces LIMIT 1").execute(&self.reader).await?;
        Ok(())
    }

    pub(super) async fn close(&self) {
        self.reader.close().await;
        self.writer.close().await;
    }
}
