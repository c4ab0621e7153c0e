//! Chat messages within a payload, in the shapes that the APIs of language models and their instrumentations send them:
//! OpenAI's chat and responses, Anthropic's, Gemini's, OpenTelemetry's parts, OpenInference's, the Vercel AI SDK's and
//! LangChain's. Pure.

mod part;
#[cfg(test)]
mod tests;

use serde_json::{Map, Value};

pub use part::{Media, Part};
use part::{item, part, text_of, tool_call};

/// One message.
#[derive(Clone, Debug, PartialEq)]
pub struct ChatMessage {
    /// `user`, `assistant`, `system`, `tool` or another word.
    pub role: String,
    /// What it says, part by part.
    pub parts: Vec<Part>,
}

/// Fields that hold the messages of a request or an answer.
const LISTS: [&str; 6] = ["messages", "choices", "input", "output", "contents", "candidates"];

/// The conversation in `payload`, if it is one: a list of messages, an object that holds one, a single message, what a
/// model answers, or any of these as text. The result of a tool stands with the call that it belongs to.
pub fn messages(payload: &Value) -> Option<Vec<ChatMessage>> {
    let mut found = list(payload)?;
    join(&mut found);
    Some(found)
}

/// What stands beside the messages in `payload`: a model's parameters, the tools it may call.
pub fn beside(payload: &Value) -> Option<Value> {
    let fields = payload.as_object()?;
    let (held, _) = held(fields)?;
    let mut rest = fields.clone();
    rest.remove(held);
    rest.remove("system");
    (!rest.is_empty()).then_some(Value::Object(rest))
}

fn held(fields: &Map<String, Value>) -> Option<(&'static str, Vec<ChatMessage>)> {
    LISTS.into_iter().find_map(|name| {
        let items = fields.get(name)?.as_array()?;
        Some((name, list_of(items)?))
    })
}

fn list(payload: &Value) -> Option<Vec<ChatMessage>> {
    match payload {
        Value::Array(items) => list_of(items),
        Value::String(text) => list(&structured(text)?),
        Value::Object(fields) => {
            if let Some((_, mut found)) = held(fields) {
                // Anthropic's requests say it beside the messages.
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
    // LangChain sends a list of conversations, usually of one.
    if items.iter().all(Value::is_array) {
        return items.iter().map(list).collect::<Option<Vec<_>>>().map(|lists| lists.concat());
    }
    items.iter().map(|value| message(value).or_else(|| item(value))).collect()
}

/// A field, whether nested in `message` (as OpenInference has it), in `kwargs` (as LangChain has it), or neither.
fn field<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    ["message", "kwargs", "content"]
        .into_iter()
        .filter_map(|outer| value.get(outer).filter(|inner| inner.is_object())?.get(name))
        .next()
        .or_else(|| value.get(name))
        .or_else(|| value.get(format!("message.{name}")))
}

fn message(value: &Value) -> Option<ChatMessage> {
    let said = field(value, "content").filter(|content| content.get("parts").is_none());
    let contents = said
        .filter(|content| !content.is_null())
        .or_else(|| field(value, "contents"))
        .or_else(|| field(value, "parts"))
        .or(said);
    let calls = field(value, "tool_calls").or_else(|| value.pointer("/kwargs/additional_kwargs/tool_calls"));
    let calls = calls.and_then(Value::as_array);
    let legacy = field(value, "function_call").filter(|call| call.is_object());
    if contents.is_none() && calls.is_none() && legacy.is_none() {
        return None;
    }
    let role = role(value)?;
    let mut parts = Vec::new();
    if let Some(thought) = field(value, "reasoning_content").and_then(Value::as_str) {
        parts.push(Part::Reasoning(thought.to_owned()));
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
    let said = field(value, "role").and_then(Value::as_str);
    let kind = field(value, "type").and_then(Value::as_str);
    let class = || value.get("id")?.as_array()?.last()?.as_str()?.strip_suffix("Message");
    let role = said
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

/// Puts results to their calls. A message of nothing else goes.
fn join(chat: &mut Vec<ChatMessage>) {
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

/// The object or list that `text` is as JSON.
pub fn structured(text: &str) -> Option<Value> {
    let looks_like_it = text.trim_start().starts_with(['{', '[']);
    looks_like_it.then(|| serde_json::from_str(text).ok()).flatten()
}
