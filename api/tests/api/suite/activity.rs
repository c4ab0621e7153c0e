//! The activity stream over HTTP.

use std::time::Duration;

use serde_json::json;

use test_support::{
    sample::{full, trace},
    server::{noon, spawn},
};

#[tokio::test]
async fn stream_lists_the_last_hour_newest_first() {
    let server = spawn().await;
    let (ada, bob) = (server.member("ada").await, server.member("bob").await);
    let minute = Duration::from_secs(60);
    let mut traces: Vec<_> =
        (0..70).map(|i| trace(&i.to_string(), noon() - minute * i - minute / 2, json!({}))).collect();
    traces.reverse();
    ada.ingest(&traces).await;
    let stream = ada.get("/api/v1/activity/stream").await.expect(200).json();
    let ids: Vec<_> =
        stream["items"].as_array().unwrap().iter().map(|item| item["trace_id"].clone()).collect();
    assert_eq!(ids, (0..50).map(|i| json!(i.to_string())).collect::<Vec<_>>());
    assert_eq!(stream["total"], 60);
    let short = ada.get("/api/v1/activity/stream?limit=3").await.expect(200).json();
    assert_eq!((short["items"].as_array().unwrap().len(), &short["total"]), (3, &json!(60)));
    let empty = bob.get("/api/v1/activity/stream").await.expect(200).json();
    assert_eq!(empty, json!({"items": [], "total": 0}), "traces of another workspace are not listed");
    ada.get("/api/v1/activity/stream?limit=101").await.expect_error(422, "validation_failed");
}

#[tokio::test]
async fn activity_keeps_its_id_and_contains_the_metrics_of_its_trace() {
    let server = spawn().await;
    let (ada, bob) = (server.member("ada").await, server.member("bob").await);
    for member in [&ada, &bob] {
        member.ingest(&[full("run", noon() - Duration::from_secs(5), "x")]).await;
    }
    let item = async |of: &test_support::client::Client| {
        of.get_fresh("/api/v1/activity/stream").await.expect(200).json()["items"][0].clone()
    };
    let mut first = item(&ada).await;
    assert_eq!(item(&ada).await, first);
    assert_ne!(item(&bob).await["id"], first["id"]);
    first.as_object_mut().unwrap().remove("id").unwrap();
    let expected = json!({
        "workspace_id": ada.user.workspace_id, "trace_id": "run", "agent_id": "support-bot-x",
        "action": "trace_ingested", "status": "error", "timestamp": noon() - Duration::from_secs(5),
        "metadata": {"latency_ms": 1234.5, "model": "gpt-4o-x", "cost_usd": 0.00299},
    });
    assert_eq!(first, expected);
}
