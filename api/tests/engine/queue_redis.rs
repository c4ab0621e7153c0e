//! The queue in Redis: its bound, its count of bytes, and what it says about itself.

use api::{error::ApiError, queue::Shape};
use uuid::Uuid;

use crate::{engine::metric, sample::traces, stage::Stage};
use test_support::{redis::RedisServer, wait::eventually};

#[tokio::test]
async fn a_full_queue_refuses_and_takes_again_what_is_sent_once_it_is_drained() {
    let server = RedisServer::start();
    let stage = Stage::shaped(Shape { bytes: 20_000, ..Shape::default() }).await;
    let queue = stage.producer(&server);
    let ada = Uuid::new_v4();
    let mut taken = 0;
    while queue.push(traces(ada, &format!("run-{taken}"), 10)).await.is_ok() {
        taken += 1;
    }
    let refused = queue.push(traces(ada, &format!("run-{taken}"), 10)).await.unwrap_err();
    assert!(matches!(refused, ApiError::QueueFull), "{refused:?}");
    let bytes: i64 = server.query(&["HGET", "traces:bytes", "total"]).await;
    assert!((8_000..=11_000).contains(&bytes), "one workspace fills about half of the queue: {bytes} bytes");
    // Somebody else has room all the same: whoever of these is in another stream, as all but one in eight are.
    let mut others = 0;
    for _ in 0..16 {
        others += usize::from(queue.push(traces(Uuid::new_v4(), "run", 10)).await.is_ok());
    }
    assert!(others > 0);

    let running = stage.worker(&server).await;
    eventually("room", || async { queue.push(traces(ada, &format!("run-{taken}"), 10)).await.is_ok() }).await;
    stage.written(ada, (taken + 1) * 10).await;
    stage.drained(&server).await;
    running.worker.stop().await;
}

#[tokio::test]
async fn a_stream_is_bounded_in_messages_too() {
    let server = RedisServer::start();
    let stage = Stage::shaped(Shape { messages: 3, ..Shape::default() }).await;
    let (queue, ada) = (stage.producer(&server), Uuid::new_v4());
    for number in 0..3 {
        queue.push(traces(ada, &format!("run-{number}"), 1)).await.unwrap();
    }
    let refused = queue.push(traces(ada, "run-3", 1)).await.unwrap_err();
    assert!(matches!(refused, ApiError::QueueFull), "{refused:?}");
}

#[tokio::test]
async fn without_redis_nothing_is_acknowledged() {
    let mut server = RedisServer::start();
    let stage = Stage::new().await;
    let (queue, ada) = (stage.producer(&server), Uuid::new_v4());
    server.stop();
    for _ in 0..3 {
        let refused = queue.push(traces(ada, "run", 1)).await.unwrap_err();
        assert!(matches!(refused, ApiError::Unavailable(_)), "{refused:?}");
    }
    server.start_again();
    eventually("the queue", || async { queue.push(traces(ada, "run", 1)).await.is_ok() }).await;
}

#[tokio::test]
async fn metrics_say_how_much_is_in_the_queue() {
    let server = RedisServer::start();
    let stage = Stage::new().await;
    let (queue, ada) = (stage.producer(&server), Uuid::new_v4());
    let held = stage.hold_the_store().await;
    for number in 0..5 {
        queue.push(traces(ada, &format!("run-{number}"), 10)).await.unwrap();
    }
    let running = stage.worker(&server).await;
    let value = |name: &str| metric(&running.metrics, name).unwrap();
    eventually("five pending messages", || async {
        value("agent_obs_queue_pending_messages") == 5.0 && value("agent_obs_queue_messages") == 5.0
    })
    .await;
    assert!(value("agent_obs_queue_bytes") > 500.0);
    held.release().await;
    eventually("an empty queue", || async {
        value("agent_obs_queue_messages") == 0.0 && value("agent_obs_queue_bytes") == 0.0
    })
    .await;
    assert!(value("agent_obs_queue_groups_total") >= 1.0);
}
