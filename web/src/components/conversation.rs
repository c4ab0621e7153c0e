//! Chat messages within a payload, in the shapes that the APIs of language models send them. Pure.

use serde_json::Value;

/// One message.
#[derive(Clone, Debug, PartialEq)]
pub struct ChatMessage {
    /// `user`, `assistant`, `system`, `tool` or another word.
    pub role: String,
    /// What it says, part by part.
    pub parts: Vec<Part>,
}

/// A part of a message.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// Text.
    Text(String),
    /// The wish to call a tool.
    ToolCall {
        /// The tool.
        name: String,
        /// What it should get.
        arguments: Value,
    },
    /// Anything else, as it is.
    Other(Value),
}

/// The conversation in `payload`, if it is one: a list of messages, an object that holds one as `messages`, a single
/// message, or what a chat completion answers.
pub fn messages(payload: &Value) -> Option<Vec<ChatMessage>> {
    match payload {
        Value::Array(items) if !items.is_empty() => items.iter().map(message).collect(),
        Value::Object(fields) => match (fields.get("messages"), fields.get("choices")) {
            (Some(list @ Value::Array(_)), _) => messages(list),
            (_, Some(Value::Array(choices))) if !choices.is_empty() => {
                choices.iter().map(|choice| choice.get("message").and_then(message)).collect()
            }
            _ => message(payload).map(|only| vec![only]),
        },
        _ => None,
    }
}

fn message(value: &Value) -> Option<ChatMessage> {
    let role = value.get("role")?.as_str()?;
    let content = value.get("content");
    let calls = value.get("tool_calls").and_then(Value::as_array);
    if content.is_none() && calls.is_none() {
        return None;
    }
    let mut parts: Vec<Part> = match content {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(items)) => items.iter().map(part).collect(),
        Some(other) => vec![part(other)],
    };
    parts.extend(
        calls.into_iter().flatten().map(|call| tool_call(call).unwrap_or_else(|| Part::Other(call.clone()))),
    );
    Some(ChatMessage { role: role.to_owned(), parts })
}

fn part(value: &Value) -> Part {
    if let Some(text) = value.as_str().or_else(|| value.get("text")?.as_str()) {
        return match structured(text) {
            Some(value) => Part::Other(value),
            None => Part::Text(text.to_owned()),
        };
    }
    let is_call = value.get("type").and_then(Value::as_str) == Some("tool_use");
    if is_call {
        tool_call(value).unwrap_or_else(|| Part::Other(value.clone()))
    } else {
        Part::Other(value.clone())
    }
}

fn tool_call(value: &Value) -> Option<Part> {
    let function = value.get("function").unwrap_or(value);
    let name = function.get("name")?.as_str()?.to_owned();
    let arguments =
        function.get("arguments").or_else(|| function.get("args")).or_else(|| function.get("input"))?;
    let arguments = arguments.as_str().and_then(structured).unwrap_or_else(|| arguments.clone());
    Some(Part::ToolCall { name, arguments })
}

/// The object or list that `text` is as JSON.
pub fn structured(text: &str) -> Option<Value> {
    let looks_like_it = text.trim_start().starts_with(['{', '[']);
    looks_like_it.then(|| serde_json::from_str(text).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_list_of_messages_is_a_conversation_with_texts_and_tool_calls() {
        let call = json!({"function": {"name": "get_order", "arguments": "{\"id\":7}"}});
        let found = messages(&json!([
            {"role": "user", "content": "Where is it?"},
            {"role": "assistant", "content": null, "tool_calls": [call]},
        ]));
        let expected = vec![
            ChatMessage { role: "user".to_owned(), parts: vec![Part::Text("Where is it?".to_owned())] },
            ChatMessage {
                role: "assistant".to_owned(),
                parts: vec![Part::ToolCall { name: "get_order".to_owned(), arguments: json!({"id": 7}) }],
            },
        ];
        assert_eq!(found, Some(expected));
    }

    #[test]
    fn requests_answers_and_single_messages_are_conversations_too() {
        let one = json!({"role": "assistant", "content": [{"type": "text", "text": "Hi"}]});
        let expected = messages(&one);
        assert_eq!(expected.as_ref().map(Vec::len), Some(1));
        assert_eq!(messages(&json!({"model": "m", "messages": [one.clone()]})), expected);
        assert_eq!(messages(&json!({"choices": [{"index": 0, "message": one}]})), expected);
    }

    #[test]
    fn what_is_no_conversation_is_left_alone() {
        for other in [
            json!("text"),
            json!([]),
            json!([1, 2]),
            json!({"role": "admin"}),
            json!([{"role": "user", "content": "a"}, 5]),
        ] {
            assert_eq!(messages(&other), None, "{other}");
        }
    }
}
