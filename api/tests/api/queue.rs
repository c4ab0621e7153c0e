//! What waits to be written is bounded: a full queue says so, and loses nothing that it took.

use futures_util::future::join_all;
use serde_json::{Value, json};
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};

use test_support::{
    sample::trace,
    server::{builder, noon},
};

/// Four batches of this size fill the queue's 64 MiB but for a little; a fifth does not fit.
const BATCH_BYTES: usize = 15 * 1024 * 1024;

fn batch(name: &str) -> String {
    let traces: Vec<Value> = (0..5)
        .map(|i| trace(&format!("{name}-{i}"), noon(), json!({"input": "x".repeat(BATCH_BYTES / 5)})))
        .collect();
    json!({"traces": traces}).to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_answers_503_with_retry_after_and_keeps_what_it_took() {
    let folder = tempfile::tempdir().unwrap();
    let server = builder().in_folder(&folder).spawn().await;
    let ada = server.member("ada").await;
    let bodies: Vec<(String, String)> =
        (0..6).map(|i| format!("batch{i}")).map(|name| (batch(&name), name)).collect();

    // Somebody else writes to the file for a while: the server's writer waits, and what comes in gathers.
    let options = SqliteConnectOptions::new().filename(folder.path().join("traces.db"));
    let mut other = SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();

    let (refused, mut refusals) = tokio::sync::mpsc::unbounded_channel();
    let sending: Vec<_> = bodies
        .iter()
        .map(|(body, name)| {
            let (ada, body, name, refused) =
                (ada.client.clone(), body.clone(), name.clone(), refused.clone());
            tokio::spawn(async move {
                let answer = ada.post_text("/api/v1/traces/batch", body).await;
                if answer.status == 503 {
                    refused.send(()).unwrap();
                }
                (name, answer)
            })
        })
        .collect();
    for _ in 0..2 {
        refusals.recv().await.unwrap();
    }
    // Reading goes on all the while.
    assert_eq!(ada.traces("").await["total"], 0);
    sqlx::query("ROLLBACK").execute(&mut other).await.unwrap();
    other.close().await.unwrap();

    let (mut taken, mut again) = (0, Vec::new());
    for (name, answer) in join_all(sending).await.into_iter().map(Result::unwrap) {
        if answer.status == 202 {
            taken += 1;
            for i in 0..5 {
                ada.trace(&format!("{name}-{i}")).await;
            }
        } else {
            let answer = answer.expect_error(503, "queue_full");
            assert_eq!(answer.header("retry-after"), "1");
            ada.get(&format!("/api/v1/traces/{name}-0")).await.expect_error(404, "not_found");
            again.push(name);
        }
    }
    assert_eq!((taken, again.len()), (4, 2));
    for (body, name) in bodies.into_iter().filter(|(_, name)| again.contains(name)) {
        ada.post_text("/api/v1/traces/batch", body).await.expect(202);
        ada.trace(&format!("{name}-0")).await;
    }
}

#[tokio::test]
async fn what_cannot_be_written_is_a_503_and_not_acknowledged() {
    let server = builder().spawn().await;
    let ada = server.member("ada").await;
    server.close_traces().await;
    let failing = [
        ada.send_trace(&json!({"agent_id": "a", "latency_ms": 1, "status": "success"})).await,
        ada.score("run", &json!({"score": 1})).await,
    ];
    for answer in failing {
        let answer = answer.expect_error(503, "unavailable");
        assert_eq!(answer.header("retry-after"), "5");
    }
}
