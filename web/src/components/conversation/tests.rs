//! Conversations in each supported format.

use serde_json::{Value, json};

use super::*;

fn message_of(role: &str, parts: Vec<Part>) -> ChatMessage {
    ChatMessage { role: role.to_owned(), parts }
}

fn text(text: &str) -> Part {
    Part::Text(text.to_owned())
}

fn call(id: &str, result: Option<Value>) -> Part {
    Part::ToolCall {
        id: Some(id.to_owned()),
        name: "get_order".to_owned(),
        arguments: json!({"id": 7}),
        result,
    }
}

/// The expected result of parsing the same conversation in any format.
fn exchange() -> Option<Vec<ChatMessage>> {
    Some(vec![
        message_of("system", vec![text("Be brief.")]),
        message_of("user", vec![text("Where is it?")]),
        message_of("assistant", vec![call("c1", Some(json!({"at": "sea"})))]),
        message_of("assistant", vec![text("At sea.")]),
    ])
}

#[test]
fn parses_openai_chat_completions() {
    let list = json!([
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "Where is it?"}]},
        {"role": "assistant", "content": null, "tool_calls": [
            {"id": "c1", "type": "function", "function": {"name": "get_order", "arguments": "{\"id\":7}"}},
        ]},
        {"role": "tool", "tool_call_id": "c1", "content": "{\"at\":\"sea\"}"},
        {"role": "assistant", "content": "At sea."},
    ]);
    assert_eq!(messages(&list), exchange());
    assert_eq!(messages(&json!({"model": "m", "messages": list})), exchange());
    assert_eq!(messages(&json!(list.to_string())), exchange(), "as a string");
}

#[test]
fn parses_openai_responses() {
    let list = json!([
        {"role": "system", "content": "Be brief."},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Where is it?"}]},
        {"type": "function_call", "call_id": "c1", "id": "fc", "name": "get_order", "arguments": "{\"id\":7}"},
        {"type": "function_call_output", "call_id": "c1", "output": "{\"at\":\"sea\"}"},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "At sea."}]},
    ]);
    assert_eq!(messages(&json!({"input": list})), exchange());
    let reasoning =
        json!({"output": [{"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm."}]}]});
    assert_eq!(
        messages(&reasoning),
        Some(vec![message_of("assistant", vec![Part::Reasoning("Hm.".to_owned())])])
    );
}

#[test]
fn parses_opentelemetry_messages() {
    let list = json!([
        {"role": "system", "parts": [{"type": "text", "content": "Be brief."}]},
        {"role": "user", "parts": [{"type": "text", "content": "Where is it?"}]},
        {"role": "assistant", "parts": [
            {"type": "tool_call", "id": "c1", "name": "get_order", "arguments": {"id": 7}},
        ]},
        {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c1", "result": {"at": "sea"}}]},
        {"role": "assistant", "parts": [{"type": "text", "content": "At sea."}], "finish_reason": "stop"},
    ]);
    assert_eq!(messages(&list), exchange());
    let reasoning = json!([{"role": "assistant", "parts": [{"type": "reasoning", "content": "Hm."}]}]);
    assert_eq!(
        messages(&reasoning),
        Some(vec![message_of("assistant", vec![Part::Reasoning("Hm.".to_owned())])])
    );
}

#[test]
fn parses_anthropic_messages() {
    let request = json!({
        "system": "Be brief.",
        "max_tokens": 5,
        "messages": [
            {"role": "user", "content": "Where is it?"},
            {"role": "assistant", "content": [
                {"type": "tool_use", "id": "c1", "name": "get_order", "input": {"id": 7}},
            ]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "c1", "content": [{"type": "text", "text": "{\"at\":\"sea\"}"}]},
            ]},
            {"role": "assistant", "content": [{"type": "text", "text": "At sea."}]},
        ],
    });
    assert_eq!(messages(&request), exchange());
    assert_eq!(other_fields(&request), Some(json!({"max_tokens": 5})), "the other fields are returned");
    let answer = json!({"role": "assistant", "content": [{"type": "thinking", "thinking": "Hm."}]});
    assert_eq!(
        messages(&answer),
        Some(vec![message_of("assistant", vec![Part::Reasoning("Hm.".to_owned())])])
    );
}

