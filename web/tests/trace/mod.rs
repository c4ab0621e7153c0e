//! Payloads of spans, and rows of the waterfall.

use serde_json::{Value, json};
use shared::{span::SpanKind, trace::TraceStatus};
use wasm_bindgen_test::wasm_bindgen_test;
use web::components::{
    payload::Payload,
    span_row::{SpanRow, span_row},
};
use yew::prelude::*;

use crate::fixture::{Page, next_render, render};

async fn payload(value: Value) -> Page {
    let page = render(html! { <Payload title="Input" {value} /> });
    next_render().await;
    page
}

#[wasm_bindgen_test]
async fn conversation_shows_roles_and_tool_calls_with_results() {
    let call = json!({"id": "c1", "function": {"name": "get_order", "arguments": "{\"id\":7}"}});
    let page = payload(json!({"temperature": 0.5, "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Where is it?"},
        {"role": "assistant", "content": null, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "{\"at\":\"sea\"}"},
    ]}))
    .await;
    assert_eq!(page.texts(".chat-role"), ["System", "User", "Assistant"]);
    let call = page.text(".chat-assistant .chat-call");
    assert!(["get_order", "\"id\": 7", "\"at\": \"sea\""].iter().all(|part| call.contains(part)), "{call}");
    assert!(page.text(".payload-rest").contains("temperature"), "the other fields are shown, too");
    page.click(".segments button:last-child");
    next_render().await;
    assert!(
        !page.has(".chat") && page.text("pre").contains("tool_call_id"),
        "the whole payload is shown as JSON"
    );
}

#[wasm_bindgen_test]
async fn long_text_is_cut_until_expanded() {
    let page = payload(json!("word ".repeat(2_000))).await;
    let short = page.text(".payload-body p").len();
    assert!(short < 3_000, "{short}");
    page.click(".long-text button");
    next_render().await;
    assert!(page.text(".payload-body p").len() > 9_900);
}

#[wasm_bindgen_test]
async fn long_conversation_shows_the_system_message_and_the_last_messages() {
    let mut messages = vec![json!({"role": "system", "content": "Be brief."})];
    messages.extend((0..100).map(|at| json!({"role": "user", "content": format!("message {at}")})));
    let page = payload(Value::Array(messages)).await;
    assert_eq!(page.count(".chat"), 31);
    assert_eq!(page.text(".chat-more"), "Show 70 earlier messages");
    page.click(".chat-more button");
    next_render().await;
    assert_eq!(page.count(".chat"), 101);
}

#[wasm_bindgen_test]
async fn embedded_images_are_shown_and_remote_ones_are_not_fetched() {
    let page = payload(json!([{"role": "user", "content": [
        {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
        {"type": "image_url", "image_url": {"url": "data:image/svg+xml;base64,AAAA"}},
        {"type": "image_url", "image_url": {"url": "data:image/gif;base64,R0lGODlhAQABAAAAACw="}},
    ]}]))
    .await;
    assert_eq!(page.count(".chat-media"), 3);
    assert_eq!(page.count("img"), 1);
    assert!(page.attribute("img", "src").starts_with("data:image/gif"));
}

#[wasm_bindgen_test]
async fn row_shows_kind_position_status_and_stats() {
    let row = SpanRow {
        id: "span-3".to_owned(),
        name: "chat".into(),
        kind: Some(SpanKind::Llm),
        depth: 2,
        place: (2, 5),
        expanded: Some(false),
        descendants: 12,
        selected: true,
        hit: false,
        status: TraceStatus::Error,
        latency_ms: 1_234.0,
        tokens: Some(1_200),
        cost: Some("no price".to_owned()),
        bar: (25.0, 75.0),
        critical: Some(((25.0, 75.0), vec![(25.0, 40.0), (60.0, 75.0)])),
        on_select: Callback::noop(),
        on_toggle: Callback::noop(),
    };
    let page = render(span_row(&row));
    next_render().await;
    for (name, value) in [
        ("aria-level", "3"),
        ("aria-posinset", "2"),
        ("aria-setsize", "5"),
        ("aria-expanded", "false"),
        ("aria-selected", "true"),
    ] {
        assert_eq!(page.attribute("[role=treeitem]", name), value, "{name}");
    }
    assert_eq!(page.text(".span-label"), "LLM: chat");
    assert_eq!(page.text(".span-failed"), "error");
    assert_eq!(page.text(".span-descendants"), "12 nested steps");
    assert_eq!(
        [".span-tokens", ".span-cost", ".span-time"].map(|it| page.text(it)),
        ["1.2k tok", "no price", "1.23 s"]
    );
    assert_eq!(
        (page.attribute(".bar", "x"), page.attribute(".bar", "width")),
        ("25.00%".into(), "50.00%".into())
    );
    assert_eq!(page.count(".path-self"), 2);
}
