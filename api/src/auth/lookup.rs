//! Cached lookups in the accounts store. While the store fails, earlier results stay valid for some minutes, so that a
//! failure of the accounts does not lock out everybody.

use std::{hash::Hash, time::Duration};

use moka::future::Cache;
use store::account::AccountError;

use crate::error::ApiError;

/// How long a result is used, and therefore how long a change by another process takes to have an effect.
const TTL: Duration = Duration::from_secs(10);
/// How long a result is used while the store fails.
const STALE_TTL: Duration = Duration::from_secs(600);
/// The maximum number of cached results.
const CAPACITY: u64 = 10_000;

/// Cached results by key. Clones share them.
#[derive(Clone, Debug)]
pub(super) struct Lookup<K, V>
where
    K: Hash + Eq + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    fresh: Cache<K, Option<V>>,
    stale: Cache<K, Option<V>>,
}

impl<K, V> Default for Lookup<K, V>
where
    K: Hash + Eq + Copy + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    fn default() -> Self {
        let cache = |ttl| Cache::builder().max_capacity(CAPACITY).time_to_live(ttl).build();
        Self { fresh: cache(TTL), stale: cache(STALE_TTL) }
    }
}

impl<K, V> Lookup<K, V>
where
    K: Hash + Eq + Copy + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// Returns the cached result for `key`, or the one of `load`. Concurrent calls load it once.
    ///
    /// # Errors
    /// Returns 503 if the store fails and no earlier result is cached.
    pub(super) async fn get(
        &self,
        key: K,
        load: impl Future<Output = Result<Option<V>, AccountError>>,
    ) -> Result<Option<V>, ApiError> {
        let load = async {
            match load.await {
                Ok(found) => {
                    self.stale.insert(key, found.clone()).await;
                    Ok(found)
                }
                Err(error) => self.stale.get(&key).await.ok_or(error),
            }
        };
        let found = self.fresh.try_get_with(key, load).await;
        found.map_err(|error| ApiError::Unavailable(error.into()))
    }

    /// Removes all results.
    pub(super) fn clear(&self) {
        self.fresh.invalidate_all();
        self.stale.invalidate_all();
    }
}
