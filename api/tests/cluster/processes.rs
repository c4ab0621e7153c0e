//! Killed processes, with and without another process of the same role.

use std::time::{Duration, Instant};

use crate::{
    load::Load,
    stack::{Plan, Stack, port_of},
};
use test_support::wait::eventually_within;

#[tokio::test(flavor = "multi_thread")]
async fn other_writer_replaces_a_writer_that_is_killed() {
    let mut stack = Stack::start(Plan { processings: 2, ..Plan::default() }).await;
    let ada = stack.member("ada").await;
    let load = Load::start(&ada);
    for _ in 0..2 {
        load.more(300).await;
        // The traces of a workspace are in one stream: one of the two rounds kills the process that owns it.
        stack.processings.remove(0).kill();
        stack.processings.push(stack.run("processing", 0));
    }
    let healed = Instant::now();
    load.more(300).await;
    load.finish("one of two processing processes killed (-9), twice", healed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn gateway_uses_the_other_query_process_if_one_is_killed() {
    let mut stack = Stack::start(Plan { queries: 2, ..Plan::default() }).await;
    let ada = stack.member("ada").await;
    for _ in 0..4 {
        ada.get("/api/v1/metrics/home-kpis").await.expect(200);
    }
    let killed = stack.queries.remove(0);
    let port = port_of(&killed);
    killed.kill();
    for _ in 0..40 {
        ada.get_fresh("/api/v1/metrics/home-kpis").await.expect(200);
    }
    stack.queries.remove(0).kill();
    let rejected = ada.get("/api/v1/metrics/home-kpis").await.expect_error(503, "unavailable");
    assert!(!rejected.header("retry-after").is_empty());
    ada.get("/api/v1/auth/me").await.expect(200);
    let ready = ada.get("/ready").await.expect(200).json();
    assert_eq!((&ready["status"], &ready["dependencies"]["query"]), (&"degraded".into(), &"down".into()));

    stack.queries.push(stack.run("query", port));
    let started = Instant::now();
    eventually_within(Duration::from_secs(10), "the gateway reaches query again", || async {
        ada.get("/api/v1/metrics/home-kpis").await.status == 200
    })
    .await;
    println!("query killed: 40 of 40 served by the other; back after {:?}", started.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn ingestion_process_that_is_killed_under_load_loses_nothing() {
    let mut stack =
        Stack::start(Plan { ingestions: 2, gateways: 2, queries: 2, processings: 2, ..Plan::default() })
            .await;
    let ada = stack.member("ada").await;
    let load = Load::start(&ada);
    load.more(300).await;
    let killed = stack.ingestions.remove(0);
    let port = port_of(&killed);
    killed.kill();
    load.more(300).await;
    stack.ingestions.push(stack.run("ingestion", port));
    let healed = Instant::now();
    load.more(200).await;
    load.finish("one of two ingestion processes killed (-9)", healed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_role_exits_with_0_on_sigterm_and_loses_nothing() {
    let mut stack = Stack::start(Plan::default()).await;
    let ada = stack.member("ada").await;
    let load = Load::start(&ada);
    load.more(200).await;
    let processing = stack.processings.remove(0);
    let (status, output) = tokio::task::spawn_blocking(|| processing.terminate()).await.unwrap();
    assert_eq!(status.code(), Some(0), "{output}");
    stack.processings.push(stack.run("processing", 0));
    let healed = Instant::now();
    load.more(200).await;
    load.finish("processing stopped, another started", healed).await;
    let roles = [stack.gateways.remove(0), stack.ingestions.remove(0), stack.queries.remove(0)];
    for role in roles {
        let (status, output) = tokio::task::spawn_blocking(|| role.terminate()).await.unwrap();
        assert_eq!(status.code(), Some(0), "{output}");
    }
}
