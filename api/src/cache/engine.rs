//! The cache on one of its engines: this process or Redis.

use std::{sync::Arc, time::Duration};

use actix_web::web::Bytes;
use uuid::Uuid;

use super::{
    key::CacheKey,
    memory::MemoryCache,
    outcome::{Invalidation, Outcome},
    redis::RedisCache,
};
use crate::{error::ApiError, redis::RedisFailure};

/// The cache on one of its engines.
#[derive(Clone, Debug)]
pub enum Cache {
    /// In this process.
    Memory(MemoryCache),
    /// In Redis, shared with other processes.
    Redis(RedisCache),
}

impl Cache {
    /// Returns the response for `key`, computing it if it is not cached or if `bypass` is set.
    ///
    /// # Errors
    /// Returns the error of `compute`; errors are not cached.
    pub async fn get_or_compute(
        &self,
        key: CacheKey,
        bypass: bool,
        compute: impl Future<Output = Result<Bytes, ApiError>>,
    ) -> Result<(Bytes, Outcome), Arc<ApiError>> {
        match self {
            Self::Memory(cache) => cache.get_or_compute(key, bypass, compute).await,
            Self::Redis(cache) => cache.get_or_compute(key, bypass, compute).await,
        }
    }

    /// Invalidates all responses of a workspace unless another process did within `interval`. Computations in flight
    /// are not cached.
    ///
    /// # Errors
    /// Returns an error if the cache is unavailable; outdated responses may then be served until they expire.
    pub async fn invalidate(
        &self,
        workspace_id: Uuid,
        interval: Duration,
    ) -> Result<Invalidation, RedisFailure> {
        match self {
            Self::Memory(cache) => {
                cache.invalidate(workspace_id);
                Ok(Invalidation::Done)
            }
            Self::Redis(cache) => cache.invalidate(workspace_id, interval).await,
        }
    }
}
