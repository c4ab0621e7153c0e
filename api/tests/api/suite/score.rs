//! Scores: their effect on a trace and on the mean, before and after the trace arrives.

use std::time::Duration;

use serde_json::{Value, json};
use shared::Timestamp;

use test_support::{
    sample::trace,
    server::{Member, noon, spawn},
};

fn just_now() -> Timestamp {
    noon() - Duration::from_secs(5)
}

async fn mean(member: &Member) -> Value {
    member.kpis("24h").await["avg_quality_score"]["value"].clone()
}

async fn quality(member: &Member, trace_id: &str) -> Value {
    member.trace(trace_id).await["quality_score"].clone()
}

#[tokio::test]
async fn score_updates_its_trace_and_the_mean() {
    let server = spawn().await;
    let (ada, bob) = (server.member("ada").await, server.member("bob").await);
    for member in [&ada, &bob] {
        let scored = json!({"quality_score": 80});
        member.ingest(&[trace("a", just_now(), scored), trace("b", just_now(), json!({}))]).await;
    }
    assert_eq!(mean(&ada).await, 80.0);
    let response = ada.score("b", &json!({"score": 40.5, "comment": "slow"})).await.expect(202);
    assert_eq!(response.json(), json!({"accepted": 1, "rejected": [], "trace_id": "b"}));
    assert_eq!((mean(&ada).await, quality(&ada, "b").await), (json!(60.25), json!(40.5)));
    let expected = json!([{"name": "quality", "score": 40.5, "comment": "slow", "timestamp": noon()}]);
    assert_eq!(ada.trace("b").await["scores"], expected);
    assert_eq!(ada.traces("").await["items"][0]["quality_score"], 40.5, "the list shows the score, too");
    assert_eq!(
        (mean(&bob).await, quality(&bob, "b").await),
        (json!(80.0), json!(null)),
        "the other workspace is unchanged"
    );
}

#[tokio::test]
async fn score_replaces_the_previous_score_of_the_same_name() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    ada.ingest(&[trace("a", just_now(), json!({"quality_score": 10}))]).await;
    for score in [90.0, 20.0, 50.0] {
        ada.score("a", &json!({"score": score})).await.expect(202);
        assert_eq!((mean(&ada).await, quality(&ada, "a").await), (json!(score), json!(score)));
    }
    assert_eq!(ada.trace("a").await["scores"].as_array().unwrap().len(), 1);
    assert_eq!(ada.kpis("24h").await["total_requests"]["value"], 1.0);
}

#[tokio::test]
async fn quality_of_a_trace_is_the_mean_over_its_score_names() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    ada.ingest(&[trace("a", just_now(), json!({"quality_score": 30}))]).await;
    ada.score("a", &json!({"score": 60, "name": "tone"})).await.expect(202);
    assert_eq!(quality(&ada, "a").await, 45.0, "includes the score that was sent with the trace");
    ada.score("a", &json!({"score": 90, "name": "facts"})).await.expect(202);
    assert_eq!(quality(&ada, "a").await, 60.0);
    ada.score("a", &json!({"score": 0, "name": "tone"})).await.expect(202);
    assert_eq!((mean(&ada).await, quality(&ada, "a").await), (json!(40.0), json!(40.0)));
    let names: Vec<_> = ada.trace("a").await["scores"]
        .as_array()
        .unwrap()
        .iter()
        .map(|score| score["name"].clone())
        .collect();
    assert_eq!(names, ["facts", "tone"]);
}

#[tokio::test]
async fn score_that_arrives_before_its_trace_is_applied_later() {
    let server = spawn().await;
    let (ada, bob) = (server.member("ada").await, server.member("bob").await);
    ada.score("late", &json!({"score": 25})).await.expect(202);
    ada.get("/api/v1/traces/late").await.expect_error(404, "not_found");
    assert_eq!(mean(&ada).await, 0.0);
    for member in [&ada, &bob] {
        member.ingest(&[trace("late", just_now(), json!({}))]).await;
    }
    assert_eq!((mean(&ada).await, quality(&ada, "late").await), (json!(25.0), json!(25.0)));
    assert_eq!(quality(&bob, "late").await, json!(null));
    ada.ingest(&[trace("late", just_now(), json!({}))]).await;
    assert_eq!(mean(&ada).await, 25.0, "sending the trace again changes nothing");
}

#[tokio::test]
async fn rejects_an_invalid_score_and_changes_nothing() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    ada.ingest(&[trace("a", just_now(), json!({"quality_score": 80}))]).await;
    for (field, body) in [
        ("score", json!({"score": -0.1})),
        ("score", json!({"score": 100.1})),
        ("name", json!({"score": 1, "name": ""})),
        ("name", json!({"score": 1, "name": "a\nb"})),
        ("name", json!({"score": 1, "name": "x".repeat(257)})),
        ("comment", json!({"score": 1, "comment": "x".repeat(16 * 1024 + 1)})),
        ("body", json!({})),
        ("body", json!({"score": null})),
        ("body", json!({"score": "90"})),
        ("body", json!({"score": 1, "name": 7})),
    ] {
        let response = ada.score("a", &body).await.expect_error(422, "validation_failed");
        assert_eq!(response.fields(), [field], "{body}");
    }
    let response =
        ada.score(&"x".repeat(257), &json!({"score": 1})).await.expect_error(422, "validation_failed");
    assert_eq!(response.fields(), ["trace_id"]);
    let found = ada.trace("a").await;
    assert_eq!((&found["quality_score"], &found["scores"]), (&json!(80.0), &json!([])));
}
