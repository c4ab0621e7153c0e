//! The account store on SQLite: one file in WAL mode, one connection that writes, a few that read.

use std::{path::Path, time::Duration};

use sqlx::{
    Sqlite, SqlitePool, Transaction,
    migrate::Migrator,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use super::{
    AccountError,
    archive::{Archive, Restored, impl_archive},
    query::impl_accounts,
};
use crate::database::sqlite::{self, FileError};

/// Connections that read at once: every query is one lookup in an index.
const READERS: u32 = 2;
/// How long a statement waits for another process's transaction.
const BUSY: Duration = Duration::from_secs(5);

/// All accounts in one SQLite file.
#[derive(Clone, Debug)]
pub struct SqliteAccounts {
    writer: SqlitePool,
    reader: SqlitePool,
}

impl_accounts!(SqliteAccounts);
impl_archive!(SqliteAccounts);

fn migrator() -> Migrator {
    sqlx::migrate!("../../migrations/accounts/sqlite")
}

/// What opening would apply to the file at `path`.
pub(super) async fn pending(path: &Path) -> Result<Vec<String>, FileError> {
    sqlite::pending(path, &migrator()).await
}

impl SqliteAccounts {
    pub(super) async fn open(path: &Path) -> Result<Self, AccountError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .foreign_keys(true)
            .journal_mode(SqliteJournalMode::Wal)
            // An account or a revocation that was answered with success must survive a power cut.
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY);
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .min_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(options.clone())
            .await?;
        migrator().run(&writer).await?;
        let reader = SqlitePoolOptions::new()
            .max_connections(READERS)
            .min_connections(1)
            .max_lifetime(None)
            .connect_with(options.read_only(true))
            .await?;
        Ok(Self { writer, reader })
    }

    /// Writing fails.
    pub(super) async fn open_read_only(path: &Path) -> Result<Self, FileError> {
        let reader = sqlite::open_read_only(path, &migrator()).await?;
        Ok(Self { writer: reader.clone(), reader })
    }

    async fn begin(&self) -> Result<Transaction<'static, Sqlite>, sqlx::Error> {
        self.writer.begin_with("BEGIN IMMEDIATE").await
    }

    pub(super) async fn close(&self) {
        self.reader.close().await;
        self.writer.close().await;
    }
}

/// SQLite names the columns of a broken unique constraint, not the constraint.
fn email_taken(error: sqlx::Error) -> AccountError {
    let taken = error
        .as_database_error()
        .is_some_and(|error| error.is_unique_violation() && error.message().contains("users.email"));
    if taken { AccountError::EmailTaken } else { AccountError::Database(error) }
}
