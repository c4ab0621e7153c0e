//! PostgreSQL stops for twenty seconds under load.

use std::time::{Duration, Instant};

use crate::{
    load::Load,
    stack::{Plan, Stack},
};
use test_support::{
    postgres::{PostgresServer, Setup},
    wait::eventually_within,
};

const OUTAGE: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread")]
async fn database_outage_does_not_stop_ingestion_and_cached_responses() {
    let mut postgres = PostgresServer::start(Setup { fsync: true, ..Setup::default() }).await;
    let stack = Stack::start_on(postgres.database().await, Plan::default());
    let ada = stack.member("ada").await;
    let load = Load::start(&ada);
    load.more(200).await;
    // This workspace receives no traces: its responses stay in the cache.
    let bob = stack.member("bob").await;
    let cached = "/api/v1/metrics/home-kpis";
    bob.get(cached).await.expect(200);
    postgres.stop();
    let outage_start = Instant::now();
    load.more(400).await;
    let (mut unavailable, mut hits) = (0, 0);
    while outage_start.elapsed() < OUTAGE {
        let response = ada.get("/api/v1/traces?range=24h&agent_id=nobody").await;
        if response.status == 503 {
            unavailable += 1;
            response.expect_error(503, "unavailable");
        }
        if bob.get(cached).await.header("x-cache") == "hit" {
            hits += 1;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    assert!(unavailable > 0, "uncached requests must return 503");
    assert!(hits > 0, "cached requests must succeed");
    let ready =
        test_support::client::Client::new(&stack.queries[0].url).get("/ready").await.expect(503).json();
    assert_eq!(ready["dependencies"]["traces"], "down");
    println!("database outage: {unavailable} × 503 for uncached requests, {hits} cached responses");

    postgres.resume().await;
    let healed = Instant::now();
    load.more(200).await;
    load.finish("PostgreSQL stopped for 20 s", healed).await;
    eventually_within(Duration::from_secs(20), "everything is ready", || async {
        ada.get("/ready").await.json()["status"] == "ready"
    })
    .await;
}
