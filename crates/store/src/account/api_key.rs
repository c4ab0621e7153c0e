//! The API keys of workspaces.

use std::fmt;

use shared::{Timestamp, access::Scope, api_key::ApiKey};
use uuid::Uuid;

use super::{AccountError, AccountStore};
use crate::{
    database::{Database, timestamp::SqlTimestamp},
    error::StoreError,
};

/// A key to create.
#[derive(Clone)]
pub struct NewApiKey {
    /// The workspace that the key gives access to.
    pub workspace_id: Uuid,
    /// The name of the key.
    pub name: String,
    /// The key's first characters.
    pub prefix: String,
    /// SHA-256 of the key.
    pub key_hash: [u8; 32],
    /// When the key was created.
    pub created_at: Timestamp,
    /// The user who created it.
    pub created_by: Uuid,
    /// What the key may do.
    pub scopes: Vec<Scope>,
    /// When the key expires.
    pub expires_at: Option<Timestamp>,
    /// The maximum number of requests per minute.
    pub rate_limit: Option<u32>,
}

impl fmt::Debug for NewApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewApiKey")
            .field("workspace_id", &self.workspace_id)
            .field("name", &self.name)
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}

/// The workspace that a key gives access to, and what it may do there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyOwner {
    /// The key's id.
    pub id: Uuid,
    /// The workspace.
    pub workspace_id: Uuid,
    /// What the key may do.
    pub scopes: Vec<Scope>,
    /// When the key expires.
    pub expires_at: Option<Timestamp>,
    /// The maximum number of requests per minute.
    pub rate_limit: Option<u32>,
}

#[derive(sqlx::FromRow)]
struct KeyOwnerRow {
    id: Uuid,
    workspace_id: Uuid,
    scopes: String,
    expires_at: Option<SqlTimestamp>,
    rate_limit: Option<i64>,
}

#[derive(sqlx::FromRow)]
struct ApiKeyRow {
    id: Uuid,
    name: String,
    prefix: String,
    created_at: SqlTimestamp,
    created_by: Uuid,
    last_used_at: Option<SqlTimestamp>,
    scopes: String,
    expires_at: Option<SqlTimestamp>,
    rate_limit: Option<i64>,
}

impl ApiKeyRow {
    fn into_api_key(self) -> ApiKey {
        ApiKey {
            id: self.id,
            name: self.name,
            prefix: self.prefix,
            created_at: self.created_at.0,
            created_by: self.created_by,
            last_used_at: self.last_used_at.map(|moment| moment.0),
            scopes: parse_scopes(&self.scopes),
            expires_at: self.expires_at.map(|moment| moment.0),
            rate_limit: self.rate_limit.and_then(|limit| u32::try_from(limit).ok()),
        }
    }
}

/// Reads stored scopes; a name that this version does not know permits nothing.
fn parse_scopes(stored: &str) -> Vec<Scope> {
    stored.split(',').filter_map(Scope::parse).collect()
}

fn join_scopes(scopes: &[Scope]) -> String {
    let mut scopes = scopes.to_vec();
    scopes.sort_unstable();
    scopes.dedup();
    scopes.into_iter().map(Scope::as_str).collect::<Vec<_>>().join(",")
}

