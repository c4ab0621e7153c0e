//! Components of the session and end user pages.

use serde_json::json;
use shared::session::{SessionTotals, SessionTrace};
use wasm_bindgen_test::wasm_bindgen_test;
use web::pages::session::{SessionKind, totals, trace_item};

use crate::fixture::{next_render, render};

fn item() -> SessionTrace {
    let fields = json!({
        "trace_id": "run/1", "agent_id": "router", "workspace_id": "00000000-0000-0000-0000-000000000000",
        "timestamp": "2025-10-22T10:35:22.120Z", "latency_ms": 1234.5, "status": "error", "tags": [],
        "tokens_total": 908, "unpriced": 1, "error": "too many questions", "session_id": "a b", "user_id": "ada",
        "input": [
            {"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hello"},
            {"role": "assistant", "content": "Hi"}, {"role": "user", "content": "Where is it?"},
        ],
        "output": "On its way.", "output_truncated": true,
    });
    serde_json::from_value(fields).unwrap()
}

#[wasm_bindgen_test]
async fn trace_shows_new_messages_and_collapses_earlier_ones() {
    let page = render(trace_item(SessionKind::Session, &item()));
    next_render().await;
    assert_eq!(page.texts(".session-trace > .conversation .chat-text"), ["Where is it?", "On its way."]);
    assert_eq!(page.text("details:not([open]) summary"), "3 earlier messages");
    assert_eq!(page.texts("details .chat-text"), ["Be kind.", "Hello", "Hi"]);
    assert_eq!(page.text(".session-trace-note"), "Truncated. Open the trace to see everything.");
    assert_eq!(page.text(".session-trace-error"), "too many questions");
    assert_eq!(
        page.text(".session-trace-stats"),
        "1.23 s · 908 tok · no price",
        "a missing price is not shown as 0"
    );
    assert_eq!(page.attribute("h3 a", "href"), "/traces/run%2F1");
}

#[wasm_bindgen_test]
async fn trace_links_to_its_end_user_or_session() {
    for (kind, href) in [(SessionKind::Session, "/users/ada"), (SessionKind::EndUser, "/sessions/a%20b")] {
        let page = render(trace_item(kind, &item()));
        next_render().await;
        assert_eq!(page.attribute(".session-trace-other a", "href"), href);
        assert_eq!(page.count(".session-trace-other"), 1);
    }
}

#[wasm_bindgen_test]
async fn trace_without_content_shows_an_empty_state() {
    let empty = SessionTrace { input: None, output: None, output_truncated: false, ..item() };
    let page = render(trace_item(SessionKind::EndUser, &empty));
    next_render().await;
    assert_eq!(page.count(".conversation"), 0);
    assert_eq!(page.text(".session-trace-note"), "No input or output");
}

#[wasm_bindgen_test]
async fn totals_note_calls_without_a_price() {
    let sum = SessionTotals {
        traces: 1_200,
        errors: 3,
        tokens: 45,
        cost_usd: 0.25,
        unpriced: 2,
        avg_latency_ms: Some(1_234.5),
        ..SessionTotals::default()
    };
    let page = render(totals(&sum));
    next_render().await;
    let labels = ["Traces", "Errors", "Duration", "Average latency", "Tokens", "Cost", "Quality"];
    assert_eq!(page.texts("dt"), labels);
    assert_eq!(page.texts(".stat-value"), ["1,200", "3", "–", "1.23 s", "45", "$0.250", "–"]);
    assert_eq!(page.text(".stat-note"), "+2 calls without a price");
}
