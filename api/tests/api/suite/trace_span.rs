//! The spans of a trace over HTTP: the tree without payloads, a complete span, and search.

use std::time::Duration;

use serde_json::{Value, json};
use shared::Timestamp;

use test_support::{
    client::{Client, escaped},
    sample::{full, merged, trace},
    server::{noon, spawn},
};

fn just_now() -> Timestamp {
    noon() - Duration::from_secs(5)
}

/// Returns a trace with these spans, one millisecond apart, sent in reverse order.
fn with_spans(trace_id: &str, spans: &[(&str, Value)]) -> Value {
    let span = |(number, (id, more)): (u32, &(&str, Value))| {
        let timestamp = just_now() + Duration::from_millis(1) * number;
        let span = json!({"span_id": id, "name": "step", "timestamp": timestamp, "latency_ms": 1});
        merged(span, more.clone())
    };
    let mut spans: Vec<_> = (0..).zip(spans).map(span).collect();
    spans.reverse();
    trace(trace_id, just_now(), json!({"input": "of the trace", "spans": spans}))
}

async fn search(client: &Client, trace_id: &str, text: &str) -> Vec<String> {
    let path = format!("/api/v1/traces/{trace_id}/search?q={}", escaped(text));
    let response = client.get(&path).await.expect(200).json();
    let items: Vec<String> = serde_json::from_value(response["items"].clone()).unwrap();
    assert_eq!((&response["total"], response.get("incomplete")), (&json!(items.len()), None));
    items
}

#[tokio::test]
async fn trace_without_payloads_omits_the_payloads_of_its_spans() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    ada.ingest(&[full("run", just_now(), "x")]).await;
    let mut expected = ada.trace("run").await;
    let payload_fields = ["input", "output", "attributes"];
    for span in expected["spans"].as_array_mut().unwrap() {
        let span = span.as_object_mut().unwrap();
        assert!(
            payload_fields.iter().any(|name| span.remove(*name).is_some()),
            "every span has a payload to omit"
        );
        for name in payload_fields {
            span.remove(name);
        }
    }
    assert_eq!(ada.trace("run?payloads=false").await, expected);
    assert_eq!(ada.trace("run?payloads=true").await, ada.trace("run").await);
    ada.get("/api/v1/traces/run?payloads=no").await.expect_error(400, "bad_request");
    ada.get("/api/v1/traces/walk?payloads=false").await.expect_error(404, "not_found");
}

#[tokio::test]
async fn single_span_equals_the_span_in_its_trace() {
    let server = spawn().await;
    let (ada, bob) = (server.member("ada").await, server.member("bob").await);
    ada.ingest(&[full("run", just_now(), "x"), trace("empty", just_now(), json!({}))]).await;
    let whole = ada.trace("run").await;
    for span in whole["spans"].as_array().unwrap() {
        let path = format!("/api/v1/traces/run/spans/{}", span["span_id"].as_str().unwrap());
        assert_eq!(ada.get(&path).await.expect(200).json(), *span);
        bob.get(&path).await.expect_error(404, "not_found");
    }
    for path in ["run/spans/LLM", "run/spans/ll", "run/spans/a%00b", "empty/spans/llm", "walk/spans/llm"] {
        ada.get(&format!("/api/v1/traces/{path}")).await.expect_error(404, "not_found");
    }
}

#[tokio::test]
async fn spans_of_any_id_in_traces_of_any_id_are_distinct_also_in_the_cache() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    let traces = [("a:b", "c"), ("a", "b:c"), ("a%3Ab", "c"), ("a/b?c", "d/e?f#g"), ("ü", "%2F \"")];
    for (trace_id, span_id) in traces {
        let input = json!({"input": format!("{trace_id} {span_id}")});
        ada.ingest(&[with_spans(trace_id, &[(span_id, input)])]).await;
    }
    for outcome in ["miss", "hit"] {
        for (trace_id, span_id) in traces {
            let path = format!("/api/v1/traces/{}/spans/{}", escaped(trace_id), escaped(span_id));
            let response = ada.get(&path).await.expect(200);
            assert_eq!(response.json()["input"], format!("{trace_id} {span_id}"));
            assert_eq!(response.header("x-cache"), outcome);
        }
    }
}

#[tokio::test]
async fn search_covers_every_visible_field_and_orders_spans_by_start() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    let spans = [
        ("s0", json!({"name": "Plan the Trip"})),
        ("s1", json!({"model": "Trip-Large", "kind": "llm"})),
        ("s2", json!({"status": "error", "error": "no trips left"})),
        ("s3", json!({"input": {"messages": [{"content": "a \"trip\" to Zürich/Bern"}]}})),
        ("s4", json!({"output": ["x", ["round TRIP"]]})),
        ("s5", json!({"attributes": {"trip.id": 4711.5}})),
        ("s6", json!({"input": "nothing of the kind"})),
    ];
    ada.ingest(&[with_spans("run", &spans), with_spans("other", &[("s9", json!({"name": "trip"}))])]).await;
    assert_eq!(search(&ada, "run", "TRIP").await, ["s0", "s1", "s2", "s3", "s4", "s5"]);
    assert_eq!(search(&ada, "run", "\"trip\" to zÜRICH/bern").await, ["s3"]);
    assert_eq!(search(&ada, "run", "4711.5").await, ["s5"]);
    assert_eq!(search(&ada, "run", "of the kind").await, ["s6"]);
    for nothing in ["attributes", "%", "_", "trip%", "\0", "of the trace", "s0"] {
        assert!(search(&ada, "run", nothing).await.is_empty(), "{nothing}");
    }
}

#[tokio::test]
async fn search_counts_all_spans_and_returns_the_first_1000_ids() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    let ids: Vec<String> = (0..1500).map(|number| format!("s{number}")).collect();
    let spans: Vec<(&str, Value)> = ids.iter().map(|id| (id.as_str(), json!({"input": "needle"}))).collect();
    ada.ingest(&[with_spans("run", &spans)]).await;
    let response = ada.get("/api/v1/traces/run/search?q=NEEDLE").await.expect(200).json();
    assert_eq!((&response["total"], &response["items"]), (&json!(1500), &json!(ids[..1000])));
}

#[tokio::test]
async fn rejects_an_empty_or_long_search_and_returns_404_for_other_traces() {
    let server = spawn().await;
    let (ada, bob) = (server.member("ada").await, server.member("bob").await);
    ada.ingest(&[full("run", just_now(), "x")]).await;
    let longest = "ü".repeat(200);
    assert!(search(&ada, "run", &longest).await.is_empty());
    for query in ["", "?q=", &format!("?q={longest}x")] {
        let rejected = ada.get(&format!("/api/v1/traces/run/search{query}")).await;
        assert_eq!(rejected.expect_error(422, "validation_failed").fields(), ["q"], "{query}");
    }
    ada.get("/api/v1/traces/walk/search?q=x").await.expect_error(404, "not_found");
    bob.get("/api/v1/traces/run/search?q=x").await.expect_error(404, "not_found");
}
