//! The queue: a message that nobody can process, and one that is full.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::{
    load::Load,
    stack::{Plan, Stack, eventually},
};

/// No message of ours.
const POISON: &str = "drink me";

#[tokio::test(flavor = "multi_thread")]
async fn poison_goes_to_the_dead_letters_with_its_reason_and_the_rest_goes_on() {
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
    eventually("the poison is buried", Duration::from_secs(20), || async {
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
async fn a_full_queue_refuses_with_retry_after_and_takes_again_when_it_is_emptied() {
    let mut stack = Stack::start(Plan::default().with("QUEUE_MAX_BYTES", "1048576")).await;
    let ada = stack.member("ada").await;
    let load = Load::start(&ada);
    load.more(200).await;
    stack.processings.remove(0).kill();
    // Random, so that it does not pack: half a megabyte is what one stream may hold.
    let text: String = (0..70_000).map(|_| uuid::Uuid::new_v4().simple().to_string()).collect();
    let trace =
        json!({"agent_id": "a", "latency_ms": 1, "status": "success", "trace_id": "large", "input": text});
    let refused = ada.send_trace(&trace).await.expect_error(503, "queue_full");
    assert!(!refused.header("retry-after").is_empty());
    eventually("small ones fill it too", Duration::from_secs(60), || async {
        let small = json!({"agent_id": "a", "latency_ms": 1, "status": "success", "trace_id": "small", "input": &text[..4096]});
        ada.send_trace(&small).await.status == 503
    })
    .await;
    stack.processings.push(stack.run("processing", 0));
    let healed = Instant::now();
    load.more(200).await;
    // What was sent beside the load has an id of its own and counts too, once. The load may be quicker to what room there is.
    eventually("it is taken again", Duration::from_secs(30), || async {
        let small = json!({"agent_id": "a", "latency_ms": 1, "status": "success", "trace_id": "small"});
        ada.send_trace(&small).await.status == 202
    })
    .await;
    load.finish_with("a full queue", healed, 1).await;
}
