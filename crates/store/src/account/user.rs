//! Users, and the workspaces they sign up with.

use std::fmt;

use shared::{Timestamp, auth::User};
use uuid::Uuid;

use super::{AccountError, AccountStore};
use crate::{
    database::{postgres::violates, timestamp::SqlTimestamp},
    error::StoreError,
};

/// Returns the spelling in which an e-mail is stored and looked up.
#[must_use]
pub fn normalize_email(email: &str) -> String {
    email.trim().to_lowercase()
}

/// A bcrypt hash. `Debug` redacts it: passwords can be guessed from a hash in a log.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// Wraps the text of a hash: `$2b$12$…`.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// Returns the text of the hash.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash([redacted])")
    }
}

/// A new user and their new workspace.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// The e-mail in any case: the store applies [`normalize_email`].
    pub email: String,
    /// The hash of the password.
    pub password_hash: PasswordHash,
    /// The user's name.
    pub full_name: String,
    /// The workspace's name.
    pub workspace_name: String,
    /// When the account was created.
    pub created_at: Timestamp,
}

/// A user and the hash that a login is verified against.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The user.
    pub user: User,
    /// The hash of the password.
    pub password_hash: PasswordHash,
}

/// Selects a [`UserRow`]; the condition follows.
macro_rules! select_user {
    () => {
        "SELECT users.id, email, password_hash, full_name, workspace_id, workspaces.name AS workspace_name \
         FROM users JOIN workspaces ON workspaces.id = workspace_id WHERE "
    };
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
    /// Creates a user and their workspace.
    ///
    /// # Errors
    /// [`AccountError::EmailTaken`] if the database's unique constraint is violated: of two requests at once, one fails.
    pub async fn create_account(&self, account: &NewAccount) -> Result<User, AccountError> {
        let user = User {
            id: Uuid::new_v4(),
            email: normalize_email(&account.email),
            full_name: account.full_name.clone(),
            workspace_id: Uuid::new_v4(),
            workspace_name: account.workspace_name.clone(),
        };
        let mut transaction = self.database.write().await?;
        transaction
            .sql("INSERT INTO workspaces (id, name, created_at) VALUES ($1, $2, $3)")
            .bind(user.workspace_id)
            .bind(&user.workspace_name)
            .bind(SqlTimestamp(account.created_at))
            .execute()
            .await?;
        transaction
            .sql(
                "INSERT INTO users (id, email, password_hash, full_name, workspace_id, created_at) \
                 VALUES ($1, $2, $3, $4, $5, $6)",
            )
            .bind(user.id)
            .bind(&user.email)
            .bind(account.password_hash.as_str())
            .bind(&user.full_name)
            .bind(user.workspace_id)
            .bind(SqlTimestamp(account.created_at))
            .execute()
            .await
            .map_err(insert_error)?;
        transaction.commit().await?;
        Ok(user)
    }

    /// Returns the credentials of the user with this e-mail, in any case.
    ///
    /// # Errors
    /// Returns an error if the database fails.
    pub async fn get_credentials(&self, email: &str) -> Result<Option<Credentials>, AccountError> {
        let row: Option<UserRow> = self
            .database
            .sql(concat!(select_user!(), "email = $1"))
            .bind(normalize_email(email))
            .fetch_optional()
            .await?;
        Ok(row.map(UserRow::into_credentials))
    }

    /// Returns a user.
    ///
    /// # Errors
    /// Returns an error if the database fails.
    pub async fn get_user(&self, id: Uuid) -> Result<Option<User>, AccountError> {
        let row: Option<UserRow> =
            self.database.sql(concat!(select_user!(), "users.id = $1")).bind(id).fetch_optional().await?;
        Ok(row.map(|row| row.into_credentials().user))
    }
}
