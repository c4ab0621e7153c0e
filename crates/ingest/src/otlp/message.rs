//! Reassembles conversations that were flattened into attributes (`llm.input_messages.0.message.role`) or spread over
//! events, as `[{role, content, tool_calls, …}]`.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{
    attribute::{Attributes, parsed},
    event::SpanEvent,
};

/// The maximum number of segments of a flattened name; the last one keeps the rest.
const SEGMENTS: usize = 12;
/// The objects that OpenInference wraps around list items.
const WRAPPERS: [&str; 5] = ["message", "message_content", "tool_call", "document", "image"];

/// Returns the messages flattened under `prefix`; `None` if there are none.
pub(super) fn flattened(attributes: &Attributes, prefix: &str) -> Option<Value> {
    let list = reassemble(attributes, prefix)?;
    let Value::Array(items) = list else { return None };
    Some(Value::Array(items.into_iter().map(message).collect()))
}

/// Returns the list of other objects flattened under `prefix`.
pub(super) fn documents(attributes: &Attributes, prefix: &str) -> Option<Value> {
    reassemble(attributes, prefix).filter(Value::is_array)
}

enum Node {
    Leaf(Value),
    Branch(BTreeMap<Key, Node>),
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Index(u64),
    Name(String),
}

fn reassemble(attributes: &Attributes, prefix: &str) -> Option<Value> {
    let mut root = BTreeMap::new();
    for (path, value) in attributes.under(prefix) {
        let segments: Vec<&str> = path.splitn(SEGMENTS, '.').collect();
        // Names without an index are not part of a list.
        if segments[0].parse::<u64>().is_ok() {
            insert(&mut root, &segments, value);
        }
    }
    if root.is_empty() { None } else { Some(Node::Branch(root).into_json()) }
}

fn insert(branch: &mut BTreeMap<Key, Node>, segments: &[&str], value: &Value) {
    let [first, rest @ ..] = segments else { return };
    let key = first.parse().map_or_else(|_| Key::Name((*first).to_owned()), Key::Index);
    if rest.is_empty() {
        branch.entry(key).or_insert_with(|| Node::Leaf(value.clone()));
        return;
    }
    let node = branch.entry(key).or_insert_with(|| Node::Branch(BTreeMap::new()));
    // Nested attributes take precedence over a value of the same name.
    if let Node::Leaf(_) = node {
        *node = Node::Branch(BTreeMap::new());
    }
    if let Node::Branch(inner) = node {
        insert(inner, rest, value);
    }
}

impl Node {
    fn into_json(self) -> Value {
        match self {
            Self::Leaf(value) => value,
            Self::Branch(branch) if branch.keys().all(|key| matches!(key, Key::Index(_))) => {
                Value::Array(branch.into_values().map(Self::into_json).map(unwrap_item).collect())
            }
            Self::Branch(branch) => {
                let name = |key| match key {
                    Key::Index(index) => index.to_string(),
                    Key::Name(name) => name,
                };
                let members = branch.into_iter().map(|(key, node)| (name(key), node.into_json()));
                Value::Object(members.collect())
            }
        }
    }
}

/// Unwraps `{"message": {…}}` into `{…}`.
fn unwrap_item(value: Value) -> Value {
    let Value::Object(mut members) = value else { return value };
    for wrapper in WRAPPERS {
        if let Some(Value::Object(inner)) = members.remove(wrapper) {
            for (name, value) in inner {
                members.entry(name).or_insert(value);
            }
        }
    }
    Value::Object(members)
}

/// Normalizes a message; unknown members remain.
fn message(value: Value) -> Value {
    let Value::Object(mut message) = value else { return value };
    if let Some(contents) = message.remove("contents") {
        message.entry("content").or_insert(contents);
    }
    if let Some(content) = message.get_mut("content") {
        *content = parts(content.take());
    }
    let name = message.remove("function_call_name");
    let arguments = message.remove("function_call_arguments_json");
    if name.is_some() || arguments.is_some() {
        let call = json!({"name": name, "arguments": arguments});
        message.entry("tool_calls").or_insert(Value::Array(vec![call]));
    }
    if let Some(Value::Array(calls)) = message.get_mut("tool_calls") {
        calls.iter_mut().for_each(|call| *call = tool_call(call.take()));
    }
    Value::Object(message)
}

