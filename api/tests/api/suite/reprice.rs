//! Repricing over HTTP: stored traces get current prices, and all totals are updated.

use std::time::Duration;

use serde_json::{Value, json};
use shared::Timestamp;

use test_support::{
    client::Client,
    sample::{merged, trace},
    server::{eventually, noon, spawn},
};

const REPRICE: &str = "/api/v1/prices/reprice";

/// A run that called a model once: a thousand tokens in, a hundred out.
fn call(id: &str, at: Timestamp, model: &str, more: Value) -> Value {
    let span = json!({
        "span_id": "llm", "name": "chat", "kind": "llm", "timestamp": at, "latency_ms": 90, "model": model,
        "tokens_input": 1_000, "tokens_output": 100,
    });
    trace(id, at, merged(json!({"spans": [span]}), more))
}

fn ago(seconds: u64) -> Timestamp {
    noon() - Duration::from_secs(seconds)
}

fn day() -> Value {
    json!({"start": ago(86_400), "end": noon()})
}

async fn price(client: &Client, model: &str, input: f64) {
    let price = json!({"model": model, "input_usd_per_million": input, "output_usd_per_million": 0});
    let response = client.post("/api/v1/prices", &price).await;
    assert!(matches!(response.status, 200 | 201), "{}", response.text);
}

/// Starts a repricing and waits until it is finished.
async fn reprice(client: &Client, window: &Value) -> Value {
    let created = client.post(REPRICE, window).await.expect(202).json();
    assert_eq!(
        (&created["start"], &created["end"], &created["finished_at"]),
        (&window["start"], &window["end"], &json!(null))
    );
    let current = async || {
        let listed = client.get(REPRICE).await.expect(200).json();
        listed["items"].as_array().unwrap().iter().find(|item| item["id"] == created["id"]).cloned().unwrap()
    };
    eventually("the repricing is finished", async || current().await["finished_at"] != json!(null)).await;
    current().await
}

async fn total(client: &Client) -> f64 {
    client.kpis("24h").await["total_cost_usd"]["value"].as_f64().unwrap()
}

#[tokio::test]
async fn repricing_prices_unpriced_traces_and_updates_the_kpis() {
    let server = spawn().await;
    let (ada, bob) = (server.member("ada").await, server.member("bob").await);
    let runs = [
        call("unknown", ago(60), "house", json!({})),
        call("known", ago(120), "gpt-4o", json!({})),
        call("reported", ago(180), "house", json!({"cost_usd": 0.25})),
        trace("own", ago(240), json!({"model": "house", "tokens_input": 1_000, "tokens_output": 100})),
        trace("nothing", ago(300), json!({})),
        call("older", ago(90_000), "house", json!({})),
    ];
    ada.ingest(&runs).await;
    bob.ingest(&runs[..1]).await;
    let before = 0.0035 + 0.25;
    assert!((total(&ada).await - before).abs() < 1e-9, "{}", total(&ada).await);
    // Caches the detail: the repricing must invalidate it.
    assert_eq!(ada.get("/api/v1/traces/unknown").await.expect(200).json()["unpriced"], 1);

    price(&ada, "house", 2.0).await;
    let done = reprice(&ada, &day()).await;
    assert_eq!((&done["traces_seen"], &done["traces_changed"]), (&json!(5), &json!(3)), "{done}");
    assert!((total(&ada).await - (before + 0.002 + 0.002)).abs() < 1e-9, "{}", total(&ada).await);
    eventually("the cached detail is invalidated", || async {
        let seen = ada.get("/api/v1/traces/unknown").await.expect(200).json();
        seen["cost_usd"] == json!(0.002) && seen.get("unpriced").is_none()
    })
    .await;
    let span = ada.trace("unknown").await["spans"][0].clone();
    assert_eq!((&span["cost_basis"]["table"], &span["cost_usd"]), (&json!("workspace"), &json!(0.002)));
    let reported = ada.trace("reported").await;
    assert_eq!((&reported["cost_usd"], &reported["cost_basis"]["basis"]), (&json!(0.25), &json!("reported")));
    let own = ada.trace("own").await;
    assert_eq!(
        (&own["cost_usd"], &own["cost_basis"]["basis"], own.get("unpriced")),
        (&json!(0.002), &json!("computed"), None)
    );
    assert_eq!(ada.trace("older").await["cost_usd"], json!(null));
    assert_eq!(bob.trace("unknown").await["cost_usd"], json!(null));

    // A second run changes nothing; with another price, every cost computed from the old price changes.
    assert_eq!(reprice(&ada, &day()).await["traces_changed"], 0);
    price(&ada, "house", 4.0).await;
    assert_eq!(reprice(&ada, &day()).await["traces_changed"], 3);
    assert!((total(&ada).await - (before + 0.008)).abs() < 1e-9, "{}", total(&ada).await);
    let listed = ada.get(REPRICE).await.expect(200).json();
    assert_eq!(listed["total"], 3);
    assert_eq!(bob.get(REPRICE).await.expect(200).json(), json!({"items": [], "total": 0}));

    // Without a price, the costs are unknown again.
    let id = ada.get("/api/v1/prices").await.expect(200).json()["items"][0]["id"].clone();
    ada.delete(&format!("/api/v1/prices/{}", id.as_str().unwrap())).await.expect(204);
    assert_eq!(reprice(&ada, &day()).await["traces_changed"], 3);
    let unknown = ada.trace("unknown").await;
    assert_eq!((&unknown["cost_usd"], &unknown["unpriced"]), (&json!(null), &json!(1)));
    assert!((total(&ada).await - before).abs() < 1e-9, "{}", total(&ada).await);
}

#[tokio::test]
async fn repricing_covers_more_than_one_batch() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    let runs: Vec<_> = (0..777)
        .map(|number| call(&format!("r{number}"), ago(1 + number % 50), "house", json!({})))
        .collect();
    ada.ingest(&runs).await;
    price(&ada, "house", 2.0).await;
    let done = reprice(&ada, &day()).await;
    assert_eq!((&done["traces_seen"], &done["traces_changed"]), (&json!(777), &json!(777)), "{done}");
    assert!((total(&ada).await - 1.554).abs() < 1e-9, "{}", total(&ada).await);
}

#[tokio::test]
async fn rejects_an_invalid_window() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    for (start, end, field) in
        [(noon(), noon(), "end"), (noon(), ago(1), "end"), (ago(367 * 86_400), noon(), "start")]
    {
        let response = ada.post(REPRICE, &json!({"start": start, "end": end})).await;
        assert_eq!(response.expect_error(422, "validation_failed").fields(), [field]);
    }
    ada.post(REPRICE, &json!({"start": "yesterday", "end": noon()}))
        .await
        .expect_error(422, "validation_failed");
    ada.post(REPRICE, &json!({})).await.expect_error(422, "validation_failed");
}
