//! All accounts at once, with their ids and hashes, on their way from one database to another. The statements are the same
//! on every engine; only the types of the connections differ, which is what the macro is for.

use uuid::Uuid;

use crate::database::moment::Moment;

/// Every workspace, user and API key of a store. Nothing of it is printed: it holds hashes.
pub struct Archive {
    pub(super) workspaces: Vec<WorkspaceRow>,
    pub(super) users: Vec<UserRow>,
    pub(super) keys: Vec<KeyRow>,
}

/// How many of an [`Archive`] were not there before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Restored {
    /// Workspaces.
    pub workspaces: u64,
    /// Users.
    pub users: u64,
    /// API keys, revoked ones too.
    pub keys: u64,
}

#[derive(sqlx::FromRow)]
pub(super) struct WorkspaceRow {
    pub(super) id: Uuid,
    pub(super) name: String,
    pub(super) created_at: Moment,
}

#[derive(sqlx::FromRow)]
pub(super) struct UserRow {
    pub(super) id: Uuid,
    pub(super) email: String,
    pub(super) password_hash: String,
    pub(super) full_name: String,
    pub(super) workspace_id: Uuid,
    pub(super) created_at: Moment,
}

#[derive(sqlx::FromRow)]
pub(super) struct KeyRow {
    pub(super) id: Uuid,
    pub(super) workspace_id: Uuid,
    pub(super) name: String,
    pub(super) prefix: String,
    pub(super) key_hash: Vec<u8>,
    pub(super) created_at: Moment,
    pub(super) created_by: Uuid,
    pub(super) last_used_at: Option<Moment>,
    pub(super) revoked_at: Option<Moment>,
}

impl Archive {
    /// The workspaces and their names.
    pub fn workspaces(&self) -> impl Iterator<Item = (Uuid, &str)> {
        self.workspaces.iter().map(|workspace| (workspace.id, workspace.name.as_str()))
    }

    /// How many users there are.
    #[must_use]
    pub fn users(&self) -> usize {
        self.users.len()
    }

    /// How many API keys there are, revoked ones too.
    #[must_use]
    pub fn keys(&self) -> usize {
        self.keys.len()
    }
}

/// Gives a store its archives; it needs what [`super::query::impl_accounts`] does.
macro_rules! impl_archive {
    ($store:ty) => {
        impl $store {
            pub(super) async fn archive(&self) -> Result<Archive, AccountError> {
                let mut snapshot = self.reader.begin().await?;
                let workspaces = sqlx::query_as("SELECT id, name, created_at FROM workspaces ORDER BY created_at, id")
                    .fetch_all(&mut *snapshot)
                    .await?;
                let users = sqlx::query_as(
                    "SELECT id, email, password_hash, full_name, workspace_id, created_at FROM users ORDER BY created_at, id",
                )
                .fetch_all(&mut *snapshot)
                .await?;
                let keys = sqlx::query_as(
                    "SELECT id, workspace_id, name, prefix, key_hash, created_at, created_by, last_used_at, revoked_at \
                     FROM api_keys ORDER BY created_at, id",
                )
                .fetch_all(&mut *snapshot)
                .await?;
                Ok(Archive { workspaces, users, keys })
            }

            pub(super) async fn taken_emails(&self, archive: &Archive) -> Result<Vec<String>, AccountError> {
                let mut snapshot = self.reader.begin().await?;
                let mut taken = Vec::new();
                for user in &archive.users {
                    let email: Option<String> =
                        sqlx::query_scalar("SELECT email FROM users WHERE email = $1 AND id <> $2")
                            .bind(&user.email)
                            .bind(user.id)
                            .fetch_optional(&mut *snapshot)
                            .await?;
                    taken.extend(email);
                }
                Ok(taken)
            }

            pub(super) async fn restore(&self, archive: &Archive) -> Result<Restored, AccountError> {
                let mut restored = Restored::default();
                let mut transaction = self.begin().await?;
                for workspace in &archive.workspaces {
                    let done = sqlx::query(
                        "INSERT INTO workspaces (id, name, created_at) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING",
                    )
                    .bind(workspace.id)
                    .bind(&workspace.name)
                    .bind(workspace.created_at)
                    .execute(&mut *transaction)
                    .await?;
                    restored.workspaces += done.rows_affected();
                }
                for user in &archive.users {
                    let done = sqlx::query(
                        "INSERT INTO users (id, email, password_hash, full_name, workspace_id, created_at) \
                         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO NOTHING",
                    )
                    .bind(user.id)
                    .bind(&user.email)
                    .bind(&user.password_hash)
                    .bind(&user.full_name)
                    .bind(user.workspace_id)
                    .bind(user.created_at)
                    .execute(&mut *transaction)
                    .await
                    .map_err(email_taken)?;
                    restored.users += done.rows_affected();
                }
                for key in &archive.keys {
                    let done = sqlx::query(
                        "INSERT INTO api_keys (id, workspace_id, name, prefix, key_hash, created_at, created_by, \
                         last_used_at, revoked_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
                         ON CONFLICT (id) DO NOTHING",
                    )
                    .bind(key.id)
                    .bind(key.workspace_id)
                    .bind(&key.name)
                    .bind(&key.prefix)
                    .bind(&key.key_hash)
                    .bind(key.created_at)
                    .bind(key.created_by)
                    .bind(key.last_used_at)
                    .bind(key.revoked_at)
                    .execute(&mut *transaction)
                    .await?;
                    restored.keys += done.rows_affected();
                    if done.rows_affected() == 1 {
                        continue;
                    }
                    // Whoever revoked it meant it, on whichever side.
                    sqlx::query(
                        "UPDATE api_keys SET revoked_at = COALESCE(revoked_at, $2), last_used_at = \
                         CASE WHEN last_used_at IS NULL OR last_used_at < $3 THEN $3 ELSE last_used_at END WHERE id = $1",
                    )
                    .bind(key.id)
                    .bind(key.revoked_at)
                    .bind(key.last_used_at)
                    .execute(&mut *transaction)
                    .await?;
                }
                transaction.commit().await?;
                Ok(restored)
            }
        }
    };
}
pub(super) use impl_archive;
