//! Databases for tests: each test has one of its own, empty, gone when the test is over. The engines that the suites
//! run against are listed in here, and how to look past a store into its tables.

use std::path::PathBuf;

use api::store::{account::AccountStore, trace::TraceStore};
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use tempfile::TempDir;

/// A database that a store can be opened on, more than once.
pub enum Database {
    /// A folder for SQLite files.
    Sqlite(TempDir),
}

/// An empty SQLite database.
pub async fn open_sqlite() -> Database {
    Database::Sqlite(tempfile::tempdir().unwrap())
}

impl Database {
    /// The trace store on this database.
    pub async fn traces(&self) -> TraceStore {
        match self {
            Self::Sqlite(_) => TraceStore::open_sqlite(&self.file("traces.db")).await.unwrap(),
        }
    }

    /// The account store on this database.
    pub async fn accounts(&self) -> AccountStore {
        match self {
            Self::Sqlite(_) => AccountStore::open(&self.file("accounts.db")).await.unwrap(),
        }
    }

    /// How many rows a table of the trace store has.
    pub async fn count_in_traces(&self, table: &'static str) -> i64 {
        match self {
            Self::Sqlite(_) => self.count("traces.db", table).await,
        }
    }

    /// How many rows a table of the account store has.
    pub async fn count_in_accounts(&self, table: &'static str) -> i64 {
        match self {
            Self::Sqlite(_) => self.count("accounts.db", table).await,
        }
    }

    fn file(&self, name: &str) -> PathBuf {
        let Self::Sqlite(folder) = self;
        folder.path().join(name)
    }

    async fn count(&self, file: &str, table: &'static str) -> i64 {
        let options = SqliteConnectOptions::new().filename(self.file(file)).read_only(true);
        let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
        let query = sqlx::AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}"));
        sqlx::query_scalar(query).fetch_one(&mut connection).await.unwrap()
    }
}
