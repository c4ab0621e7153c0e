//! Processes that are killed while others of their role go on, or none.

use std::time::{Duration, Instant};

use crate::{
    load::Load,
    stack::{Plan, Stack, eventually, port_of},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_writer_killed_in_the_middle_of_its_work_is_replaced_by_the_other() {
    let mut stack = Stack::start(Plan { processings: 2, ..Plan::default() }).await;
    let ada = stack.member("ada").await;
    let load = Load::start(&ada);
    for _ in 0..2 {
        load.more(300).await;
        // One workspace's traces are in one stream: whichever has it, one of these two rounds kills that one.
        stack.processings.remove(0).kill();
        stack.processings.push(stack.run("processing", 0));
    }
    let healed = Instant::now();
    load.more(300).await;
    load.finish("processing killed (-9), twice, beside another", healed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_process_that_is_killed_is_not_missed_where_there_is_another() {
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
    let refused = ada.get("/api/v1/metrics/home-kpis").await.expect_error(503, "unavailable");
    assert!(!refused.header("retry-after").is_empty());
    ada.get("/api/v1/auth/me").await.expect(200);
    let ready = ada.get("/ready").await.expect(200).json();
    assert_eq!((&ready["status"], &ready["dependencies"]["query"]), (&"degraded".into(), &"down".into()));

    stack.queries.push(stack.run("query", port));
    let started = Instant::now();
    eventually("the gateway finds it again", Duration::from_secs(10), || async {
        ada.get("/api/v1/metrics/home-kpis").await.status == 200
    })
    .await;
    println!("query killed: 40 of 40 answered by the other; back after {:?}", started.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ingestion_process_that_is_killed_under_load_loses_nothing() {
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
    load.finish("ingestion killed (-9) beside another", healed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn told_to_stop_every_role_ends_in_good_order_and_nothing_is_left_behind() {
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
    load.finish("processing told to stop, another started", healed).await;
    let roles = [stack.gateways.remove(0), stack.ingestions.remove(0), stack.queries.remove(0)];
    for role in roles {
        let (status, output) = tokio::task::spawn_blocking(|| role.terminate()).await.unwrap();
        assert_eq!(status.code(), Some(0), "{output}");
    }
}
