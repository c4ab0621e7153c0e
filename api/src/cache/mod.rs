//! Answers kept ready as bytes of JSON. A miss is computed once however many ask; a workspace's answers are dropped
//! together, in one step, by moving its generation on.

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

/// How long each kind of answer is kept.
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
    /// Keeps answers of this kind for so long instead.
    pub fn set(&mut self, kind: Kind, ttl: Duration) {
        self.0.insert(kind, ttl);
    }

    /// How long answers of this kind are kept.
    #[must_use]
    pub fn get(&self, kind: Kind) -> Duration {
        self.0.get(&kind).copied().unwrap_or_default()
    }
}

/// Where an answer came from: the `X-Cache` header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// From the cache.
    Hit,
    /// From the database, and into the cache.
    Miss,
    /// From the database because the request asked for it, and into the cache; or because the cache does not answer.
    Bypass,
}

impl Outcome {
    /// The word in the header and in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Miss => "miss",
            Self::Bypass => "bypass",
        }
    }
}

/// The cache, on one of the engines.
#[derive(Clone, Debug)]
pub enum Cache {
    /// In this process.
    Memory(MemoryCache),
    /// In Redis, shared with other processes.
    Redis(RedisCache),
}

/// What became of dropping a workspace's answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dropped {
    /// They are gone.
    Done,
    /// Another process dropped them a moment ago: to be asked for again after so long.
    Wait(Duration),
}

impl Cache {
    /// The answer by that name, computed if it is not there (or if `bypass`), and how it was come by.
    ///
    /// # Errors
    /// What `compute` failed with; failures are not kept.
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

    /// Drops all answers of a workspace, if no other process did within `interval`; without one in any case. One that is computed at the moment is
    /// not kept either.
    ///
    /// # Errors
    /// Where the cache does not answer; old answers may be given then when it does again.
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
