//! Messages that cannot be processed: each becomes a dead letter with its reason, and the others are written.

use api::queue::Message;
use domain::trace::record::NewTrace;
use redis::streams::StreamRangeReply;
use uuid::Uuid;

use crate::{
    sample::{bad_trace, traces},
    stage::Stage,
};
use test_support::{redis::RedisServer, wait::eventually};

struct DeadLetter {
    reason: String,
    stream: String,
    data: Vec<u8>,
}

async fn dead_letters(server: &RedisServer, count: usize) -> Vec<DeadLetter> {
    eventually("the dead letters are stored", || async {
        server.query::<usize>(&["XLEN", "traces:dead"]).await == count
    })
    .await;
    let letters: StreamRangeReply = server.query(&["XRANGE", "traces:dead", "-", "+"]).await;
    let letter = |entry: redis::streams::StreamId| DeadLetter {
        reason: entry.get("reason").unwrap(),
        stream: entry.get("stream").unwrap(),
        data: entry.get("data").unwrap(),
    };
    letters.ids.into_iter().map(letter).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn message_that_the_store_rejects_becomes_a_readable_dead_letter() {
    let server = RedisServer::start();
    let stage = Stage::new().await;
    let (queue, ada) = (stage.producer(&server), Uuid::new_v4());
    queue.push(traces(ada, "before", 5)).await.unwrap();
    let bad: Vec<NewTrace> = vec![bad_trace(ada, "bad")];
    queue.push(bad.clone()).await.unwrap();
    queue.push(traces(ada, "after", 5)).await.unwrap();
    let running = stage.worker(&server).await;
    let letters = dead_letters(&server, 1).await;
    assert!(letters[0].reason.contains("UNIQUE"), "{}", letters[0].reason);
    assert!(letters[0].stream.starts_with("traces:queue:"), "{}", letters[0].stream);
    assert_eq!(Message::decode(&letters[0].data).unwrap(), Message::Traces(bad));
    stage.wait_for_traces(ada, 10).await;
    stage.wait_until_drained(&server).await;
    running.worker.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invalid_message_becomes_a_dead_letter() {
    let server = RedisServer::start();
    let stage = Stage::new().await;
    let (queue, ada) = (stage.producer(&server), Uuid::new_v4());
    for fields in [["data", "garbage"], ["hello", "world"]] {
        let _: String = server.query(&[&["XADD", "traces:queue:0", "*"], &fields[..]].concat()).await;
    }
    queue.push(traces(ada, "run", 5)).await.unwrap();
    let _running = stage.worker(&server).await;
    let letters = dead_letters(&server, 2).await;
    assert!(letters.iter().all(|letter| letter.reason.contains("version")), "{}", letters[0].reason);
    stage.wait_for_traces(ada, 5).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn message_that_was_delivered_too_often_becomes_a_dead_letter_and_others_are_written() {
    let server = RedisServer::start();
    let stage = Stage::new().await;
    let (queue, ada) = (stage.producer(&server), Uuid::new_v4());
    for number in 0..10 {
        queue.push(traces(ada, &format!("run-{number}"), 1)).await.unwrap();
    }
    // A consumer read all messages and died, five times with one of them.
    stage.consumer(&server).create_groups().await.unwrap();
    let mut stream = String::new();
    for number in 0..8 {
        let name = format!("traces:queue:{number}");
        if server.query::<usize>(&["XLEN", &name]).await > 0 {
            stream = name;
        }
    }
    let read = ["XREADGROUP", "GROUP", "processing", "ghost", "STREAMS", &stream, ">"];
    let _: redis::Value = server.query(&read).await;
    let all: StreamRangeReply = server.query(&["XRANGE", &stream, "-", "+"]).await;
    let poison_id = &all.ids[4].id;
    let claim = ["XCLAIM", &stream, "processing", "ghost", "0", poison_id, "RETRYCOUNT", "5"];
    let _: redis::Value = server.query(&claim).await;

    let _running = stage.worker(&server).await;
    let letters = dead_letters(&server, 1).await;
    assert!(letters[0].reason.contains("delivered 5 times"), "{}", letters[0].reason);
    stage.wait_for_traces(ada, 9).await;
    stage.wait_until_drained(&server).await;
}
