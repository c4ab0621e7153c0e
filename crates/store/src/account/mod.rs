//! Users, their workspaces and the workspaces' API keys, whichever database keeps them. Knows no passwords, no keys and
//! no tokens, only hashes of them.

mod archive;
mod postgres;
mod query;
mod record;
mod sqlite;

use std::path::Path;

use shared::{Timestamp, api_key::ApiKey, auth::User};
use uuid::Uuid;

pub use archive::{Archive, Restored};
pub use postgres::PostgresAccounts;
pub use record::{Credentials, KeyOwner, NewAccount, NewApiKey, PasswordHash, normal_email};
pub use sqlite::SqliteAccounts;

use crate::database::{
    postgres::{PostgresSettings, is_transient},
    sqlite::FileError,
};

/// Why the account store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// An account with that e-mail exists, whatever the case of its letters.
    #[error("an account with that e-mail exists")]
    EmailTaken,
    /// The database failed.
    #[error("the account database failed")]
    Database(#[from] sqlx::Error),
    /// The schema could not be brought up to date.
    #[error("the account database could not be migrated")]
    Migrate(#[from] sqlx::migrate::MigrateError),
}

impl AccountError {
    /// Whether the same is likely to succeed later.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Database(error) if is_transient(error))
    }
}

/// The accounts, behind one of the databases. Clones share its connections.
#[derive(Clone, Debug)]
pub enum AccountStore {
    /// In one SQLite file.
    Sqlite(SqliteAccounts),
    /// In a database on a PostgreSQL server.
    Postgres(PostgresAccounts),
}

impl AccountStore {
    /// Opens (and makes, and migrates) the SQLite file at `path`; its folder must exist.
    ///
    /// # Errors
    /// Where the file cannot be opened or its schema not be brought up to date.
    pub async fn open(path: &Path) -> Result<Self, AccountError> {
        Ok(Self::Sqlite(SqliteAccounts::open(path).await?))
    }

    /// Opens the SQLite file at `path` to read it, and leaves it as it is: another process may be writing to it. Its schema
    /// must be this version's.
    ///
    /// # Errors
    /// Where it is not there, not up to date, or cannot be read.
    pub async fn open_read_only(path: &Path) -> Result<Self, FileError> {
        Ok(Self::Sqlite(SqliteAccounts::open_read_only(path).await?))
    }

