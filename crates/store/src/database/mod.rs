//! One mechanism for both engines: a [`Database`] begins transactions, and [`Transaction::sql`] runs one statement on
//! whichever engine it is. Statements are written once where both engines accept them; [`Transaction::sql_by_engine`]
//! takes one text for each where they differ. Bulk writes match on the transaction and use the engine's own connection.

mod ids;
mod migration;
pub mod postgres;
pub mod sqlite;
mod statement;
pub mod timestamp;

use sqlx::{
    PgPool, Postgres, Sqlite, SqlitePool,
    migrate::Migrator,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions},
};

use self::statement::On;
pub use self::statement::{Bind, EitherRow, RowRef, Statement};
use crate::error::StoreError;

/// The connections to one database. Clones share them.
#[derive(Clone, Debug)]
pub enum Database {
    /// One file on this machine: a single connection writes, a pool of connections reads.
    Sqlite {
        /// The connection that writes.
        writer: SqlitePool,
        /// The connections that read.
        reader: SqlitePool,
    },
    /// A database on a PostgreSQL server.
    Postgres(PgPool),
}

/// A transaction on either engine. Dropping it without [`Transaction::commit`] rolls it back.
pub enum Transaction {
    /// On SQLite.
    Sqlite(sqlx::Transaction<'static, Sqlite>),
    /// On PostgreSQL.
    Postgres(sqlx::Transaction<'static, Postgres>),
}

/// Converts a count as the databases return it.
#[must_use]
pub(crate) fn count(stored: i64) -> u64 {
    u64::try_from(stored).unwrap_or(0)
}

impl Database {
    /// Opens a SQLite file with a connection that writes and a pool of connections that read, and migrates it.
    pub(crate) async fn open_sqlite(
        writer: SqliteConnectOptions,
        reader: SqliteConnectOptions,
        readers: u32,
        migrator: &Migrator,
    ) -> Result<Self, StoreError> {
        let pool = SqlitePoolOptions::new().min_connections(1).max_lifetime(None);
        let writer = pool.clone().max_connections(1).idle_timeout(None).connect_with(writer).await?;
        migrator.run(&writer).await?;
        let reader = pool.max_connections(readers).connect_with(reader.read_only(true)).await?;
        Ok(Self::Sqlite { writer, reader })
    }

    /// Begins a read transaction: all of its statements see the same state of the database.
    ///
    /// # Errors
    /// Returns an error if the database is not available.
    pub async fn read(&self) -> Result<Transaction, StoreError> {
        Ok(match self {
            Self::Sqlite { reader, .. } => Transaction::Sqlite(reader.begin().await?),
            Self::Postgres(pool) => Transaction::Postgres(
                pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?,
            ),
        })
    }

    /// Begins a write transaction. On SQLite it locks the file at once, since a transaction that began by reading could not
    /// always go on to write.
    ///
    /// # Errors
    /// Returns an error if the database is not available.
    pub async fn write(&self) -> Result<Transaction, StoreError> {
        Ok(match self {
            Self::Sqlite { writer, .. } => Transaction::Sqlite(writer.begin_with("BEGIN IMMEDIATE").await?),
            Self::Postgres(pool) => Transaction::Postgres(pool.begin().await?),
        })
    }

    /// Begins a single statement that reads, without a transaction.
    pub fn sql(&self, text: &'static str) -> Statement<'_> {
        match self {
            Self::Sqlite { reader, .. } => Statement::on_sqlite(On::Pool(reader), text),
            Self::Postgres(pool) => Statement::on_postgres(On::Pool(pool), text),
        }
    }

    /// Returns the maximum number of connections that read.
    #[must_use]
    pub fn read_connections(&self) -> u32 {
        match self {
            Self::Sqlite { reader, .. } => reader.options().get_max_connections(),
            Self::Postgres(pool) => pool.options().get_max_connections(),
        }
    }

    /// Returns the engine as OpenTelemetry's `db.system.name`.
    #[must_use]
    pub fn system(&self) -> &'static str {
        match self {
            Self::Sqlite { .. } => "sqlite",
            Self::Postgres(_) => "postgresql",
        }
    }

    /// Waits for statements in flight and closes the connections.
    pub async fn close(&self) {
        match self {
            Self::Sqlite { writer, reader } => {
                reader.close().await;
                writer.close().await;
            }
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

impl Transaction {
    /// Begins a statement that both engines accept.
    pub fn sql(&mut self, text: &'static str) -> Statement<'_> {
        self.sql_by_engine(text, text)
    }

    /// Begins a statement that each engine has its own text for; both take the same arguments.
    pub fn sql_by_engine(&mut self, sqlite: &'static str, postgres: &'static str) -> Statement<'_> {
        match self {
            Self::Sqlite(transaction) => Statement::on_sqlite(On::Connection(&mut **transaction), sqlite),
            Self::Postgres(transaction) => {
                Statement::on_postgres(On::Connection(&mut **transaction), postgres)
            }
        }
    }

    /// Commits the transaction.
    ///
    /// # Errors
    /// Returns an error if the transaction was not committed. On PostgreSQL it may have been, if the connection broke.
    pub async fn commit(self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(transaction) => transaction.commit().await?,
            Self::Postgres(transaction) => transaction.commit().await?,
        }
        Ok(())
    }
}

/// Evaluates `$attempt`, an async expression that runs a whole transaction, again if the connection to a server breaks or
/// two transactions conflict. It must be safe to run twice: if the connection breaks at the commit, the first attempt may
/// have been committed.
macro_rules! retrying {
    ($attempt:expr) => {{
        let mut retries = $crate::database::postgres::Retries::default();
        loop {
            match $attempt.await {
                Err($crate::error::StoreError::Database(error)) if retries.should_retry(&error).await => {}
                result => break result,
            }
        }
    }};
}
pub(crate) use retrying;

/// Evaluates `$body`, an async expression that returns a `Result`, in a read transaction of `$database`, and again if the
/// connection to a server breaks.
macro_rules! in_read {
    ($database:expr, $transaction:ident => $body:expr) => {
        $crate::database::retrying!(async {
            let $transaction = &mut $database.read().await?;
            $body.await
        })
    };
}
pub(crate) use in_read;
