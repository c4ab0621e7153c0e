//! A network partition between the gateway and query: connections hang instead of failing.

use std::time::{Duration, Instant};

use crate::{
    proxy::Proxy,
    stack::{Plan, Stack, free_port},
};
use test_support::wait::eventually_within;

const PATH: &str = "/api/v1/metrics/home-kpis";

#[tokio::test(flavor = "multi_thread")]
async fn partition_to_query_returns_503_in_time_and_heals() {
    let port = free_port();
    let proxy = Proxy::start(port).await;
    let plan = Plan { queries: 0, ..Plan::default() }
        .with("QUERY_SERVICE_URL", &proxy.url)
        .with("SERVICE_TIMEOUT_SECONDS", "2");
    let mut stack = Stack::start(plan).await;
    stack.queries.push(stack.run("query", port));
    let ada = stack.member("ada").await;
    ada.get(PATH).await.expect(200);

    proxy.cut();
    let cut = Instant::now();
    let rejected = ada.get(PATH).await.expect_error(503, "unavailable");
    assert!(!rejected.header("retry-after").is_empty());
    let waited = cut.elapsed();
    // Other requests still succeed.
    ada.get("/api/v1/auth/me").await.expect(200);
    let trace = serde_json::json!({"trace_id": "t", "agent_id": "a", "latency_ms": 1, "status": "success"});
    ada.send_trace(&trace).await.expect(202);

    proxy.heal();
    let healed = Instant::now();
    eventually_within(Duration::from_secs(20), "query responds again", || async {
        ada.get(PATH).await.status == 200
    })
    .await;
    println!(
        "partition between gateway and query: 503 after {waited:?}, recovered {:?} after it healed",
        healed.elapsed()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn gateway_avoids_the_query_process_that_is_cut_off() {
    let port = free_port();
    let proxy = Proxy::start(port).await;
    let other = free_port();
    let plan = Plan { queries: 0, ..Plan::default() }
        .with("QUERY_SERVICE_URL", &format!("{},http://127.0.0.1:{other}", proxy.url))
        .with("SERVICE_TIMEOUT_SECONDS", "1");
    let mut stack = Stack::start(plan).await;
    for port in [port, other] {
        stack.queries.push(stack.run("query", port));
    }
    let ada = stack.member("ada").await;
    for _ in 0..4 {
        ada.get(PATH).await.expect(200);
    }
    proxy.cut();
    let mut failed = 0;
    for _ in 0..40 {
        if ada.get(PATH).await.status != 200 {
            failed += 1;
        }
    }
    assert!(failed <= 2, "{failed} of 40 requests failed");
    println!("partition to one of two query processes: {failed} of 40 × 503");
}
