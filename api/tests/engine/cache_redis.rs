//! The cache in Redis: what is seen there, what dropping answers costs, and that no fault of Redis reaches a request.

use std::time::{Duration, Instant};

use api::{
    cache::{Cache, CacheKey, Invalidator, Outcome, RedisCache, Ttls},
    clock::Clock,
    telemetry::metrics::Metrics,
};
use shared::{alert::Severity, time_range::TimeRange};
use uuid::Uuid;

use crate::{
    cache::{ask, drop_answers, kpis},
    engine::{connect, metric},
};
use test_support::{redis::RedisServer, wait::eventually};

const ADA: Uuid = Uuid::from_u128(1);
const BOB: Uuid = Uuid::from_u128(2);
const ERRORS: &str = "agent_obs_cache_errors_total";

/// The cache of one process.
fn cache(server: &RedisServer) -> (Cache, Metrics) {
    let metrics = Metrics::new().unwrap();
    (Cache::Redis(RedisCache::new(connect(server), Ttls::default(), metrics.clone())), metrics)
}

#[tokio::test]
async fn answers_stand_in_redis_under_the_documented_names_for_the_documented_times() {
    let server = RedisServer::start();
    let (cache, _) = cache(&server);
    for (key, name, seconds) in [
        (CacheKey::home_kpis(ADA, &TimeRange::Day), format!("home_kpis:{ADA}:24h"), 300),
        (CacheKey::alerts(ADA, 10, Some(Severity::Info)), format!("alerts:recent:{ADA}:10:info"), 60),
        (CacheKey::activity(ADA, 50), format!("activity:stream:{ADA}:50"), 30),
        (CacheKey::trace_detail(ADA, "run-1"), format!("trace:detail:{ADA}:run-1"), 600),
    ] {
        ask(&cache, key, r#"{"a":1}"#).await;
        let kept: String = server.query(&["GET", &name]).await;
        let generation: String = server.query(&["GET", &format!("cache:generation:{ADA}")]).await;
        assert_eq!(kept, format!("{generation}\n{}", r#"{"a":1}"#), "{name}");
        let ttl: i64 = server.query(&["TTL", &name]).await;
        assert!((seconds - 5..=seconds).contains(&ttl), "{name}: {ttl} s");
    }
}

#[tokio::test]
async fn two_processes_share_answers_and_their_end() {
    let server = RedisServer::start();
    let ((one, _), (two, _)) = (cache(&server), cache(&server));
    ask(&one, kpis(ADA), "1").await;
    assert_eq!(ask(&two, kpis(ADA), "2").await, ("1".to_owned(), Outcome::Hit));
    drop_answers(&two, ADA).await;
    assert_eq!(ask(&one, kpis(ADA), "3").await, ("3".to_owned(), Outcome::Miss));
}

#[tokio::test]
async fn dropping_answers_touches_that_workspace_s_keys_alone_and_searches_for_none() {
    let server = RedisServer::start();
    let (cache, _) = cache(&server);
    let script = "for i = 1, 10000 do redis.call('SET', 'home_kpis:foreign:' .. i, '1') end";
    let () = server.query(&["EVAL", script, "0"]).await;
    for limit in 1..=20 {
        ask(&cache, CacheKey::activity(ADA, limit), "1").await;
        ask(&cache, CacheKey::activity(BOB, limit), "1").await;
    }
    let before: u64 = server.query(&["DBSIZE"]).await;
    drop_answers(&cache, ADA).await;
    // Ada's twenty answers and their list went; the mark came.
    let gone = before + 1 - server.query::<u64>(&["DBSIZE"]).await;
    assert!((20..=21).contains(&gone), "{gone} keys went");
    assert_eq!(ask(&cache, CacheKey::activity(BOB, 7), "2").await.1, Outcome::Hit);
    assert_eq!((server.calls("keys").await, server.calls("scan").await), (0, 0));
    assert_eq!(
        (server.calls("unlink").await, server.calls("del").await),
        (2, 2),
        "20 keys at once, and the list"
    );
}

#[tokio::test]
async fn an_answer_whose_workspace_was_forgotten_meanwhile_is_not_given_again() {
    let server = RedisServer::start();
    let (cache, _) = cache(&server);
    // What eviction may take: the list of the keys, the generation, or both. The answers themselves stay.
    for evicted in [vec!["keys"], vec!["generation"], vec!["keys", "generation"]] {
        ask(&cache, kpis(ADA), "1").await;
        for name in &evicted {
            let _: u64 = server.query(&["DEL", &format!("cache:{name}:{ADA}")]).await;
        }
        drop_answers(&cache, ADA).await;
        assert_eq!(ask(&cache, kpis(ADA), "2").await, ("2".to_owned(), Outcome::Miss), "{evicted:?}");
        drop_answers(&cache, ADA).await;
    }
}

#[tokio::test]
async fn garbage_is_a_miss_and_overwritten() {
    let server = RedisServer::start();
    let (cache, metrics) = cache(&server);
    let name = kpis(ADA).as_str().to_owned();
    let generation = format!("cache:generation:{ADA}");
    let keys = format!("cache:keys:{ADA}");
    for garbage in [
        ["SET", &name, "{not json"],
        ["SET", &name, ""],
        ["LPUSH", &name, "1"],
        ["LPUSH", &generation, "1"],
        ["SET", &generation, "many"],
        ["SET", &keys, "1"],
    ] {
        let _: redis::Value = server.query(&["DEL", garbage[1]]).await;
        let _: redis::Value = server.query(&garbage).await;
        let outcome = ask(&cache, kpis(ADA), "1").await;
        assert_eq!(outcome.0, "1", "{garbage:?}");
        drop_answers(&cache, ADA).await;
        assert_eq!(ask(&cache, kpis(ADA), "2").await, ("2".to_owned(), Outcome::Miss), "{garbage:?}");
        assert_eq!(ask(&cache, kpis(ADA), "3").await, ("2".to_owned(), Outcome::Hit), "{garbage:?}");
        drop_answers(&cache, ADA).await;
    }
    assert!(metric(&metrics, ERRORS) >= Some(2.0));
}

#[tokio::test]
async fn an_answer_that_is_too_large_is_given_and_not_kept() {
    let server = RedisServer::start();
    let (cache, _) = cache(&server);
    let large = || async { Ok(format!("\"{}\"", "x".repeat(1024 * 1024)).into()) };
    for _ in 0..2 {
        assert_eq!(cache.answer(kpis(ADA), false, large()).await.unwrap().1, Outcome::Miss);
    }
}

#[tokio::test]
async fn without_redis_the_database_answers_at_once_and_with_it_again_the_cache() {
    let mut server = RedisServer::start();
    let (cache, metrics) = cache(&server);
    ask(&cache, kpis(ADA), "1").await;
    server.kill();
    let start = Instant::now();
    for _ in 0..100 {
        assert_eq!(ask(&cache, kpis(ADA), "2").await, ("2".to_owned(), Outcome::Bypass));
    }
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    assert!(metric(&metrics, ERRORS) >= Some(100.0));
    server.start_again();
    eventually("a hit", || async { ask(&cache, kpis(ADA), "3").await.1 == Outcome::Hit }).await;
}

#[tokio::test]
async fn a_redis_that_hangs_costs_one_timeout_and_not_one_for_each_request() {
    let server = RedisServer::start();
    let (cache, _) = cache(&server);
    ask(&cache, kpis(ADA), "1").await;
    server.pause();
    let start = Instant::now();
    for _ in 0..50 {
        assert_eq!(ask(&cache, kpis(ADA), "2").await, ("2".to_owned(), Outcome::Bypass));
    }
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    server.resume();
    eventually("a hit", || async { ask(&cache, kpis(ADA), "3").await == ("1".to_owned(), Outcome::Hit) })
        .await;
}

#[tokio::test]
async fn processes_that_write_drop_answers_once_a_second_among_them_and_miss_no_write() {
    let server = RedisServer::start();
    let (cache, _) = cache(&server);
    let writers: Vec<Invalidator> =
        (0..3).map(|_| Invalidator::new(self::cache(&server).0, Clock::system())).collect();
    let start = Instant::now();
    while start.elapsed() < Duration::from_millis(2500) {
        for writer in &writers {
            writer.written(ADA).await;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let generations = server.calls("incr").await;
    assert!((2..=5).contains(&generations), "answers were dropped {generations} times in 2.5 s");
    // An answer that is there when the last write comes does not outlive it.
    ask(&cache, kpis(ADA), "old").await;
    writers[1].written(ADA).await;
    let written = Instant::now();
    eventually("the new answer", || async { ask(&cache, kpis(ADA), "1").await.0 == "1" }).await;
    assert!(written.elapsed() < Duration::from_millis(2500), "{:?}", written.elapsed());
}

#[tokio::test]
async fn answers_that_could_not_be_dropped_are_dropped_when_redis_is_back() {
    let mut server = RedisServer::start_with(test_support::redis::RedisOptions {
        append_only: true,
        ..Default::default()
    });
    let (cache, _) = cache(&server);
    let invalidator = Invalidator::new(cache.clone(), Clock::system());
    ask(&cache, kpis(ADA), "1").await;
    server.stop();
    invalidator.written(ADA).await;
    server.start_again();
    eventually("the new answer", || async {
        ask(&cache, kpis(ADA), "2").await == ("2".to_owned(), Outcome::Hit)
    })
    .await;
}
