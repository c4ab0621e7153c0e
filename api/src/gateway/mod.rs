//! The gateway: authentication, rate limits, security headers, accounts, workspaces, API keys, the audit log and the SPA.

pub mod account;
pub mod address;
pub mod api_key;
pub mod asset;
pub mod audit;
pub mod authenticate;
pub mod grpc;
pub mod header;
pub mod in_flight;
pub mod invitation;
pub mod login_session;
pub mod member;
pub mod oidc;
pub mod password;
pub mod rate_limit;
pub mod workspace;

use actix_web::{HttpRequest, http::header::USER_AGENT};
use shared::auth::User;
use store::account::{AccountStore, Client};
use uuid::Uuid;

use self::address::TrustedProxies;
use crate::{
    auth::{credential::Credentials, jwt::JwtKeys, oidc::Provider, password::Passwords},
    clock::Clock,
    config::RegistrationPolicy,
    error::ApiError,
    limit::{EmailLimit, LoginLimit, RateLimit},
    notify::account::AccountMail,
};

/// The maximum stored length of a `User-Agent`, in characters.
const USER_AGENT_CHARS: usize = 256;

/// The state of the gateway's handlers and middleware.
#[derive(Debug)]
pub struct State {
    /// The clock.
    pub clock: Clock,
    /// Accounts, workspaces and API keys.
    pub accounts: AccountStore,
    /// Signs tokens.
    pub jwt: JwtKeys,
    /// Authenticates credentials.
    pub credentials: Credentials,
    /// Hashes passwords.
    pub passwords: Passwords,
    /// Limits failed logins.
    pub login_limit: LoginLimit,
    /// Limits requests.
    pub rate_limit: RateLimit,
    /// Limits e-mails about accounts.
    pub email_limit: EmailLimit,
    /// Sends e-mails about accounts, if an SMTP server is configured.
    pub mail: Option<AccountMail>,
    /// The public URL of the SPA without a trailing slash.
    pub public_url: Option<String>,
    /// Who may register.
    pub registration: RegistrationPolicy,
    /// Whether people log in with a password.
    pub password_login: bool,
    /// The OpenID Connect provider, if one is configured.
    pub oidc: Option<Provider>,
    /// The proxies whose `X-Forwarded-For` is trusted.
    pub proxies: TrustedProxies,
}

impl State {
    /// Returns a user in a workspace, or in the one to enter at a login.
    ///
    /// # Errors
    /// Returns 403 if the user is not a member of it, or of any workspace.
    async fn user(&self, id: Uuid, workspace_id: Option<Uuid>) -> Result<User, ApiError> {
        self.accounts.get_user(id, workspace_id).await?.ok_or(ApiError::NoWorkspace)
    }

    /// Checks that people log in with passwords.
    ///
    /// # Errors
    /// Returns 403 if they do not.
    fn require_password_login(&self) -> Result<(), ApiError> {
        if self.password_login { Ok(()) } else { Err(ApiError::PasswordLoginDisabled) }
    }

    /// Returns the URL of a page of the SPA; a path if the public URL is not configured.
    fn page(&self, path: &str) -> String {
        format!("{}/{path}", self.public_url.as_deref().unwrap_or_default())
    }
}

/// Returns where a request comes from.
fn client(app: &State, http: &HttpRequest) -> Client {
    let user_agent = http.headers().get(USER_AGENT).and_then(|agent| agent.to_str().ok());
    Client {
        address: app.proxies.client(http).to_string(),
        user_agent: user_agent.unwrap_or_default().chars().take(USER_AGENT_CHARS).collect(),
    }
}
