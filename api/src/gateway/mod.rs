//! The gateway: authentication, rate limits, security headers, accounts, API keys and the SPA.

pub mod account;
pub mod address;
pub mod api_key;
pub mod asset;
pub mod authenticate;
pub mod grpc;
pub mod header;
pub mod in_flight;
pub mod rate_limit;

use store::account::AccountStore;

use self::address::TrustedProxies;
use crate::{
    auth::{credential::Credentials, jwt::JwtKeys, password::Passwords},
    clock::Clock,
    limit::{LoginLimit, RateLimit},
};

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
    /// The proxies whose `X-Forwarded-For` is trusted.
    pub proxies: TrustedProxies,
}
