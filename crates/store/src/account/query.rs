//! The statements of the account store. They are the same on every engine; only the types of the connections differ,
//! which is what the macro is for.

use shared::{api_key::ApiKey, auth::User};
use uuid::Uuid;

use super::{Credentials, PasswordHash};
use crate::database::moment::Moment;

#[derive(sqlx::FromRow)]
pub(super) struct UserRow {
    id: Uuid,
    email: String,
    password_hash: String,
    full_name: String,
    workspace_id: Uuid,
    workspace_name: String,
}

#[derive(sqlx::FromRow)]
pub(super) struct ApiKeyRow {
    id: Uuid,
    name: String,
    prefix: String,
    created_at: Moment,
    last_used_at: Option<Moment>,
}

impl UserRow {
    pub(super) fn into_credentials(self) -> Credentials {
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
    pub(super) fn into_api_key(self) -> ApiKey {
        ApiKey {
            id: self.id,
            name: self.name,
            prefix: self.prefix,
            created_at: self.created_at.0,
            last_used_at: self.last_used_at.map(|moment| moment.0),
        }
    }
}

/// Gives a store everything but opening and closing. It has the pools `reader` and `writer`, a method `begin` that begins
/// a transaction which writes, and in its module a function `email_taken` that knows how the engine tells so.
macro_rules! impl_accounts {
    ($store:ty) => {
        use shared::{Timestamp, api_key::ApiKey, auth::User};
        use uuid::Uuid;

        use crate::{account::{Credentials, KeyOwner, NewAccount, NewApiKey, normal_email, query::{ApiKeyRow, UserRow}}, database::moment::Moment};

        impl $store {
            pub(super) async fn create_account(&self, account: &NewAccount) -> Result<User, AccountError> {
                let user = User {
                    id: Uuid::new_v4(),
                    email: normal_email(&account.email),
                    full_name: account.full_name.clone(),
                    workspace_id: Uuid::new_v4(),
                    workspace_name: account.workspace_name.clone(),
                };
                let mut transaction = self.begin().await?;
                sqlx::query("INSERT INTO workspaces (id, name, created_at) VALUES ($1, $2, $3)")
                    .bind(user.workspace_id)
                    .bind(&user.workspace_name)
                    .bind(Moment(account.created_at))
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
                .bind(Moment(account.created_at))
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
                .bind(Moment(key.created_at))
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
                .bind(Moment(now))
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
                // In one order, so that two processes which save at once never wait for each other.
                let mut uses = uses.to_vec();
                uses.sort_unstable();
                let mut transaction = self.begin().await?;
                for (id, used_at) in uses {
                    sqlx::query(
                        "UPDATE api_keys SET last_used_at = $1 WHERE id = $2 AND (last_used_at IS NULL OR last_used_at < $1)",
                    )
                    .bind(Moment(used_at))
                    .bind(id)
                    .execute(&mut *transaction)
                    .await?;
                }
                transaction.commit().await?;
                Ok(())
            }

            pub(super) async fn ping(&self) -> Result<(), AccountError> {
                // Reads a table: on SQLite `SELECT 1` would be answered without it.
                sqlx::query("SELECT 1 FROM workspaces LIMIT 1").execute(&self.reader).await?;
                Ok(())
            }
        }
    };
}
pub(super) use impl_accounts;
