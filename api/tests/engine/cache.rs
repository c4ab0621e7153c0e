//! Tests that every cache engine must pass.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use actix_web::web::Bytes;
use api::{
    cache::{Cache, CacheKey, Invalidation, Outcome},
    config::CacheTtls,
    error::ApiError,
};
use futures_util::future::join_all;
use shared::time_range::TimeRange;
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::engine::{Engine, on_every_engine};
use test_support::wait::eventually;

on_every_engine!(
    response_is_cached,
    bypass_computes_and_caches_the_response,
    errors_are_not_cached,
    cached_response_expires_after_its_ttl,
    invalidation_keeps_responses_of_other_workspaces,
    invalidation_without_an_interval_always_drops_responses,
    response_computed_during_a_write_is_not_cached,
    hundred_concurrent_identical_requests_cause_one_computation,
);

pub fn kpis(workspace_id: Uuid) -> CacheKey {
    CacheKey::home_kpis(workspace_id, &TimeRange::Day)
}

/// Returns the response of the cache if the database would return `text`.
pub async fn lookup(cache: &Cache, key: CacheKey, text: &'static str) -> (String, Outcome) {
    let (response, outcome) = cache.get_or_compute(key, false, async { Ok(text.into()) }).await.unwrap();
    (String::from_utf8(response.to_vec()).unwrap(), outcome)
}

pub async fn invalidate_now(cache: &Cache, workspace_id: Uuid) {
    while let Invalidation::Wait(wait) =
        cache.invalidate(workspace_id, Duration::from_millis(1)).await.unwrap()
    {
        tokio::time::sleep(wait).await;
    }
}

async fn response_is_cached(engine: &Engine) {
    let cache = engine.cache(CacheTtls::default());
    let key = || kpis(Uuid::from_u128(1));
    assert_eq!(lookup(&cache, key(), "1").await, ("1".to_owned(), Outcome::Miss));
    assert_eq!(lookup(&cache, key(), "2").await, ("1".to_owned(), Outcome::Hit));
    let other = CacheKey::home_kpis(Uuid::from_u128(1), &TimeRange::Hour);
    assert_eq!(lookup(&cache, other, "3").await, ("3".to_owned(), Outcome::Miss));
}

async fn bypass_computes_and_caches_the_response(engine: &Engine) {
    let cache = engine.cache(CacheTtls::default());
    let key = || kpis(Uuid::from_u128(1));
    lookup(&cache, key(), "1").await;
    let (response, outcome) = cache.get_or_compute(key(), true, async { Ok("2".into()) }).await.unwrap();
    assert_eq!((&response[..], outcome), (&b"2"[..], Outcome::Bypass));
    assert_eq!(lookup(&cache, key(), "3").await, ("2".to_owned(), Outcome::Hit));
}

async fn errors_are_not_cached(engine: &Engine) {
    let cache = engine.cache(CacheTtls::default());
    let key = || kpis(Uuid::from_u128(1));
    for bypass in [false, true] {
        let failing = async { Err(ApiError::QueueFull) };
        assert!(cache.get_or_compute(key(), bypass, failing).await.is_err());
    }
    assert_eq!(lookup(&cache, key(), "1").await, ("1".to_owned(), Outcome::Miss));
}

async fn cached_response_expires_after_its_ttl(engine: &Engine) {
    let ttls = CacheTtls { home_kpis: Duration::from_millis(200), ..CacheTtls::default() };
    let cache = engine.cache(ttls);
    let key = || kpis(Uuid::from_u128(1));
    let list = || CacheKey::activity(Uuid::from_u128(1), 50);
    lookup(&cache, key(), "1").await;
    lookup(&cache, list(), "1").await;
    eventually("the response expires", || async { lookup(&cache, key(), "2").await.1 == Outcome::Miss })
        .await;
    assert_eq!(lookup(&cache, list(), "2").await.1, Outcome::Hit, "each kind has its own TTL");
}

async fn invalidation_keeps_responses_of_other_workspaces(engine: &Engine) {
    let cache = engine.cache(CacheTtls::default());
    let (ada, bob) = (Uuid::from_u128(1), Uuid::from_u128(2));
    for workspace_id in [ada, bob] {
        lookup(&cache, kpis(workspace_id), "1").await;
        lookup(&cache, CacheKey::trace_detail(workspace_id, "run"), "1").await;
    }
    invalidate_now(&cache, ada).await;
    assert_eq!(lookup(&cache, kpis(ada), "2").await.1, Outcome::Miss);
    assert_eq!(lookup(&cache, CacheKey::trace_detail(ada, "run"), "2").await.1, Outcome::Miss);
    assert_eq!(lookup(&cache, kpis(bob), "2").await.1, Outcome::Hit);
    assert_eq!(lookup(&cache, CacheKey::trace_detail(bob, "run"), "2").await.1, Outcome::Hit);
}

async fn invalidation_without_an_interval_always_drops_responses(engine: &Engine) {
    let cache = engine.cache(CacheTtls::default());
    let workspace_id = Uuid::from_u128(1);
    // An invalidation with an interval of one hour has just run.
    assert_eq!(cache.invalidate(workspace_id, Duration::from_secs(3600)).await.unwrap(), Invalidation::Done);
    for text in ["1", "2"] {
        assert_eq!(lookup(&cache, kpis(workspace_id), text).await, (text.to_owned(), Outcome::Miss));
        assert_eq!(cache.invalidate(workspace_id, Duration::ZERO).await.unwrap(), Invalidation::Done);
    }
}

async fn response_computed_during_a_write_is_not_cached(engine: &Engine) {
    let cache = engine.cache(CacheTtls::default());
    let ada = Uuid::from_u128(1);
    for bypass in [false, true] {
        let computing = async {
            // A write arrives after the database was read.
            invalidate_now(&cache, ada).await;
            Ok("old".into())
        };
        let (response, _) = cache.get_or_compute(kpis(ada), bypass, computing).await.unwrap();
        assert_eq!(&response[..], b"old");
        assert_eq!(lookup(&cache, kpis(ada), "1").await, ("1".to_owned(), Outcome::Miss));
    }
}

async fn hundred_concurrent_identical_requests_cause_one_computation(engine: &Engine) {
    let cache = engine.cache(CacheTtls::default());
    let (computations, go) = (Arc::new(AtomicU32::new(0)), Arc::new(Semaphore::new(0)));
    let requests = (0..100).map(|_| {
        let (cache, computations, go) = (cache.clone(), Arc::clone(&computations), Arc::clone(&go));
        tokio::spawn(async move {
            let compute = async {
                computations.fetch_add(1, Ordering::SeqCst);
                let _permit = go.acquire().await;
                Ok(Bytes::from("[]"))
            };
            cache.get_or_compute(kpis(Uuid::from_u128(1)), false, compute).await.unwrap().1
        })
    });
    let requests: Vec<_> = requests.collect();
    eventually("the computation starts", || async { computations.load(Ordering::SeqCst) > 0 }).await;
    go.add_permits(100);
    let outcomes: Vec<Outcome> = join_all(requests).await.into_iter().map(Result::unwrap).collect();
    let misses = outcomes.iter().filter(|&&outcome| outcome == Outcome::Miss).count();
    assert_eq!((misses, computations.load(Ordering::SeqCst)), (1, 1));
}
