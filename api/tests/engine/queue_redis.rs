//! The queue in Redis: its bounds, its byte count, and its metrics.

use api::{error::ApiError, queue::QueueLimits};
use uuid::Uuid;

use crate::{engine::metric, sample::traces, stage::Stage};
use test_support::{redis::RedisServer, wait::eventually};

#[tokio::test]
async fn full_queue_rejects_and_accepts_again_once_drained() {
    let server = RedisServer::start();
    let stage = Stage::with_limits(QueueLimits { bytes: 20_000, ..QueueLimits::default() }).await;
    let queue = stage.producer(&server);
    let ada = Uuid::new_v4();
    let mut accepted = 0;
    while queue.push(traces(ada, &format!("run-{accepted}"), 10)).await.is_ok() {
        accepted += 1;
    }
    let rejected = queue.push(traces(ada, &format!("run-{accepted}"), 10)).await.unwrap_err();
    assert!(matches!(rejected, ApiError::QueueFull), "{rejected:?}");
    let bytes: i64 = server.query(&["HGET", "traces:bytes", "total"]).await;
    assert!((8_000..=11_000).contains(&bytes), "one workspace fills about half of the queue: {bytes} bytes");
    // Workspaces in other streams still have room: about seven of eight.
    let mut others = 0;
    for _ in 0..16 {
        others += usize::from(queue.push(traces(Uuid::new_v4(), "run", 10)).await.is_ok());
    }
    assert!(others > 0);

    let running = stage.worker(&server).await;
    eventually("the queue has room", || async {
        queue.push(traces(ada, &format!("run-{accepted}"), 10)).await.is_ok()
    })
    .await;
    stage.wait_for_traces(ada, (accepted + 1) * 10).await;
    stage.wait_until_drained(&server).await;
    running.worker.stop().await;
}

#[tokio::test]
async fn stream_is_also_bounded_in_messages() {
    let server = RedisServer::start();
    let stage = Stage::with_limits(QueueLimits { messages: 3, ..QueueLimits::default() }).await;
    let (queue, ada) = (stage.producer(&server), Uuid::new_v4());
    for number in 0..3 {
        queue.push(traces(ada, &format!("run-{number}"), 1)).await.unwrap();
    }
    let rejected = queue.push(traces(ada, "run-3", 1)).await.unwrap_err();
    assert!(matches!(rejected, ApiError::QueueFull), "{rejected:?}");
}

#[tokio::test]
async fn redis_outage_rejects_every_push() {
    let mut server = RedisServer::start();
    let stage = Stage::new().await;
    let (queue, ada) = (stage.producer(&server), Uuid::new_v4());
    server.stop();
    for _ in 0..3 {
        let rejected = queue.push(traces(ada, "run", 1)).await.unwrap_err();
        assert!(matches!(rejected, ApiError::Unavailable(_)), "{rejected:?}");
    }
    server.restart();
    eventually("the queue accepts pushes", || async { queue.push(traces(ada, "run", 1)).await.is_ok() })
        .await;
}

#[tokio::test]
async fn metrics_report_the_size_of_the_queue() {
    let server = RedisServer::start();
    let stage = Stage::new().await;
    let (queue, ada) = (stage.producer(&server), Uuid::new_v4());
    let store_lock = stage.lock_store().await;
    for number in 0..5 {
        queue.push(traces(ada, &format!("run-{number}"), 10)).await.unwrap();
    }
    let running = stage.worker(&server).await;
    let value = |name: &str| metric(&running.metrics, name).unwrap();
    eventually("five messages are pending", || async {
        value("agent_obs_queue_pending_messages") == 5.0 && value("agent_obs_queue_messages") == 5.0
    })
    .await;
    assert!(value("agent_obs_queue_bytes") > 500.0);
    store_lock.release().await;
    eventually("the queue is empty", || async {
        value("agent_obs_queue_messages") == 0.0 && value("agent_obs_queue_bytes") == 0.0
    })
    .await;
    assert!(value("agent_obs_queue_groups_total") >= 1.0);
}
