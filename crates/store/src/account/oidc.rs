//! Logins over OpenID Connect: identities at the provider, the workspace that their accounts enter, and the single-use codes
//! with which a page gets its token.

use std::time::Duration;

use shared::{Timestamp, access::Role};
use uuid::Uuid;

use super::{
    AccountError, AccountStore, PasswordHash,
    member::{insert_member, insert_workspace, update_role},
    normalize_email,
    user::insert_user,
};
use crate::database::{Transaction, timestamp::SqlTimestamp};

/// How long a page may take to exchange its code for a token.
pub const OIDC_CODE_DURATION: Duration = Duration::from_secs(60);

/// The workspace that people enter with their first login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OidcWorkspace {
    /// An existing workspace.
    Id(Uuid),
    /// A workspace that the first login creates with this name. Others with the same name are not used.
    Name(String),
}

/// A login that the provider has confirmed.
#[derive(Clone, Debug)]
pub struct OidcLogin {
    /// The provider.
    pub issuer: String,
    /// The id of the person at the provider.
    pub subject: String,
    /// The e-mail, in any case; required at the first login.
    pub email: Option<String>,
    /// Whether the login may use the existing account with the same e-mail.
    pub may_link: bool,
    /// The person's name, for a new account.
    pub full_name: String,
    /// The workspace to enter.
    pub workspace: OidcWorkspace,
    /// The role in it.
    pub role: Role,
    /// Whether the role is set at every login, instead of at the first one only.
    pub updates_role: bool,
    /// The time of the login.
    pub at: Timestamp,
}

/// The account of a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OidcAccount {
    /// The id of the user.
    pub user_id: Uuid,
    /// Whether the login created the account.
    pub is_new: bool,
    /// Whether the account must not be used.
    pub is_disabled: bool,
}

#[derive(sqlx::FromRow)]
struct IdentityRow {
    user_id: Uuid,
    disabled_at: Option<SqlTimestamp>,
}

impl AccountStore {
    /// Returns the account of an identity. At the first login, links or creates the account, and adds it to the workspace.
    ///
    /// # Errors
    /// [`AccountError::EmailMissing`] without an e-mail at the first login; [`AccountError::EmailTaken`] if another account has
    /// it; [`AccountError::NotFound`] if the workspace does not exist.
    pub async fn log_in_with_oidc(&self, login: &OidcLogin) -> Result<OidcAccount, AccountError> {
        let mut transaction = self.database.write().await?;
        let mut identity = find_identity(&mut transaction, login).await?;
        if identity.is_none() {
            // Of two first logins at once, one waits for the other and finds its identity.
            transaction
                .sql_by_engine("SELECT 1", "LOCK TABLE oidc_identities IN SHARE ROW EXCLUSIVE MODE")
                .execute()
                .await?;
            identity = find_identity(&mut transaction, login).await?;
        }
        let account = match identity {
            Some(account) => {
                if login.updates_role && !account.is_disabled {
                    let (workspace_id, role) = find_workspace(&mut transaction, login).await?;
                    insert_member(&mut transaction, workspace_id, account.user_id, role, login.at).await?;
                    match update_role(&mut transaction, workspace_id, account.user_id, role).await {
                        // The workspace keeps its last owner.
                        Ok(_) | Err(AccountError::LastOwner) => {}
                        Err(error) => return Err(error),
                    }
                }
                account
            }
            None => create_identity(&mut transaction, login).await?,
        };
        transaction.commit().await?;
        Ok(account)
    }

    /// Stores the SHA-256 of a code with which a page gets a token for the user. Deletes expired codes.
    ///
    /// # Errors
    /// Returns an error if the database fails.
    pub async fn create_oidc_code(
        &self,
        user_id: Uuid,
        code_hash: &[u8; 32],
        now: Timestamp,
    ) -> Result<(), AccountError> {
        let mut transaction = self.database.write().await?;
        transaction
            .sql("DELETE FROM oidc_codes WHERE expires_at <= $1")
            .bind(SqlTimestamp(now))
            .execute()
            .await?;
        transaction
            .sql("INSERT INTO oidc_codes (code_hash, user_id, expires_at) VALUES ($1, $2, $3)")
            .bind(&code_hash[..])
            .bind(user_id)
            .bind(SqlTimestamp(now + OIDC_CODE_DURATION))
            .execute()
            .await?;
        Ok(transaction.commit().await?)
    }

