//! Several workers on one queue: they share the streams evenly, release them when they stop, and write each message once.

use domain::trace::record::MICROS_PER_POINT;
use uuid::Uuid;

use crate::{
    engine::metric,
    sample::{score, traces},
    stage::Stage,
};
use test_support::{redis::RedisServer, wait::eventually};

/// Returns how many streams each live consumer holds, in ascending order.
async fn shares(server: &RedisServer) -> Vec<usize> {
    let mut counts = std::collections::BTreeMap::new();
    for number in 0..8 {
        let owner: Option<String> = server.query(&["GET", &format!("traces:lease:{number}")]).await;
        if let Some(owner) = owner {
            *counts.entry(owner).or_insert(0) += 1;
        }
    }
    let mut counts: Vec<usize> = counts.into_values().collect();
    counts.sort_unstable();
    counts
}

async fn expect_shares(server: &RedisServer, expected: &[usize]) {
    eventually(&format!("streams are shared as {expected:?}"), || async { shares(server).await == expected })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_are_shared_evenly_and_rebalanced_when_workers_start_or_stop() {
    let server = RedisServer::start();
    let stage = Stage::new().await;
    let one = stage.worker(&server).await;
    expect_shares(&server, &[8]).await;
    let two = stage.worker(&server).await;
    expect_shares(&server, &[4, 4]).await;
    let three = stage.worker(&server).await;
    expect_shares(&server, &[2, 3, 3]).await;
    two.worker.stop().await;
    expect_shares(&server, &[4, 4]).await;
    // The worker is killed, so its leases expire.
    drop(three);
    expect_shares(&server, &[8]).await;
    one.worker.stop().await;
    expect_shares(&server, &[]).await;
    let remaining: usize = server.query(&["ZCARD", "traces:consumers"]).await;
    assert!(remaining <= 1, "at most the killed consumer remains");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_workers_share_the_work_and_write_each_message_once() {
    let server = RedisServer::start();
    let stage = Stage::new().await;
    let queue = stage.producer(&server);
    let (one, two) = (stage.worker(&server).await, stage.worker(&server).await);
    expect_shares(&server, &[4, 4]).await;
    let workspaces: Vec<Uuid> = (0..32).map(|_| Uuid::new_v4()).collect();
    for round in 0..5 {
        for &workspace_id in &workspaces {
            queue.push(traces(workspace_id, &format!("run-{round}"), 5)).await.unwrap();
        }
    }
    for &workspace_id in &workspaces {
        stage.wait_for_traces(workspace_id, 25).await;
    }
    stage.wait_until_drained(&server).await;
    for running in [&one, &two] {
        let groups = metric(&running.metrics, "agent_obs_queue_groups_total").unwrap();
        let redeliveries = metric(&running.metrics, "agent_obs_queue_redeliveries_total").unwrap();
        assert!(groups >= 1.0 && redeliveries == 0.0, "{groups} groups, {redeliveries} redeliveries");
    }
    let written: f64 = [&one, &two]
        .iter()
        .map(|running| metric(&running.metrics, "agent_obs_write_group_traces_sum").unwrap())
        .sum();
    assert_eq!(written, 32.0 * 25.0, "nothing was written twice");
    one.worker.stop().await;
    two.worker.stop().await;
    assert_eq!(consumers(&server).await, 0, "both consumers are removed");
}

/// A later score replaces an earlier one, so that the messages of a workspace must be written in their order.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_workers_write_the_scores_of_a_workspace_in_order() {
    let server = RedisServer::start();
    let stage = Stage::new().await;
    let queue = stage.producer(&server);
    let (one, two) = (stage.worker(&server).await, stage.worker(&server).await);
    expect_shares(&server, &[4, 4]).await;
    let workspaces: Vec<Uuid> = (0..8).map(|_| Uuid::new_v4()).collect();
    for &workspace_id in &workspaces {
        queue.push(traces(workspace_id, "run", 1)).await.unwrap();
    }
    for points in 1..=60 {
        for &workspace_id in &workspaces {
            queue.score(score(workspace_id, "run-0", points)).await.unwrap();
        }
    }
    stage.wait_until_drained(&server).await;
    for &workspace_id in &workspaces {
        let detail = stage.store.detail(workspace_id, "run-0").await.unwrap().unwrap();
        assert_eq!(detail.trace.quality_score, Some(60e6 / MICROS_PER_POINT));
    }
    one.worker.stop().await;
    two.worker.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopping_worker_finishes_its_pending_messages() {
    let server = RedisServer::start();
    let stage = Stage::new().await;
    let (queue, ada) = (stage.producer(&server), Uuid::new_v4());
    let store_lock = stage.lock_store().await;
    let running = stage.worker(&server).await;
    queue.push(traces(ada, "run", 10)).await.unwrap();
    eventually("the message is pending", || async {
        stage.consumer(&server).load().await.is_ok_and(|load| load.pending == 1)
    })
    .await;
    let stopping = tokio::spawn(running.worker.stop());
    store_lock.release().await;
    stopping.await.unwrap();
    assert_eq!(stage.count(ada).await, 10);
    stage.wait_until_drained(&server).await;
    assert_eq!((shares(&server).await, consumers(&server).await), (vec![], 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn worker_that_cannot_finish_returns_its_messages_as_undelivered() {
    let server = RedisServer::start();
    let stage = Stage::new().await;
    let (queue, ada) = (stage.producer(&server), Uuid::new_v4());
    let store_lock = stage.lock_store().await;
    let running = stage.worker(&server).await;
    queue.push(traces(ada, "run", 10)).await.unwrap();
    eventually("the message is pending", || async {
        stage.consumer(&server).load().await.is_ok_and(|load| load.pending == 1)
    })
    .await;
    running.worker.stop().await;
    let mut deliveries = Vec::new();
    for number in 0..8 {
        let stream = format!("traces:queue:{number}");
        let pending: Vec<(String, String, u64, u64)> =
            server.query(&["XPENDING", &stream, "processing", "-", "+", "10"]).await;
        deliveries.extend(pending.into_iter().map(|(.., delivered)| delivered));
    }
    assert_eq!(deliveries, [0]);
    store_lock.release().await;
    let other = stage.worker(&server).await;
    stage.wait_for_traces(ada, 10).await;
    stage.wait_until_drained(&server).await;
    other.worker.stop().await;
    assert_eq!(consumers(&server).await, 0);
}

/// Returns the number of consumers in the groups of all streams.
async fn consumers(server: &RedisServer) -> usize {
    let mut names = 0;
    for number in 0..8 {
        let found: Vec<redis::Value> =
            server.query(&["XINFO", "CONSUMERS", &format!("traces:queue:{number}"), "processing"]).await;
        names += found.len();
    }
    names
}
