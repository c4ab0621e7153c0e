//! The in-process cache.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use actix_web::web::Bytes;
use moka::{Expiry, future};
use uuid::Uuid;

use super::{key::CacheKey, outcome::Outcome};
use crate::{config::CacheTtls, error::ApiError};

/// The maximum size of keys and responses in bytes; the least used entries are evicted.
const CAPACITY_BYTES: u64 = 32 * 1024 * 1024;

/// A key within a generation of its workspace: after an invalidation old entries are never read again and expire.
type Entry = (u64, CacheKey);

/// A cache in the memory of this process.
#[derive(Clone, Debug)]
pub struct MemoryCache {
    responses: future::Cache<Entry, Bytes>,
    generations: Arc<Mutex<HashMap<Uuid, u64>>>,
}

impl MemoryCache {
    /// Creates an empty cache with these lifetimes.
    #[must_use]
    pub fn new(ttls: CacheTtls) -> Self {
        let weigh = |key: &Entry, response: &Bytes| {
            u32::try_from(size_of::<Entry>() + key.1.as_str().len() + response.len()).unwrap_or(u32::MAX)
        };
        let responses = future::Cache::builder()
            .max_capacity(CAPACITY_BYTES)
            .weigher(weigh)
            .expire_after(ByKind(ttls))
            .build();
        Self { responses, generations: Arc::default() }
    }

    pub(super) async fn get_or_compute(
        &self,
        key: CacheKey,
        bypass: bool,
        compute: impl Future<Output = Result<Bytes, ApiError>>,
    ) -> Result<(Bytes, Outcome), Arc<ApiError>> {
        // The generation is read before the database: a response computed during a write may be outdated.
        let entry = (self.generation(key.workspace_id()), key);
        if bypass {
            let response = compute.await.map_err(Arc::new)?;
            self.responses.insert(entry, response.clone()).await;
            return Ok((response, Outcome::Bypass));
        }
        if let Some(response) = self.responses.get(&entry).await {
            return Ok((response, Outcome::Hit));
        }
        let found = self.responses.entry(entry).or_try_insert_with(compute).await?;
        let outcome = if found.is_fresh() { Outcome::Miss } else { Outcome::Hit };
        Ok((found.into_value(), outcome))
    }

    pub(super) fn invalidate(&self, workspace_id: Uuid) {
        let mut generations = self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        *generations.entry(workspace_id).or_default() += 1;
    }

    fn generation(&self, workspace_id: Uuid) -> u64 {
        let generations = self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        generations.get(&workspace_id).copied().unwrap_or_default()
    }
}

struct ByKind(CacheTtls);

impl Expiry<Entry, Bytes> for ByKind {
    fn expire_after_create(&self, (_, key): &Entry, _: &Bytes, _: Instant) -> Option<Duration> {
        Some(key.kind().ttl(&self.0))
    }

    fn expire_after_update(
        &self,
        (_, key): &Entry,
        _: &Bytes,
        _: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(key.kind().ttl(&self.0))
    }
}
