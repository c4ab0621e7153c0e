//! Limits in Redis: stored keys, and the limits per process during a Redis outage.

use std::{
    net::IpAddr,
    time::{Duration, Instant},
};

use api::{
    limit::{LoginLimit, RateLimit},
    telemetry::metrics::Metrics,
};
use uuid::Uuid;

use crate::{
    engine::{connect, metric},
    limit::{admitted, check, minute},
};
use test_support::{redis::RedisServer, wait::eventually};

const FALLBACKS: &str = "agent_obs_limit_fallbacks_total";

#[tokio::test]
async fn check_takes_one_round_trip_and_its_key_expires() {
    let server = RedisServer::start();
    let limit = RateLimit::redis(connect(&server), 10, minute(), Metrics::new().unwrap());
    assert_eq!(admitted(&limit, 1).await, 1);
    let before = server.calls("evalsha").await;
    assert_eq!(admitted(&limit, 20).await, 9);
    assert_eq!(server.calls("evalsha").await - before, 20);
    let ttl: i64 = server.query(&["TTL", &format!("limit:requests:{}", Uuid::from_u128(1))]).await;
    assert!((100..=120).contains(&ttl), "{ttl} s");
}

#[tokio::test]
async fn redis_outage_falls_back_to_a_limit_per_process() {
    let mut server = RedisServer::start();
    let metrics = Metrics::new().unwrap();
    let limit = RateLimit::redis(connect(&server), 10, minute(), metrics.clone());
    assert_eq!(admitted(&limit, 4).await, 4);
    server.stop();
    assert_eq!(admitted(&limit, 50).await, 10);
    assert_eq!(metric(&metrics, FALLBACKS), Some(50.0));
    server.restart();
    let shared = format!("limit:requests:{}", Uuid::from_u128(2));
    eventually("the count is in Redis", || async {
        check(&limit, Uuid::from_u128(2)).await;
        server.query(&["EXISTS", &shared]).await
    })
    .await;
    assert_eq!(admitted(&limit, 50).await, 10, "the restarted Redis has lost its counts");
}

#[tokio::test]
async fn hanging_redis_delays_one_request_and_not_all() {
    let server = RedisServer::start();
    let limit = RateLimit::redis(connect(&server), 1000, minute(), Metrics::new().unwrap());
    admitted(&limit, 1).await;
    server.pause();
    let start = Instant::now();
    assert_eq!(admitted(&limit, 50).await, 50);
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    server.resume();
}

#[tokio::test]
async fn email_is_stored_only_as_a_hash() {
    let server = RedisServer::start();
    let limit = LoginLimit::redis(&connect(&server), &minute(), &Metrics::new().unwrap());
    limit.attempt("ada@example.com", None, IpAddr::from([192, 0, 2, 1])).await.unwrap().failed();
    let keys: Vec<String> = server.query(&["KEYS", "limit:*"]).await;
    assert_eq!(keys.len(), 3, "{keys:?}");
    assert!(keys.iter().all(|key| !key.contains("ada")), "{keys:?}");
}
