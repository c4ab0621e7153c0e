//! Input, output and everything else without a column.

use serde_json::json;

use super::*;

fn input(attributes: Value) -> Value {
    mapped(attributes).1["input"].take()
}

fn output(attributes: Value) -> Value {
    mapped(attributes).1["output"].take()
}

/// Checks each attribute alone, then together with all later ones: the earlier one takes precedence.
#[track_caller]
fn first_hits(rows: &[(Value, Value)], found: fn(Value) -> Value) {
    let mut all = serde_json::Map::new();
    for (attributes, expected) in rows.iter().rev() {
        assert_eq!(&found(attributes.clone()), expected, "{attributes}");
        all.extend(attributes.as_object().unwrap().clone());
        assert_eq!(&found(Value::Object(all.clone())), expected, "{attributes} before the rest");
    }
}

#[test]
fn the_first_present_convention_gives_the_input() {
    let asked = json!([{"role": "user", "parts": [{"type": "text", "content": "Weather?"}]}]);
    let rows = [
        (json!({"gen_ai.input.messages": asked.to_string()}), asked.clone()),
        (json!({"gen_ai.tool.call.arguments": "{\"city\": \"Paris\"}"}), json!({"city": "Paris"})),
        (
            json!({"llm.input_messages.0.message.role": "user", "llm.input_messages.0.message.content": "Hi"}),
            json!([{"role": "user", "content": "Hi"}]),
        ),
        (json!({"input.value": "{\"q\": 1}", "input.mime_type": "application/json"}), json!({"q": 1})),
        (
            json!({"gen_ai.prompt.0.role": "user", "gen_ai.prompt.0.content": "Hello"}),
            json!([{"role": "user", "content": "Hello"}]),
        ),
        (
            json!({"traceloop.entity.input": "{\"args\": [1], \"kwargs\": {}}"}),
            json!({"args": [1], "kwargs": {}}),
        ),
        (
            json!({"ai.prompt.messages": "[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"Hi\"}]}]"}),
            json!([{"role": "user", "content": [{"type": "text", "text": "Hi"}]}]),
        ),
        (json!({"ai.prompt": "{\"prompt\":\"Hi\"}"}), json!({"prompt": "Hi"})),
        (json!({"ai.toolCall.args": "{\"city\":\"Paris\"}"}), json!({"city": "Paris"})),
    ];
    first_hits(&rows, input);
    assert_eq!(input(json!({"gen_ai.input.messages": asked})), asked, "as a value");
    assert_eq!(input(json!({"input.value": "", "gen_ai.input.messages": "[]"})), json!(null));
    assert_eq!(
        input(json!({"input.value": "{\"q\": 1}", "input.mime_type": "text/plain"})),
        json!("{\"q\": 1}")
    );
    assert_eq!(input(json!({"input.value": "{no JSON"})), json!("{no JSON"));
}

#[test]
fn the_first_present_convention_gives_the_output() {
    let said = json!([{"role": "assistant", "parts": [{"type": "text", "content": "Sunny"}], "finish_reason": "stop"}]);
    let rows = [
        (json!({"gen_ai.output.messages": said.to_string()}), said),
        (json!({"gen_ai.tool.call.result": "{\"celsius\": 21}"}), json!({"celsius": 21})),
        (
            json!({"llm.output_messages.0.message.role": "assistant", "llm.output_messages.0.message.content": "Sunny"}),
            json!([{"role": "assistant", "content": "Sunny"}]),
        ),
        (json!({"output.value": "It is sunny", "output.mime_type": "text/plain"}), json!("It is sunny")),
        (
            json!({
                "gen_ai.completion.0.role": "assistant", "gen_ai.completion.0.content": "Sun",
                "gen_ai.completion.0.finish_reason": "stop",
            }),
            json!([{"role": "assistant", "content": "Sun", "finish_reason": "stop"}]),
        ),
        (json!({"traceloop.entity.output": "\"It is 21 degrees\""}), json!("It is 21 degrees")),
        (json!({"ai.response.text": "Sunny"}), json!("Sunny")),
        (json!({"ai.response.object": "{\"sunny\":true}"}), json!({"sunny": true})),
        (json!({"ai.toolCall.result": "{\"celsius\":21}"}), json!({"celsius": 21})),
    ];
    first_hits(&rows, output);
    assert_eq!(output(json!({"traceloop.entity.output": "null"})), json!(null));
}

