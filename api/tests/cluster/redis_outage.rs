//! Redis outages: a stop and a restart, and a kill with a backlog.

use std::time::Instant;

use crate::{
    load::Load,
    stack::{Plan, Stack},
};
use test_support::{client::Client, wait::eventually_within};

#[tokio::test(flavor = "multi_thread")]
async fn redis_outage_does_not_stop_queries_and_ingestion_returns_503() {
    let mut stack = Stack::start(Plan::default()).await;
    let ada = stack.member("ada").await;
    let load = Load::start(&ada);
    load.more(200).await;
    stack.redis.stop();
    let outage_start = Instant::now();
    // Served from the database, as `X-Cache` shows.
    for _ in 0..5 {
        let response = ada.get("/api/v1/metrics/home-kpis").await.expect(200);
        assert_eq!(response.header("x-cache"), "bypass");
        ada.get("/api/v1/auth/me").await.expect(200);
    }
    let rejected =
        ada.send_trace(&serde_json::json!({"agent_id": "a", "latency_ms": 1, "status": "success"})).await;
    let rejected = rejected.expect_error(503, "unavailable");
    assert!(!rejected.header("retry-after").is_empty());
    let ready = ada.get("/ready").await.expect(200).json();
    assert_eq!((&ready["status"], &ready["dependencies"]["redis"]), (&"degraded".into(), &"down".into()));
    let ingestion = Client::new(&stack.ingestions[0].url).get("/ready").await.expect(503).json();
    assert_eq!(
        (&ingestion["status"], &ingestion["dependencies"]["redis"]),
        (&"not ready".into(), &"down".into())
    );
    println!("Redis outage: queries served for {:?}", outage_start.elapsed());

    stack.redis.restart();
    let healed = Instant::now();
    load.more(400).await;
    load.finish("Redis stopped and started", healed).await;
    eventually_within(std::time::Duration::from_secs(20), "the cache works again", || async {
        ada.get("/api/v1/metrics/home-kpis").await.header("x-cache") == "hit"
    })
    .await;
    eventually_within(std::time::Duration::from_secs(20), "everything is ready", || async {
        ada.get("/ready").await.json()["status"] == "ready"
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_restores_its_backlog_after_a_kill_and_it_is_written_once() {
    let mut stack = Stack::start(Plan::default()).await;
    let ada = stack.member("ada").await;
    let load = Load::start(&ada);
    load.more(200).await;
    stack.processings.remove(0).kill();
    // No process reads the queue.
    load.more(1000).await;
    stack.redis.kill();
    stack.redis.restart();
    let healed = Instant::now();
    load.more(200).await;
    stack.processings.push(stack.run("processing", 0));
    load.finish("Redis killed and started with a backlog", healed).await;
}
