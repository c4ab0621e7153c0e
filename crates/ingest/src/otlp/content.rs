//! The input and output of a span, from the first convention that provides them.

use serde_json::{Value, json};
use shared::span::SpanKind;

use super::{
    attribute::{Attributes, parsed},
    event::SpanEvent,
    message,
};

/// The event that holds both input and output.
const DETAILS: &str = "gen_ai.client.inference.operation.details";
/// The attributes of the Vercel AI SDK that hold the input.
const VERCEL_INPUT: [&str; 6] =
    ["ai.prompt.messages", "ai.prompt", "ai.toolCall.args", "ai.toolCall.input", "ai.value", "ai.values"];

/// Returns the input.
pub(super) fn input(attributes: &Attributes, events: &[SpanEvent], kind: SpanKind) -> Option<Value> {
    let messages = || message::flattened(attributes, "llm.input_messages.");
    let raw = || value(attributes, "input.value", "input.mime_type");
    // OpenInference sends both the conversation of a model call and the raw request; the conversation comes first. On other
    // spans, the conversation can be a part of the input, such as the system message of an agent.
    let openinference = || match kind {
        SpanKind::Agent | SpanKind::Chain => raw().or_else(messages),
        _ => messages().or_else(raw),
    };
    conversation(attributes)
        .or_else(|| non_empty(attributes, "gen_ai.tool.call.arguments"))
        .or_else(|| pydantic_input(attributes))
        .or_else(openinference)
        .or_else(|| message::flattened(attributes, "gen_ai.prompt."))
        .or_else(|| non_empty(attributes, "gen_ai.prompt"))
        .or_else(|| entity(attributes, "traceloop.entity.input"))
        .or_else(|| message::prompt(events))
        .or_else(|| details(events).find_map(conversation))
        .or_else(|| first_entity(attributes, &VERCEL_INPUT))
        .or_else(|| non_empty(attributes, "langfuse.observation.input"))
        .or_else(|| instructions(attributes).map(|system| json!([system])))
}

/// Returns the output.
pub(super) fn output(attributes: &Attributes, events: &[SpanEvent]) -> Option<Value> {
    non_empty(attributes, "gen_ai.output.messages")
        .or_else(|| non_empty(attributes, "gen_ai.tool.call.result"))
        .or_else(|| pydantic_output(attributes))
        .or_else(|| message::flattened(attributes, "llm.output_messages."))
        // OpenInference also sends them as the representation of objects, in `output.value`.
        .or_else(|| message::documents(attributes, "retrieval.documents."))
        .or_else(|| value(attributes, "output.value", "output.mime_type"))
        .or_else(|| message::flattened(attributes, "gen_ai.completion."))
        .or_else(|| non_empty(attributes, "gen_ai.completion"))
        .or_else(|| entity(attributes, "traceloop.entity.output"))
        .or_else(|| message::completion(events))
        .or_else(|| details(events).rev().find_map(|details| non_empty(details, "gen_ai.output.messages")))
        .or_else(|| vercel(attributes))
        .or_else(|| non_empty(attributes, "langfuse.observation.output"))
}

/// Returns the input of an agent or a tool of pydantic-ai: the conversation without its last answer, or the arguments.
fn pydantic_input(attributes: &Attributes) -> Option<Value> {
    let Some(mut messages) = pydantic_messages(attributes) else {
        return non_empty(attributes, "tool_arguments");
    };
    messages.pop_if(|message| is_assistant(message));
    if messages.is_empty() { None } else { Some(Value::Array(messages)) }
}

/// Returns the output of an agent or a tool of pydantic-ai: the result, the last answer, or the response.
fn pydantic_output(attributes: &Attributes) -> Option<Value> {
    let messages = pydantic_messages(attributes);
    let is_agent = messages.is_some();
    let answer = || messages.and_then(|mut messages| Some(json!([messages.pop().filter(is_assistant)?])));
    let result = if is_agent { non_empty(attributes, "final_result") } else { None };
    result.or_else(answer).or_else(|| non_empty(attributes, "tool_response"))
}

fn pydantic_messages(attributes: &Attributes) -> Option<Vec<Value>> {
    let names = ["pydantic_ai.all_messages", "all_messages_events"];
    names.iter().find_map(|name| match non_empty(attributes, name)? {
        Value::Array(messages) => Some(messages),
        _ => None,
    })
}

fn is_assistant(message: &Value) -> bool {
    message.get("role").and_then(Value::as_str) == Some("assistant")
}

/// Returns the input messages of the OpenTelemetry conventions; system instructions come first.
fn conversation(attributes: &Attributes) -> Option<Value> {
    let messages = non_empty(attributes, "gen_ai.input.messages")?;
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
    let parts = match non_empty(attributes, "gen_ai.system_instructions")? {
        Value::Array(parts) => parts,
        Value::String(text) => vec![json!({"type": "text", "content": text})],
        part => vec![part],
    };
    Some(json!({"role": "system", "parts": parts}))
}

/// Returns the details of the model calls: one event may hold the input, and another one the output.
fn details(events: &[SpanEvent]) -> impl DoubleEndedIterator<Item = &Attributes> {
    events.iter().filter(|event| event.name == DETAILS).map(|event| &event.attributes)
}

/// Returns a non-empty value; JSON in a text is parsed.
fn non_empty(attributes: &Attributes, name: &str) -> Option<Value> {
    let value = parsed(attributes.get(name)?.clone());
    let is_empty = match &value {
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    };
    if is_empty { None } else { Some(value) }
}

/// Returns the first of several attributes, as [`entity`] reads it.
fn first_entity(attributes: &Attributes, names: &[&str]) -> Option<Value> {
    names.iter().find_map(|name| entity(attributes, name))
}

/// Like [`non_empty`], for attributes that are always JSON, texts included (OpenLLMetry, Vercel AI SDK).
fn entity(attributes: &Attributes, name: &str) -> Option<Value> {
    match non_empty(attributes, name)? {
        Value::String(text) if text.starts_with('"') => {
            Some(Value::String(serde_json::from_str(&text).unwrap_or(text)))
        }
        // The function returned no value.
        Value::String(text) if text == "null" => None,
        value => Some(value),
    }
}

/// Like [`non_empty`], but a value of the MIME type `text/plain` is not parsed.
fn value(attributes: &Attributes, name: &str, mime_type: &str) -> Option<Value> {
    if attributes.get(mime_type).and_then(Value::as_str) == Some("text/plain") {
        return attributes.get(name).filter(|value| value.as_str() != Some("")).cloned();
    }
    non_empty(attributes, name)
}

/// Returns the output of the Vercel AI SDK: a text, tool calls with an optional text, an object, or the result of a
/// tool.
fn vercel(attributes: &Attributes) -> Option<Value> {
    let one = |names: &[&str]| first_entity(attributes, names);
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
