//! All accounts with their ids and hashes, to copy them from one database to another.

use uuid::Uuid;

use super::{AccountError, AccountStore, user::insert_error};
use crate::database::{Transaction, timestamp::SqlTimestamp};

/// All workspaces, users, members, identities of OpenID Connect, login sessions, API keys and audit events of a store,
/// without invitations. Does not implement `Debug`, because it contains hashes.
pub struct Archive {
    workspaces: Vec<WorkspaceRow>,
    users: Vec<UserRow>,
    members: Vec<MemberRow>,
    identities: Vec<IdentityRow>,
    oidc_workspaces: Vec<OidcWorkspaceRow>,
    sessions: Vec<SessionRow>,
    keys: Vec<KeyRow>,
    events: Vec<EventRow>,
}

/// How many rows of an [`Archive`] were new.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RestoreSummary {
    /// Workspaces.
    pub workspaces: u64,
    /// Users.
    pub users: u64,
    /// API keys, including revoked ones.
    pub keys: u64,
}

#[derive(sqlx::FromRow)]
struct WorkspaceRow {
    id: Uuid,
    name: String,
    created_at: SqlTimestamp,
}

#[derive(sqlx::FromRow)]
struct UserRow {
    id: Uuid,
    email: String,
    password_hash: String,
    full_name: String,
    workspace_id: Uuid,
    created_at: SqlTimestamp,
    disabled_at: Option<SqlTimestamp>,
}

#[derive(sqlx::FromRow)]
struct MemberRow {
    workspace_id: Uuid,
    user_id: Uuid,
    role: String,
    created_at: SqlTimestamp,
}

#[derive(sqlx::FromRow)]
struct IdentityRow {
    issuer: String,
    subject: String,
    user_id: Uuid,
    created_at: SqlTimestamp,
}

#[derive(sqlx::FromRow)]
struct OidcWorkspaceRow {
    name: String,
    workspace_id: Uuid,
}

#[derive(sqlx::FromRow)]
struct SessionRow {
    id: Uuid,
    user_id: Uuid,
    created_at: SqlTimestamp,
    last_used_at: SqlTimestamp,
    address: String,
    user_agent: String,
}

#[derive(sqlx::FromRow)]
struct EventRow {
    workspace_id: Uuid,
    at: SqlTimestamp,
    id: Uuid,
    actor_kind: String,
    actor_id: Option<Uuid>,
    actor_email: Option<String>,
    action: String,
    target: Option<String>,
    address: Option<String>,
    details: String,
}

#[derive(sqlx::FromRow)]
struct KeyRow {
    id: Uuid,
    workspace_id: Uuid,
    name: String,
    prefix: String,
    key_hash: Vec<u8>,
    created_at: SqlTimestamp,
    created_by: Uuid,
    last_used_at: Option<SqlTimestamp>,
    revoked_at: Option<SqlTimestamp>,
    scopes: String,
    expires_at: Option<SqlTimestamp>,
    rate_limit: Option<i64>,
}

impl Archive {
    /// Returns the workspaces with their names.
    pub fn workspaces(&self) -> impl Iterator<Item = (Uuid, &str)> {
        self.workspaces.iter().map(|workspace| (workspace.id, workspace.name.as_str()))
    }

    /// Returns the number of users.
    #[must_use]
    pub fn users(&self) -> usize {
        self.users.len()
    }

    /// Returns the number of API keys, including revoked ones.
    #[must_use]
    pub fn keys(&self) -> usize {
        self.keys.len()
    }
}

impl AccountStore {
    /// Returns all accounts.
    ///
    /// # Errors
    /// Returns an error if the database fails.
    pub async fn archive(&self) -> Result<Archive, AccountError> {
        let mut transaction = self.database.read().await?;
        let workspaces = transaction
            .sql("SELECT id, name, created_at FROM workspaces ORDER BY created_at, id")
            .fetch_all()
            .await?;
        let users = transaction
            .sql(
                "SELECT id, email, password_hash, full_name, workspace_id, created_at, disabled_at FROM users \
                 ORDER BY created_at, id",
            )
            .fetch_all()
            .await?;
        let members = transaction
            .sql("SELECT workspace_id, user_id, role, created_at FROM members ORDER BY created_at, user_id")
            .fetch_all()
            .await?;
        let identities = transaction
            .sql("SELECT issuer, subject, user_id, created_at FROM oidc_identities ORDER BY created_at, user_id")
            .fetch_all()
            .await?;
        let oidc_workspaces = transaction
            .sql("SELECT name, workspace_id FROM oidc_workspaces ORDER BY name")
            .fetch_all()
            .await?;
        let sessions = transaction
            .sql("SELECT id, user_id, created_at, last_used_at, address, user_agent FROM login_sessions ORDER BY id")
            .fetch_all()
            .await?;
        let keys = transaction
            .sql(
                "SELECT id, workspace_id, name, prefix, key_hash, created_at, created_by, last_used_at, revoked_at, \
                 scopes, expires_at, rate_limit FROM api_keys ORDER BY created_at, id",
            )
            .fetch_all()
            .await?;
        let events = transaction
            .sql(
                "SELECT workspace_id, at, id, actor_kind, actor_id, actor_email, action, target, address, details \
                 FROM audit_events ORDER BY at, id",
            )
            .fetch_all()
            .await?;
        Ok(Archive { workspaces, users, members, identities, oidc_workspaces, sessions, keys, events })
    }

