//! Connections to a PostgreSQL server, transient errors, and migrations. Independent of the tables.

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
    transient::{Retries, violates},
};
use domain::secret::Secret;

/// The time that a request waits for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);
/// The idle time after which a connection is tested before it is used.
const TEST_AFTER: Duration = Duration::from_secs(1);
/// The idle time after which a connection is closed, unless the pool is at its minimum size.
const IDLE_TIMEOUT: Duration = Duration::from_secs(10 * 60);
/// The name of the connections in `pg_stat_activity`.
const APPLICATION: &str = "agent-obs";

/// The address of the server and the limits of its use.
#[derive(Clone, Debug)]
pub struct PostgresSettings {
    /// `postgres://user:password@host:port/database?sslmode=verify-full&sslrootcert=…`. Trusted
    /// certificates are those of the system, of `SSL_CERT_FILE`, and of `sslrootcert`.
    pub url: Secret,
    /// The number of connections that stay open.
    pub pool_min: u32,
    /// The maximum number of connections.
    pub pool_max: u32,
    /// The time limit of a statement of a request.
    pub statement_timeout: Duration,
}

impl PostgresSettings {
    /// # Errors
    /// Returns an error if the URL is invalid.
    fn options(&self) -> Result<PgConnectOptions, sqlx::Error> {
        // JIT compilation takes longer than these statements.
        let options = PgConnectOptions::from_str(self.url.expose())?.options([
            ("jit", "off"),
            // A score of an old trace decompresses the thousand rows of its batch. Servers without TimescaleDB ignore
            // this setting.
            ("timescaledb.max_tuples_decompressed_per_dml_transaction", "0"),
        ]);
        Ok(options.application_name(APPLICATION))
    }

    /// Opens the pool. Broken connections are replaced when needed.
    ///
    /// # Errors
    /// Returns an error if the URL is invalid or the server is unreachable.
    pub(crate) async fn connect(&self) -> Result<PgPool, sqlx::Error> {
        let timeout = self.statement_timeout.as_millis().to_string();
        let options = self.options()?.options([("statement_timeout", timeout)]);
        PgPoolOptions::new()
            .min_connections(self.pool_min)
            .max_connections(self.pool_max.max(1))
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .idle_timeout(IDLE_TIMEOUT)
            // Testing every time would cost a round trip each; statements on a broken connection are retried.
            .test_before_acquire(false)
            .before_acquire(|connection, meta| {
                Box::pin(async move {
                    if meta.idle_for > TEST_AFTER {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            })
            .connect_with(options)
            .await
    }

    /// Opens a single connection without a statement timeout, for migrations and maintenance.
    ///
    /// # Errors
    /// Returns an error if the URL is invalid or the server is unreachable.
    pub(crate) async fn connect_one(&self) -> Result<PgConnection, sqlx::Error> {
        PgConnection::connect_with(&self.options()?).await
    }
}
