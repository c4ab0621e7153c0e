//! Databases for tests: each test has its own empty one, which is deleted after the test. Opens every engine of the suites
//! and reads tables directly.

use std::{path::PathBuf, time::Duration};

use domain::secret::Secret;
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection, sqlite::SqliteConnectOptions};
use store::{
    account::AccountStore,
    database::postgres::PostgresSettings,
    trace::{Layout, Lifecycle, TraceStore},
};
use tempfile::TempDir;
use tokio::sync::OnceCell;

use crate::postgres::{PostgresServer, Setup};

/// A database on which stores can be opened several times.
pub enum Database {
    /// A directory for SQLite files.
    Sqlite(TempDir),
    /// A database on a server.
    Postgres { settings: PostgresSettings, layout: Layout },
}

/// Creates an empty SQLite database.
pub async fn open_sqlite() -> Database {
    Database::Sqlite(tempfile::tempdir().unwrap())
}

/// Creates an empty database on a PostgreSQL server without TimescaleDB.
pub async fn open_postgres() -> Database {
    static SERVER: OnceCell<PostgresServer> = OnceCell::const_new();
    let server = SERVER.get_or_init(|| PostgresServer::start(Setup::default())).await;
    Database::Postgres { settings: settings(&server.database().await), layout: Layout::Plain }
}

/// Creates an empty database on a PostgreSQL server with TimescaleDB.
pub async fn open_timescale() -> Database {
    static SERVER: OnceCell<PostgresServer> = OnceCell::const_new();
    let setup = Setup { timescale: true, ..Setup::default() };
    let server = SERVER.get_or_init(|| PostgresServer::start(setup)).await;
    Database::Postgres { settings: settings(&server.database().await), layout: Layout::Timescale }
}

/// Returns the connection settings of tests.
pub fn settings(url: &str) -> PostgresSettings {
    PostgresSettings {
        url: Secret::new(url),
        pool_min: 0,
        pool_max: 6,
        statement_timeout: Duration::from_secs(60),
    }
}

impl Database {
    /// Opens the trace store on this database.
    pub async fn traces(&self) -> TraceStore {
        match self {
            Self::Sqlite(_) => TraceStore::open_sqlite(&self.file("traces.db")).await.unwrap(),
            Self::Postgres { settings, layout } => {
                let store = TraceStore::open_postgres(settings, &Lifecycle::default()).await.unwrap();
                assert_eq!(store.layout(), *layout);
                store
            }
        }
    }

    /// Opens the account store on this database.
    pub async fn accounts(&self) -> AccountStore {
        match self {
            Self::Sqlite(_) => AccountStore::open_sqlite(&self.file("accounts.db")).await.unwrap(),
            Self::Postgres { settings, .. } => AccountStore::open_postgres(settings).await.unwrap(),
        }
    }

    /// Returns the number of rows in a table of the trace store.
    pub async fn count_in_traces(&self, table: &'static str) -> i64 {
        self.count("traces.db", table).await
    }

    /// Returns the number of rows in a table of the account store.
    pub async fn count_in_accounts(&self, table: &'static str) -> i64 {
        self.count("accounts.db", table).await
    }

    /// Returns the number of applied migrations of the trace store.
    pub async fn trace_migrations(&self) -> i64 {
        match self {
            Self::Sqlite(_) => self.count_in_traces("_sqlx_migrations").await,
            Self::Postgres { .. } => self.count_in_traces("traces_migrations").await,
        }
    }

    /// Executes a statement in the database of the trace store, bypassing the store.
    pub async fn execute_in_traces(&self, statement: &str) {
        match self {
            Self::Sqlite(_) => {
                let options = SqliteConnectOptions::new().filename(self.file("traces.db"));
                let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
                sqlx::query(AssertSqlSafe(statement.to_owned())).execute(&mut connection).await.unwrap();
            }
            Self::Postgres { settings, .. } => {
                let mut connection = PgConnection::connect(settings.url.expose()).await.unwrap();
                sqlx::query(AssertSqlSafe(statement.to_owned())).execute(&mut connection).await.unwrap();
            }
        }
    }

    fn file(&self, name: &str) -> PathBuf {
        let Self::Sqlite(directory) = self else { panic!("{name} exists only with SQLite") };
        directory.path().join(name)
    }

    async fn count(&self, file: &str, table: &'static str) -> i64 {
        let query = AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}"));
        match self {
            Self::Sqlite(_) => {
                let options = SqliteConnectOptions::new().filename(self.file(file)).read_only(true);
                let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
                sqlx::query_scalar(query).fetch_one(&mut connection).await.unwrap()
            }
            Self::Postgres { settings, .. } => {
                let mut connection = PgConnection::connect(settings.url.expose()).await.unwrap();
                sqlx::query_scalar(query).fetch_one(&mut connection).await.unwrap()
            }
        }
    }
}
