//! Traces as agents send them.

use std::time::Duration;

use serde_json::{Value, json};
use shared::Timestamp;

/// Returns a successful trace of 100 ms at `timestamp`. Members of `more` are added or replace existing ones.
pub fn trace(trace_id: &str, timestamp: Timestamp, more: Value) -> Value {
    let trace = json!({
        "trace_id": trace_id, "agent_id": "support-bot", "timestamp": timestamp, "latency_ms": 100, "status": "success",
    });
    merged(trace, more)
}

/// Returns `one` with the members of `two`, which replace existing ones.
pub fn merged(mut one: Value, two: Value) -> Value {
    let Value::Object(two) = two else { panic!("{two} is not an object") };
    one.as_object_mut().unwrap().extend(two);
    one
}

/// Returns a trace with a value in every field. Each text ends with `mark`.
pub fn full(trace_id: &str, timestamp: Timestamp, mark: &str) -> Value {
    let span_start = timestamp + Duration::from_millis(10);
    json!({
        "trace_id": trace_id,
        "agent_id": format!("support-bot-{mark}"),
        "timestamp": timestamp,
        "latency_ms": 1234.5,
        "status": "error",
        "model": format!("gpt-4o-{mark}"),
        "model_provider": format!("openai-{mark}"),
        "tokens_input": 812,
        "tokens_output": 96,
        "cost_usd": 0.00299,
        "quality_score": 87.5,
        "session_id": format!("session-{mark}"),
        "user_id": format!("user-{mark}"),
        "tags": [format!("prod-{mark}"), "batch"],
        "error": format!("the tool\nbroke {mark}"),
        "input": {"messages": [{"role": "user", "content": format!("question {mark}")}]},
        "output": format!("answer {mark}"),
        "metadata": {"region": format!("eu-{mark}"), "retries": 2},
        "spans": [
            {
                "span_id": "tool", "parent_span_id": "llm", "name": format!("search {mark}"), "kind": "tool",
                "timestamp": span_start + Duration::from_millis(5), "latency_ms": 40.25, "status": "timeout",
                "error": format!("too slow {mark}"), "input": {"query": format!("query {mark}")}, "output": [1, 2, 3],
                "attributes": {"index": format!("docs-{mark}")},
            },
            {
                "span_id": "llm", "name": "chat", "kind": "llm", "timestamp": span_start, "latency_ms": 900,
                "model": "gpt-4o", "tokens_input": 812, "tokens_output": 96, "cost_usd": 0.00299,
                "input": format!("prompt {mark}"), "output": format!("completion {mark}"),
            },
        ],
    })
}