    /// What [`AccountStore::open`] would apply to the file at `path`. Changes nothing.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub async fn pending(path: &Path) -> Result<Vec<String>, FileError> {
        sqlite::pending(path).await
    }

    /// Opens the database that the settings name, and migrates it. Several may do so at once.
    ///
    /// # Errors
    /// Where the server cannot be reached or the schema not be brought up to date.
    pub async fn open_postgres(settings: &PostgresSettings) -> Result<Self, AccountError> {
        Ok(Self::Postgres(PostgresAccounts::open(settings).await?))
    }

    /// Brings the schema up to date without opening the store, and answers what was applied.
    ///
    /// # Errors
    /// As [`AccountStore::open_postgres`].
    pub async fn migrate_postgres(settings: &PostgresSettings) -> Result<Vec<String>, AccountError> {
        postgres::migrate(settings).await
    }

    /// What [`AccountStore::migrate_postgres`] would apply. Changes nothing.
    ///
    /// # Errors
    /// Where the server cannot be reached.
    pub async fn pending_postgres(settings: &PostgresSettings) -> Result<Vec<String>, AccountError> {
        postgres::pending(settings).await
    }

    /// Makes a user and their workspace: both or neither.
    ///
    /// # Errors
    /// [`AccountError::EmailTaken`] where the database's own constraint says so: two at once cannot both pass.
    pub async fn create_account(&self, account: &NewAccount) -> Result<User, AccountError> {
        match self {
            Self::Sqlite(store) => store.create_account(account).await,
            Self::Postgres(store) => store.create_account(account).await,
        }
    }

    /// The user with this e-mail, in any case, and what their password must fit.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn credentials(&self, email: &str) -> Result<Option<Credentials>, AccountError> {
        match self {
            Self::Sqlite(store) => store.credentials(email).await,
            Self::Postgres(store) => store.credentials(email).await,
        }
    }

    /// The user with this id.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn user(&self, id: Uuid) -> Result<Option<User>, AccountError> {
        match self {
            Self::Sqlite(store) => store.user(id).await,
            Self::Postgres(store) => store.user(id).await,
        }
    }

    /// Keeps a new key under a new id.
    ///
    /// # Errors
    /// Where the database fails; an unknown workspace or user is such a failure.
    pub async fn create_api_key(&self, key: &NewApiKey) -> Result<ApiKey, AccountError> {
        match self {
            Self::Sqlite(store) => store.create_api_key(key).await,
            Self::Postgres(store) => store.create_api_key(key).await,
        }
    }

    /// The workspace's live keys, newest first.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn api_keys(&self, workspace_id: Uuid) -> Result<Vec<ApiKey>, AccountError> {
        match self {
            Self::Sqlite(store) => store.api_keys(workspace_id).await,
            Self::Postgres(store) => store.api_keys(workspace_id).await,
        }
    }

    /// How many live keys the workspace has.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn count_api_keys(&self, workspace_id: Uuid) -> Result<usize, AccountError> {
        match self {
            Self::Sqlite(store) => store.count_api_keys(workspace_id).await,
            Self::Postgres(store) => store.count_api_keys(workspace_id).await,
        }
    }

    /// Ends a key for good. False where the workspace has no live key with that id.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn revoke_api_key(
        &self,
        workspace_id: Uuid,
        id: Uuid,
        now: Timestamp,
    ) -> Result<bool, AccountError> {
        match self {
            Self::Sqlite(store) => store.revoke_api_key(workspace_id, id, now).await,
            Self::Postgres(store) => store.revoke_api_key(workspace_id, id, now).await,
        }
    }

    /// What the live key with this SHA-256 stands for.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn api_key_owner(&self, key_hash: &[u8; 32]) -> Result<Option<KeyOwner>, AccountError> {
        match self {
            Self::Sqlite(store) => store.api_key_owner(key_hash).await,
            Self::Postgres(store) => store.api_key_owner(key_hash).await,
        }
    }

    /// Notes when keys were last used, all in one transaction. Never moves a key's time back; unknown ids are passed over.
    ///
    /// # Errors
    /// Where the database fails: then none was noted.
    pub async fn touch_api_keys(&self, uses: &[(Uuid, Timestamp)]) -> Result<(), AccountError> {
        match self {
            Self::Sqlite(store) => store.touch_api_keys(uses).await,
            Self::Postgres(store) => {
                // The last uses are noted when the server's threads have ended, and with them the connections that were
                // made there: each breaks when it is used, and the pool makes a new one in the end.
                let mut left = store.connections();
                loop {
                    match store.touch_api_keys(uses).await {
                        Err(AccountError::Database(sqlx::Error::Io(_))) if left > 0 => left -= 1,
                        result => return result,
                    }
                }
            }
        }
    }

    /// Everything that there is, to be restored elsewhere.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn archive(&self) -> Result<Archive, AccountError> {
        match self {
            Self::Sqlite(store) => store.archive().await,
            Self::Postgres(store) => store.archive().await,
        }
    }

    /// The e-mails of the archive that belong to other users here: [`AccountStore::restore`] would fail.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn taken_emails(&self, archive: &Archive) -> Result<Vec<String>, AccountError> {
        match self {
            Self::Sqlite(store) => store.taken_emails(archive).await,
            Self::Postgres(store) => store.taken_emails(archive).await,
        }
    }

    /// Adds what is not here yet, all of it or nothing, and answers how much that was. What is here is left as it is,
    /// except that keys are revoked that the archive has revoked, and take over a later use.
    ///
    /// # Errors
    /// [`AccountError::EmailTaken`] where somebody else has one of the e-mails.
    pub async fn restore(&self, archive: &Archive) -> Result<Restored, AccountError> {
        match self {
            Self::Sqlite(store) => store.restore(archive).await,
            Self::Postgres(store) => store.restore(archive).await,
        }
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// Where it does not.
    pub async fn ping(&self) -> Result<(), AccountError> {
        match self {
            Self::Sqlite(store) => store.ping().await,
            Self::Postgres(store) => store.ping().await,
        }
    }

    /// Waits for what is under way and closes the connections.
    pub async fn close(&self) {
        match self {
            Self::Sqlite(store) => store.close().await,
            Self::Postgres(store) => store.close().await,
        }
    }
}
