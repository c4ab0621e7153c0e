//! Members of workspaces and their roles.

use shared::{
    Timestamp,
    access::Role,
    limit,
    workspace::{Member, Workspace},
};
use uuid::Uuid;

use super::{AccountError, AccountStore, role_column};
use crate::database::{Transaction, count, timestamp::SqlTimestamp};

#[derive(sqlx::FromRow)]
struct MemberRow {
    user_id: Uuid,
    email: String,
    full_name: String,
    role: String,
    created_at: SqlTimestamp,
}

#[derive(sqlx::FromRow)]
struct WorkspaceRow {
    id: Uuid,
    name: String,
    role: String,
}

impl WorkspaceRow {
    fn into_workspace(self) -> Result<Workspace, AccountError> {
        Ok(Workspace { id: self.id, name: self.name, role: role_column(&self.role)? })
    }
}

impl AccountStore {
    /// Returns the members of a workspace, by e-mail.
    ///
    /// # Errors
    /// Returns an error if the database fails.
    pub async fn list_members(&self, workspace_id: Uuid) -> Result<Vec<Member>, AccountError> {
        let rows: Vec<MemberRow> = self
            .database
            .sql(
                "SELECT user_id, email, full_name, role, members.created_at AS created_at \
                 FROM members JOIN users ON users.id = user_id WHERE members.workspace_id = $1 ORDER BY email",
            )
            .bind(workspace_id)
            .fetch_all()
            .await?;
        let member = |row: MemberRow| {
            let role = role_column(&row.role)?;
            let MemberRow { user_id, email, full_name, created_at, .. } = row;
            Ok(Member { user_id, email, full_name, role, created_at: created_at.0 })
        };
        rows.into_iter().map(member).collect()
    }

    /// Returns whether the account with this e-mail, in any case, is a member of the workspace.
    ///
    /// # Errors
    /// Returns an error if the database fails.
    pub async fn is_member_email(&self, workspace_id: Uuid, email: &str) -> Result<bool, AccountError> {
        let members: i64 = self
            .database
            .sql(
                "SELECT COUNT(*) FROM members JOIN users ON users.id = user_id \
                 WHERE members.workspace_id = $1 AND email = $2",
            )
            .bind(workspace_id)
            .bind(super::normalize_email(email))
            .fetch_scalar()
            .await?;
        Ok(members > 0)
    }

    /// Changes the role of a member and returns the previous one.
    ///
    /// # Errors
    /// [`AccountError::NotFound`] if the user is not a member; [`AccountError::LastOwner`] if the workspace would have no
    /// owner.
    pub async fn update_member(
        &self,
        workspace_id: Uuid,
        user_id: Uuid,
        role: Role,
    ) -> Result<Role, AccountError> {
        let mut transaction = self.database.write().await?;
        let previous = update_role(&mut transaction, workspace_id, user_id, role).await?;
        transaction.commit().await?;
        Ok(previous)
    }

    /// Removes a member, and revokes the API keys that they created in the workspace; those that only send traces stay, so
    /// that agents go on.
    ///
    /// # Errors
    /// As [`AccountStore::update_member`].
    pub async fn delete_member(
        &self,
        workspace_id: Uuid,
        user_id: Uuid,
        now: Timestamp,
    ) -> Result<(), AccountError> {
        let mut transaction = self.database.write().await?;
        lock_member(&mut transaction, workspace_id, user_id).await?;
        require_other_owner(&mut transaction, workspace_id, user_id).await?;
        transaction
            .sql("DELETE FROM members WHERE workspace_id = $1 AND user_id = $2")
            .bind(workspace_id)
            .bind(user_id)
            .execute()
            .await?;
        transaction
            .sql(
                "UPDATE api_keys SET revoked_at = $1 \
                 WHERE workspace_id = $2 AND created_by = $3 AND revoked_at IS NULL AND scopes <> 'ingest'",
            )
            .bind(SqlTimestamp(now))
            .bind(workspace_id)
            .bind(user_id)
            .execute()
            .await?;
        Ok(transaction.commit().await?)
    }

    /// Returns the workspaces of a user, by name.
    ///
    /// # Errors
    /// Returns an error if the database fails.
    pub async fn list_workspaces(&self, user_id: Uuid) -> Result<Vec<Workspace>, AccountError> {
        let rows: Vec<WorkspaceRow> = self
            .database
            .sql(
                "SELECT id, name, role FROM members JOIN workspaces ON workspaces.id = workspace_id \
                 WHERE user_id = $1 ORDER BY name, id",
            )
            .bind(user_id)
            .fetch_all()
            .await?;
        rows.into_iter().map(WorkspaceRow::into_workspace).collect()
    }

    /// Creates a workspace that the user owns.
    ///
    /// # Errors
    /// [`AccountError::TooManyWorkspaces`] if the user has the maximum number of workspaces.
    pub async fn create_workspace(
        &self,
        user_id: Uuid,
        name: &str,
        now: Timestamp,
    ) -> Result<Workspace, AccountError> {
        let workspace = Workspace { id: Uuid::new_v4(), name: name.to_owned(), role: Role::Owner };
        let mut transaction = self.database.write().await?;
        insert_workspace(&mut transaction, workspace.id, name, now).await?;
        insert_member(&mut transaction, workspace.id, user_id, Role::Owner, now).await?;
        transaction.commit().await?;
        Ok(workspace)
    }

