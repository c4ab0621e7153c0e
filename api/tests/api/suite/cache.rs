//! The cache as a client sees it: `X-Cache`, expiry, and invalidation.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;

use test_support::{
    client::Client,
    sample::{full, trace},
    server::{builder, eventually, noon, spawn, spawn_with_system_clock},
};

/// One path for every kind of cached response; the trace `run` must exist.
const PATHS: [&str; 13] = [
    "/api/v1/metrics/home-kpis",
    "/api/v1/metrics/timeseries?metric=requests",
    "/api/v1/metrics/breakdown?by=agent",
    "/api/v1/alerts/recent",
    "/api/v1/activity/stream",
    "/api/v1/traces",
    "/api/v1/traces/run",
    "/api/v1/traces/run?payloads=false",
    "/api/v1/traces/run/spans/llm",
    "/api/v1/sessions",
    "/api/v1/sessions/session-x",
    "/api/v1/users",
    "/api/v1/users/user-x",
];

async fn outcome(client: &Client, path: &str) -> String {
    client.get(path).await.expect(200).header("x-cache").to_owned()
}

#[tokio::test]
async fn every_kind_of_response_is_cached() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    ada.ingest(&[full("run", noon() - Duration::from_secs(5), "x")]).await;
    for path in PATHS {
        let first = ada.get(path).await.expect(200);
        let second = ada.get(path).await.expect(200);
        assert_eq!((first.header("x-cache"), second.header("x-cache")), ("miss", "hit"), "{path}");
        assert_eq!(first.text, second.text, "{path}");
        assert_eq!(second.header("cache-control"), "private, no-store", "{path}");
        let fresh = ada.get_fresh(path).await.expect(200);
        assert_eq!(fresh.header("x-cache"), "bypass", "{path}");
    }
}

#[tokio::test]
async fn different_queries_are_cached_separately() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    for path in [
        "/api/v1/metrics/home-kpis?range=1h",
        "/api/v1/metrics/home-kpis?range=24h",
        "/api/v1/metrics/timeseries?metric=requests",
        "/api/v1/metrics/timeseries?metric=errors",
        "/api/v1/metrics/timeseries?metric=requests&group_by=agent",
        "/api/v1/metrics/timeseries?metric=requests&range=7d",
        "/api/v1/metrics/breakdown?by=agent",
        "/api/v1/metrics/breakdown?by=model",
        "/api/v1/metrics/breakdown?by=model&limit=3",
        "/api/v1/alerts/recent",
        "/api/v1/alerts/recent?limit=9",
        "/api/v1/alerts/recent?severity=info",
        "/api/v1/activity/stream",
        "/api/v1/activity/stream?limit=9",
        "/api/v1/traces",
        "/api/v1/traces?page=2",
        "/api/v1/traces?limit=9",
        "/api/v1/traces?agent_id=a",
        "/api/v1/traces?model=a",
        "/api/v1/traces?status=error",
        "/api/v1/traces?range=1h",
        "/api/v1/traces?session_id=a",
        "/api/v1/traces?user_id=a",
        "/api/v1/sessions",
        "/api/v1/sessions?limit=9",
        "/api/v1/sessions?range=7d",
        "/api/v1/users",
    ] {
        assert_eq!(outcome(&ada, path).await, "miss", "{path}");
    }
    assert_eq!(
        outcome(&ada, "/api/v1/traces?limit=50&page=1&range=24h").await,
        "hit",
        "explicit defaults are the same query"
    );
}

#[tokio::test]
async fn cached_response_expires_after_its_ttl() {
    let server = builder()
        .with("CACHE_TTL_HOME_KPIS", "1")
        .with("CACHE_TTL_ALERTS", "1")
        .with("CACHE_TTL_ACTIVITY", "1")
        .with("CACHE_TTL_TRACES_LIST", "1")
        .with("CACHE_TTL_TRACE_DETAIL", "1")
        .spawn()
        .await;
    let ada = server.member("ada").await;
    ada.ingest(&[full("run", noon() - Duration::from_secs(5), "x")]).await;
    join_all(PATHS.map(async |path| {
        assert_eq!(outcome(&ada, path).await, "miss", "{path}");
        eventually(path, || async { outcome(&ada, path).await == "miss" }).await;
    }))
    .await;
}

