//! Authenticates credentials: tokens by their signature and their login session, API keys by their hash. Sessions and
//! keys are looked up in the accounts store, with a cache of a few seconds.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use shared::{Timestamp, access::Role};
use store::{
    StoreError,
    account::{AccountStore, KeyOwner},
};
use uuid::Uuid;

use super::{
    identity::{Authentication, CredentialError, Identity, Login, Program},
    jwt::{Claims, JwtKeys},
    key,
    lookup::Lookup,
};
use crate::{clock::Clock, error::ApiError};

/// A login session in a workspace.
type SessionKey = (Uuid, Uuid);

/// Checks credentials.
#[derive(Clone, Debug)]
pub struct Credentials {
    jwt: JwtKeys,
    accounts: AccountStore,
    clock: Clock,
    owners: Lookup<[u8; 32], KeyOwner>,
    roles: Lookup<SessionKey, Role>,
    uses: Arc<Mutex<HashMap<Uuid, Timestamp>>>,
}

impl Credentials {
    /// Creates the service that checks tokens with `jwt` and `accounts`, and API keys with `accounts`.
    #[must_use]
    pub fn new(jwt: JwtKeys, accounts: AccountStore, clock: Clock) -> Self {
        let (owners, roles) = (Lookup::default(), Lookup::default());
        Self { jwt, accounts, clock, owners, roles, uses: Arc::default() }
    }

    /// Returns the identity behind a JWT or an API key.
    ///
    /// # Errors
    /// Returns an error if the accounts store fails and the result is not cached; this is not a rejection.
    pub async fn check(&self, credentials: Option<&str>) -> Result<Authentication, ApiError> {
        match credentials {
            None => Ok(Err(CredentialError::Missing)),
            Some(text) if key::is_well_formed(text) => self.check_key(text).await,
            Some(text) => match self.jwt.verify(text, self.clock.now()) {
                Ok(claims) => self.check_session(claims).await,
                Err(error) => Ok(Err(error.into())),
            },
        }
    }

    async fn check_session(&self, claims: Claims) -> Result<Authentication, ApiError> {
        let Claims { user_id, workspace_id, session_id, email, .. } = claims;
        let load = self.accounts.get_session_role(session_id, user_id, workspace_id);
        let role = self.roles.get((session_id, workspace_id), load).await?;
        Ok(role.ok_or(CredentialError::NoAccess).map(|role| {
            let session_id = Some(session_id);
            Identity::User(Login { user_id, workspace_id, email: email.into(), role, session_id })
        }))
    }

    async fn check_key(&self, text: &str) -> Result<Authentication, ApiError> {
        let (hash, now) = (key::hash(text), self.clock.now());
        let owner = self.owners.get(hash, self.accounts.get_api_key_owner(&hash)).await?;
        let owner = owner.filter(|owner| owner.expires_at.is_none_or(|at| at > now));
        Ok(owner.ok_or(CredentialError::Invalid).map(|owner| {
            self.uses.lock().unwrap_or_else(PoisonError::into_inner).insert(owner.id, now);
            let KeyOwner { id, workspace_id, scopes, rate_limit, .. } = owner;
            Identity::ApiKey(Program { key_id: id, workspace_id, scopes, rate_limit })
        }))
    }

    /// Clears the cache after keys, sessions, accounts or roles have changed.
    pub fn clear_cache(&self) {
        self.owners.clear();
        self.roles.clear();
    }

    /// Stores when keys were last used since the previous call.
    ///
    /// # Errors
    /// Returns an error if the store fails; those uses are lost.
    pub async fn save_uses(&self) -> Result<(), StoreError> {
        let uses: Vec<_> = self.uses.lock().unwrap_or_else(PoisonError::into_inner).drain().collect();
        if uses.is_empty() { Ok(()) } else { self.accounts.touch_api_keys(&uses).await }
    }
}
