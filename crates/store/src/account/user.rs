//! Users: registration, credentials, and the end of an account.

use shared::{Timestamp, access::Role, auth::User};
use unicode_normalization::UnicodeNormalization;
use uuid::Uuid;

use super::{
    AccountError, AccountStore, invitation,
    login_session::end_sessions,
    member::{insert_member, insert_workspace},
    password::{PasswordHash, delete_resets},
};
use crate::{
    database::{Transaction, postgres::violates, timestamp::SqlTimestamp},
    error::StoreError,
};

/// Returns the spelling in which an e-mail is stored and looked up: NFKC, lower case.
#[must_use]
pub fn normalize_email(email: &str) -> String {
    email.trim().nfkc().collect::<String>().to_lowercase().nfkc().collect()
}

/// Who may create an account, decided in the transaction that creates it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// Anyone, with a workspace of their own.
    Open,
    /// The first account, not counting the one with this e-mail, with a workspace of its own.
    First {
        /// The e-mail of the account that does not count.
        except: &'static str,
    },
    /// The person with an invitation, as a member of its workspace.
    Invited {
        /// SHA-256 of the token.
        token_hash: [u8; 32],
        /// Whether the invitation must be the operator's, from the command line.
        by_operator: bool,
    },
}

/// A new user.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// The e-mail in any case: the store applies [`normalize_email`].
    pub email: String,
    /// The hash of the password.
    pub password_hash: PasswordHash,
    /// The user's name.
    pub full_name: String,
    /// The name of the new workspace; unused with an invitation.
    pub workspace_name: String,
    /// Why the account may be created.
    pub admission: Admission,
    /// When the account was created.
    pub created_at: Timestamp,
}

/// A user and the hash that a login is verified against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// The id of the user.
    pub user_id: Uuid,
    /// The stored e-mail.
    pub email: String,
    /// The hash of the password.
    pub password_hash: PasswordHash,
    /// Whether the account must not be used.
    pub is_disabled: bool,
    /// When the operator last unlocked the account: earlier failed logins do not count.
    pub unlocked_at: Option<Timestamp>,
}

/// A user as the operator lists them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserSummary {
    /// The id.
    pub id: Uuid,
    /// The e-mail.
    pub email: String,
    /// The full name.
    pub full_name: String,
    /// When the account was created.
    pub created_at: Timestamp,
    /// Whether the account must not be used.
    pub is_disabled: bool,
}

#[derive(sqlx::FromRow)]
struct CredentialsRow {
    id: Uuid,
    email: String,
    password_hash: String,
    disabled_at: Option<SqlTimestamp>,
    unlocked_at: Option<SqlTimestamp>,
}

#[derive(sqlx::FromRow)]
struct SummaryRow {
    id: Uuid,
    email: String,
    full_name: String,
    created_at: SqlTimestamp,
    disabled_at: Option<SqlTimestamp>,
}

#[derive(sqlx::FromRow)]
struct UserRow {
    email: String,
    password_hash: String,
    full_name: String,
    workspace_id: Uuid,
}

/// Maps the failure of an insert into `users`: a violation of the unique e-mail is [`AccountError::EmailTaken`].
pub(super) fn insert_error(error: StoreError) -> AccountError {
    // PostgreSQL names the constraint, SQLite the column.
    let is_email_taken = |error: &sqlx::Error| {
        violates(error, "users_email_key")
            || error
                .as_database_error()
                .is_some_and(|error| error.is_unique_violation() && error.message().contains("users.email"))
    };
    match error {
        StoreError::Database(error) if is_email_taken(&error) => AccountError::EmailTaken,
        error => AccountError::Database(error),
    }
}

impl AccountStore {
    /// Creates a user, as the owner of a new workspace or as a member by invitation, and returns the user's id.
    ///
    /// # Errors
    /// [`AccountError::EmailTaken`] if the database's unique constraint is violated: of two requests at once, one fails.
    /// [`AccountError::RegistrationClosed`] if the account is not the first one but must be. The errors of
    /// [`AccountStore::accept_invitation`] with an invitation.
    pub async fn create_account(&self, account: &NewAccount) -> Result<Uuid, AccountError> {
        let (id, email) = (Uuid::new_v4(), normalize_email(&account.email));
        let mut transaction = self.database.write().await?;
        let invited = match account.admission {
            Admission::Open => None,
            Admission::First { except } => {
                require_first(&mut transaction, except).await?;
                None
            }
            Admission::Invited { token_hash, by_operator } => {
                match invitation::accept(&mut transaction, &token_hash, &email, account.created_at).await? {
                    Some(accepted) if by_operator && !accepted.is_by_operator() => {
                        return Err(AccountError::RegistrationClosed);
                    }
                    Some(accepted) => Some(accepted),
                    None => return Err(self.missing_invitation(&token_hash).await?),
                }
            }
        };
        let workspace_id = invited.as_ref().map_or_else(Uuid::new_v4, |accepted| accepted.workspace_id);
        if invited.is_none() {
            insert_workspace(&mut transaction, workspace_id, &account.workspace_name, account.created_at)
                .await?;
        }
        let NewAccount { password_hash, full_name, created_at, .. } = account;
        insert_user(&mut transaction, id, &email, password_hash, full_name, workspace_id, *created_at)
            .await?;
        match invited {
            Some(accepted) => accepted.insert_member(&mut transaction, id, account.created_at).await?,
            None => {
                insert_member(&mut transaction, workspace_id, id, Role::Owner, account.created_at).await?;
            }
        }
        transaction.commit().await?;
        Ok(id)
    }

