//! Login sessions: every token belongs to one, and is valid only as long as it exists.

use std::time::Duration;

use shared::{Timestamp, access::Role, auth::LoginSession};
use uuid::Uuid;

use super::{AccountError, AccountStore, role_column};
use crate::database::{Transaction, timestamp::SqlTimestamp};

/// How long a session lasts, however often its token is refreshed.
pub const SESSION_DURATION: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// The maximum number of sessions of a user; the oldest end first.
const MAX_SESSIONS: i64 = 100;

/// Where a login comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Client {
    /// The network address.
    pub address: String,
    /// The browser or program, as it describes itself.
    pub user_agent: String,
}

#[derive(sqlx::FromRow)]
struct SessionRow {
    id: Uuid,
    created_at: SqlTimestamp,
    last_used_at: SqlTimestamp,
    address: String,
    user_agent: String,
}

impl AccountStore {
    /// Starts a session and returns its id. Deletes expired sessions of the user, and the oldest beyond 100.
    ///
    /// # Errors
    /// Returns an error if the database fails.
    pub async fn create_login_session(
        &self,
        user_id: Uuid,
        client: &Client,
        now: Timestamp,
    ) -> Result<Uuid, AccountError> {
        let id = Uuid::new_v4();
        let mut transaction = self.database.write().await?;
        transaction
            .sql(
                "INSERT INTO login_sessions (id, user_id, created_at, last_used_at, address, user_agent) \
                 VALUES ($1, $2, $3, $3, $4, $5)",
            )
            .bind(id)
            .bind(user_id)
            .bind(SqlTimestamp(now))
            .bind(&client.address)
            .bind(&client.user_agent)
            .execute()
            .await?;
        transaction
            .sql(
                "DELETE FROM login_sessions WHERE user_id = $1 AND (created_at <= $2 OR id IN (SELECT id \
                 FROM login_sessions WHERE user_id = $1 ORDER BY created_at DESC, id LIMIT 1000 OFFSET $3))",
            )
            .bind(user_id)
            .bind(SqlTimestamp(now - SESSION_DURATION))
            .bind(MAX_SESSIONS)
            .execute()
            .await?;
        transaction.commit().await?;
        Ok(id)
    }

    /// Returns the role of a session's user in a workspace; none if the session has ended, the account is disabled, or the
    /// user is not a member.
    ///
    /// # Errors
    /// Returns an error if the database fails.
    pub async fn get_session_role(
        &self,
        id: Uuid,
        user_id: Uuid,
        workspace_id: Uuid,
    ) -> Result<Option<Role>, AccountError> {
        let role: Option<(String,)> = self
            .database
            .sql(
                "SELECT role FROM login_sessions JOIN users ON users.id = login_sessions.user_id \
                 JOIN members ON members.user_id = users.id AND members.workspace_id = $3 \
                 WHERE login_sessions.id = $1 AND users.id = $2 AND disabled_at IS NULL",
            )
            .bind(id)
            .bind(user_id)
            .bind(workspace_id)
            .fetch_optional()
            .await?;
        role.map(|(role,)| role_column(&role)).transpose()
    }

    /// Records that a session gets a new token, and returns when the session started; none if it has ended.
    ///
    /// # Errors
    /// Returns an error if the database fails.
    pub async fn touch_login_session(
        &self,
        id: Uuid,
        client: &Client,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, AccountError> {
        let mut transaction = self.database.write().await?;
        let started: Option<(SqlTimestamp,)> = transaction
            .sql(
                "UPDATE login_sessions SET last_used_at = $1, address = $2, user_agent = $3 WHERE id = $4 \
                 RETURNING created_at",
            )
            .bind(SqlTimestamp(now))
            .bind(&client.address)
            .bind(&client.user_agent)
            .bind(id)
            .fetch_optional()
            .await?;
        transaction.commit().await?;
        Ok(started.map(|(started,)| started.0))
    }

    /// Returns the sessions of a user that have not expired, the last used first. `current` is the caller's.
    ///
    /// # Errors
    /// Returns an error if the database fails.
    pub async fn list_login_sessions(
        &self,
        user_id: Uuid,
        current: Uuid,
        now: Timestamp,
    ) -> Result<Vec<LoginSession>, AccountError> {
        let rows: Vec<SessionRow> = self
            .database
            .sql(
                "SELECT id, created_at, last_used_at, address, user_agent FROM login_sessions \
                 WHERE user_id = $1 AND created_at > $2 ORDER BY last_used_at DESC, id",
            )
            .bind(user_id)
            .bind(SqlTimestamp(now - SESSION_DURATION))
            .fetch_all()
            .await?;
        let session = |row: SessionRow| LoginSession {
            id: row.id,
            created_at: row.created_at.0,
            last_used_at: row.last_used_at.0,
            address: row.address,
            user_agent: row.user_agent,
            is_current: row.id == current,
        };
        Ok(rows.into_iter().map(session).collect())
    }

    /// Ends a session and returns whether it was one of the user's.
    ///
    /// # Errors
    /// Returns an error if the database fails.
    pub async fn delete_login_session(&self, user_id: Uuid, id: Uuid) -> Result<bool, AccountError> {
        let mut transaction = self.database.write().await?;
        let deleted = transaction
            .sql("DELETE FROM login_sessions WHERE user_id = $1 AND id = $2")
            .bind(user_id)
            .bind(id)
            .execute()
            .await?;
        transaction.commit().await?;
        Ok(deleted > 0)
    }

    /// Ends all sessions of a user.
    ///
    /// # Errors
    /// Returns an error if the database fails.
    pub async fn delete_login_sessions(&self, user_id: Uuid) -> Result<(), AccountError> {
        let mut transaction = self.database.write().await?;
        end_sessions(&mut transaction, user_id, None).await?;
        Ok(transaction.commit().await?)
    }
}

/// Ends all sessions of a user, except for one.
pub(super) async fn end_sessions(
    transaction: &mut Transaction,
    user_id: Uuid,
    except: Option<Uuid>,
) -> Result<(), AccountError> {
    transaction
        .sql("DELETE FROM login_sessions WHERE user_id = $1 AND id <> $2")
        .bind(user_id)
        .bind(except.unwrap_or_default())
        .execute()
        .await?;
    Ok(())
}
