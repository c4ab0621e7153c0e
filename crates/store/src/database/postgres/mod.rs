//! What both stores on PostgreSQL share: how they reach the server, what is worth trying again, and how a schema is
//! brought up to date. Knows no table of theirs.

mod migration;
mod transient;

use std::{str::FromStr, time::Duration};

use sqlx::{
    Connection, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

pub use self::transient::is_transient;
pub(crate) use self::{
    migration::{Schema, lock},
    transient::{Retries, breaks},
};
use domain::secret::Secret;

/// How long a request waits for a connection: for one to be free, or for the server to be reached.
const ACQUIRE: Duration = Duration::from_secs(3);
/// A connection that rested this long is asked whether it still stands before it is used.
const RESTED: Duration = Duration::from_secs(1);
/// A connection that nobody used for this long is closed, down to the smallest size of the pool.
const IDLE: Duration = Duration::from_secs(10 * 60);
/// How the connections are called in `pg_stat_activity`.
const APPLICATION: &str = "agent-obs";

/// Where the server is and how it is used.
#[derive(Clone, Debug)]
pub struct PostgresSettings {
    /// `postgres://user:password@host:port/database?sslmode=verify-full&sslrootcert=…`. The certificates that are trusted
    /// are those of the system, those in `SSL_CERT_FILE`, and `sslrootcert`.
    pub url: Secret,
    /// Connections that are kept open.
    pub pool_min: u32,
    /// Connections at most.
    pub pool_max: u32,
    /// How long a statement of a request may take.
    pub statement_timeout: Duration,
}

impl PostgresSettings {
    /// # Errors
    /// Where the URL is none.
    fn options(&self) -> Result<PgConnectOptions, sqlx::Error> {
        // None of the statements runs long enough for compiling it to pay.
        let options = PgConnectOptions::from_str(self.url.expose())?.options([
            ("jit", "off"),
            // A score of an old trace unpacks the thousand rows that are compressed with it. Servers without TimescaleDB
            // do not know this and do not mind.
            ("timescaledb.max_tuples_decompressed_per_dml_transaction", "0"),
        ]);
        Ok(options.application_name(APPLICATION))
    }

    /// Opens the pool. Connections that break are replaced as they are needed.
    ///
    /// # Errors
    /// Where the URL is none or the server cannot be reached.
    pub(crate) async fn connect(&self) -> Result<PgPool, sqlx::Error> {
        let timeout = self.statement_timeout.as_millis().to_string();
        let options = self.options()?.options([("statement_timeout", timeout)]);
        PgPoolOptions::new()
            .min_connections(self.pool_min)
            .max_connections(self.pool_max.max(1))
            .acquire_timeout(ACQUIRE)
            .idle_timeout(IDLE)
            // Asking every time would cost a round trip each; what breaks in between is tried again.
            .test_before_acquire(false)
            .before_acquire(|connection, meta| {
                Box::pin(async move {
                    if meta.idle_for > RESTED {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            })
            .connect_with(options)
            .await
    }

    /// A single connection whose statements may take their time: for migrations and maintenance.
    ///
    /// # Errors
    /// Where the URL is none or the server cannot be reached.
    pub(crate) async fn connect_one(&self) -> Result<PgConnection, sqlx::Error> {
        PgConnection::connect_with(&self.options()?).await
    }
}