#[test]
fn system_instructions_come_first() {
    let messages = input(json!({
        "gen_ai.system_instructions": "[{\"type\": \"text\", \"content\": \"Be brief.\"}]",
        "gen_ai.input.messages": "[{\"role\": \"user\", \"parts\": []}]",
    }));
    let system = json!({"role": "system", "parts": [{"type": "text", "content": "Be brief."}]});
    assert_eq!(messages, json!([system, {"role": "user", "parts": []}]));
    assert_eq!(input(json!({"gen_ai.system_instructions": "Be brief."})), json!([system]));
}

#[test]
fn flattened_messages_are_reassembled_with_tool_calls_and_parts() {
    let messages = input(json!({
        "llm.input_messages.10.message.role": "tool",
        "llm.input_messages.10.message.tool_call_id": "call_1",
        "llm.input_messages.10.message.content": "{\"celsius\": 21}",
        "llm.input_messages.2.message.role": "assistant",
        "llm.input_messages.2.message.tool_calls.0.tool_call.id": "call_1",
        "llm.input_messages.2.message.tool_calls.0.tool_call.function.name": "get_weather",
        "llm.input_messages.2.message.tool_calls.0.tool_call.function.arguments": "{\"city\":\"Paris\"}",
        "llm.input_messages.0.message.role": "user",
        "llm.input_messages.0.message.contents.0.message_content.type": "text",
        "llm.input_messages.0.message.contents.0.message_content.text": "What is this?",
        "llm.input_messages.0.message.contents.1.message_content.type": "image",
        "llm.input_messages.0.message.contents.1.message_content.image.image.url": "https://example.com/a.png",
    }));
    let parts = json!([
        {"type": "text", "text": "What is this?"},
        {"type": "image", "image": {"image": {"url": "https://example.com/a.png"}}},
    ]);
    let call = json!({
        "id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": {"city": "Paris"}},
    });
    assert_eq!(messages[0]["content"][0], parts[0]);
    assert_eq!(messages[0]["content"][1]["type"], "image");
    assert!(messages[0]["content"][1].to_string().contains("https://example.com/a.png"));
    assert_eq!(messages[1], json!({"role": "assistant", "tool_calls": [call]}));
    assert_eq!(
        messages[2],
        json!({"role": "tool", "tool_call_id": "call_1", "content": "{\"celsius\": 21}"})
    );

    let result = output(json!({
        "gen_ai.completion.0.role": "assistant",
        "gen_ai.completion.0.finish_reason": "tool_calls",
        "gen_ai.completion.0.tool_calls.0.id": "call_1",
        "gen_ai.completion.0.tool_calls.0.name": "get_weather",
        "gen_ai.completion.0.tool_calls.0.arguments": "{\"city\":\"Paris\"}",
    }));
    assert_eq!(result, json!([{"role": "assistant", "finish_reason": "tool_calls", "tool_calls": [call]}]));

    let asked = input(json!({
        "gen_ai.prompt.0.role": "user", "gen_ai.prompt.0.content": "[{\"type\": \"text\", \"text\": \"Hi\"}]",
        "gen_ai.prompt.1.role": "user", "gen_ai.prompt.1.content": "[1, 2]",
    }));
    assert_eq!(asked[0]["content"], json!([{"type": "text", "text": "Hi"}]));
    assert_eq!(asked[1]["content"], json!("[1, 2]"), "text that looks like JSON remains text");
    let old = input(json!({
        "llm.input_messages.0.message.role": "assistant",
        "llm.input_messages.0.message.function_call_name": "f",
        "llm.input_messages.0.message.function_call_arguments_json": "{\"a\":1}",
    }));
    assert_eq!(old[0]["tool_calls"][0]["function"], json!({"name": "f", "arguments": {"a": 1}}));
}

#[test]
fn vercel_tool_calls_are_combined_with_the_text() {
    let said = output(json!({
        "ai.response.text": "Let me look.",
        "ai.response.toolCalls": "[{\"toolCallId\":\"call_1\",\"toolName\":\"get_weather\",\"input\":\"{\\\"city\\\":\\\"Paris\\\"}\"}]",
    }));
    let function = json!({"name": "get_weather", "arguments": {"city": "Paris"}});
    let call = json!({"id": "call_1", "type": "function", "function": function});
    assert_eq!(said, json!([{"role": "assistant", "content": "Let me look.", "tool_calls": [call]}]));
}

