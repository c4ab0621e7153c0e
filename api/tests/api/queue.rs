//! The queue of unwritten traces is bounded: a full queue returns 503 and loses nothing that it accepted.

use futures_util::future::join_all;
use serde_json::{Value, json};
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};

use test_support::{
    sample::trace,
    server::{builder, noon},
};

/// Four batches of this size almost fill the queue of 64 MiB; a fifth would exceed it.
const BATCH_BYTES: usize = 15 * 1024 * 1024;

fn batch(name: &str) -> String {
    let traces: Vec<Value> = (0..5)
        .map(|i| trace(&format!("{name}-{i}"), noon(), json!({"input": "x".repeat(BATCH_BYTES / 5)})))
        .collect();
    json!({"traces": traces}).to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn full_queue_returns_503_with_retry_after_and_keeps_accepted_traces() {
    let directory = tempfile::tempdir().unwrap();
    let server = builder().in_directory(&directory).spawn().await;
    let ada = server.member("ada").await;
    let bodies: Vec<(String, String)> =
        (0..6).map(|i| format!("batch{i}")).map(|name| (batch(&name), name)).collect();

    // Another connection locks the file: the server's writer waits, and the queue fills up.
    let options = SqliteConnectOptions::new().filename(directory.path().join("traces.db"));
    let mut other = SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();

    let (sender, mut rejections) = tokio::sync::mpsc::unbounded_channel();
    let sending: Vec<_> = bodies
        .iter()
        .map(|(body, name)| {
            let (ada, body, name, sender) = (ada.client.clone(), body.clone(), name.clone(), sender.clone());
            tokio::spawn(async move {
                let response = ada.post_text("/api/v1/traces/batch", body).await;
                if response.status == 503 {
                    sender.send(()).unwrap();
                }
                (name, response)
            })
        })
        .collect();
    for _ in 0..2 {
        rejections.recv().await.unwrap();
    }
    // Reads still succeed.
    assert_eq!(ada.traces("").await["total"], 0);
    sqlx::query("ROLLBACK").execute(&mut other).await.unwrap();
    other.close().await.unwrap();

    let (mut accepted, mut rejected) = (0, Vec::new());
    for (name, response) in join_all(sending).await.into_iter().map(Result::unwrap) {
        if response.status == 202 {
            accepted += 1;
            for i in 0..5 {
                ada.trace(&format!("{name}-{i}")).await;
            }
        } else {
            let response = response.expect_error(503, "queue_full");
            assert_eq!(response.header("retry-after"), "1");
            ada.get(&format!("/api/v1/traces/{name}-0")).await.expect_error(404, "not_found");
            rejected.push(name);
        }
    }
    assert_eq!((accepted, rejected.len()), (4, 2));
    for (body, name) in bodies.into_iter().filter(|(_, name)| rejected.contains(name)) {
        ada.post_text("/api/v1/traces/batch", body).await.expect(202);
        ada.trace(&format!("{name}-0")).await;
    }
}

#[tokio::test]
async fn failed_write_returns_503_and_is_not_acknowledged() {
    let server = builder().spawn().await;
    let ada = server.member("ada").await;
    server.close_traces().await;
    let failing = [
        ada.send_trace(&json!({"agent_id": "a", "latency_ms": 1, "status": "success"})).await,
        ada.score("run", &json!({"score": 1})).await,
    ];
    for response in failing {
        let response = response.expect_error(503, "unavailable");
        assert_eq!(response.header("retry-after"), "5");
    }
}
