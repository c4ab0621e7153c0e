//! What goes into the account store and what comes out of it, beyond the DTOs in `shared`. Nothing here prints a hash.

use std::fmt;

use shared::{Timestamp, auth::User};
use uuid::Uuid;

/// The one spelling under which an e-mail is kept, looked up and counted.
#[must_use]
pub fn normal_email(email: &str) -> String {
    email.trim().to_lowercase()
}

/// A bcrypt hash. `Debug` hides it: hashes in a log are passwords for whoever has time.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// Takes the hash's text, `$2b$12$…`.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The hash's text.
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

/// A person and their new workspace.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// In any case: the store keeps [`normal_email`] of it.
    pub email: String,
    /// What the password is checked against later.
    pub password_hash: PasswordHash,
    /// How the person is called.
    pub full_name: String,
    /// What the workspace is called.
    pub workspace_name: String,
    /// When it happened.
    pub created_at: Timestamp,
}

/// What a login is checked against.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// Whose they are.
    pub user: User,
    /// What the password must fit.
    pub password_hash: PasswordHash,
}

/// A key that was just made.
#[derive(Clone)]
pub struct NewApiKey {
    /// Which workspace it opens.
    pub workspace_id: Uuid,
    /// What the key is for.
    pub name: String,
    /// The key's first characters.
    pub prefix: String,
    /// SHA-256 of the key.
    pub key_hash: [u8; 32],
    /// When it happened.
    pub created_at: Timestamp,
    /// Who made it.
    pub created_by: Uuid,
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

/// What a live key stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyOwner {
    /// The key's id.
    pub id: Uuid,
    /// The workspace that it opens.
    pub workspace_id: Uuid,
}
