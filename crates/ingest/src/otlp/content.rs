//! What went in and what came out: the first of the conventions that says it.

use serde_json::{Value, json};

use super::{
    attribute::{Attributes, parsed},
    message,
    span::Happening,
};

/// The event that holds both at once.
const DETAILS: &str = "gen_ai.client.inference.operation.details";

/// What went in.
pub(super) fn input(attributes: &Attributes, events: &[Happening]) -> Option<Value> {
    conversation(attributes, true)
        .or_else(|| given(attributes, "gen_ai.tool.call.arguments"))
        // OpenInference tells both of a model's call: the conversation, and the request that it was sent in.
        .or_else(|| message::flattened(attributes, "llm.input_messages."))
        .or_else(|| value(attributes, "input.value", "input.mime_type"))
        .or_else(|| message::flattened(attributes, "gen_ai.prompt."))
        .or_else(|| given(attributes, "gen_ai.prompt"))
        .or_else(|| entity(attributes, "traceloop.entity.input"))
        .or_else(|| message::asked(events))
        .or_else(|| details(events).and_then(|details| conversation(details, true)))
        .or_else(|| {
            [
                "ai.prompt.messages",
                "ai.prompt",
                "ai.toolCall.args",
                "ai.toolCall.input",
                "ai.value",
                "ai.values",
            ]
            .iter()
            .find_map(|name| entity(attributes, name))
        })
        .or_else(|| instructions(attributes).map(|system| json!([system])))
}

/// What came out.
pub(super) fn output(attributes: &Attributes, events: &[Happening]) -> Option<Value> {
    conversation(attributes, false)
        .or_else(|| given(attributes, "gen_ai.tool.call.result"))
        .or_else(|| message::flattened(attributes, "llm.output_messages."))
        .or_else(|| value(attributes, "output.value", "output.mime_type"))
        .or_else(|| message::flattened(attributes, "gen_ai.completion."))
        .or_else(|| given(attributes, "gen_ai.completion"))
        .or_else(|| entity(attributes, "traceloop.entity.output"))
        .or_else(|| message::answered(events))
        .or_else(|| details(events).and_then(|details| conversation(details, false)))
        .or_else(|| vercel(attributes))
        .or_else(|| message::documents(attributes, "retrieval.documents."))
}

/// OpenTelemetry's messages; what the system was told stands before what went in.
fn conversation(attributes: &Attributes, went_in: bool) -> Option<Value> {
    if !went_in {
        return given(attributes, "gen_ai.output.messages");
    }
    let messages = given(attributes, "gen_ai.input.messages")?;
    Some(match (instructions(attributes), messages) {
        (Some(system), Value::Array(mut messages)) => {
            messages.insert(0, system);
            Value::Array(messages)
        }
        (Some(system), message) => json!([system, message]),
        (None, messages) => messages,
    })
}

fn instructions(attributes: &Attributes) -> Option<Value> {
    let parts = match given(attributes, "gen_ai.system_instructions")? {
        Value::Array(parts) => parts,
        Value::String(text) => vec![json!({"type": "text", "content": text})],
        part => vec![part],
    };
    Some(json!({"role": "system", "parts": parts}))
}

fn details(events: &[Happening]) -> Option<&Attributes> {
    events.iter().find(|event| event.name == DETAILS).map(|event| &event.attributes)
}

/// A value that says something; JSON in a text as that.
fn given(attributes: &Attributes, name: &str) -> Option<Value> {
    let value = parsed(attributes.get(name)?.clone());
    let says_nothing = match &value {
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    };
    if says_nothing { None } else { Some(value) }
}

/// The same of what is JSON whatever it is: a text, too (OpenLLMetry's, the Vercel AI SDK's).
fn entity(attributes: &Attributes, name: &str) -> Option<Value> {
    match given(attributes, name)? {
        Value::String(text) if text.starts_with('"') => {
            Some(Value::String(serde_json::from_str(&text).unwrap_or(text)))
        }
        // A function that returned nothing.
        Value::String(text) if text == "null" => None,
        value => Some(value),
    }
}

/// The same, but a text that is said to be no JSON stays a text.
fn value(attributes: &Attributes, name: &str, mime_type: &str) -> Option<Value> {
    if attributes.get(mime_type).and_then(Value::as_str) == Some("text/plain") {
        return attributes.get(name).filter(|value| value.as_str() != Some("")).cloned();
    }
    given(attributes, name)
}

/// The Vercel AI SDK's answers: a text, calls of tools beside it, an object, or what a tool gave.
fn vercel(attributes: &Attributes) -> Option<Value> {
    let one = |names: &[&str]| names.iter().find_map(|name| entity(attributes, name));
    let text = || attributes.get("ai.response.text").or_else(|| attributes.get("ai.result.text")).cloned();
    let calls = one(&["ai.response.toolCalls", "ai.result.toolCalls"]);
    if let Some(Value::Array(calls)) = calls {
        let calls: Vec<Value> = calls.into_iter().map(message::tool_call).collect();
        return Some(json!([{"role": "assistant", "content": text(), "tool_calls": calls}]));
    }
    text()
        .filter(|text| text.as_str() != Some(""))
        .or_else(|| {
            one(&["ai.response.object", "ai.result.object", "ai.toolCall.result", "ai.toolCall.output"])
        })
        .or_else(|| one(&["ai.embedding", "ai.embeddings"]))
}
