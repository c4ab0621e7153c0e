//! Faults of the queue in Redis and its workers: a killed worker, an unavailable store, a Redis that is stopped, killed,
//! emptied or hangs. Acknowledged requests are written exactly once.

use std::time::Duration;

use api::queue::Queue;
use domain::trace::record::NewTrace;
use uuid::Uuid;

use crate::{
    engine::metric,
    sample::traces,
    stage::{Stage, durable},
};
use test_support::{redis::RedisServer, wait::eventually};

/// Retries until the request is acknowledged, as clients do.
async fn send(queue: &Queue, traces: Vec<NewTrace>) {
    eventually("the request is acknowledged", || async {
        let acknowledged = queue.push(traces.clone()).await.is_ok();
        if !acknowledged {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        acknowledged
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pending_messages_of_a_killed_worker_are_written_by_another_and_counted_once() {
    let server = RedisServer::start();
    let stage = Stage::new().await;
    let queue = stage.producer(&server);
    let workspaces: Vec<Uuid> = (0..16).map(|_| Uuid::new_v4()).collect();
    let store_lock = stage.lock_store().await;
    for &workspace_id in &workspaces {
        queue.push(traces(workspace_id, "run", 10)).await.unwrap();
    }
    // All messages are queued before the worker starts, so that it reads all of them.
    let killed = stage.worker(&server).await;
    eventually("all messages are pending", || async {
        stage.consumer(&server).load().await.is_ok_and(|load| load.pending == 16)
    })
    .await;
    drop(killed);
    store_lock.release().await;
    let other = stage.worker(&server).await;
    for &workspace_id in &workspaces {
        stage.wait_for_traces(workspace_id, 10).await;
    }
    stage.wait_until_drained(&server).await;
    assert!(metric(&other.metrics, "agent_obs_queue_redeliveries_total") >= Some(16.0));
    other.worker.stop().await;
    for number in 0..8 {
        let remaining: Vec<redis::Value> =
            server.query(&["XINFO", "CONSUMERS", &format!("traces:queue:{number}"), "processing"]).await;
        assert!(remaining.is_empty(), "the consumer of the killed worker is removed");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn worker_waits_for_an_unavailable_store_and_keeps_the_batch() {
    let server = RedisServer::start();
    let stage = Stage::new().await;
    let (queue, ada) = (stage.producer(&server), Uuid::new_v4());
    let store_lock = stage.lock_store().await;
    let running = stage.worker(&server).await;
    for number in 0..10 {
        queue.push(traces(ada, &format!("run-{number}"), 10)).await.unwrap();
    }
    // SQLite waits for ten seconds before it returns `SQLITE_BUSY`.
    eventually("the first write has failed", || async {
        metric(&running.metrics, "agent_obs_write_duration_seconds_count") >= Some(1.0)
    })
    .await;
    store_lock.release().await;
    stage.wait_for_traces(ada, 100).await;
    stage.wait_until_drained(&server).await;
    let dead: usize = server.query(&["XLEN", "traces:dead"]).await;
    assert_eq!(dead, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn restarted_redis_keeps_all_acknowledged_messages() {
    let mut server = durable();
    let stage = Stage::new().await;
    let (queue, ada) = (stage.producer(&server), Uuid::new_v4());
    // A backlog without a worker.
    for number in 0..50 {
        queue.push(traces(ada, &format!("backlog-{number}"), 4)).await.unwrap();
    }
    server.kill();
    server.restart();
    let running = stage.worker(&server).await;
    stage.wait_for_traces(ada, 200).await;
    // The second restart happens with a worker and messages in flight.
    for round in 0..3 {
        for number in 0..20 {
            send(&queue, traces(ada, &format!("run-{round}-{number}"), 4)).await;
        }
        if round % 2 == 0 {
            server.kill();
        } else {
            server.stop();
        }
        server.restart();
    }
    stage.wait_for_traces(ada, 200 + 3 * 20 * 4).await;
    stage.wait_until_drained(&server).await;
    running.worker.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn empty_redis_is_initialized_again() {
    let mut server = RedisServer::start();
    let stage = Stage::new().await;
    let (queue, ada) = (stage.producer(&server), Uuid::new_v4());
    let _running = stage.worker(&server).await;
    send(&queue, traces(ada, "before", 5)).await;
    stage.wait_for_traces(ada, 5).await;
    server.kill();
    server.restart();
    send(&queue, traces(ada, "after", 5)).await;
    stage.wait_for_traces(ada, 10).await;
    let () = server.query(&["FLUSHALL"]).await;
    send(&queue, traces(ada, "flushed", 5)).await;
    stage.wait_for_traces(ada, 15).await;
    stage.wait_until_drained(&server).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_that_hangs_longer_than_the_leases_loses_nothing() {
    let server = RedisServer::start();
    let stage = Stage::new().await;
    let (queue, ada) = (stage.producer(&server), Uuid::new_v4());
    let (_one, _two) = (stage.worker(&server).await, stage.worker(&server).await);
    for number in 0..50 {
        queue.push(traces(ada, &format!("run-{number}"), 10)).await.unwrap();
    }
    server.pause();
    let outcome = queue.push(traces(ada, "late", 10)).await;
    assert!(outcome.is_err(), "the outcome of the push is unknown");
    server.resume();
    send(&queue, traces(ada, "late", 10)).await;
    stage.wait_for_traces(ada, 510).await;
    stage.wait_until_drained(&server).await;
}