#[tokio::test]
async fn each_kind_of_response_has_its_own_ttl() {
    let server = builder().with("CACHE_TTL_HOME_KPIS", "1").spawn().await;
    let ada = server.member("ada").await;
    assert_eq!(outcome(&ada, "/api/v1/traces").await, "miss");
    assert_eq!(outcome(&ada, "/api/v1/metrics/home-kpis").await, "miss");
    eventually("the KPIs are recalculated", || async {
        outcome(&ada, "/api/v1/metrics/home-kpis").await == "miss"
    })
    .await;
    assert_eq!(outcome(&ada, "/api/v1/traces").await, "hit");
}

#[tokio::test]
async fn new_traces_are_visible_within_two_and_a_half_seconds() {
    let server = spawn_with_system_clock().await;
    let ada = server.member("ada").await;
    // Every round after the first falls into the second in which only one invalidation runs.
    for round in 1..=4_u64 {
        for path in PATHS.iter().filter(|path| round > 1 || !path.contains("/run") && !path.ends_with("-x")) {
            ada.get(path).await.expect(200);
        }
        let id = if round == 1 { "run".to_owned() } else { format!("run{round}") };
        ada.ingest(&[full(&id, server.clock.now(), "x")]).await;
        let acknowledged = tokio::time::Instant::now();
        eventually("the new totals are visible", || async {
            let kpis = ada.get("/api/v1/metrics/home-kpis").await.expect(200).json();
            let list = ada.get("/api/v1/traces").await.expect(200).json();
            let activity = ada.get("/api/v1/activity/stream").await.expect(200).json();
            kpis["total_requests"]["value"] == round as f64
                && list["total"] == round
                && activity["total"] == round
        })
        .await;
        let waited = acknowledged.elapsed();
        assert!(waited < Duration::from_millis(2500), "round {round}: {waited:?}");
    }
}

#[tokio::test]
async fn score_invalidates_cached_responses() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    ada.ingest(&[trace("run", noon() - Duration::from_secs(5), json!({}))]).await;
    server.clock.advance(Duration::from_secs(2));
    assert_eq!(ada.get("/api/v1/traces/run").await.expect(200).json()["quality_score"], json!(null));
    ada.score("run", &json!({"score": 40})).await.expect(202);
    eventually("the score is shown", || async {
        ada.get("/api/v1/traces/run").await.expect(200).json()["quality_score"] == 40.0
    })
    .await;
}

#[tokio::test]
async fn write_keeps_cached_responses_of_other_workspaces() {
    let server = spawn().await;
    let (ada, bob) = (server.member("ada").await, server.member("bob").await);
    for member in [&ada, &bob] {
        member.ingest(&[full("run", noon() - Duration::from_secs(5), "x")]).await;
    }
    server.clock.advance(Duration::from_secs(2));
    for path in PATHS {
        assert_eq!(
            (outcome(&ada, path).await, outcome(&bob, path).await),
            ("miss".into(), "miss".into()),
            "{path}"
        );
    }
    ada.ingest(&[trace("another", noon(), json!({}))]).await;
    // Responses are dropped together: if the first is dropped, the others are, too.
    let (first, others) = PATHS.split_first().unwrap();
    eventually("the cached responses are dropped", || async { outcome(&ada, first).await == "miss" }).await;
    assert_eq!(outcome(&bob, first).await, "hit");
    for path in others {
        assert_eq!(
            (outcome(&ada, path).await, outcome(&bob, path).await),
            ("miss".into(), "hit".into()),
            "{path}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hundred_concurrent_identical_requests_cause_one_computation() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    let traces: Vec<_> =
        (0..1000).map(|i| trace(&i.to_string(), noon() - Duration::from_secs(60 + i), json!({}))).collect();
    ada.ingest(&traces).await;
    // A percentile over groups takes long enough for the requests to overlap.
    let path = "/api/v1/metrics/timeseries?metric=p95_latency_ms&group_by=agent";
    let requests = (0..100).map(|_| {
        let ada = ada.client.clone();
        tokio::spawn(async move { ada.get(path).await.expect(200) })
    });
    let responses: Vec<_> = join_all(requests).await.into_iter().map(Result::unwrap).collect();
    let misses = responses.iter().filter(|response| response.header("x-cache") == "miss").count();
    assert_eq!(misses, 1);
    assert!(responses.iter().all(|response| response.text == responses[0].text));
    let metrics = server.metrics().await;
    assert!(
        metrics.contains("agent_obs_cache_requests_total{kind=\"charts\",outcome=\"hit\"} 99\n"),
        "{metrics}"
    );
}
