//! Ingestion: single traces, batches, duplicates, and concurrent senders.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};

use test_support::{
    sample::{full, trace},
    server::{noon, spawn},
};

#[tokio::test]
async fn single_trace_returns_its_id_and_is_stored() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    let response = ada.send_trace(&trace("run", noon(), json!({}))).await.expect(202);
    assert_eq!(response.json(), json!({"accepted": 1, "rejected": [], "trace_id": "run"}));
    assert_eq!(ada.trace("run").await["agent_id"], "support-bot");
}

#[tokio::test]
async fn trace_without_an_id_gets_a_generated_one() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    let without_id = json!({"agent_id": "a", "latency_ms": 1, "status": "success"});
    let mut ids = Vec::new();
    for _ in 0..2 {
        let response = ada.send_trace(&without_id).await.expect(202).json();
        ids.push(response["trace_id"].as_str().unwrap().to_owned());
    }
    assert_ne!(ids[0], ids[1]);
    for id in &ids {
        assert_eq!(ada.trace(id).await["timestamp"], json!(noon()));
    }
    ada.ingest(&[without_id.clone(), without_id]).await;
    server.clock.advance(Duration::from_secs(1));
    assert_eq!(ada.traces("").await["total"], 4);
}

#[tokio::test]
async fn batch_stores_valid_traces_and_names_invalid_ones() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    let at = noon() - Duration::from_secs(5);
    let batch = [
        trace("good 0", at, json!({})),
        trace("bad 1", at, json!({"latency_ms": -1})),
        json!("no object"),
        full("good 3", at, "x"),
        trace("bad 4", at, json!({"status": "fine", "quality_score": 101})),
        json!({}),
    ];
    let response = ada.send_batch(&batch).await.expect(202).json();
    assert_eq!(response["accepted"], 2);
    assert!(response.get("trace_id").is_none());
    let rejected = response["rejected"].as_array().unwrap();
    let indexes: Vec<_> = rejected.iter().map(|rejection| rejection["index"].as_u64().unwrap()).collect();
    assert_eq!(indexes, [1, 2, 4, 5]);
    for (rejection, words) in rejected.iter().zip([
        ["latency_ms: ", "latency_ms: "],
        ["object", "object"],
        ["status: ", "quality_score: "],
        ["agent_id: is required", "latency_ms: is required"],
    ]) {
        let detail = rejection["detail"].as_str().unwrap();
        assert!(words.iter().all(|word| detail.contains(word)), "{detail}");
    }
    let (mut ids, total) = ada.all_trace_ids().await;
    ids.sort();
    assert_eq!((ids, total), (vec!["good 0".to_owned(), "good 3".to_owned()], 2));
}

#[tokio::test]
async fn batch_without_valid_traces_is_accepted_and_stores_nothing() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    let response = ada.send_batch(&[]).await.expect(202).json();
    assert_eq!(response, json!({"accepted": 0, "rejected": []}));
    let response = ada.send_batch(&[json!(null), json!(1)]).await.expect(202).json();
    assert_eq!((&response["accepted"], response["rejected"].as_array().unwrap().len()), (&json!(0), 2));
    assert_eq!(ada.traces("range=30d").await["total"], 0);
}

#[tokio::test]
async fn repeated_trace_counts_once_and_the_first_version_is_kept() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    let at = noon() - Duration::from_secs(5);
    let sent = |cost: f64| trace("run", at, json!({"cost_usd": cost, "output": cost}));
    ada.ingest(&[sent(1.0), sent(2.0), trace("other", at, json!({})), sent(3.0)]).await;
    ada.ingest(&[sent(4.0), trace("third", at, json!({}))]).await;
    ada.send_trace(&sent(5.0)).await.expect(202);
    let kpis = ada.kpis("24h").await;
    assert_eq!(
        (&kpis["total_requests"]["value"], &kpis["total_cost_usd"]["value"]),
        (&json!(3.0), &json!(1.0))
    );
    assert_eq!(ada.trace("run").await["output"], 1.0);
    assert_eq!(ada.all_trace_ids().await.0.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_senders_of_the_same_traces_count_them_once() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    let at = noon() - Duration::from_secs(5);
    let traces: Vec<Value> = (0..60).map(|i| full(&format!("run{i}"), at, "x")).collect();
    let senders = (0..8_usize).map(|sender| {
        let (ada, mut traces) = (ada.client.clone(), traces.clone());
        tokio::spawn(async move {
            traces.rotate_left(sender * 7);
            for chunk in traces.chunks(sender + 1) {
                if let [single] = chunk {
                    ada.send_trace(single).await.expect(202);
                } else {
                    ada.ingest(chunk).await;
                }
            }
        })
    });
    for sender in join_all(senders).await {
        sender.unwrap();
    }
    let (ids, total) = ada.all_trace_ids().await;
    let kpis = ada.kpis("24h").await;
    assert_eq!((ids.len(), total, &kpis["total_requests"]["value"]), (60, 60, &json!(60.0)));
    assert_eq!(kpis["total_cost_usd"]["value"], 0.1794);
    for id in ids {
        assert_eq!(ada.trace(&id).await["spans"].as_array().unwrap().len(), 2, "{id}");
    }
}

