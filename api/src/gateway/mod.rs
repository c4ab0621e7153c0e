//! The front door: who is asking, how often they may, and what every answer carries. Accounts and keys are handled
//! here; traces are not.

pub mod address;
pub mod api_key;
pub mod asset;
pub mod auth;
pub mod authenticate;
pub mod credential;
pub mod grpc;
pub mod header;
pub mod identity;
pub mod jwt;
pub mod key;
pub mod password;
pub mod rate_limit;
pub mod secret;
pub mod under_way;

use self::{address::TrustedProxies, credential::Credentials, jwt::JwtKeys, password::Passwords};
use crate::{
    clock::Clock,
    limit::{LoginLimit, RateLimit},
    store::account::AccountStore,
};

/// What the handlers and the middleware of the gateway work with.
#[derive(Debug)]
pub struct State {
    /// What time it is.
    pub clock: Clock,
    /// Users, workspaces and keys.
    pub accounts: AccountStore,
    /// What signs tokens.
    pub jwt: JwtKeys,
    /// Who credentials belong to.
    pub credentials: Credentials,
    /// Hashes passwords.
    pub passwords: Passwords,
    /// Counts failed logins.
    pub login_limit: LoginLimit,
    /// Counts requests.
    pub rate_limit: RateLimit,
    /// Who is believed about where requests came from.
    pub proxies: TrustedProxies,
}
