//! Trace details over HTTP: complete contents, unusual ids, and isolation between workspaces.

use std::time::Duration;

use serde_json::json;
use shared::Timestamp;

use test_support::{
    client::escaped,
    sample::{full, trace},
    server::{Member, noon, spawn},
};

fn just_now() -> Timestamp {
    noon() - Duration::from_secs(5)
}

#[tokio::test]
async fn detail_contains_input_output_and_spans() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    ada.ingest(&[full("run", just_now(), "x")]).await;
    let start = just_now() + Duration::from_millis(10);
    let expected = json!({
        "trace_id": "run", "workspace_id": ada.user.workspace_id, "agent_id": "support-bot-x",
        "timestamp": just_now(), "latency_ms": 1234.5, "status": "error", "model": "gpt-4o-x",
        "model_provider": "openai-x", "tokens_input": 812, "tokens_output": 96, "tokens_total": 908,
        "cost_usd": 0.00299, "cost_basis": {"basis": "reported"}, "quality_score": 87.5,
        "session_id": "session-x", "user_id": "user-x",
        "tags": ["prod-x", "batch"], "error": "the tool\nbroke x",
        "input": {"messages": [{"role": "user", "content": "question x"}]},
        "output": "answer x",
        "metadata": {"region": "eu-x", "retries": 2},
        "scores": [],
        "spans": [
            {
                "span_id": "llm", "name": "chat", "kind": "llm", "timestamp": start,
                "latency_ms": 900.0, "status": "success", "model": "gpt-4o", "tokens_input": 812,
                "tokens_output": 96, "cost_usd": 0.00299, "cost_basis": {"basis": "reported"},
                "input": "prompt x", "output": "completion x",
            },
            {
                "span_id": "tool", "parent_span_id": "llm", "name": "search x", "kind": "tool",
                "timestamp": start + Duration::from_millis(5), "latency_ms": 40.25, "status": "timeout",
                "error": "too slow x", "input": {"query": "query x"}, "output": [1, 2, 3],
                "attributes": {"index": "docs-x"},
            },
        ],
    });
    assert_eq!(ada.trace("run").await, expected);
}

#[tokio::test]
async fn unknown_trace_returns_404_until_it_is_sent() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    ada.get("/api/v1/traces/run").await.expect_error(404, "not_found");
    ada.get("/api/v1/traces/run").await.expect_error(404, "not_found");
    ada.ingest(&[trace("run", just_now(), json!({}))]).await;
    assert_eq!(ada.get("/api/v1/traces/run").await.expect(200).json()["trace_id"], "run");
}

#[tokio::test]
async fn same_trace_id_in_two_workspaces_is_two_traces_also_in_the_cache() {
    let server = spawn().await;
    let (ada, bob) = (server.member("ada").await, server.member("bob").await);
    ada.ingest(&[full("run", just_now(), "ada"), full("only-adas", just_now(), "ada")]).await;
    bob.ingest(&[full("run", just_now(), "bob")]).await;
    let read = async |who: &Member, id: &str| who.get(&format!("/api/v1/traces/{id}")).await;
    for outcome in ["miss", "hit"] {
        let (adas, bobs) = (read(&ada, "run").await.expect(200), read(&bob, "run").await.expect(200));
        assert_eq!((adas.header("x-cache"), bobs.header("x-cache")), (outcome, outcome));
        assert!(adas.text.contains("answer ada") && !adas.text.contains("answer bob"), "{}", adas.text);
        assert!(bobs.text.contains("answer bob") && !bobs.text.contains("answer ada"), "{}", bobs.text);
        read(&ada, "only-adas").await.expect(200);
        read(&bob, "only-adas").await.expect_error(404, "not_found");
    }
}

#[tokio::test]
async fn trace_is_found_by_any_valid_id() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    let longest = "x".repeat(256);
    let names = [
        "a/b",
        "a%2Fb",
        "100%",
        "a b",
        "a?b=c",
        "a#b",
        "ünï-😀",
        "a+b",
        "batch",
        "a\"b",
        "a\\b",
        "..",
        "%",
        "'--",
        "\u{2028}",
        &longest,
    ];
    for name in names {
        ada.ingest(&[trace(name, just_now(), json!({"output": format!("of {name}")}))]).await;
    }
    for name in names {
        // In a URL, `..` is the parent path, even if it is escaped.
        if name != ".." {
            let found = ada.trace(&escaped(name)).await;
            assert_eq!((&found["trace_id"], &found["output"]), (&json!(name), &json!(format!("of {name}"))));
        }
    }
}

#[tokio::test]
async fn absent_fields_are_null_or_empty() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    let sent =
        ada.send_trace(&json!({"agent_id": "a", "latency_ms": 0, "status": "success"})).await.expect(202);
    let id = sent.json()["trace_id"].as_str().unwrap().to_owned();
    let found = ada.trace(&id).await;
    assert_eq!(found["timestamp"], json!(noon()), "the time of arrival");
    for name in [
        "model",
        "model_provider",
        "tokens_input",
        "tokens_output",
        "tokens_total",
        "cost_usd",
        "quality_score",
        "session_id",
        "user_id",
        "error",
        "input",
        "output",
    ] {
        assert!(found[name].is_null() && found.get(name).is_some(), "{name}: {found}");
    }
    assert_eq!((&found["tags"], &found["spans"], &found["scores"]), (&json!([]), &json!([]), &json!([])));
    assert_eq!(found["metadata"], json!({}));
}
