//! Invitations to workspaces.

use std::time::Duration;

use shared::{
    Timestamp,
    access::Role,
    invitation::{Invitation, InvitationInfo},
    limit,
};
use uuid::Uuid;

use super::{AccountError, AccountStore, normalize_email, role_column};
use crate::database::{Transaction, count, timestamp::SqlTimestamp};

/// How long an invitation is valid.
pub const INVITATION_DURATION: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// An invitation to create.
#[derive(Clone, Debug)]
pub struct NewInvitation {
    /// The workspace.
    pub workspace_id: Uuid,
    /// The role of the new member.
    pub role: Role,
    /// The only e-mail that may accept.
    pub email: Option<String>,
    /// SHA-256 of the token.
    pub token_hash: [u8; 32],
    /// The user who invites; none on the command line.
    pub created_by: Option<Uuid>,
    /// When the invitation was created.
    pub created_at: Timestamp,
}

#[derive(sqlx::FromRow)]
struct InvitationRow {
    id: Uuid,
    role: String,
    email: Option<String>,
    created_at: SqlTimestamp,
    expires_at: SqlTimestamp,
}

#[derive(sqlx::FromRow)]
struct InfoRow {
    workspace_name: String,
    role: String,
    email: Option<String>,
    has_account: i64,
}

/// An invitation that was accepted in the current transaction.
#[derive(sqlx::FromRow)]
pub(super) struct AcceptedRow {
    pub(super) workspace_id: Uuid,
    role: String,
    email: Option<String>,
    created_by: Option<Uuid>,
}