impl AccountStore {
    /// Creates a key.
    ///
    /// # Errors
    /// Returns an error if the database fails, or if the workspace or the user does not exist.
    pub async fn create_api_key(&self, key: &NewApiKey) -> Result<ApiKey, AccountError> {
        let id = Uuid::new_v4();
        let mut transaction = self.database.write().await?;
        transaction
            .sql(
                "INSERT INTO api_keys (id, workspace_id, name, prefix, key_hash, created_at, created_by, scopes, \
                 expires_at, rate_limit) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            )
            .bind(id)
            .bind(key.workspace_id)
            .bind(&key.name)
            .bind(&key.prefix)
            .bind(&key.key_hash[..])
            .bind(SqlTimestamp(key.created_at))
            .bind(key.created_by)
            .bind(join_scopes(&key.scopes))
            .bind(key.expires_at.map(SqlTimestamp))
            .bind(key.rate_limit.map(i64::from))
            .execute()
            .await?;
        transaction.commit().await?;
        Ok(ApiKey {
            id,
            name: key.name.clone(),
            prefix: key.prefix.clone(),
            created_at: key.created_at,
            created_by: key.created_by,
            last_used_at: None,
            scopes: parse_scopes(&join_scopes(&key.scopes)),
            expires_at: key.expires_at,
            rate_limit: key.rate_limit,
        })
    }

    /// Returns the workspace's keys that were not revoked, newest first; those of one user if `created_by` is given.
    ///
    /// # Errors
    /// Returns an error if the database fails.
    pub async fn list_api_keys(
        &self,
        workspace_id: Uuid,
        created_by: Option<Uuid>,
    ) -> Result<Vec<ApiKey>, AccountError> {
        let rows: Vec<ApiKeyRow> = self
            .database
            .sql(
                "SELECT id, name, prefix, created_at, created_by, last_used_at, scopes, expires_at, rate_limit \
                 FROM api_keys WHERE workspace_id = $1 AND revoked_at IS NULL AND created_by = COALESCE($2, created_by) \
                 ORDER BY created_at DESC, id DESC",
            )
            .bind(workspace_id)
            .bind(created_by)
            .fetch_all()
            .await?;
        Ok(rows.into_iter().map(ApiKeyRow::into_api_key).collect())
    }

    /// Returns the number of the workspace's active keys.
    ///
    /// # Errors
    /// Returns an error if the database fails.
    pub async fn count_api_keys(&self, workspace_id: Uuid) -> Result<usize, AccountError> {
        let keys: i64 = self
            .database
            .sql("SELECT COUNT(*) FROM api_keys WHERE workspace_id = $1 AND revoked_at IS NULL")
            .bind(workspace_id)
            .fetch_scalar()
            .await?;
        Ok(usize::try_from(keys).unwrap_or(0))
    }

    /// Revokes a key and returns whether it was an active key of the workspace, and of the user if `created_by` is given.
    ///
    /// # Errors
    /// Returns an error if the database fails.
    pub async fn revoke_api_key(
        &self,
        workspace_id: Uuid,
        id: Uuid,
        created_by: Option<Uuid>,
        now: Timestamp,
    ) -> Result<bool, AccountError> {
        let mut transaction = self.database.write().await?;
        let revoked = transaction
            .sql(
                "UPDATE api_keys SET revoked_at = $1 WHERE id = $2 AND workspace_id = $3 AND revoked_at IS NULL \
                 AND created_by = COALESCE($4, created_by)",
            )
            .bind(SqlTimestamp(now))
            .bind(id)
            .bind(workspace_id)
            .bind(created_by)
            .execute()
            .await?;
        transaction.commit().await?;
        Ok(revoked > 0)
    }

    /// Returns the owner of the key with this SHA-256, unless it was revoked. Keys of a disabled account may only send.
    ///
    /// # Errors
    /// Returns an error if the database fails.
    pub async fn get_api_key_owner(&self, key_hash: &[u8; 32]) -> Result<Option<KeyOwner>, AccountError> {
        let row: Option<KeyOwnerRow> = self
            .database
            .sql(
                "SELECT api_keys.id AS id, api_keys.workspace_id AS workspace_id, scopes, expires_at, rate_limit \
                 FROM api_keys JOIN users ON users.id = created_by WHERE key_hash = $1 AND revoked_at IS NULL \
                 AND (disabled_at IS NULL OR scopes = 'ingest')",
            )
            .bind(&key_hash[..])
            .fetch_optional()
            .await?;
        Ok(row.map(|row| KeyOwner {
            id: row.id,
            workspace_id: row.workspace_id,
            scopes: parse_scopes(&row.scopes),
            expires_at: row.expires_at.map(|moment| moment.0),
            rate_limit: row.rate_limit.and_then(|limit| u32::try_from(limit).ok()),
        }))
    }

    /// Records when keys were last used, in one transaction. The time of a key never decreases; unknown ids are skipped.
    ///
    /// # Errors
    /// Returns an error if the transaction was not committed.
    pub async fn touch_api_keys(&self, uses: &[(Uuid, Timestamp)]) -> Result<(), StoreError> {
        if uses.is_empty() {
            return Ok(());
        }
        // One order for all processes prevents deadlocks.
        let mut uses = uses.to_vec();
        uses.sort_unstable();
        // The last uses are recorded after the server's threads ended, and with them the connections to PostgreSQL that
        // they opened: each fails once, then the pool replaces it.
        let mut retries = match &self.database {
            Database::Sqlite { .. } => 0,
            Database::Postgres(pool) => pool.options().get_max_connections(),
        };
        loop {
            match self.touch_sorted(&uses).await {
                Err(StoreError::Database(sqlx::Error::Io(_))) if retries > 0 => retries -= 1,
                result => return result,
            }
        }
    }

    async fn touch_sorted(&self, uses: &[(Uuid, Timestamp)]) -> Result<(), StoreError> {
        let mut transaction = self.database.write().await?;
        for &(id, used_at) in uses {
            transaction
                .sql(
                    "UPDATE api_keys SET last_used_at = $1 WHERE id = $2 \
                     AND (last_used_at IS NULL OR last_used_at < $1)",
                )
                .bind(SqlTimestamp(used_at))
                .bind(id)
                .execute()
                .await?;
        }
        transaction.commit().await
    }
}
