//! The account store on SQLite: one file in WAL mode, one connection that writes, a few that read.

use std::{path::Path, time::Duration};

use shared::{Timestamp, api_key::ApiKey, auth::User};
use sqlx::{
    SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use uuid::Uuid;

use super::{AccountError, Credentials, KeyOwner, NewAccount, NewApiKey, PasswordHash, normal_email};

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

#[derive(sqlx::FromRow)]
struct UserRow {
    id: Uuid,
    email: String,
    password_hash: String,
    full_name: String,
    workspace_id: Uuid,
    workspace_name: String,
}

#[derive(sqlx::FromRow)]
struct ApiKeyRow {
    id: Uuid,
    name: String,
    prefix: String,
    created_at: i64,
    last_used_at: Option<i64>,
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
        sqlx::migrate!("../migrations/accounts/sqlite").run(&writer).await?;
        let reader = SqlitePoolOptions::new()
            .max_connections(READERS)
            .min_connections(1)
            .max_lifetime(None)
            .connect_with(options.read_only(true))
            .await?;
        Ok(Self { writer, reader })
    }

    pub(super) async fn create_account(&self, account: &NewAccount) -> Result<User, AccountError> {
        let user = User {
            id: Uuid::new_v4(),
            email: normal_email(&account.email),
            full_name: account.full_name.clone(),
            workspace_id: Uuid::new_v4(),
            workspace_name: account.workspace_name.clone(),
        };
        let mut transaction = self.writer.begin_with("BEGIN IMMEDIATE").await?;
        sqlx::query("INSERT INTO workspaces (id, name, created_at) VALUES ($1, $2, $3)")
            .bind(user.workspace_id)
            .bind(&user.workspace_name)
            .bind(account.created_at.as_micros())
            .execute(&mut *transaction)
            .await?;
        sqlx::query(
            "INSERT INTO users (id, email, password_hash, full_name, workspace_id, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(user.id)
        .bind(&user.email)
        .bind(account.password_hash.as_str())
        .bind(&user.full_name)
        .bind(user.workspace_id)
        .bind(account.created_at.as_micros())
        .execute(&mut *transaction)
        .await
        .map_err(email_taken)?;
        transaction.commit().await?;
        Ok(user)
    }

    pub(super) async fn credentials(&self, email: &str) -> Result<Option<Credentials>, AccountError> {
        let row: Option<UserRow> = sqlx::query_as(
            "SELECT users.id, email, password_hash, full_name, workspace_id, workspaces.name AS workspace_name \
             FROM users JOIN workspaces ON workspaces.id = workspace_id WHERE email = $1",
        )
        .bind(normal_email(email))
        .fetch_optional(&self.reader)
        .await?;
        Ok(row.map(UserRow::into_credentials))
    }

    pub(super) async fn user(&self, id: Uuid) -> Result<Option<User>, AccountError> {
        let row: Option<UserRow> = sqlx::query_as(
            "SELECT users.id, email, password_hash, full_name, workspace_id, workspaces.name AS workspace_name \
             FROM users JOIN workspaces ON workspaces.id = workspace_id WHERE users.id = $1",
        )
        .bind(id)
        .fetch_optional(&self.reader)
        .await?;
        Ok(row.map(|row| row.into_credentials().user))
    }

    pub(super) async fn create_api_key(&self, key: &NewApiKey) -> Result<ApiKey, AccountError> {
        let id = Uuid::new_v4();
        sqlx::query(
            "INSERT INTO api_keys (id, workspace_id, name, prefix, key_hash, created_at, created_by) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(id)
        .bind(key.workspace_id)
        .bind(&key.name)
        .bind(&key.prefix)
        .bind(&key.key_hash[..])
        .bind(key.created_at.as_micros())
        .bind(key.created_by)
        .execute(&self.writer)
        .await?;
        Ok(ApiKey {
            id,
            name: key.name.clone(),
            prefix: key.prefix.clone(),
            created_at: key.created_at,
            last_used_at: None,
        })
    }

    pub(super) async fn api_keys(&self, workspace_id: Uuid) -> Result<Vec<ApiKey>, AccountError> {
        let rows: Vec<ApiKeyRow> = sqlx::query_as(
            "SELECT id, name, prefix, created_at, last_used_at FROM api_keys \
             WHERE workspace_id = $1 AND revoked_at IS NULL ORDER BY created_at DESC, id DESC",
        )
        .bind(workspace_id)
        .fetch_all(&self.reader)
        .await?;
        Ok(rows.into_iter().map(ApiKeyRow::into_api_key).collect())
    }

    pub(super) async fn count_api_keys(&self, workspace_id: Uuid) -> Result<usize, AccountError> {
        let count: i64 = sqlx::query_scalar(
            "SELECT COUNT(*) FROM api_keys WHERE workspace_id = $1 AND revoked_at IS NULL",
        )
        .bind(workspace_id)
        .fetch_one(&self.reader)
        .await?;
        Ok(usize::try_from(count).unwrap_or(0))
    }

    pub(super) async fn revoke_api_key(
        &self,
        workspace_id: Uuid,
        id: Uuid,
        now: Timestamp,
    ) -> Result<bool, AccountError> {
        let done = sqlx::query(
            "UPDATE api_keys SET revoked_at = $1 WHERE id = $2 AND workspace_id = $3 AND revoked_at IS NULL",
        )
        .bind(now.as_micros())
        .bind(id)
        .bind(workspace_id)
        .execute(&self.writer)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    pub(super) async fn api_key_owner(&self, key_hash: &[u8; 32]) -> Result<Option<KeyOwner>, AccountError> {
        let row: Option<(Uuid, Uuid)> = sqlx::query_as(
            "SELECT id, workspace_id FROM api_keys WHERE key_hash = $1 AND revoked_at IS NULL",
        )
        .bind(&key_hash[..])
        .fetch_optional(&self.reader)
        .await?;
        Ok(row.map(|(id, workspace_id)| KeyOwner { id, workspace_id }))
    }

    pub(super) async fn touch_api_keys(&self, uses: &[(Uuid, Timestamp)]) -> Result<(), AccountError> {
        if uses.is_empty() {
            return Ok(());
        }
        let mut transaction = self.writer.begin_with("BEGIN IMMEDIATE").await?;
        for (id, used_at) in uses {
            sqlx::query(
                "UPDATE api_keys SET last_used_at = $1 WHERE id = $2 AND (last_used_at IS NULL OR last_used_at < $1)",
            )
            .bind(used_at.as_micros())
            .bind(id)
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    pub(super) async fn ping(&self) -> Result<(), AccountError> {
        // Reads the file: `SELECT 1` would be answered without it.
        sqlx::query("SELECT 1 FROM workspaces LIMIT 1").execute(&self.reader).await?;
        Ok(())
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

impl UserRow {
    fn into_credentials(self) -> Credentials {
        Credentials {
            user: User {
                id: self.id,
                email: self.email,
                full_name: self.full_name,
                workspace_id: self.workspace_id,
                workspace_name: self.workspace_name,
            },
            password_hash: PasswordHash::new(self.password_hash),
        }
    }
}

impl ApiKeyRow {
    fn into_api_key(self) -> ApiKey {
        ApiKey {
            id: self.id,
            name: self.name,
            prefix: self.prefix,
            created_at: Timestamp::from_micros(self.created_at),
            last_used_at: self.last_used_at.map(Timestamp::from_micros),
        }
    }
}
