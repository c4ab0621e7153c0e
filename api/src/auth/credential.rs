//! Authenticates credentials: tokens by their signature, API keys by the accounts store with a cache of a few
//! seconds.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use shared::Timestamp;
use store::{
    StoreError,
    account::{AccountStore, KeyOwner},
};
use uuid::Uuid;

use super::{
    identity::{Authentication, CredentialError, Identity, Login, Sender},
    jwt::{Claims, JwtKeys},
    key,
};
use crate::{clock::Clock, error::ApiError};

/// How long the owner of a key is cached, and therefore how long a key deleted by another process still works.
const CACHE_TTL: Duration = Duration::from_secs(10);
/// The maximum number of cached keys.
const MAX_CACHED_KEYS: u64 = 10_000;

/// Checks credentials.
#[derive(Clone, Debug)]
pub struct Credentials {
    jwt: JwtKeys,
    accounts: AccountStore,
    clock: Clock,
    owners: moka::future::Cache<[u8; 32], Option<KeyOwner>>,
    uses: Arc<Mutex<HashMap<Uuid, Timestamp>>>,
}

impl Credentials {
    /// Creates the service that checks tokens with `jwt` and API keys with `accounts`.
    #[must_use]
    pub fn new(jwt: JwtKeys, accounts: AccountStore, clock: Clock) -> Self {
        let owners =
            moka::future::Cache::builder().max_capacity(MAX_CACHED_KEYS).time_to_live(CACHE_TTL).build();
        Self { jwt, accounts, clock, owners, uses: Arc::default() }
    }

    /// Returns the identity behind a JWT or an API key.
    ///
    /// # Errors
    /// Returns an error if the accounts store fails; this is not a rejection.
    pub async fn check(&self, credentials: Option<&str>) -> Result<Authentication, ApiError> {
        let Some(credentials) = credentials else { return Ok(Err(CredentialError::Missing)) };
        if !key::is_well_formed(credentials) {
            let claims = self.jwt.verify(credentials, self.clock.now());
            let login = |Claims { user_id, workspace_id, email, .. }| {
                Identity::User(Login { user_id, workspace_id, email: email.into() })
            };
            return Ok(claims.map(login).map_err(CredentialError::from));
        }
        let hash = key::hash(credentials);
        let owner = self.owners.try_get_with(hash, self.accounts.get_api_key_owner(&hash)).await;
        let owner = owner.map_err(|error| ApiError::Unavailable(error.into()))?;
        Ok(owner.ok_or(CredentialError::Invalid).map(|owner| {
            self.uses.lock().unwrap_or_else(PoisonError::into_inner).insert(owner.id, self.clock.now());
            Identity::ApiKey(Sender { workspace_id: owner.workspace_id })
        }))
    }

    /// Clears the cache of keys after one was created or deleted.
    pub fn clear_cached_keys(&self) {
        self.owners.invalidate_all();
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
