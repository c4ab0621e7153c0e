//! Answers kept ready as bytes of JSON. A miss is computed once however many ask; a workspace's answers are dropped
//! together, in one step, by moving its generation on.

mod invalidation;
mod key;
mod memory;

use std::{collections::HashMap, sync::Arc, time::Duration};

use actix_web::web::Bytes;
use shared::ttl;

pub use self::{
    invalidation::Invalidator,
    key::{CacheKey, Kind},
    memory::MemoryCache,
};
use crate::error::ApiError;

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
    /// From the database because the request asked for it, and into the cache.
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
        }
    }

    /// Drops all answers of a workspace.
    pub fn invalidate(&self, workspace_id: uuid::Uuid) {
        match self {
            Self::Memory(cache) => cache.invalidate(workspace_id),
        }
    }
}