    /// Returns whether there is an account other than the one with the e-mail `except`.
    ///
    /// # Errors
    /// Returns an error if the database fails.
    pub async fn has_accounts(&self, except: &str) -> Result<bool, AccountError> {
        let other: Option<(i64,)> = self
            .database
            .sql("SELECT CAST(1 AS BIGINT) FROM users WHERE email <> $1 LIMIT 1")
            .bind(except)
            .fetch_optional()
            .await?;
        Ok(other.is_some())
    }

    /// Returns the credentials of the user with this e-mail, in any case.
    ///
    /// # Errors
    /// Returns an error if the database fails.
    pub async fn get_credentials(&self, email: &str) -> Result<Option<Credentials>, AccountError> {
        // Accounts of earlier versions keep their e-mails, which were not normalized to NFKC.
        let row: Option<CredentialsRow> = self
            .database
            .sql(
                "SELECT id, email, password_hash, disabled_at, unlocked_at FROM users WHERE email IN ($1, $2) \
                 ORDER BY CASE WHEN email = $1 THEN 0 ELSE 1 END LIMIT 1",
            )
            .bind(email.trim().to_lowercase())
            .bind(normalize_email(email))
            .fetch_optional()
            .await?;
        Ok(row.map(|row| Credentials {
            user_id: row.id,
            email: row.email,
            password_hash: PasswordHash::new(row.password_hash),
            is_disabled: row.disabled_at.is_some(),
            unlocked_at: row.unlocked_at.map(|at| at.0),
        }))
    }

    /// Unlocks an account: failed logins before `now` do not count.
    ///
    /// # Errors
    /// Returns an error if the database fails.
    pub async fn unlock_user(&self, id: Uuid, now: Timestamp) -> Result<(), AccountError> {
        let mut transaction = self.database.write().await?;
        transaction
            .sql("UPDATE users SET unlocked_at = $1 WHERE id = $2")
            .bind(SqlTimestamp(now))
            .bind(id)
            .execute()
            .await?;
        Ok(transaction.commit().await?)
    }

    /// Returns a user in the workspace `current`, or in the one to enter at a login. None if the user does not exist or is
    /// a member of no workspace.
    ///
    /// # Errors
    /// Returns an error if the database fails.
    pub async fn get_user(&self, id: Uuid, current: Option<Uuid>) -> Result<Option<User>, AccountError> {
        let row: Option<UserRow> = self
            .database
            .sql("SELECT email, password_hash, full_name, workspace_id FROM users WHERE id = $1")
            .bind(id)
            .fetch_optional()
            .await?;
        let Some(UserRow { email, password_hash, full_name, workspace_id }) = row else { return Ok(None) };
        let workspaces = self.list_workspaces(id).await?;
        let entered = match current {
            Some(current) => workspaces.iter().find(|workspace| workspace.id == current),
            None => workspaces
                .iter()
                .find(|workspace| workspace.id == workspace_id)
                .or_else(|| workspaces.first()),
        };
        let Some(entered) = entered.cloned() else { return Ok(None) };
        Ok(Some(User {
            id,
            email,
            full_name,
            workspace_id: entered.id,
            workspace_name: entered.name,
            role: entered.role,
            workspaces,
            has_password: !PasswordHash::new(password_hash).is_none(),
        }))
    }

    /// Returns all users, by e-mail.
    ///
    /// # Errors
    /// Returns an error if the database fails.
    pub async fn list_users(&self) -> Result<Vec<UserSummary>, AccountError> {
        let rows: Vec<SummaryRow> = self
            .database
            .sql("SELECT id, email, full_name, created_at, disabled_at FROM users ORDER BY email")
            .fetch_all()
            .await?;
        let summary = |row: SummaryRow| UserSummary {
            id: row.id,
            email: row.email,
            full_name: row.full_name,
            created_at: row.created_at.0,
            is_disabled: row.disabled_at.is_some(),
        };
        Ok(rows.into_iter().map(summary).collect())
    }

