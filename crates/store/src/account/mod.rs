//! Users, their login sessions, workspaces with members and invitations, API keys, and the audit log. Holds hashes only:
//! no passwords, keys or tokens.

mod api_key;
mod archive;
mod audit;
mod invitation;
mod login_session;
mod member;
mod oidc;
mod password;
mod user;

use std::{path::Path, time::Duration};

use shared::access::Role;
use sqlx::{Connection, migrate::Migrator};

pub use self::{
    api_key::{KeyOwner, NewApiKey},
    archive::{Archive, RestoreSummary},
    audit::{AuditFilter, NewAuditEvent},
    invitation::{INVITATION_DURATION, NewInvitation},
    login_session::{Client, SESSION_DURATION},
    oidc::{OIDC_CODE_DURATION, OidcAccount, OidcLogin, OidcWorkspace},
    password::{PasswordHash, RESET_DURATION},
    user::{Admission, Credentials, NewAccount, UserSummary, normalize_email},
};
use crate::{
    database::{
        Database,
        postgres::{PostgresSettings, Schema, lock},
        sqlite::{self, FileError},
    },
    error::StoreError,
};

/// The number of read connections to a SQLite file. A few suffice, since every query is one index lookup.
const SQLITE_READERS: u32 = 2;
/// How long a statement waits for the transaction of another process on a SQLite file.
const SQLITE_BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Why an operation on accounts failed.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// An account with this e-mail exists, in any case.
    #[error("an account with that e-mail exists")]
    EmailTaken,
    /// The first login over OpenID Connect came without an e-mail.
    #[error("the identity has no e-mail")]
    EmailMissing,
    /// Only invited people may register.
    #[error("registration requires an invitation")]
    RegistrationClosed,
    /// The member or the invitation does not exist.
    #[error("not found")]
    NotFound,
    /// The invitation or the link was used already, or has expired.
    #[error("the link was used already, or has expired")]
    LinkExpired,
    /// The invitation is for another e-mail.
    #[error("the invitation is for another e-mail")]
    WrongEmail,
    /// The workspace would have no owner.
    #[error("the workspace would have no owner")]
    LastOwner,
    /// The user has the maximum number of workspaces.
    #[error("the user has the maximum number of workspaces")]
    TooManyWorkspaces,
    /// The workspace has the maximum number of pending invitations.
    #[error("the workspace has the maximum number of pending invitations")]
    TooManyInvitations,
    /// The database failed or could not be migrated.
    #[error("the account database failed")]
    Database(#[from] StoreError),
}

impl AccountError {
    /// Returns whether a retry may succeed.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Database(error) if error.is_transient())
    }
}

/// Reads a stored role.
fn role_column(name: &str) -> Result<Role, AccountError> {
    Role::parse(name).ok_or_else(|| StoreError::corrupt(format!("role {name:?} is unknown")).into())
}

/// The accounts in a database. Clones share the connections.
#[derive(Clone, Debug)]
pub struct AccountStore {
    database: Database,
}

impl AccountStore {
    /// Opens the SQLite file at `path`, in a directory that exists. Creates the file if it does not exist, and migrates
    /// it.
    ///
    /// # Errors
    /// Returns an error if the file cannot be opened or migrated.
    pub async fn open_sqlite(path: &Path) -> Result<Self, AccountError> {
        // An acknowledged account or revocation survives a power failure: every commit is synced to disk.
        let options = sqlite::options(path).foreign_keys(true).busy_timeout(SQLITE_BUSY_TIMEOUT);
        let database =
            Database::open_sqlite(options.clone(), options, SQLITE_READERS, &sqlite_migrator()).await?;
        Ok(Self { database })
    }

    /// Opens the SQLite file at `path` for reading, without migrating it: another process may be writing to it.
    ///
    /// # Errors
    /// Returns an error if the file does not exist, has the schema of another version, or cannot be read.
    pub async fn open_read_only(path: &Path) -> Result<Self, FileError> {
        let reader = sqlite::open_read_only(path, &sqlite_migrator()).await?;
        Ok(Self { database: Database::Sqlite { writer: reader.clone(), reader } })
    }

    /// Returns the migrations that [`AccountStore::open_sqlite`] would apply to the file at `path`.
    ///
    /// # Errors
    /// Returns an error if the file cannot be read.
    pub async fn pending_sqlite(path: &Path) -> Result<Vec<String>, FileError> {
        sqlite::pending(path, &sqlite_migrator()).await
    }

    /// Opens and migrates a database on a PostgreSQL server. Several processes may do so at once.
    ///
    /// # Errors
    /// Returns an error if the server is not available or the database cannot be migrated.
    pub async fn open_postgres(settings: &PostgresSettings) -> Result<Self, AccountError> {
        Self::migrate_postgres(settings).await?;
        let pool = settings.connect().await.map_err(StoreError::from)?;
        Ok(Self { database: Database::Postgres(pool) })
    }

    /// Migrates a database on a PostgreSQL server and returns the migrations that were applied.
    ///
    /// # Errors
    /// As [`AccountStore::open_postgres`].
    pub async fn migrate_postgres(settings: &PostgresSettings) -> Result<Vec<String>, AccountError> {
        Ok(migrate_postgres(settings).await?)
    }

    /// Returns the migrations that [`AccountStore::migrate_postgres`] would apply.
    ///
    /// # Errors
    /// Returns an error if the server is not available.
    pub async fn pending_postgres(settings: &PostgresSettings) -> Result<Vec<String>, AccountError> {
        Ok(pending_postgres(settings).await?)
    }

    /// Checks that the database responds.
    ///
    /// # Errors
    /// Returns an error if it does not.
    pub async fn ping(&self) -> Result<(), AccountError> {
        // SQLite would execute `SELECT 1` without reading the file.
        self.database.sql("SELECT 1 FROM workspaces LIMIT 1").execute().await?;
        Ok(())
    }

    /// Waits for statements in flight and closes the connections.
    pub async fn close(&self) {
        self.database.close().await;
    }
}

fn sqlite_migrator() -> Migrator {
    sqlx::migrate!("../../migrations/accounts/sqlite")
}

fn postgres_schema() -> Schema {
    Schema::new(sqlx::migrate!("../../migrations/accounts/postgres"), "accounts_migrations")
}

async fn migrate_postgres(settings: &PostgresSettings) -> Result<Vec<String>, StoreError> {
    let mut connection = lock(settings).await?;
    let applied = postgres_schema().apply(&mut connection).await?;
    connection.close().await?;
    Ok(applied)
}

async fn pending_postgres(settings: &PostgresSettings) -> Result<Vec<String>, StoreError> {
    let mut connection = settings.connect_one().await?;
    let pending = postgres_schema().pending(&mut connection).await?;
    connection.close().await?;
    Ok(pending)
}