#[test]
fn parses_openinference_messages() {
    let nested = json!([
        {"message": {"role": "system", "content": "Be brief."}},
        {"message": {"role": "user", "contents": [{"message_content": {"type": "text", "text": "Where is it?"}}]}},
        {"message": {"role": "assistant", "tool_calls": [
            {"tool_call": {"id": "c1", "function": {"name": "get_order", "arguments": "{\"id\":7}"}}},
        ]}},
        {"message": {"role": "tool", "tool_call_id": "c1", "content": "{\"at\":\"sea\"}"}},
        {"message": {"role": "assistant", "content": "At sea."}},
    ]);
    assert_eq!(messages(&nested), exchange());
    let flat = json!([{"message.role": "user", "message.content": "Hi"}]);
    assert_eq!(messages(&flat), Some(vec![message_of("user", vec![text("Hi")])]));
}

#[test]
fn parses_vercel_ai_sdk_messages() {
    let list = json!([
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "Where is it?"}]},
        {"role": "assistant", "content": [
            {"type": "tool-call", "toolCallId": "c1", "toolName": "get_order", "input": {"id": 7}},
        ]},
        {"role": "tool", "content": [
            {"type": "tool-result", "toolCallId": "c1", "toolName": "get_order",
             "output": {"type": "json", "value": {"at": "sea"}}},
        ]},
        {"role": "assistant", "content": "At sea."},
    ]);
    assert_eq!(messages(&json!({"messages": list})), exchange());
}

#[test]
fn parses_langchain_messages() {
    let list = json!([[
        {"lc": 1, "type": "constructor", "id": ["langchain", "SystemMessage"], "kwargs": {"content": "Be brief."}},
        {"type": "human", "content": "Where is it?"},
        {"type": "ai", "content": "", "tool_calls": [{"name": "get_order", "args": {"id": 7}, "id": "c1"}]},
        {"type": "tool", "content": "{\"at\":\"sea\"}", "tool_call_id": "c1"},
        {"type": "ai", "content": "At sea."},
    ]]);
    assert_eq!(messages(&json!({"messages": list})), exchange());
}

#[test]
fn parses_gemini_responses() {
    let answer = json!({"candidates": [{"content": {"role": "model", "parts": [
        {"text": "At sea."},
        {"functionCall": {"name": "get_order", "args": {"id": 7}}},
    ]}}]});
    let called =
        Part::ToolCall { id: None, name: "get_order".to_owned(), arguments: json!({"id": 7}), result: None };
    assert_eq!(messages(&answer), Some(vec![message_of("assistant", vec![text("At sea."), called])]));
}

#[test]
fn keeps_a_tool_result_without_its_call() {
    let list = json!([
        {"role": "user", "content": "Hi"},
        {"role": "tool", "tool_call_id": "c9", "name": "get_order", "content": "lost"},
    ]);
    let result = Part::ToolResult {
        id: Some("c9".to_owned()),
        name: Some("get_order".to_owned()),
        content: json!("lost"),
    };
    assert_eq!(
        messages(&list),
        Some(vec![message_of("user", vec![text("Hi")]), message_of("tool", vec![result])])
    );
}

#[test]
fn parses_images_audio_and_unknown_parts() {
    let list = json!([{"role": "user", "content": [
        {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "A".repeat(300)}},
        {"type": "blob", "modality": "audio", "mime_type": "audio/wav", "content": "A".repeat(300)},
        {"type": "hologram", "size": 3},
    ]}]);
    let media = |kind: &str, mime: Option<&str>, source: Option<String>| {
        Part::Media(Media { kind: kind.to_owned(), mime: mime.map(ToOwned::to_owned), source })
    };
    let expected = vec![
        media("image", None, Some("https://example.com/a.png".to_owned())),
        media("image", Some("image/png"), Some(format!("data:image/png;base64,{}", "A".repeat(300)))),
        media("audio", Some("audio/wav"), None),
        Part::Other(json!({"type": "hologram", "size": 3})),
    ];
    assert_eq!(messages(&list), Some(vec![message_of("user", expected)]));
}

#[test]
fn parses_requests_responses_and_single_messages() {
    let one = json!({"role": "assistant", "content": [{"type": "text", "text": "Hi"}]});
    let expected = messages(&one);
    assert_eq!(expected.as_ref().map(Vec::len), Some(1));
    assert_eq!(messages(&json!({"model": "m", "messages": [one.clone()]})), expected);
    assert_eq!(messages(&json!({"choices": [{"index": 0, "message": one}]})), expected);
}

#[test]
fn returns_none_for_other_payloads() {
    for other in [
        json!("text"),
        json!([]),
        json!([1, 2]),
        json!([[], []]),
        json!({"role": "admin"}),
        json!({"input": "a", "output": "b"}),
        json!({"content": "a"}),
        json!([{"role": "user", "content": "a"}, 5]),
    ] {
        assert_eq!(messages(&other), None, "{other}");
    }
}
