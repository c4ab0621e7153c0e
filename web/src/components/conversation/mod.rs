//! Parses chat messages from a payload. Supports the formats of OpenAI (chat completions and responses), Anthropic, Gemini,
//! OpenTelemetry, OpenInference, the Vercel AI SDK and LangChain. Pure functions.

mod part;
#[cfg(test)]
mod tests;

use serde_json::{Map, Value};

pub use part::{Media, Part};
use part::{item, part, text_of, tool_call};

/// A chat message.
#[derive(Clone, Debug, PartialEq)]
pub struct ChatMessage {
    /// The role: `user`, `assistant`, `system`, `tool` or another word.
    pub role: String,
    /// The parts of the message.
    pub parts: Vec<Part>,
}

/// The fields that contain the messages of a request or a response.
const MESSAGE_FIELDS: [&str; 6] = ["messages", "choices", "input", "output", "contents", "candidates"];

/// Returns the messages of `payload`, or `None` if it is not a conversation. A conversation is a list of messages, an
/// object with such a list, a single message, a model's response, or any of these as a string. Tool results are attached
/// to their calls.
pub fn messages(payload: &Value) -> Option<Vec<ChatMessage>> {
    let mut found = list(payload)?;
    attach_results(&mut found);
    Some(found)
}

/// Returns the fields of `payload` other than the messages, like model parameters and tool definitions.
pub fn other_fields(payload: &Value) -> Option<Value> {
    let fields = payload.as_object()?;
    let (name, _) = message_field(fields)?;
    let mut rest = fields.clone();
    rest.remove(name);
    rest.remove("system");
    (!rest.is_empty()).then_some(Value::Object(rest))
}

fn message_field(fields: &Map<String, Value>) -> Option<(&'static str, Vec<ChatMessage>)> {
    MESSAGE_FIELDS.into_iter().find_map(|name| {
        let items = fields.get(name)?.as_array()?;
        Some((name, list_of(items)?))
    })
}

fn list(payload: &Value) -> Option<Vec<ChatMessage>> {
    match payload {
        Value::Array(items) => list_of(items),
        Value::String(text) => list(&parse_json(text)?),
        Value::Object(fields) => {
            if let Some((_, mut found)) = message_field(fields) {
                // Anthropic has the system prompt in a separate field.
                if let Some(system) = fields.get("system").filter(|value| !value.is_null()) {
                    found.insert(0, ChatMessage { role: "system".to_owned(), parts: content(system) });
                }
                return Some(found);
            }
            message(payload).map(|only| vec![only])
        }
        _ => None,
    }
}

fn list_of(items: &[Value]) -> Option<Vec<ChatMessage>> {
    if items.is_empty() {
        return None;
    }
    // LangChain sends a list of conversations, usually with one element.
    if items.iter().all(Value::is_array) {
        return items.iter().map(list).collect::<Option<Vec<_>>>().map(|lists| lists.concat());
    }
    items.iter().map(|value| message(value).or_else(|| item(value))).collect()
}

/// Returns a field, at the top level or nested in `message` (OpenInference) or `kwargs` (LangChain).
fn field<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    ["message", "kwargs", "content"]
        .into_iter()
        .filter_map(|outer| value.get(outer).filter(|inner| inner.is_object())?.get(name))
        .next()
        .or_else(|| value.get(name))
        .or_else(|| value.get(format!("message.{name}")))
}

fn message(value: &Value) -> Option<ChatMessage> {
    let content_field = field(value, "content").filter(|content| content.get("parts").is_none());
    let contents = content_field
        .filter(|content| !content.is_null())
        .or_else(|| field(value, "contents"))
        .or_else(|| field(value, "parts"))
        .or(content_field);
    let calls = field(value, "tool_calls").or_else(|| value.pointer("/kwargs/additional_kwargs/tool_calls"));
    let calls = calls.and_then(Value::as_array);
    let legacy = field(value, "function_call").filter(|call| call.is_object());
    if contents.is_none() && calls.is_none() && legacy.is_none() {
        return None;
    }
    let role = role(value)?;
    let mut parts = Vec::new();
    if let Some(reasoning) = field(value, "reasoning_content").and_then(Value::as_str) {
        parts.push(Part::Reasoning(reasoning.to_owned()));
    }
    parts.extend(contents.map(content).unwrap_or_default());
    parts.extend(
        calls
            .into_iter()
            .flatten()
            .chain(legacy)
            .map(|call| tool_call(call).unwrap_or_else(|| Part::Other(call.clone()))),
    );
    if matches!(&*role, "tool" | "function")
        && !parts.iter().any(|part| matches!(part, Part::ToolResult { .. }))
    {
        let text = |name: &str| field(value, name).and_then(Value::as_str).map(ToOwned::to_owned);
        let content = match (&parts[..], contents) {
            ([Part::Other(value)], _) => value.clone(),
            (_, Some(value)) => text_of(value).unwrap_or_else(|| value.clone()),
            _ => Value::Null,
        };
        parts = vec![Part::ToolResult { id: text("tool_call_id"), name: text("name"), content }];
    }
    Some(ChatMessage { role, parts })
}

fn role(value: &Value) -> Option<String> {
    let explicit = field(value, "role").and_then(Value::as_str);
    let kind = field(value, "type").and_then(Value::as_str);
    let class = || value.get("id")?.as_array()?.last()?.as_str()?.strip_suffix("Message");
    let role = explicit
        .or_else(|| kind.filter(|kind| matches!(*kind, "human" | "ai" | "system" | "tool" | "function")))
        .or_else(class)?;
    Some(match &*role.to_ascii_lowercase() {
        "human" => "user".to_owned(),
        "ai" | "model" => "assistant".to_owned(),
        other => other.to_owned(),
    })
}

fn content(value: &Value) -> Vec<Part> {
    match value {
        Value::Null => Vec::new(),
        Value::Array(items) => items.iter().map(part).collect(),
        Value::String(text) if text.is_empty() => Vec::new(),
        other => vec![part(other)],
    }
}

/// Moves tool results to their calls. Removes messages that contained nothing else.
fn attach_results(chat: &mut Vec<ChatMessage>) {
    for at in 1..chat.len() {
        let (before, here) = chat.split_at_mut(at);
        let Some(here) = here.first_mut().filter(|here| !here.parts.is_empty()) else { continue };
        here.parts.retain(|part| {
            let Part::ToolResult { id: Some(id), content, .. } = part else { return true };
            let calls = before.iter_mut().rev().flat_map(|message| &mut message.parts);
            for call in calls {
                if let Part::ToolCall { id: Some(wanted), result: result @ None, .. } = call
                    && wanted == id
                {
                    *result = Some(content.clone());
                    return false;
                }
            }
            true
        });
        if here.parts.is_empty() {
            here.role.clear();
        }
    }
    chat.retain(|message| !message.role.is_empty());
}

/// Parses `text` if it is a JSON object or array.
pub fn parse_json(text: &str) -> Option<Value> {
    let looks_like_json = text.trim_start().starts_with(['{', '[']);
    looks_like_json.then(|| serde_json::from_str(text).ok()).flatten()
}