impl AccountStore {
    /// Creates an invitation and returns its id and its expiry. Deletes expired and accepted ones of the workspace.
    ///
    /// # Errors
    /// [`AccountError::TooManyInvitations`] if the workspace has the maximum number of pending ones.
    pub async fn create_invitation(
        &self,
        invitation: &NewInvitation,
    ) -> Result<(Uuid, Timestamp), AccountError> {
        let id = Uuid::new_v4();
        let expires_at = invitation.created_at + INVITATION_DURATION;
        let mut transaction = self.database.write().await?;
        transaction
            .sql("DELETE FROM invitations WHERE workspace_id = $1 AND expires_at <= $2")
            .bind(invitation.workspace_id)
            .bind(SqlTimestamp(invitation.created_at))
            .execute()
            .await?;
        let pending: i64 = transaction
            .sql("SELECT COUNT(*) FROM invitations WHERE workspace_id = $1 AND accepted_at IS NULL")
            .bind(invitation.workspace_id)
            .fetch_scalar()
            .await?;
        if count(pending) >= limit::INVITATIONS as u64 {
            return Err(AccountError::TooManyInvitations);
        }
        transaction
            .sql(
                "INSERT INTO invitations (id, workspace_id, role, email, token_hash, created_at, created_by, expires_at) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            )
            .bind(id)
            .bind(invitation.workspace_id)
            .bind(invitation.role.as_str())
            .bind(invitation.email.as_deref().map(normalize_email))
            .bind(&invitation.token_hash[..])
            .bind(SqlTimestamp(invitation.created_at))
            .bind(invitation.created_by)
            .bind(SqlTimestamp(expires_at))
            .execute()
            .await?;
        transaction.commit().await?;
        Ok((id, expires_at))
    }

    /// Returns the pending invitations of a workspace, newest first.
    ///
    /// # Errors
    /// Returns an error if the database fails.
    pub async fn list_invitations(
        &self,
        workspace_id: Uuid,
        now: Timestamp,
    ) -> Result<Vec<Invitation>, AccountError> {
        let rows: Vec<InvitationRow> = self
            .database
            .sql(
                "SELECT id, role, email, created_at, expires_at FROM invitations \
                 WHERE workspace_id = $1 AND accepted_at IS NULL AND expires_at > $2 ORDER BY created_at DESC, id",
            )
            .bind(workspace_id)
            .bind(SqlTimestamp(now))
            .fetch_all()
            .await?;
        let invitation = |row: InvitationRow| {
            let role = role_column(&row.role)?;
            let InvitationRow { id, email, created_at, expires_at, .. } = row;
            Ok(Invitation { id, role, email, created_at: created_at.0, expires_at: expires_at.0 })
        };
        rows.into_iter().map(invitation).collect()
    }

    /// Revokes a pending invitation and returns whether the workspace had it.
    ///
    /// # Errors
    /// Returns an error if the database fails.
    pub async fn delete_invitation(&self, workspace_id: Uuid, id: Uuid) -> Result<bool, AccountError> {
        let mut transaction = self.database.write().await?;
        let deleted = transaction
            .sql("DELETE FROM invitations WHERE workspace_id = $1 AND id = $2 AND accepted_at IS NULL")
            .bind(workspace_id)
            .bind(id)
            .execute()
            .await?;
        transaction.commit().await?;
        Ok(deleted > 0)
    }

    /// Returns what the invitation with this hash offers.
    ///
    /// # Errors
    /// [`AccountError::NotFound`] if there is none; [`AccountError::LinkExpired`] if it was used or has expired.
    pub async fn get_invitation(
        &self,
        token_hash: &[u8; 32],
        now: Timestamp,
    ) -> Result<InvitationInfo, AccountError> {
        let row: Option<InfoRow> = self
            .database
            .sql(
                "SELECT workspaces.name AS workspace_name, role, email, \
                 (SELECT COUNT(*) FROM users WHERE users.email = invitations.email) AS has_account \
                 FROM invitations JOIN workspaces ON workspaces.id = workspace_id \
                 WHERE token_hash = $1 AND accepted_at IS NULL AND expires_at > $2",
            )
            .bind(&token_hash[..])
            .bind(SqlTimestamp(now))
            .fetch_optional()
            .await?;
        let Some(InfoRow { workspace_name, role, email, has_account }) = row else {
            return Err(self.missing_invitation(token_hash).await?);
        };
        let role = role_column(&role)?;
        Ok(InvitationInfo { workspace_name, role, email, has_account: has_account > 0 })
    }

    /// Accepts an invitation for an existing user, who enters the workspace, and returns its id.
    ///
    /// # Errors
    /// As [`AccountStore::get_invitation`]; [`AccountError::WrongEmail`] if it is for another e-mail.
    pub async fn accept_invitation(
        &self,
        token_hash: &[u8; 32],
        user_id: Uuid,
        email: &str,
        now: Timestamp,
    ) -> Result<Uuid, AccountError> {
        let mut transaction = self.database.write().await?;
        let Some(accepted) = accept(&mut transaction, token_hash, email, now).await? else {
            return Err(self.missing_invitation(token_hash).await?);
        };
        accepted.insert_member(&mut transaction, user_id, now).await?;
        transaction
            .sql("UPDATE users SET workspace_id = $1 WHERE id = $2")
            .bind(accepted.workspace_id)
            .bind(user_id)
            .execute()
            .await?;
        transaction.commit().await?;
        Ok(accepted.workspace_id)
    }

    /// Returns why an invitation is not pending.
    pub(super) async fn missing_invitation(
        &self,
        token_hash: &[u8; 32],
    ) -> Result<AccountError, AccountError> {
        let known: i64 = self
            .database
            .sql("SELECT COUNT(*) FROM invitations WHERE token_hash = $1")
            .bind(&token_hash[..])
            .fetch_scalar()
            .await?;
        Ok(if known > 0 { AccountError::LinkExpired } else { AccountError::NotFound })
    }
}

impl AcceptedRow {
    /// Returns whether the operator created the invitation on the command line.
    pub(super) fn is_by_operator(&self) -> bool {
        self.created_by.is_none()
    }

    /// Adds the user to the workspace of the invitation.
    pub(super) async fn insert_member(
        &self,
        transaction: &mut Transaction,
        user_id: Uuid,
        now: Timestamp,
    ) -> Result<(), AccountError> {
        let role = role_column(&self.role)?;
        super::member::insert_member(transaction, self.workspace_id, user_id, role, now).await
    }
}

/// Marks a pending invitation as accepted and returns it; none if it is not pending.
pub(super) async fn accept(
    transaction: &mut Transaction,
    token_hash: &[u8; 32],
    email: &str,
    now: Timestamp,
) -> Result<Option<AcceptedRow>, AccountError> {
    let accepted: Option<AcceptedRow> = transaction
        .sql(
            "UPDATE invitations SET accepted_at = $1 WHERE token_hash = $2 AND accepted_at IS NULL AND expires_at > $1 \
             RETURNING workspace_id, role, email, created_by",
        )
        .bind(SqlTimestamp(now))
        .bind(&token_hash[..])
        .fetch_optional()
        .await?;
    let is_for_other =
        |row: &AcceptedRow| row.email.as_ref().is_some_and(|only| *only != normalize_email(email));
    // Dropping the transaction leaves the invitation pending.
    if accepted.as_ref().is_some_and(is_for_other) { Err(AccountError::WrongEmail) } else { Ok(accepted) }
}