    /// Creates a workspace without members.
    ///
    /// # Errors
    /// Returns an error if the database fails.
    pub async fn create_empty_workspace(&self, name: &str, now: Timestamp) -> Result<Uuid, AccountError> {
        let id = Uuid::new_v4();
        let mut transaction = self.database.write().await?;
        insert_workspace(&mut transaction, id, name, now).await?;
        transaction.commit().await?;
        Ok(id)
    }

    /// Returns the workspaces with a name.
    ///
    /// # Errors
    /// Returns an error if the database fails.
    pub async fn list_workspace_ids(&self, name: &str) -> Result<Vec<Uuid>, AccountError> {
        let rows: Vec<(Uuid,)> =
            self.database.sql("SELECT id FROM workspaces WHERE name = $1").bind(name).fetch_all().await?;
        Ok(rows.into_iter().map(|(id,)| id).collect())
    }

    /// Renames a workspace.
    ///
    /// # Errors
    /// Returns an error if the database fails.
    pub async fn update_workspace(&self, id: Uuid, name: &str) -> Result<(), AccountError> {
        let mut transaction = self.database.write().await?;
        transaction
            .sql("UPDATE workspaces SET name = $1 WHERE id = $2")
            .bind(name)
            .bind(id)
            .execute()
            .await?;
        Ok(transaction.commit().await?)
    }

    /// Makes a workspace the one that the user enters at the next login.
    ///
    /// # Errors
    /// [`AccountError::NotFound`] if the user is not a member.
    pub async fn enter_workspace(&self, user_id: Uuid, workspace_id: Uuid) -> Result<(), AccountError> {
        let mut transaction = self.database.write().await?;
        let changed = transaction
            .sql(
                "UPDATE users SET workspace_id = $1 WHERE id = $2 \
                 AND EXISTS (SELECT 1 FROM members WHERE workspace_id = $1 AND user_id = $2)",
            )
            .bind(workspace_id)
            .bind(user_id)
            .execute()
            .await?;
        transaction.commit().await?;
        if changed == 0 { Err(AccountError::NotFound) } else { Ok(()) }
    }
}

pub(super) async fn insert_workspace(
    transaction: &mut Transaction,
    id: Uuid,
    name: &str,
    now: Timestamp,
) -> Result<(), AccountError> {
    transaction
        .sql("INSERT INTO workspaces (id, name, created_at) VALUES ($1, $2, $3)")
        .bind(id)
        .bind(name)
        .bind(SqlTimestamp(now))
        .execute()
        .await?;
    Ok(())
}

/// Adds a member, unless the user is one already: then the role stays.
pub(super) async fn insert_member(
    transaction: &mut Transaction,
    workspace_id: Uuid,
    user_id: Uuid,
    role: Role,
    now: Timestamp,
) -> Result<(), AccountError> {
    // The row of the user is locked, so that concurrent requests cannot exceed the maximum together.
    transaction
        .sql("UPDATE users SET workspace_id = workspace_id WHERE id = $1")
        .bind(user_id)
        .execute()
        .await?;
    let workspaces: i64 = transaction
        .sql("SELECT COUNT(*) FROM members WHERE user_id = $1 AND workspace_id <> $2")
        .bind(user_id)
        .bind(workspace_id)
        .fetch_scalar()
        .await?;
    if count(workspaces) >= limit::WORKSPACES as u64 {
        return Err(AccountError::TooManyWorkspaces);
    }
    transaction
        .sql(
            "INSERT INTO members (workspace_id, user_id, role, created_at) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (workspace_id, user_id) DO NOTHING",
        )
        .bind(workspace_id)
        .bind(user_id)
        .bind(role.as_str())
        .bind(SqlTimestamp(now))
        .execute()
        .await?;
    Ok(())
}

/// Changes the role of a member and returns the previous one.
pub(super) async fn update_role(
    transaction: &mut Transaction,
    workspace_id: Uuid,
    user_id: Uuid,
    role: Role,
) -> Result<Role, AccountError> {
    let previous = lock_member(transaction, workspace_id, user_id).await?;
    if role != Role::Owner {
        require_other_owner(transaction, workspace_id, user_id).await?;
    }
    transaction
        .sql("UPDATE members SET role = $1 WHERE workspace_id = $2 AND user_id = $3")
        .bind(role.as_str())
        .bind(workspace_id)
        .bind(user_id)
        .execute()
        .await?;
    Ok(previous)
}

/// Locks the workspace, so that two owners cannot leave it at once, and returns the role of a member.
async fn lock_member(
    transaction: &mut Transaction,
    workspace_id: Uuid,
    user_id: Uuid,
) -> Result<Role, AccountError> {
    transaction.sql("UPDATE workspaces SET name = name WHERE id = $1").bind(workspace_id).execute().await?;
    let role: Option<(String,)> = transaction
        .sql("SELECT role FROM members WHERE workspace_id = $1 AND user_id = $2")
        .bind(workspace_id)
        .bind(user_id)
        .fetch_optional()
        .await?;
    role_column(&role.ok_or(AccountError::NotFound)?.0)
}

async fn require_other_owner(
    transaction: &mut Transaction,
    workspace_id: Uuid,
    user_id: Uuid,
) -> Result<(), AccountError> {
    let others: i64 = transaction
        .sql("SELECT COUNT(*) FROM members WHERE workspace_id = $1 AND user_id <> $2 AND role = 'owner'")
        .bind(workspace_id)
        .bind(user_id)
        .fetch_scalar()
        .await?;
    if others > 0 { Ok(()) } else { Err(AccountError::LastOwner) }
}