#[tokio::test]
async fn unknown_fields_are_stored_in_the_metadata() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    let more = json!({
        "environment": "staging", "nested": {"a": [1, null]}, "metadata": {"region": "eu", "environment": "prod"},
        "spans": [{"span_id": "s", "name": "n", "timestamp": noon(), "latency_ms": 1, "temperature": 0.5,
                   "attributes": {"top_p": 1}}],
    });
    ada.send_trace(&trace("run", noon(), more)).await.expect(202);
    let found = ada.trace("run").await;
    let expected = json!({"region": "eu", "environment": "prod", "nested": {"a": [1, null]}});
    assert_eq!(found["metadata"], expected, "members of the metadata take precedence");
    assert_eq!(found["spans"][0]["attributes"], json!({"temperature": 0.5, "top_p": 1}));
}

#[tokio::test]
async fn accepts_the_id_of_the_own_workspace() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    ada.send_trace(&trace("run", noon(), json!({"workspace_id": ada.user.workspace_id}))).await.expect(202);
    assert_eq!(ada.trace("run").await["workspace_id"], json!(ada.user.workspace_id));
}

#[tokio::test]
async fn accepts_values_at_the_limits() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    let longest = "x".repeat(256);
    for (number, more) in [
        json!({"latency_ms": 0}),
        json!({"latency_ms": 2_592_000_000_u64}),
        json!({"cost_usd": 0}),
        json!({"cost_usd": 10_000}),
        json!({"quality_score": 0}),
        json!({"quality_score": 100}),
        json!({"tokens_input": 1_000_000_000, "tokens_output": 1_000_000_000}),
        json!({"timestamp": "2000-01-01T00:00:00Z"}),
        json!({"timestamp": noon() + Duration::from_secs(86_400)}),
        json!({"timestamp": "2026-03-11T14:34:56.789+02:00"}),
        json!({"agent_id": longest, "model": longest, "session_id": longest, "user_id": longest}),
        json!({"tags": vec![longest.as_str(); 64]}),
        json!({"tags": null, "spans": null, "metadata": null, "model": null, "input": null, "workspace_id": null}),
        json!({"error": "x".repeat(16 * 1024)}),
    ]
    .into_iter()
    .enumerate()
    {
        let response = ada.send_trace(&trace(&number.to_string(), noon(), more.clone())).await;
        assert_eq!(response.status, 202, "{more}: {}", response.text);
        ada.trace(&number.to_string()).await;
    }
    let sum = ada.trace("6").await["tokens_total"].clone();
    assert_eq!(sum, 2_000_000_000_u64);
}

#[tokio::test]
async fn metrics_count_accepted_and_rejected_traces() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    ada.send_batch(&[trace("a", noon(), json!({})), trace("b", noon(), json!({})), json!(1)])
        .await
        .expect(202);
    ada.send_trace(&trace("c", noon(), json!({}))).await.expect(202);
    let metrics = server.metrics().await;
    for line in [
        "agent_obs_ingested_traces_total{outcome=\"accepted\"} 3\n",
        "agent_obs_ingested_traces_total{outcome=\"rejected\"} 1\n",
    ] {
        assert!(metrics.contains(line), "{line}: {metrics}");
    }
}
