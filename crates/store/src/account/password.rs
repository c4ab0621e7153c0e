//! Passwords of users: their hashes, changes, and links that reset them.

use std::{fmt, time::Duration};

use shared::Timestamp;
use uuid::Uuid;

use super::{AccountError, AccountStore, login_session::end_sessions};
use crate::database::{Transaction, timestamp::SqlTimestamp};

/// How long the link that resets a password is valid.
pub const RESET_DURATION: Duration = Duration::from_secs(60 * 60);

/// A bcrypt hash. `Debug` redacts it: passwords can be guessed from a hash in a log.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// Wraps the text of a hash: `$2b$12$…`.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// Returns the hash of an account without a password, which no password matches.
    #[must_use]
    pub fn none() -> Self {
        Self(String::new())
    }

    /// Returns whether the account has no password.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.0.is_empty()
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

impl AccountStore {
    /// Changes a password, and ends all sessions of the user except for one.
    ///
    /// # Errors
    /// Returns an error if the database fails.
    pub async fn update_password(
        &self,
        id: Uuid,
        hash: &PasswordHash,
        except: Option<Uuid>,
    ) -> Result<(), AccountError> {
        let mut transaction = self.database.write().await?;
        set_password(&mut transaction, id, hash, except).await?;
        Ok(transaction.commit().await?)
    }

    /// Stores the SHA-256 of a token that resets a password. Earlier tokens of the user become invalid.
    ///
    /// # Errors
    /// Returns an error if the database fails.
    pub async fn create_password_reset(
        &self,
        user_id: Uuid,
        token_hash: &[u8; 32],
        now: Timestamp,
    ) -> Result<(), AccountError> {
        let mut transaction = self.database.write().await?;
        delete_resets(&mut transaction, user_id).await?;
        transaction
            .sql("INSERT INTO password_resets (token_hash, user_id, expires_at) VALUES ($1, $2, $3)")
            .bind(&token_hash[..])
            .bind(user_id)
            .bind(SqlTimestamp(now + RESET_DURATION))
            .execute()
            .await?;
        Ok(transaction.commit().await?)
    }

    /// Sets a new password with a token that resets it, ends all sessions of the user, and returns the user's id.
    ///
    /// # Errors
    /// [`AccountError::LinkExpired`] if the token is unknown, was used or has expired.
    pub async fn reset_password(
        &self,
        token_hash: &[u8; 32],
        hash: &PasswordHash,
        now: Timestamp,
    ) -> Result<Uuid, AccountError> {
        let mut transaction = self.database.write().await?;
        let user: Option<(Uuid,)> = transaction
            .sql("DELETE FROM password_resets WHERE token_hash = $1 AND expires_at > $2 RETURNING user_id")
            .bind(&token_hash[..])
            .bind(SqlTimestamp(now))
            .fetch_optional()
            .await?;
        let (id,) = user.ok_or(AccountError::LinkExpired)?;
        set_password(&mut transaction, id, hash, None).await?;
        transaction.commit().await?;
        Ok(id)
    }
}

async fn set_password(
    transaction: &mut Transaction,
    id: Uuid,
    hash: &PasswordHash,
    except: Option<Uuid>,
) -> Result<(), AccountError> {
    transaction
        .sql("UPDATE users SET password_hash = $1 WHERE id = $2")
        .bind(hash.as_str())
        .bind(id)
        .execute()
        .await?;
    delete_resets(transaction, id).await?;
    end_sessions(transaction, id, except).await
}

pub(super) async fn delete_resets(transaction: &mut Transaction, user_id: Uuid) -> Result<(), AccountError> {
    transaction.sql("DELETE FROM password_resets WHERE user_id = $1").bind(user_id).execute().await?;
    Ok(())
}
