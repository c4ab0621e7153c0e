//! Sessions and users, as a browser draws them.

use serde_json::json;
use shared::session::{ThreadTotals, ThreadTrace};
use wasm_bindgen_test::wasm_bindgen_test;
use web::pages::thread::{ThreadKind, run, totals};

use crate::fixture::{draw, settle};

fn item() -> ThreadTrace {
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
async fn a_run_shows_what_is_new_and_folds_what_was_said_before() {
    let page = draw(run(ThreadKind::Session, &item()));
    settle().await;
    assert_eq!(page.texts(".run > .conversation .chat-text"), ["Where is it?", "On its way."]);
    assert_eq!(page.text("details:not([open]) summary"), "3 earlier messages");
    assert_eq!(page.texts("details .chat-text"), ["Be kind.", "Hello", "Hi"]);
    assert_eq!(page.text(".run-silent"), "Shortened: the trace has all of it.");
    assert_eq!(page.text(".run-error"), "too many questions");
    assert_eq!(page.text(".run-figures"), "1.23 s · 908 tok · no price", "never free");
    assert_eq!(page.attribute("h3 a", "href"), "/traces/run%2F1");
}

#[wasm_bindgen_test]
async fn a_run_links_to_what_its_page_is_not_about() {
    for (kind, href) in [(ThreadKind::Session, "/users/ada"), (ThreadKind::User, "/sessions/a%20b")] {
        let page = draw(run(kind, &item()));
        settle().await;
        assert_eq!(page.attribute(".run-other a", "href"), href);
        assert_eq!(page.count(".run-other"), 1);
    }
}

#[wasm_bindgen_test]
async fn a_run_without_content_says_so() {
    let silent = ThreadTrace { input: None, output: None, output_truncated: false, ..item() };
    let page = draw(run(ThreadKind::User, &silent));
    settle().await;
    assert_eq!(page.count(".conversation"), 0);
    assert_eq!(page.text(".run-silent"), "Neither input nor output was sent.");
}

#[wasm_bindgen_test]
async fn totals_say_what_the_cost_leaves_out() {
    let sum = ThreadTotals {
        traces: 1_200,
        errors: 3,
        tokens: 45,
        cost_usd: 0.25,
        unpriced: 2,
        avg_latency_ms: Some(1_234.5),
        ..ThreadTotals::default()
    };
    let page = draw(totals(&sum));
    settle().await;
    let labels = ["Traces", "Errors", "Duration", "Mean latency", "Tokens", "Cost", "Quality"];
    assert_eq!(page.texts("dt"), labels);
    assert_eq!(page.texts(".figure"), ["1,200", "3", "–", "1.23 s", "45", "$0.250", "–"]);
    assert_eq!(page.text(".figure-note"), "+2 calls without a price");
}
