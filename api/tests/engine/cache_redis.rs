//! The cache in Redis: stored keys, the cost of invalidation, and requests that succeed in spite of Redis faults.

use std::time::{Duration, Instant};

use api::{
    cache::{Cache, CacheKey, Invalidator, Outcome, RedisCache},
    clock::Clock,
    config::CacheTtls,
    telemetry::metrics::Metrics,
};
use shared::{alert::Severity, time_range::TimeRange};
use uuid::Uuid;

use crate::{
    cache::{invalidate_now, kpis, lookup},
    engine::{connect, metric},
};
use test_support::{redis::RedisServer, wait::eventually};

const ADA: Uuid = Uuid::from_u128(1);
const BOB: Uuid = Uuid::from_u128(2);
const ERRORS: &str = "agent_obs_cache_errors_total";

/// The cache of one process.
fn cache(server: &RedisServer) -> (Cache, Metrics) {
    let metrics = Metrics::new().unwrap();
    (Cache::Redis(RedisCache::new(connect(server), CacheTtls::default(), metrics.clone())), metrics)
}

#[tokio::test]
async fn responses_have_the_documented_keys_and_ttls_in_redis() {
    let server = RedisServer::start();
    let (cache, _) = cache(&server);
    for (key, name, seconds) in [
        (CacheKey::home_kpis(ADA, &TimeRange::Day), format!("home_kpis:{ADA}:24h"), 300),
        (CacheKey::alerts(ADA, 10, Some(Severity::Info)), format!("alerts:recent:{ADA}:10:info"), 60),
        (CacheKey::activity(ADA, 50), format!("activity:stream:{ADA}:50"), 30),
        (CacheKey::trace_detail(ADA, "run-1"), format!("trace:detail:{ADA}:run-1"), 600),
    ] {
        lookup(&cache, key, r#"{"a":1}"#).await;
        let stored: String = server.query(&["GET", &name]).await;
        let generation: String = server.query(&["GET", &format!("cache:generation:{ADA}")]).await;
        assert_eq!(stored, format!("{generation}\n{}", r#"{"a":1}"#), "{name}");
        let ttl: i64 = server.query(&["TTL", &name]).await;
        assert!((seconds - 5..=seconds).contains(&ttl), "{name}: {ttl} s");
    }
}

#[tokio::test]
async fn two_processes_share_responses_and_invalidations() {
    let server = RedisServer::start();
    let ((one, _), (two, _)) = (cache(&server), cache(&server));
    lookup(&one, kpis(ADA), "1").await;
    assert_eq!(lookup(&two, kpis(ADA), "2").await, ("1".to_owned(), Outcome::Hit));
    invalidate_now(&two, ADA).await;
    assert_eq!(lookup(&one, kpis(ADA), "3").await, ("3".to_owned(), Outcome::Miss));
}

#[tokio::test]
async fn invalidation_touches_only_the_keys_of_its_workspace_and_never_scans() {
    let server = RedisServer::start();
    let (cache, _) = cache(&server);
    let script = "for i = 1, 10000 do redis.call('SET', 'home_kpis:foreign:' .. i, '1') end";
    let () = server.query(&["EVAL", script, "0"]).await;
    for limit in 1..=20 {
        lookup(&cache, CacheKey::activity(ADA, limit), "1").await;
        lookup(&cache, CacheKey::activity(BOB, limit), "1").await;
    }
    let before: u64 = server.query(&["DBSIZE"]).await;
    invalidate_now(&cache, ADA).await;
    // Ada's twenty responses and their list are deleted; the mark is added.
    let deleted = before + 1 - server.query::<u64>(&["DBSIZE"]).await;
    assert!((20..=21).contains(&deleted), "{deleted} keys were deleted");
    assert_eq!(lookup(&cache, CacheKey::activity(BOB, 7), "2").await.1, Outcome::Hit);
    assert_eq!((server.calls("keys").await, server.calls("scan").await), (0, 0));
    assert_eq!(
        (server.calls("unlink").await, server.calls("del").await),
        (2, 2),
        "20 keys in one call, and the list"
    );
}

#[tokio::test]
async fn response_is_not_reused_after_redis_evicted_the_keys_of_its_workspace() {
    let server = RedisServer::start();
    let (cache, _) = cache(&server);
    // Redis may evict the list of keys, the generation, or both. The responses themselves stay.
    for evicted in [vec!["keys"], vec!["generation"], vec!["keys", "generation"]] {
        lookup(&cache, kpis(ADA), "1").await;
        for name in &evicted {
            let _: u64 = server.query(&["DEL", &format!("cache:{name}:{ADA}")]).await;
        }
        invalidate_now(&cache, ADA).await;
        assert_eq!(lookup(&cache, kpis(ADA), "2").await, ("2".to_owned(), Outcome::Miss), "{evicted:?}");
        invalidate_now(&cache, ADA).await;
    }
}

#[tokio::test]
async fn invalid_data_is_a_miss_and_is_overwritten() {
    let server = RedisServer::start();
    let (cache, metrics) = cache(&server);
    let name = kpis(ADA).as_str().to_owned();
    let generation = format!("cache:generation:{ADA}");
    let keys = format!("cache:keys:{ADA}");
    for invalid_data in [
        ["SET", &name, "{not json"],
        ["SET", &name, ""],
        ["LPUSH", &name, "1"],
        ["LPUSH", &generation, "1"],
        ["SET", &generation, "many"],
        ["SET", &keys, "1"],
    ] {
        let _: redis::Value = server.query(&["DEL", invalid_data[1]]).await;
        let _: redis::Value = server.query(&invalid_data).await;
        let outcome = lookup(&cache, kpis(ADA), "1").await;
        assert_eq!(outcome.0, "1", "{invalid_data:?}");
        invalidate_now(&cache, ADA).await;
        assert_eq!(lookup(&cache, kpis(ADA), "2").await, ("2".to_owned(), Outcome::Miss), "{invalid_data:?}");
        assert_eq!(lookup(&cache, kpis(ADA), "3").await, ("2".to_owned(), Outcome::Hit), "{invalid_data:?}");
        invalidate_now(&cache, ADA).await;
    }
    assert!(metric(&metrics, ERRORS) >= Some(2.0));
}

#[tokio::test]
async fn oversized_response_is_returned_and_not_cached() {
    let server = RedisServer::start();
    let (cache, _) = cache(&server);
    let large = || async { Ok(format!("\"{}\"", "x".repeat(1024 * 1024)).into()) };
    for _ in 0..2 {
        assert_eq!(cache.get_or_compute(kpis(ADA), false, large()).await.unwrap().1, Outcome::Miss);
    }
}

#[tokio::test]
async fn redis_outage_falls_back_to_the_database_and_the_cache_recovers() {
    let mut server = RedisServer::start();
    let (cache, metrics) = cache(&server);
    lookup(&cache, kpis(ADA), "1").await;
    server.kill();
    let start = Instant::now();
    for _ in 0..100 {
        assert_eq!(lookup(&cache, kpis(ADA), "2").await, ("2".to_owned(), Outcome::Bypass));
    }
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    assert!(metric(&metrics, ERRORS) >= Some(100.0));
    server.restart();
    eventually("the cache returns a hit", || async {
        lookup(&cache, kpis(ADA), "3").await.1 == Outcome::Hit
    })
    .await;
}

#[tokio::test]
async fn hanging_redis_costs_one_timeout_and_not_one_per_request() {
    let server = RedisServer::start();
    let (cache, _) = cache(&server);
    lookup(&cache, kpis(ADA), "1").await;
    server.pause();
    let start = Instant::now();
    for _ in 0..50 {
        assert_eq!(lookup(&cache, kpis(ADA), "2").await, ("2".to_owned(), Outcome::Bypass));
    }
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    server.resume();
    eventually("the cache returns a hit", || async {
        lookup(&cache, kpis(ADA), "3").await == ("1".to_owned(), Outcome::Hit)
    })
    .await;
}

#[tokio::test]
async fn writers_invalidate_once_a_second_in_total_and_miss_no_write() {
    let server = RedisServer::start();
    let (cache, _) = cache(&server);
    let writers: Vec<Invalidator> =
        (0..3).map(|_| Invalidator::new(self::cache(&server).0, Clock::system())).collect();
    let start = Instant::now();
    while start.elapsed() < Duration::from_millis(2500) {
        for writer in &writers {
            writer.invalidate(ADA).await;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let generations = server.calls("incr").await;
    assert!((2..=5).contains(&generations), "{generations} invalidations in 2.5 s");
    // The last write also invalidates a response that was cached just before it.
    lookup(&cache, kpis(ADA), "old").await;
    writers[1].invalidate(ADA).await;
    let written = Instant::now();
    eventually("the new response is returned", || async { lookup(&cache, kpis(ADA), "1").await.0 == "1" })
        .await;
    assert!(written.elapsed() < Duration::from_millis(2500), "{:?}", written.elapsed());
}

#[tokio::test]
async fn failed_invalidation_is_repeated_when_redis_is_back() {
    let mut server = RedisServer::start_with(test_support::redis::RedisOptions {
        append_only: true,
        ..Default::default()
    });
    let (cache, _) = cache(&server);
    let invalidator = Invalidator::new(cache.clone(), Clock::system());
    lookup(&cache, kpis(ADA), "1").await;
    server.stop();
    invalidator.invalidate(ADA).await;
    server.restart();
    eventually("the new response is cached", || async {
        lookup(&cache, kpis(ADA), "2").await == ("2".to_owned(), Outcome::Hit)
    })
    .await;
}
