//! Prices over HTTP: prices of a workspace, price lookup, and the resulting costs of traces.

use serde_json::{Value, json};

use test_support::{
    client::Client,
    sample::trace,
    server::{Server, builder, eventually, noon, spawn},
};

const PRICES: &str = "/api/v1/prices";

fn price(model: &str, input: f64) -> Value {
    json!({"model": model, "input_usd_per_million": input, "output_usd_per_million": 10.0 * input})
}

/// A run that called a model once.
fn call(id: &str, model: &str, input: u64, output: u64) -> Value {
    let span = json!({
        "span_id": "llm", "name": "chat", "kind": "llm", "timestamp": noon(), "latency_ms": 90, "model": model,
        "tokens_input": input, "tokens_output": output,
    });
    trace(id, noon(), json!({"spans": [span]}))
}

#[tokio::test]
async fn price_is_created_listed_replaced_and_deleted() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    assert_eq!(ada.get(PRICES).await.expect(200).json(), json!({"items": [], "total": 0}));
    let sent = json!({
        "model": " my-model ", "provider": "azure", "input_usd_per_million": 0.1, "output_usd_per_million": 3,
        "cache_read_usd_per_million": 0, "cache_write_usd_per_million": 1_000_000,
    });
    let created = ada.post(PRICES, &sent).await.expect(201).json();
    let expected = json!({
        "id": created["id"], "model": "my-model", "provider": "azure", "input_usd_per_million": 0.1,
        "output_usd_per_million": 3.0, "cache_read_usd_per_million": 0.0, "cache_write_usd_per_million": 1_000_000.0,
        "updated_at": noon(),
    });
    assert_eq!(created, expected);
    let replaced = json!({
        "model": "MY-model", "provider": "az.ai.openai", "input_usd_per_million": 7, "output_usd_per_million": 8,
    });
    let replaced = ada.post(PRICES, &replaced).await.expect(200).json();
    assert_eq!((&replaced["id"], &replaced["input_usd_per_million"]), (&created["id"], &json!(7.0)));
    assert!(replaced.get("cache_read_usd_per_million").is_none(), "{replaced}");
    assert_eq!(ada.get(PRICES).await.expect(200).json(), json!({"items": [replaced], "total": 1}));
    let path = format!("{PRICES}/{}", created["id"].as_str().unwrap());
    assert_eq!(ada.delete(&path).await.expect(204).text, "");
    ada.delete(&path).await.expect_error(404, "not_found");
    ada.delete(&format!("{PRICES}/nonsense")).await.expect_error(404, "not_found");
}

#[tokio::test]
async fn rejects_an_invalid_price_and_names_the_field() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    for (field, value) in [
        ("model", json!("")),
        ("model", json!("a\u{0}b")),
        ("model", json!("x".repeat(257))),
        ("provider", json!("\n")),
        ("input_usd_per_million", json!(-0.01)),
        ("input_usd_per_million", json!(1_000_000.5)),
        ("output_usd_per_million", json!(1e300)),
        ("cache_read_usd_per_million", json!(-1)),
        ("cache_write_usd_per_million", json!(2_000_000)),
    ] {
        let mut sent = price("m", 1.0);
        sent[field] = value.clone();
        let response = ada.post(PRICES, &sent).await.expect_error(422, "validation_failed");
        assert_eq!(response.fields(), [field], "{value}");
    }
    ada.post(PRICES, &json!({"model": "m"})).await.expect_error(422, "validation_failed");
    ada.post(PRICES, &json!({"model": "m", "input_usd_per_million": "1", "output_usd_per_million": 1}))
        .await
        .expect_error(422, "validation_failed");
    ada.post_text(PRICES, r#"{"model": "m", "input_usd_per_million": 1e999"#)
        .await
        .expect_error(400, "bad_request");
    assert_eq!(ada.get(PRICES).await.expect(200).json()["total"], 0);
}

#[tokio::test]
async fn lookup_returns_the_price_of_a_model_and_its_table() {
    let server = spawn().await;
    let (ada, bob) = (server.member("ada").await, server.member("bob").await);
    let lookup = async |client: &Client, query: &str| client.get(&format!("{PRICES}/lookup?{query}")).await;
    let found = lookup(&ada, "model=openai/gpt-4o-2024-08-06").await.expect(200).json();
    let public = json!({
        "model": "gpt-4o", "provider": "openai", "table": "bundled", "input_usd_per_million": 2.5,
        "output_usd_per_million": 10.0, "cache_read_usd_per_million": 1.25, "cache_write_usd_per_million": 2.5,
    });
    assert_eq!(found, public);
    let tiers =
        lookup(&ada, "model=gemini-2.5-pro&provider=gcp.gemini").await.expect(200).json()["tiers"].clone();
    assert_eq!(
        (&tiers[0]["over_input_tokens"], &tiers[0]["input_usd_per_million"]),
        (&json!(200_000), &json!(2.5))
    );

    ada.post(PRICES, &price("gpt-4o", 1.5)).await.expect(201);
    let own = lookup(&ada, "model=gpt-4o").await.expect(200).json();
    assert_eq!((&own["table"], &own["input_usd_per_million"]), (&json!("workspace"), &json!(1.5)));
    // Without a cache price, cached tokens cost as much as other input tokens.
    assert_eq!(own["cache_read_usd_per_million"], 1.5);
    assert_eq!(lookup(&bob, "model=gpt-4o").await.expect(200).json(), public);

    lookup(&ada, "model=my-own-model").await.expect_error(404, "not_found");
    lookup(&ada, "model=gpt-4o&provider=ollama").await.expect(200);
    lookup(&bob, "model=gpt-4o&provider=ollama").await.expect_error(404, "not_found");
    for query in ["", "model=", "model=%00", "model=m&provider=%0a"] {
        lookup(&ada, query).await.expect_error(422, "validation_failed");
    }
}

