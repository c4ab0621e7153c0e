//! What may happen to a queue in Redis and its workers: a kill in the middle, a store that is away, a Redis that is stopped,
//! killed, emptied or hangs. Whatever was acknowledged is written, once.

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

/// Sends until it is taken, as clients do.
async fn send(queue: &Queue, traces: Vec<NewTrace>) {
    eventually("the acknowledgement", || async {
        let taken = queue.push(traces.clone()).await.is_ok();
        if !taken {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        taken
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_killed_worker_had_in_hand_is_taken_over_within_seconds_and_counted_once() {
    let server = RedisServer::start();
    let stage = Stage::new().await;
    let queue = stage.producer(&server);
    let workspaces: Vec<Uuid> = (0..16).map(|_| Uuid::new_v4()).collect();
    let held = stage.hold_the_store().await;
    for &workspace_id in &workspaces {
        queue.push(traces(workspace_id, "run", 10)).await.unwrap();
    }
    // All of them wait when it comes, so that it reads all of them.
    let killed = stage.worker(&server).await;
    eventually("everything in hand", || async {
        stage.consumer(&server).load().await.is_ok_and(|load| load.pending == 16)
    })
    .await;
    drop(killed);
    held.release().await;
    let other = stage.worker(&server).await;
    for &workspace_id in &workspaces {
        stage.written(workspace_id, 10).await;
    }
    stage.drained(&server).await;
    assert!(metric(&other.metrics, "agent_obs_queue_redeliveries_total") >= Some(16.0));
    other.worker.stop().await;
    for number in 0..8 {
        let left: Vec<redis::Value> =
            server.query(&["XINFO", "CONSUMERS", &format!("traces:queue:{number}"), "processing"]).await;
        assert!(left.is_empty(), "the dead one's name is forgotten");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_is_away_is_waited_for_and_the_batch_kept() {
    let server = RedisServer::start();
    let stage = Stage::new().await;
    let (queue, ada) = (stage.producer(&server), Uuid::new_v4());
    let held = stage.hold_the_store().await;
    let running = stage.worker(&server).await;
    for number in 0..10 {
        queue.push(traces(ada, &format!("run-{number}"), 10)).await.unwrap();
    }
    // SQLite itself waits for ten seconds before it says that it is busy.
    eventually("the first failed attempt", || async {
        metric(&running.metrics, "agent_obs_write_duration_seconds_count") >= Some(1.0)
    })
    .await;
    held.release().await;
    stage.written(ada, 100).await;
    stage.drained(&server).await;
    let dead: usize = server.query(&["XLEN", "traces:dead"]).await;
    assert_eq!(dead, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_is_killed_and_started_again_has_lost_nothing_that_was_acknowledged() {
    let mut server = durable();
    let stage = Stage::new().await;
    let (queue, ada) = (stage.producer(&server), Uuid::new_v4());
    // A backlog without a worker.
    for number in 0..50 {
        queue.push(traces(ada, &format!("backlog-{number}"), 4)).await.unwrap();
    }
    server.kill();
    server.start_again();
    let running = stage.worker(&server).await;
    stage.written(ada, 200).await;
    // And under a worker, with messages on their way.
    for round in 0..3 {
        for number in 0..20 {
            send(&queue, traces(ada, &format!("run-{round}-{number}"), 4)).await;
        }
        if round % 2 == 0 {
            server.kill();
        } else {
            server.stop();
        }
        server.start_again();
    }
    stage.written(ada, 200 + 3 * 20 * 4).await;
    stage.drained(&server).await;
    running.worker.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_comes_back_empty_is_furnished_anew() {
    let mut server = RedisServer::start();
    let stage = Stage::new().await;
    let (queue, ada) = (stage.producer(&server), Uuid::new_v4());
    let _running = stage.worker(&server).await;
    send(&queue, traces(ada, "before", 5)).await;
    stage.written(ada, 5).await;
    server.kill();
    server.start_again();
    send(&queue, traces(ada, "after", 5)).await;
    stage.written(ada, 10).await;
    let () = server.query(&["FLUSHALL"]).await;
    send(&queue, traces(ada, "flushed", 5)).await;
    stage.written(ada, 15).await;
    stage.drained(&server).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_hangs_for_longer_than_the_leases_hold_loses_nothing() {
    let server = RedisServer::start();
    let stage = Stage::new().await;
    let (queue, ada) = (stage.producer(&server), Uuid::new_v4());
    let (_one, _two) = (stage.worker(&server).await, stage.worker(&server).await);
    for number in 0..50 {
        queue.push(traces(ada, &format!("run-{number}"), 10)).await.unwrap();
    }
    server.pause();
    let refused = queue.push(traces(ada, "late", 10)).await;
    assert!(refused.is_err(), "nobody knows whether it was taken");
    server.resume();
    send(&queue, traces(ada, "late", 10)).await;
    stage.written(ada, 510).await;
    stage.drained(&server).await;
}
