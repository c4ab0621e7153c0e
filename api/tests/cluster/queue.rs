//! Queue faults: messages that cannot be processed, and a full queue.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::{
    load::Load,
    stack::{Plan, Stack},
};
use test_support::wait::eventually_within;

/// A payload that is not a valid message.
const POISON: &str = "drink me";

#[tokio::test(flavor = "multi_thread")]
async fn poison_messages_become_dead_letters_with_a_reason_and_the_rest_is_written() {
    let stack = Stack::start(Plan::default()).await;
    let ada = stack.member("ada").await;
    let load = Load::start(&ada);
    load.more(200).await;
    let streams = 8;
    for stream in 0..streams {
        let name = format!("traces:queue:{stream}");
        let _: String =
            stack.redis.query(&["XADD", &name, "*", "traces", "1", "raw", "10", "data", POISON]).await;
    }
    let poisoned = Instant::now();
    load.more(200).await;
    eventually_within(Duration::from_secs(20), "the poison messages are dead letters", || async {
        stack.redis.query::<u64>(&["XLEN", "traces:dead"]).await == streams
    })
    .await;
    let letters: Vec<(String, Vec<String>)> = stack.redis.query(&["XRANGE", "traces:dead", "-", "+"]).await;
    for (_, fields) in &letters {
        let field = |name: &str| fields.chunks(2).find(|pair| pair[0] == name).map(|pair| pair[1].clone());
        assert!(field("reason").is_some_and(|reason| !reason.is_empty()), "{fields:?}");
        assert_eq!(field("data").as_deref(), Some(POISON), "{fields:?}");
    }
    load.finish("8 poison messages", poisoned).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn full_queue_rejects_with_retry_after_and_accepts_again_once_drained() {
    let mut stack = Stack::start(Plan::default().with("QUEUE_MAX_BYTES", "1048576")).await;
    let ada = stack.member("ada").await;
    let load = Load::start(&ada);
    load.more(200).await;
    stack.processings.remove(0).kill();
    // Random, so that it cannot be compressed: a stream may contain half a megabyte.
    let text: String = (0..70_000).map(|_| uuid::Uuid::new_v4().simple().to_string()).collect();
    let trace =
        json!({"agent_id": "a", "latency_ms": 1, "status": "success", "trace_id": "large", "input": text});
    let rejected = ada.send_trace(&trace).await.expect_error(503, "queue_full");
    assert!(!rejected.header("retry-after").is_empty());
    eventually_within(Duration::from_secs(60), "small traces fill the queue", || async {
        let small = json!({"agent_id": "a", "latency_ms": 1, "status": "success", "trace_id": "small", "input": &text[..4096]});
        ada.send_trace(&small).await.status == 503
    })
    .await;
    stack.processings.push(stack.run("processing", 0));
    let healed = Instant::now();
    load.more(200).await;
    // The trace sent in addition to the load has its own id and counts once, too. The load may use the free space first.
    eventually_within(Duration::from_secs(30), "the queue accepts the trace", || async {
        let small = json!({"agent_id": "a", "latency_ms": 1, "status": "success", "trace_id": "small"});
        ada.send_trace(&small).await.status == 202
    })
    .await;
    load.finish_with("a full queue", healed, 1).await;
}
