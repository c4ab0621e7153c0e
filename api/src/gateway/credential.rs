//! From credentials to an identity: tokens by their signature, API keys through the accounts store, remembered for a
//! few seconds.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use shared::Timestamp;
use uuid::Uuid;

use super::{
    identity::{Authentication, Identity, Rejected},
    jwt::{Claims, JwtKeys},
    key,
};
use crate::{
    clock::Clock,
    error::ApiError,
    store::account::{AccountError, AccountStore, KeyOwner},
};

/// How long a key's owner is remembered: also how long a key that was revoked by another process still works.
const REMEMBERED: Duration = Duration::from_secs(10);
/// Keys remembered at most.
const CAPACITY: u64 = 10_000;

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
    /// Checks tokens with `jwt` and keys with `accounts`.
    #[must_use]
    pub fn new(jwt: JwtKeys, accounts: AccountStore, clock: Clock) -> Self {
        let owners = moka::future::Cache::builder().max_capacity(CAPACITY).time_to_live(REMEMBERED).build();
        Self { jwt, accounts, clock, owners, uses: Arc::default() }
    }

    /// Whom these credentials (a JWT or an API key) belong to.
    ///
    /// # Errors
    /// Where the accounts store fails: nobody is turned away for that.
    pub async fn check(&self, credentials: Option<&str>) -> Result<Authentication, ApiError> {
        let Some(credentials) = credentials else { return Ok(Err(Rejected::Missing)) };
        if !key::has_shape(credentials) {
            let claims = self.jwt.verify(credentials, self.clock.now());
            return Ok(claims
                .map(|Claims { user_id, workspace_id, email, .. }| Identity::User {
                    user_id,
                    workspace_id,
                    email: email.into(),
                })
                .map_err(Rejected::from));
        }
        let hash = key::hash(credentials);
        let owner = self.owners.try_get_with(hash, self.accounts.api_key_owner(&hash)).await;
        let owner = owner.map_err(|error| ApiError::Unavailable(error.into()))?;
        Ok(owner.ok_or(Rejected::Invalid).map(|owner| {
            self.uses.lock().unwrap_or_else(PoisonError::into_inner).insert(owner.id, self.clock.now());
            Identity::ApiKey { workspace_id: owner.workspace_id }
        }))
    }

    /// Forgets what was remembered of keys: one of them was made or revoked.
    pub fn forget_keys(&self) {
        self.owners.invalidate_all();
    }

    /// Notes in the accounts store when keys were last used since the last call.
    ///
    /// # Errors
    /// Where the store fails; those uses are not noted then.
    pub async fn save_uses(&self) -> Result<(), AccountError> {
        let uses: Vec<_> = self.uses.lock().unwrap_or_else(PoisonError::into_inner).drain().collect();
        if uses.is_empty() { Ok(()) } else { self.accounts.touch_api_keys(&uses).await }
    }
}