/// Parses content that is a JSON list of parts; any other text remains text.
fn parts(content: Value) -> Value {
    let Value::String(text) = &content else { return content };
    match parsed(Value::String(text.clone())) {
        Value::Array(parts) if !parts.is_empty() && parts.iter().all(|part| part.get("type").is_some()) => {
            Value::Array(parts)
        }
        _ => content,
    }
}

/// Normalizes a tool call to OpenAI's `{id, type, function: {name, arguments}}`; arguments that are JSON are parsed.
pub(super) fn tool_call(call: Value) -> Value {
    let Value::Object(mut call) = call else { return call };
    let mut take = |names: &[&str]| names.iter().find_map(|name| call.remove(*name));
    let id = take(&["id", "toolCallId"]);
    let mut function = match take(&["function"]) {
        Some(Value::Object(function)) => function,
        Some(name @ Value::String(_)) => Map::from_iter([("name".to_owned(), name)]),
        _ => Map::new(),
    };
    for (name, sent) in [("name", ["name", "toolName", ""]), ("arguments", ["arguments", "args", "input"])] {
        if let Some(value) = take(&sent) {
            function.entry(name).or_insert(value);
        }
    }
    if let Some(arguments) = function.get_mut("arguments") {
        *arguments = parsed(arguments.take());
    }
    call.insert("type".to_owned(), "function".into());
    if let Some(id) = id {
        call.insert("id".to_owned(), id);
    }
    call.insert("function".to_owned(), Value::Object(function));
    Value::Object(call)
}

/// Returns the prompt from events, which older versions of the conventions use instead of attributes.
pub(super) fn prompt(events: &[SpanEvent]) -> Option<Value> {
    let messages: Vec<Value> = events
        .iter()
        .filter_map(|event| {
            let role = match event.name.as_str() {
                "gen_ai.system.message" => "system",
                "gen_ai.user.message" => "user",
                "gen_ai.assistant.message" => "assistant",
                "gen_ai.tool.message" => "tool",
                _ => return None,
            };
            Some(from_event(event, role))
        })
        .collect();
    some(messages).or_else(|| only(events, "gen_ai.content.prompt", "gen_ai.prompt"))
}

/// Returns the completion from events.
pub(super) fn completion(events: &[SpanEvent]) -> Option<Value> {
    let choices = events.iter().filter(|event| event.name == "gen_ai.choice");
    some(choices.map(|event| from_event(event, "assistant")).collect())
        .or_else(|| only(events, "gen_ai.content.completion", "gen_ai.completion"))
}

fn some(messages: Vec<Value>) -> Option<Value> {
    if messages.is_empty() { None } else { Some(Value::Array(messages)) }
}

fn only(events: &[SpanEvent], event: &str, attribute: &str) -> Option<Value> {
    let event = events.iter().find(|found| found.name == event)?;
    Some(parsed(event.attributes.get(attribute)?.clone()))
}

fn from_event(event: &SpanEvent, role: &str) -> Value {
    let mut found = Map::new();
    // Some instrumentations put the whole message into one attribute, others use one attribute per member.
    let whole = event.attributes.get("gen_ai.event.content").map(|content| parsed(content.clone()));
    match whole {
        Some(Value::Object(whole)) => found = whole,
        Some(content) => drop(found.insert("content".to_owned(), content)),
        None => {}
    }
    for name in ["role", "content", "name", "id", "tool_calls", "finish_reason", "message"] {
        if let Some(value) = event.attributes.get(name).filter(|_| !found.contains_key(name)) {
            let value = if name == "content" { value.clone() } else { parsed(value.clone()) };
            found.insert(name.to_owned(), value);
        }
    }
    match found.remove("message") {
        Some(Value::Object(inner)) => {
            for (name, value) in inner {
                found.entry(name).or_insert(value);
            }
        }
        Some(content) => drop(found.entry("content").or_insert(content)),
        None => {}
    }
    found.entry("role").or_insert_with(|| role.into());
    if let Some(id) = found.remove("id").filter(|_| role == "tool") {
        found.insert("tool_call_id".to_owned(), id);
    }
    message(Value::Object(found))
}
