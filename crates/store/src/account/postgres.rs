//! The account store on PostgreSQL.

use sqlx::{Connection, PgPool, Postgres, Transaction};

use super::{
    AccountError,
    archive::{Archive, Restored, impl_archive},
    query::impl_accounts,
};
use crate::database::postgres::{PostgresSettings, Schema, breaks, lock};

/// All accounts in one database on a PostgreSQL server.
#[derive(Clone, Debug)]
pub struct PostgresAccounts {
    reader: PgPool,
    writer: PgPool,
}

impl_accounts!(PostgresAccounts);
impl_archive!(PostgresAccounts);

fn schema() -> Schema {
    Schema::new(sqlx::migrate!("../../migrations/accounts/postgres"), "accounts_migrations")
}

/// Applies what is pending and answers what that was.
pub(super) async fn migrate(settings: &PostgresSettings) -> Result<Vec<String>, AccountError> {
    let mut connection = lock(settings).await?;
    let applied = schema().apply(&mut connection).await?;
    connection.close().await?;
    Ok(applied)
}

/// What [`migrate`] would apply.
pub(super) async fn pending(settings: &PostgresSettings) -> Result<Vec<String>, AccountError> {
    let mut connection = settings.connect_one().await?;
    let pending = schema().pending(&mut connection).await?;
    connection.close().await?;
    Ok(pending)
}

impl PostgresAccounts {
    pub(super) async fn open(settings: &PostgresSettings) -> Result<Self, AccountError> {
        migrate(settings).await?;
        // A server takes reads and writes on the same connections.
        let pool = settings.connect().await?;
        Ok(Self { reader: pool.clone(), writer: pool })
    }

    async fn begin(&self) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
        self.writer.begin().await
    }

    /// How many connections there may be.
    pub(super) fn connections(&self) -> u32 {
        self.writer.options().get_max_connections()
    }

    pub(super) async fn close(&self) {
        self.writer.close().await;
    }
}

fn email_taken(error: sqlx::Error) -> AccountError {
    if breaks(&error, "users_email_key") { AccountError::EmailTaken } else { AccountError::Database(error) }
}