    /// Uses a code, and returns the id of its user.
    ///
    /// # Errors
    /// [`AccountError::LinkExpired`] if the code is unknown, was used or has expired.
    pub async fn use_oidc_code(&self, code_hash: &[u8; 32], now: Timestamp) -> Result<Uuid, AccountError> {
        let mut transaction = self.database.write().await?;
        let user: Option<(Uuid,)> = transaction
            .sql("DELETE FROM oidc_codes WHERE code_hash = $1 AND expires_at > $2 RETURNING user_id")
            .bind(&code_hash[..])
            .bind(SqlTimestamp(now))
            .fetch_optional()
            .await?;
        transaction.commit().await?;
        user.map(|(id,)| id).ok_or(AccountError::LinkExpired)
    }
}

async fn find_identity(
    transaction: &mut Transaction,
    login: &OidcLogin,
) -> Result<Option<OidcAccount>, AccountError> {
    let row: Option<IdentityRow> = transaction
        .sql(
            "SELECT user_id, disabled_at FROM oidc_identities JOIN users ON users.id = user_id \
             WHERE issuer = $1 AND subject = $2",
        )
        .bind(&login.issuer)
        .bind(&login.subject)
        .fetch_optional()
        .await?;
    Ok(row.map(IdentityRow::into_account))
}

impl IdentityRow {
    fn into_account(self) -> OidcAccount {
        OidcAccount { user_id: self.user_id, is_new: false, is_disabled: self.disabled_at.is_some() }
    }
}

async fn create_identity(
    transaction: &mut Transaction,
    login: &OidcLogin,
) -> Result<OidcAccount, AccountError> {
    let email = normalize_email(login.email.as_deref().ok_or(AccountError::EmailMissing)?);
    let existing: Option<IdentityRow> = transaction
        .sql("SELECT id AS user_id, disabled_at FROM users WHERE email = $1")
        .bind(&email)
        .fetch_optional()
        .await?;
    if existing.is_some() && !login.may_link {
        return Err(AccountError::EmailTaken);
    }
    let (workspace_id, role) = find_workspace(transaction, login).await?;
    let account = match existing {
        Some(row) => row.into_account(),
        None => {
            let user_id = Uuid::new_v4();
            let no_password = PasswordHash::none();
            insert_user(transaction, user_id, &email, &no_password, &login.full_name, workspace_id, login.at)
                .await?;
            OidcAccount { user_id, is_new: true, is_disabled: false }
        }
    };
    insert_member(transaction, workspace_id, account.user_id, role, login.at).await?;
    transaction
        .sql("INSERT INTO oidc_identities (issuer, subject, user_id, created_at) VALUES ($1, $2, $3, $4)")
        .bind(&login.issuer)
        .bind(&login.subject)
        .bind(account.user_id)
        .bind(SqlTimestamp(login.at))
        .execute()
        .await?;
    Ok(account)
}

/// Returns the workspace of a login, and the role in it: a workspace without an owner gets one.
async fn find_workspace(
    transaction: &mut Transaction,
    login: &OidcLogin,
) -> Result<(Uuid, Role), AccountError> {
    let id = match &login.workspace {
        OidcWorkspace::Id(id) => {
            let found: Option<(Uuid,)> =
                transaction.sql("SELECT id FROM workspaces WHERE id = $1").bind(*id).fetch_optional().await?;
            found.ok_or(AccountError::NotFound)?.0
        }
        OidcWorkspace::Name(name) => named_workspace(transaction, name, login.at).await?,
    };
    let owners: i64 = transaction
        .sql("SELECT COUNT(*) FROM members WHERE workspace_id = $1 AND role = 'owner'")
        .bind(id)
        .fetch_scalar()
        .await?;
    Ok((id, if owners == 0 { Role::Owner } else { login.role }))
}

/// Returns the workspace that logins created with a name, or creates it.
async fn named_workspace(
    transaction: &mut Transaction,
    name: &str,
    now: Timestamp,
) -> Result<Uuid, AccountError> {
    // Of two logins at once, one waits for the other and finds its workspace.
    transaction
        .sql_by_engine("SELECT 1", "LOCK TABLE oidc_workspaces IN SHARE ROW EXCLUSIVE MODE")
        .execute()
        .await?;
    let found: Option<(Uuid,)> = transaction
        .sql("SELECT workspace_id FROM oidc_workspaces WHERE name = $1")
        .bind(name)
        .fetch_optional()
        .await?;
    if let Some((id,)) = found {
        return Ok(id);
    }
    let id = Uuid::new_v4();
    insert_workspace(transaction, id, name, now).await?;
    transaction
        .sql("INSERT INTO oidc_workspaces (name, workspace_id) VALUES ($1, $2)")
        .bind(name)
        .bind(id)
        .execute()
        .await?;
    Ok(id)
}