    /// Renames a user.
    ///
    /// # Errors
    /// Returns an error if the database fails.
    pub async fn update_user(&self, id: Uuid, full_name: &str) -> Result<(), AccountError> {
        let mut transaction = self.database.write().await?;
        transaction
            .sql("UPDATE users SET full_name = $1 WHERE id = $2")
            .bind(full_name)
            .bind(id)
            .execute()
            .await?;
        Ok(transaction.commit().await?)
    }

    /// Disables or enables an account. Disabling ends its sessions.
    ///
    /// # Errors
    /// Returns an error if the database fails.
    pub async fn set_disabled(&self, id: Uuid, since: Option<Timestamp>) -> Result<(), AccountError> {
        let mut transaction = self.database.write().await?;
        transaction
            .sql("UPDATE users SET disabled_at = $1 WHERE id = $2")
            .bind(since.map(SqlTimestamp))
            .bind(id)
            .execute()
            .await?;
        if since.is_some() {
            end_sessions(&mut transaction, id, None).await?;
        }
        Ok(transaction.commit().await?)
    }

    /// Deletes an account: its sessions, memberships and personal data. The row of the user stays without them, since API
    /// keys name their creator. Workspaces without other members lose their API keys.
    ///
    /// # Errors
    /// [`AccountError::LastOwner`] if a workspace with other members would have no owner.
    pub async fn delete_account(&self, id: Uuid, now: Timestamp) -> Result<(), AccountError> {
        let mut transaction = self.database.write().await?;
        // Locks the workspaces, so that two owners cannot leave one at once.
        transaction
            .sql(
                "UPDATE workspaces SET name = name WHERE id IN (SELECT workspace_id FROM members WHERE user_id = $1)",
            )
            .bind(id)
            .execute()
            .await?;
        let orphaned: i64 = transaction
            .sql(
                "SELECT COUNT(*) FROM members AS own WHERE user_id = $1 AND role = 'owner' \
                 AND EXISTS (SELECT 1 FROM members WHERE workspace_id = own.workspace_id AND user_id <> $1) \
                 AND NOT EXISTS (SELECT 1 FROM members WHERE workspace_id = own.workspace_id AND user_id <> $1 \
                 AND role = 'owner')",
            )
            .bind(id)
            .fetch_scalar()
            .await?;
        if orphaned > 0 {
            return Err(AccountError::LastOwner);
        }
        transaction
            .sql(
                "UPDATE api_keys SET revoked_at = $1 WHERE revoked_at IS NULL \
                 AND ((created_by = $2 AND scopes <> 'ingest') OR (workspace_id IN \
                 (SELECT workspace_id FROM members WHERE user_id = $2) AND NOT EXISTS (SELECT 1 FROM members \
                 WHERE members.workspace_id = api_keys.workspace_id AND user_id <> $2)))",
            )
            .bind(SqlTimestamp(now))
            .bind(id)
            .execute()
            .await?;
        end_sessions(&mut transaction, id, None).await?;
        delete_resets(&mut transaction, id).await?;
        for statement in [
            "DELETE FROM members WHERE user_id = $1",
            "DELETE FROM oidc_identities WHERE user_id = $1",
            "DELETE FROM oidc_codes WHERE user_id = $1",
        ] {
            transaction.sql(statement).bind(id).execute().await?;
        }
        transaction
            .sql(
                "UPDATE users SET email = $1, full_name = '', password_hash = '', disabled_at = $2 WHERE id = $3",
            )
            .bind(format!("deleted:{id}"))
            .bind(SqlTimestamp(now))
            .bind(id)
            .execute()
            .await?;
        Ok(transaction.commit().await?)
    }
}

/// Inserts a user, whose e-mail is normalized.
pub(super) async fn insert_user(
    transaction: &mut Transaction,
    id: Uuid,
    email: &str,
    password_hash: &PasswordHash,
    full_name: &str,
    workspace_id: Uuid,
    now: Timestamp,
) -> Result<(), AccountError> {
    transaction
        .sql(
            "INSERT INTO users (id, email, password_hash, full_name, workspace_id, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(id)
        .bind(email)
        .bind(password_hash.as_str())
        .bind(full_name)
        .bind(workspace_id)
        .bind(SqlTimestamp(now))
        .execute()
        .await
        .map_err(insert_error)?;
    Ok(())
}

/// Fails if there is an account other than `except`. Of two requests at once, one waits for the other.
async fn require_first(transaction: &mut Transaction, except: &str) -> Result<(), AccountError> {
    transaction.sql_by_engine("SELECT 1", "LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE").execute().await?;
    let others: i64 =
        transaction.sql("SELECT COUNT(*) FROM users WHERE email <> $1").bind(except).fetch_scalar().await?;
    if others == 0 { Ok(()) } else { Err(AccountError::RegistrationClosed) }
}
