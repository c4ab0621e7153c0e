//! A cache of serialized JSON responses. Concurrent requests for the same key share one computation. All responses of
//! a workspace are invalidated in one step, by advancing its generation.

mod invalidation;
mod key;
mod memory;
mod redis;

use std::{collections::HashMap, sync::Arc, time::Duration};

use actix_web::web::Bytes;
use shared::ttl;

pub use self::{
    invalidation::Invalidator,
    key::{CacheKey, Kind},
    memory::MemoryCache,
    redis::RedisCache,
};
use crate::{error::ApiError, redis::RedisFailure};

/// The lifetime of each kind of response.
#[derive(Clone, Debug)]
pub struct Ttls(HashMap<Kind, Duration>);

impl Default for Ttls {
    fn default() -> Self {
        let default = |kind| match kind {
            Kind::HomeKpis | Kind::Charts => ttl::HOME_KPIS,
            Kind::Alerts => ttl::ALERTS,
            Kind::Activity => ttl::ACTIVITY,
            Kind::TracesList => ttl::TRACES_LIST,
            Kind::TraceDetail => ttl::TRACE_DETAIL,
        };
        Self(Kind::ALL.into_iter().map(|kind| (kind, default(kind))).collect())
    }
}

impl Ttls {
    /// Sets the lifetime of a kind.
    pub fn set(&mut self, kind: Kind, ttl: Duration) {
        self.0.insert(kind, ttl);
    }

    /// Returns the lifetime of a kind.
    #[must_use]
    pub fn get(&self, kind: Kind) -> Duration {
        self.0.get(&kind).copied().unwrap_or_default()
    }
}

/// How a response was obtained: the `X-Cache` header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// From the cache.
    Hit,
    /// Computed, then cached.
    Miss,
    /// Computed because the request asked for it (then cached), or because the cache is unavailable.
    Bypass,
}

impl Outcome {
    /// Returns the value in the header and in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Miss => "miss",
            Self::Bypass => "bypass",
        }
    }
}

/// The cache on one of its engines.
#[derive(Clone, Debug)]
pub enum Cache {
    /// In this process.
    Memory(MemoryCache),
    /// In Redis, shared with other processes.
    Redis(RedisCache),
}

/// The result of an invalidation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dropped {
    /// The responses are invalidated.
    Done,
    /// Another process invalidated them a moment ago; retry after this time.
    Wait(Duration),
}

impl Cache {
    /// Returns the response for `key`, computing it if it is not cached or if `bypass` is set.
    ///
    /// # Errors
    /// Returns the error of `compute`; errors are not cached.
    pub async fn answer(
        &self,
        key: CacheKey,
        bypass: bool,
        compute: impl Future<Output = Result<Bytes, ApiError>>,
    ) -> Result<(Bytes, Outcome), Arc<ApiError>> {
        match self {
            Self::Memory(cache) => cache.answer(key, bypass, compute).await,
            Self::Redis(cache) => cache.answer(key, bypass, compute).await,
        }
    }

    /// Invalidates all responses of a workspace unless another process did within `interval`. Computations in flight
    /// are not cached.
    ///
    /// # Errors
    /// Returns an error if the cache is unavailable; outdated responses may then be served until they expire.
    pub async fn invalidate(
        &self,
        workspace_id: uuid::Uuid,
        interval: Duration,
    ) -> Result<Dropped, RedisFailure> {
        match self {
            Self::Memory(cache) => {
                cache.invalidate(workspace_id);
                Ok(Dropped::Done)
            }
            Self::Redis(cache) => cache.invalidate(workspace_id, interval).await,
        }
    }
}
