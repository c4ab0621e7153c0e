//! The cache in Redis. It is optional: if it is slow, down or holds invalid data, the response is computed from the
//! database.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use actix_web::web::Bytes;
use domain::error::chain;
use moka::future;
use redis::Script;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::{
    key::{self, CacheKey},
    outcome::{Invalidation, Outcome},
};
use crate::{
    config::CacheTtls,
    error::ApiError,
    redis::{Redis, RedisFailure},
    telemetry::{log::LogThrottle, metrics::Metrics},
};

static STORE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("script/store.lua")));
static INVALIDATE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("script/invalidate.lua")));

/// Larger responses are not cached, because they would evict many others.
const MAX_RESPONSE_BYTES: usize = 1024 * 1024;
/// The maximum number of cached responses of a workspace.
const MAX_WORKSPACE_RESPONSES: usize = 10_000;
/// The lifetime of a generation: longer than any computation takes.
const GENERATION_SECONDS: u64 = 86_400;
/// The maximum number of shared computations in flight.
const MAX_FLIGHTS: u64 = 10_000;

/// The generation of a workspace; empty if Redis has none.
type Generation = Vec<u8>;
/// A computation in flight, with the generation at its start; `None` if Redis is unavailable.
type Flight = (Option<Generation>, CacheKey);

/// A cache in Redis.
#[derive(Clone, Debug)]
pub struct RedisCache {
    redis: Redis,
    ttls: CacheTtls,
    metrics: Metrics,
    flights: future::Cache<Flight, Bytes>,
    log: Arc<LogThrottle>,
}

impl RedisCache {
    /// Creates a cache with these lifetimes.
    #[must_use]
    pub fn new(redis: Redis, ttls: CacheTtls, metrics: Metrics) -> Self {
        // Entries are removed when they complete; the lifetime covers computations whose callers were all cancelled.
        let flights =
            future::Cache::builder().max_capacity(MAX_FLIGHTS).time_to_live(Duration::from_secs(1)).build();
        Self { redis, ttls, metrics, flights, log: Arc::default() }
    }

    pub(super) async fn get_or_compute(
        &self,
        key: CacheKey,
        bypass: bool,
        compute: impl Future<Output = Result<Bytes, ApiError>>,
    ) -> Result<(Bytes, Outcome), Arc<ApiError>> {
        // The generation is read before the database: a response computed during a write may be outdated.
        let (generation, found) = match self.get(&key).await {
            Ok((generation, found)) => (Some(generation), found),
            Err(failure) => {
                self.failed(&failure);
                (None, None)
            }
        };
        if bypass {
            let response = compute.await.map_err(Arc::new)?;
            self.store(&key, generation.as_ref(), &response).await;
            return Ok((response, Outcome::Bypass));
        }
        if let Some(response) = found {
            return Ok((response, Outcome::Hit));
        }
        let down = generation.is_none();
        let flight = (generation, key);
        let computing = async {
            let response = compute.await?;
            self.store(&flight.1, flight.0.as_ref(), &response).await;
            Ok(response)
        };
        let entry = self.flights.entry_by_ref(&flight).or_try_insert_with(computing).await?;
        let fresh = entry.is_fresh();
        if fresh {
            self.flights.invalidate(&flight).await;
        }
        let outcome = match (down, fresh) {
            (true, _) => Outcome::Bypass,
            (false, true) => Outcome::Miss,
            (false, false) => Outcome::Hit,
        };
        Ok((entry.into_value(), outcome))
    }

    pub(super) async fn invalidate(
        &self,
        workspace_id: Uuid,
        interval: Duration,
    ) -> Result<Invalidation, RedisFailure> {
        let mut script = INVALIDATE.key(key::keys_of(workspace_id));
        script.key(key::generation_of(workspace_id)).key(key::dropped_of(workspace_id));
        script.arg(millis(interval)).arg(GENERATION_SECONDS);
        match self.redis.run(&script).await {
            Ok(0) => Ok(Invalidation::Done),
            Ok(wait) => Ok(Invalidation::Wait(Duration::from_millis(wait))),
            Err(failure) => {
                self.failed(&failure);
                Err(failure)
            }
        }
    }

    /// Returns the generation, and the cached response if it is valid JSON of that generation.
    async fn get(&self, key: &CacheKey) -> Result<(Generation, Option<Bytes>), RedisFailure> {
        let mut command = redis::cmd("MGET");
        command.arg(key.as_str()).arg(key::generation_of(key.workspace_id()));
        let (response, generation): (Option<Vec<u8>>, Option<Vec<u8>>) = self.redis.query(&command).await?;
        let generation = generation.unwrap_or_default();
        let response = response.and_then(|entry| {
            let Some((stored_under, response)) = split(entry) else {
                self.metrics.record_cache_error();
                self.log
                    .log(|| tracing::warn!(cache.kind = key.kind().as_str(), "invalid cache entry ignored"));
                return None;
            };
            (stored_under == generation).then_some(response)
        });
        Ok((generation, response))
    }

    async fn store(&self, key: &CacheKey, generation: Option<&Generation>, response: &Bytes) {
        let Some(generation) = generation.filter(|_| response.len() <= MAX_RESPONSE_BYTES) else { return };
        let ttl = millis(key.kind().ttl(&self.ttls));
        if ttl == 0 {
            return;
        }
        let mut script = STORE.key(key.as_str());
        script.key(key::keys_of(key.workspace_id())).key(key::generation_of(key.workspace_id()));
        script.arg(generation.as_slice()).arg(response.as_ref()).arg(ttl).arg(MAX_WORKSPACE_RESPONSES);
        script.arg(GENERATION_SECONDS);
        if let Err(failure) = self.redis.run::<()>(&script).await {
            self.failed(&failure);
        }
    }

    fn failed(&self, failure: &RedisFailure) {
        self.metrics.record_cache_error();
        self.log.log(|| {
            tracing::warn!(
                error = chain(failure),
                "cache unavailable; responses are computed from the database"
            );
        });
    }
}

/// Splits an entry into its generation and the response; `None` if it is invalid.
fn split(entry: Vec<u8>) -> Option<(Generation, Bytes)> {
    let end = entry.iter().position(|&byte| byte == b'\n')?;
    let generation = entry[..end].to_vec();
    let response = Bytes::from(entry).slice(end + 1..);
    serde_json::from_slice::<&RawValue>(&response).is_ok().then_some((generation, response))
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