    /// Returns the e-mails of the archive that other users of this store have: [`AccountStore::restore`] would fail.
    ///
    /// # Errors
    /// Returns an error if the database fails.
    pub async fn list_taken_emails(&self, archive: &Archive) -> Result<Vec<String>, AccountError> {
        let mut transaction = self.database.read().await?;
        let mut taken = Vec::new();
        for user in &archive.users {
            let email: Option<(String,)> = transaction
                .sql("SELECT email FROM users WHERE email = $1 AND id <> $2")
                .bind(&user.email)
                .bind(user.id)
                .fetch_optional()
                .await?;
            taken.extend(email.map(|(email,)| email));
        }
        Ok(taken)
    }

    /// Inserts the rows that are new, in one transaction, and returns how many were. Existing rows stay unchanged, except
    /// for keys: a revocation is copied, and a later use.
    ///
    /// # Errors
    /// [`AccountError::EmailTaken`] if another user has one of the e-mails.
    pub async fn restore(&self, archive: &Archive) -> Result<RestoreSummary, AccountError> {
        let mut restored = RestoreSummary::default();
        let mut transaction = self.database.write().await?;
        for workspace in &archive.workspaces {
            restored.workspaces += transaction
                .sql("INSERT INTO workspaces (id, name, created_at) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING")
                .bind(workspace.id)
                .bind(&workspace.name)
                .bind(workspace.created_at)
                .execute()
                .await?;
        }
        for user in &archive.users {
            restored.users += transaction
                .sql(
                    "INSERT INTO users (id, email, password_hash, full_name, workspace_id, created_at, disabled_at) \
                     VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO NOTHING",
                )
                .bind(user.id)
                .bind(&user.email)
                .bind(&user.password_hash)
                .bind(&user.full_name)
                .bind(user.workspace_id)
                .bind(user.created_at)
                .bind(user.disabled_at)
                .execute()
                .await
                .map_err(insert_error)?;
        }
        for member in &archive.members {
            transaction
                .sql(
                    "INSERT INTO members (workspace_id, user_id, role, created_at) VALUES ($1, $2, $3, $4) \
                     ON CONFLICT (workspace_id, user_id) DO NOTHING",
                )
                .bind(member.workspace_id)
                .bind(member.user_id)
                .bind(&member.role)
                .bind(member.created_at)
                .execute()
                .await?;
        }
        restore_identities(&mut transaction, archive).await?;
        for key in &archive.keys {
            restored.keys += restore_key(&mut transaction, key).await?;
        }
        for session in &archive.sessions {
            transaction
                .sql(
                    "INSERT INTO login_sessions (id, user_id, created_at, last_used_at, address, user_agent) \
                     VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO NOTHING",
                )
                .bind(session.id)
                .bind(session.user_id)
                .bind(session.created_at)
                .bind(session.last_used_at)
                .bind(&session.address)
                .bind(&session.user_agent)
                .execute()
                .await?;
        }
        for event in &archive.events {
            restore_event(&mut transaction, event).await?;
        }
        transaction.commit().await?;
        Ok(restored)
    }
}

async fn restore_identities(transaction: &mut Transaction, archive: &Archive) -> Result<(), AccountError> {
    for identity in &archive.identities {
        transaction
            .sql(
                "INSERT INTO oidc_identities (issuer, subject, user_id, created_at) VALUES ($1, $2, $3, $4) \
                 ON CONFLICT (issuer, subject) DO NOTHING",
            )
            .bind(&identity.issuer)
            .bind(&identity.subject)
            .bind(identity.user_id)
            .bind(identity.created_at)
            .execute()
            .await?;
    }
    for workspace in &archive.oidc_workspaces {
        transaction
            .sql(
                "INSERT INTO oidc_workspaces (name, workspace_id) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING",
            )
            .bind(&workspace.name)
            .bind(workspace.workspace_id)
            .execute()
            .await?;
    }
    Ok(())
}

async fn restore_event(transaction: &mut Transaction, event: &EventRow) -> Result<(), AccountError> {
    transaction
        .sql(
            "INSERT INTO audit_events (workspace_id, at, id, actor_kind, actor_id, actor_email, action, target, \
             address, details) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
             ON CONFLICT (workspace_id, at, id) DO NOTHING",
        )
        .bind(event.workspace_id)
        .bind(event.at)
        .bind(event.id)
        .bind(&event.actor_kind)
        .bind(event.actor_id)
        .bind(&event.actor_email)
        .bind(&event.action)
        .bind(&event.target)
        .bind(&event.address)
        .bind(&event.details)
        .execute()
        .await?;
    Ok(())
}

/// Inserts a key, or merges it into the existing one, and returns how many were new.
async fn restore_key(transaction: &mut Transaction, key: &KeyRow) -> Result<u64, AccountError> {
    let new = transaction
        .sql(
            "INSERT INTO api_keys (id, workspace_id, name, prefix, key_hash, created_at, created_by, \
             last_used_at, revoked_at, scopes, expires_at, rate_limit) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT (id) DO NOTHING",
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
        .bind(&key.scopes)
        .bind(key.expires_at)
        .bind(key.rate_limit)
        .execute()
        .await?;
    if new == 0 {
        // A key that is revoked on either side is revoked.
        transaction
            .sql(
                "UPDATE api_keys SET revoked_at = COALESCE(revoked_at, $2), last_used_at = \
                 CASE WHEN last_used_at IS NULL OR last_used_at < $3 THEN $3 ELSE last_used_at END WHERE id = $1",
            )
            .bind(key.id)
            .bind(key.revoked_at)
            .bind(key.last_used_at)
            .execute()
            .await?;
    }
    Ok(new)
}
