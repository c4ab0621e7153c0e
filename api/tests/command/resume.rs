//! Repeated transfers: after a kill, and after the directory or the server received more data.

use std::{process::Stdio, time::Duration};

use serde_json::json;

use crate::{
    binary::{command, count, plain, transfer},
    fill::{self, BULK_TRACES},
    view,
};
use test_support::{sample, server::noon};

#[tokio::test(flavor = "multi_thread")]
async fn next_transfer_finishes_a_transfer_that_was_killed() {
    let directory = tempfile::tempdir().unwrap();
    fill::fill(&directory).await;
    let database = plain().await.database().await;
    let from = directory.path().to_str().unwrap();
    let mut command = command(&["transfer", "--from", from], &[("TIMESCALE_URL", &database)]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    // Stop after the first batch.
    while count(&database, "trace_keys").await == 0 {
        assert!(child.try_wait().unwrap().is_none(), "the transfer ended without copying a trace");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let copied = count(&database, "trace_keys").await;
    println!("killed after {copied} traces");

    let run = transfer(directory.path(), &database).await.expect(0);
    assert!(run.stdout.contains("verified: "), "{run:?}");
    assert_eq!(count(&database, "traces").await, BULK_TRACES as i64 + 64);
    let (before, after) = (fill::embedded(&directory).await, fill::on(&database, &directory).await);
    view::assert_same(&view::of(&before, "ada").await, &view::of(&after, "ada").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn second_transfer_copies_data_that_arrived_after_the_first() {
    let directory = tempfile::tempdir().unwrap();
    let database = plain().await.database().await;
    let filled = fill::fill(&directory).await;
    let before = fill::embedded(&directory).await;
    let key = before.anonymous_client().with_token(filled.key.token());
    let ada = before.anonymous_client().with_token(&filled.token);
    transfer(directory.path(), &database).await.expect(0);

    key.ingest(&[sample::full("late", noon() - Duration::from_secs(3600), "late")]).await;
    before.clock.advance(Duration::from_secs(1));
    ada.score("full-1", &json!({"score": 77.25, "comment": "on second thought"})).await.expect(202);
    ada.score("full-5", &json!({"score": 5})).await.expect(202);
    let keys = ada.get("/api/v1/api-keys").await.expect(200).json();
    let id = keys["items"][0]["id"].as_str().unwrap().to_owned();
    ada.delete(&format!("/api/v1/api-keys/{id}")).await.expect(204);
    before.stop();

    let run = transfer(directory.path(), &database).await.expect(0);
    assert!(run.stdout.contains("scores: 8 (2 new)\n"), "{run:?}");
    assert!(run.stdout.contains("traces: 4,565 (1 new)\n"), "{run:?}");
    let (before, after) = (fill::embedded(&directory).await, fill::on(&database, &directory).await);
    view::assert_same(&view::of(&before, "ada").await, &view::of(&after, "ada").await);
    after.anonymous_client().with_token(filled.key.token()).send_trace(&json!({})).await.expect(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn data_that_only_the_server_has_is_kept_and_the_difference_is_reported() {
    let directory = tempfile::tempdir().unwrap();
    let database = plain().await.database().await;
    let filled = fill::fill(&directory).await;
    transfer(directory.path(), &database).await.expect(0);
    let after = fill::on(&database, &directory).await;
    after.clock.advance(Duration::from_secs(10));
    let ada = after.anonymous_client().with_token(&filled.token);
    ada.score("full-1", &json!({"score": 3})).await.expect(202);
    let key = after.anonymous_client().with_token(filled.key.token());
    key.ingest(&[sample::trace("new", noon(), json!({}))]).await;
    let seen = ada.trace("full-1").await;

    let run = transfer(directory.path(), &database).await.expect(1);
    assert!(run.stdout.contains("scores: 7 (0 new)\n"), "{run:?}");
    assert!(
        run.stderr.contains("(ada's) differs from") && run.stderr.contains("differ in 1 of the workspaces"),
        "{run:?}"
    );
    assert!(!run.stderr.contains("bob") && !run.stdout.contains("verified"), "{run:?}");
    assert_eq!(ada.trace("full-1").await, seen);
}