#[test]
fn events_give_the_conversation() {
    let events = vec![
        event("gen_ai.system.message", json!({"content": "Be brief."})),
        event(
            "gen_ai.user.message",
            json!({"gen_ai.event.content": "{\"role\": \"user\", \"content\": \"Hi\"}"}),
        ),
        event(
            "gen_ai.assistant.message",
            json!({"tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}]}),
        ),
        event("gen_ai.tool.message", json!({"id": "c", "content": "21"})),
        event(
            "gen_ai.choice",
            json!({"index": 0, "finish_reason": "stop", "message": "{\"content\": \"Hello\"}"}),
        ),
    ];
    let (_, payload, _) = full(Span { events, ..span(json!({})) });
    let call = json!({"id": "c", "type": "function", "function": {"name": "f", "arguments": {}}});
    assert_eq!(
        payload["input"],
        json!([
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Hi"},
            {"role": "assistant", "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "c", "content": "21"},
        ])
    );
    assert_eq!(
        payload["output"],
        json!([{"role": "assistant", "content": "Hello", "finish_reason": "stop"}])
    );
    assert_eq!(payload["finish_reasons"], json!(["stop"]));
    assert_eq!(payload["events"].as_array().unwrap().len(), 5, "they also remain events");

    let details = event(
        "gen_ai.client.inference.operation.details",
        json!({
            "gen_ai.system_instructions": [{"type": "text", "content": "Be brief."}],
            "gen_ai.input.messages": [{"role": "user", "parts": [{"type": "text", "content": "Hi"}]}],
            "gen_ai.output.messages": [{"role": "assistant", "parts": []}],
        }),
    );
    let (_, payload, _) = full(Span { events: vec![details], ..span(json!({})) });
    assert_eq!(payload["input"][0]["role"], "system");
    assert_eq!(payload["input"][1]["parts"][0]["content"], "Hi");
    assert_eq!(payload["output"], json!([{"role": "assistant", "parts": []}]));
}

#[test]
fn tools_first_chunks_and_finish_reasons_have_their_own_fields() {
    let (_, payload) = mapped(json!({
        "gen_ai.tool.name": "get_weather", "gen_ai.tool.call.id": "call_1", "gen_ai.tool.type": "function",
        "gen_ai.response.time_to_first_chunk": 0.25, "gen_ai.response.finish_reasons": ["stop", "length"],
    }));
    assert_eq!(payload["tool"], json!({"name": "get_weather", "call_id": "call_1", "type": "function"}));
    assert_eq!(
        (&payload["time_to_first_chunk_ms"], &payload["finish_reasons"]),
        (&json!(250.0), &json!(["stop", "length"]))
    );
    let (_, payload) = mapped(json!({"tool.name": "search", "tool.id": "c", "llm.finish_reason": "stop"}));
    assert_eq!(
        (&payload["tool"], &payload["finish_reasons"]),
        (&json!({"name": "search", "call_id": "c"}), &json!(["stop"]))
    );
    let (_, payload) = mapped(json!({
        "ai.toolCall.name": "search", "ai.toolCall.id": "c", "ai.response.msToFirstChunk": 12.5,
        "gen_ai.completion.0.finish_reason": "length",
    }));
    assert_eq!(payload["tool"], json!({"name": "search", "call_id": "c"}));
    assert_eq!(
        (&payload["time_to_first_chunk_ms"], &payload["finish_reasons"]),
        (&json!(12.5), &json!(["length"]))
    );
    let (_, payload) = mapped(json!({"traceloop.span.kind": "tool", "traceloop.entity.name": "get_weather"}));
    assert_eq!(payload["tool"], json!({"name": "get_weather"}));
    let streamed = Span { events: vec![event("First Token Stream Event", json!({}))], ..span(json!({})) };
    assert_eq!(full(streamed).1["time_to_first_chunk_ms"], json!(500.0));
}

#[test]
fn keeps_attributes_of_every_type() {
    let attributes = json!({
        "gen_ai.request.model": "gpt-4o", "unknown": "x", "whole": -3, "half": 0.5, "yes": true, "nothing": null,
        "list": [1, "two", [3.5], {"four": 5}], "object": {"a": {"b": [null]}},
    });
    let mut sent = span(attributes.clone());
    let special = |key: &str, value| KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue { value: Some(value) }),
        ..KeyValue::default()
    };
    sent.attributes.push(special("bytes", any_value::Value::BytesValue(vec![0, 255])));
    sent.attributes.push(special("nan", any_value::Value::DoubleValue(f64::NAN)));
    sent.attributes.push(special("nul\0", any_value::Value::StringValue("a\0b".to_owned())));
    sent.links.push(opentelemetry_proto::tonic::trace::v1::span::Link {
        trace_id: vec![0xab; 16],
        span_id: vec![1; 8],
        attributes: pairs(&json!({"why": "retry"})),
        ..Default::default()
    });
    sent.parent_span_id = vec![0; 8];
    let (span, payload, _) = full(sent);
    for (name, value) in attributes.as_object().unwrap() {
        assert_eq!(payload["attributes"].get(name), Some(value));
    }
    assert_eq!(
        (&payload["attributes"]["bytes"], &payload["attributes"]["nan"]),
        (&json!("AP8="), &json!("NaN"))
    );
    assert_eq!(payload["attributes"]["nul\u{fffd}"], "a\u{fffd}b");
    assert_eq!(payload["resource"], json!({"service.name": "weather"}));
    assert_eq!(payload["links"][0]["trace_id"], "ab".repeat(16));
    assert_eq!(payload["links"][0]["attributes"], json!({"why": "retry"}));
    assert_eq!((span.span.span_id.as_str(), span.span.parent_span_id), ("f1f2f3f4f5f6f7f8", None));
    assert_eq!((span.span.latency, span.arrived), (1_000_000, arrival().now));
}

#[test]
fn an_agent_of_pydantic_ai_has_the_question_and_the_answer() {
    let text =
        |role: &str, content: &str| json!({"role": role, "parts": [{"type": "text", "content": content}]});
    let all =
        json!([text("user", "How warm?"), text("assistant", "Let me look."), text("assistant", "21°.")]);
    let agent = |result: Value| {
        let mut attributes = json!({
            "gen_ai.operation.name": "invoke_agent", "pydantic_ai.all_messages": all.to_string(),
            "gen_ai.system_instructions": "[{\"type\":\"text\",\"content\":\"Be brief.\"}]",
        });
        attributes["final_result"] = result;
        attributes
    };
    assert_eq!(
        input(agent("21°.".into())),
        json!([text("user", "How warm?"), text("assistant", "Let me look.")])
    );
    assert_eq!(output(agent("21°.".into())), json!("21°."));
    assert_eq!(output(agent(Value::Null)), json!([text("assistant", "21°.")]));
    let tool =
        json!({"gen_ai.tool.name": "t", "tool_arguments": "{\"city\": \"Paris\"}", "tool_response": "21"});
    assert_eq!((input(tool.clone()), output(tool)), (json!({"city": "Paris"}), json!("21")));
}

#[test]
fn the_input_of_an_agent_precedes_a_part_of_its_conversation() {
    let with_kind = |kind: &str| {
        input(json!({
            "openinference.span.kind": kind, "input.value": "How warm?",
            "llm.input_messages.0.message.role": "system", "llm.input_messages.0.message.content": "Be brief.",
        }))
    };
    for kind in ["AGENT", "CHAIN"] {
        assert_eq!(with_kind(kind), json!("How warm?"), "{kind}");
    }
    assert_eq!(with_kind("LLM"), json!([{"role": "system", "content": "Be brief."}]));
}

#[test]
fn documents_precede_their_representation_and_langfuse_has_its_own_names() {
    let found = output(json!({
        "openinference.span.kind": "RETRIEVER", "output.value": "[Document(page_content='x')]",
        "retrieval.documents.0.document.content": "x",
    }));
    assert_eq!(found, json!([{"content": "x"}]));
    let langfuse = json!({"langfuse.observation.input": "{\"args\": [\"Paris\"]}", "langfuse.observation.output": "21°"});
    assert_eq!((input(langfuse.clone()), output(langfuse)), (json!({"args": ["Paris"]}), json!("21°")));
}

#[test]
fn several_events_of_details_give_the_input_and_the_output() {
    let details = "gen_ai.client.inference.operation.details";
    let messages =
        |role: &str, content: &str| json!([{"role": role, "parts": [{"type": "text", "content": content}]}]);
    let (asked, answered) = (messages("user", "How warm?"), messages("assistant", "21°."));
    let events = vec![
        event(details, json!({"gen_ai.system_instructions": "[]"})),
        event(details, json!({"gen_ai.input.messages": asked.to_string()})),
        event(details, json!({"gen_ai.output.messages": answered.to_string()})),
    ];
    let (_, payload, _) = full(Span { events, ..span(json!({"gen_ai.operation.name": "chat"})) });
    assert_eq!((&payload["input"], &payload["output"]), (&asked, &answered));
}