#[tokio::test]
async fn trace_without_a_cost_gets_the_cost_of_its_calls() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    let reported = {
        let mut reported = call("reported", "gpt-4o", 1_000, 100);
        reported["cost_usd"] = json!(0);
        reported
    };
    let mut cached = call("cached", "claude-3-5-sonnet-20241022", 1_000, 70);
    for (field, tokens) in [("tokens_cache_read", 800), ("tokens_cache_write", 150), ("tokens_reasoning", 60)]
    {
        cached["spans"][0][field] = json!(tokens);
    }
    cached["spans"][0]["model_provider"] = json!("anthropic");
    let own = trace("own", noon(), json!({"model": "gpt-4o", "tokens_input": 1_000, "tokens_output": 100}));
    ada.ingest(&[
        call("known", "gpt-4o", 1_000, 100),
        call("unknown", "secret", 10, 1),
        reported,
        cached,
        own,
    ])
    .await;

    let known = ada.trace("known").await;
    assert_eq!(
        (&known["cost_usd"], known.get("unpriced"), &known["tokens_total"]),
        (&json!(0.0035), None, &json!(1_100))
    );
    let basis = &known["spans"][0]["cost_basis"];
    assert_eq!(
        (&basis["basis"], &basis["table"], &basis["model"]),
        (&json!("computed"), &json!("bundled"), &json!("gpt-4o"))
    );
    let parts: f64 =
        basis["parts"].as_array().unwrap().iter().map(|part| part["cost_usd"].as_f64().unwrap()).sum();
    assert!((parts - 0.0035).abs() < 1e-12, "{basis}");

    let unknown = ada.trace("unknown").await;
    assert_eq!((&unknown["cost_usd"], &unknown["unpriced"]), (&json!(null), &json!(1)));
    assert_eq!(unknown["spans"][0]["cost_basis"], json!({"basis": "no_price"}));
    assert_eq!(unknown["spans"][0]["cost_usd"], json!(null));

    let reported = ada.trace("reported").await;
    assert_eq!((&reported["cost_usd"], &reported["cost_basis"]["basis"]), (&json!(0.0), &json!("reported")));
    let cached = ada.trace("cached").await;
    assert_eq!(cached["cost_usd"], 0.002_002_5);
    assert_eq!(cached["spans"][0]["tokens_cache_read"], 800);
    let own = ada.trace("own").await;
    assert_eq!((&own["cost_usd"], &own["cost_basis"]["basis"]), (&json!(0.0035), &json!("computed")));
}

#[tokio::test]
async fn workspace_price_applies_to_traces_that_arrive_later() {
    let server = spawn().await;
    let (ada, bob) = (server.member("ada").await, server.member("bob").await);
    ada.ingest(&[call("before", "gpt-4o", 1_000_000, 0)]).await;
    ada.post(PRICES, &price("gpt-4o", 1.25)).await.expect(201);
    // A separate processing role applies the new price within seconds.
    let number = std::sync::atomic::AtomicUsize::new(0);
    eventually("the workspace price is applied", || async {
        let id = format!("after-{}", number.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
        ada.ingest(&[call(&id, "gpt-4o", 1_000_000, 0)]).await;
        ada.trace(&id).await["cost_usd"] == json!(1.25)
    })
    .await;
    bob.ingest(&[call("bobs", "gpt-4o", 1_000_000, 0)]).await;
    assert_eq!(ada.trace("before").await["cost_usd"], 2.5);
    assert_eq!(bob.trace("bobs").await["cost_usd"], 2.5);
}

async fn with_file(prices: &Value) -> Server {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("prices.json");
    std::fs::write(&file, prices.to_string()).unwrap();
    // The file is read at the start.
    builder().with("PRICES_FILE", file.to_str().unwrap()).spawn().await
}

#[tokio::test]
async fn price_file_overrides_public_prices_but_not_workspace_prices() {
    let server = with_file(&json!([price("gpt-4o", 7.0), price("house-model", 3.0)])).await;
    let (ada, bob) = (server.member("ada").await, server.member("bob").await);
    ada.post(PRICES, &price("gpt-4o", 5.0)).await.expect(201);
    let traces = [call("a", "gpt-4o", 1_000_000, 0), call("b", "house-model", 1_000_000, 0)];
    ada.ingest(&traces).await;
    bob.ingest(&traces).await;
    assert_eq!(
        (ada.trace("a").await["cost_usd"].as_f64(), bob.trace("a").await["cost_usd"].as_f64()),
        (Some(5.0), Some(7.0))
    );
    let basis = bob.trace("b").await["spans"][0]["cost_basis"].clone();
    assert_eq!((&basis["table"], &basis["model"]), (&json!("file"), &json!("house-model")));
}
