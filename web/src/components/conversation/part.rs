//! A part of a message: text, reasoning, a tool call, a tool result, or media.

use serde_json::Value;

use super::{ChatMessage, parse_json};

/// A part of a message.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// Text.
    Text(String),
    /// The model's reasoning.
    Reasoning(String),
    /// A tool call, with its result if the conversation contains it.
    ToolCall {
        /// The id of the call.
        id: Option<String>,
        /// The name of the tool.
        name: String,
        /// The arguments.
        arguments: Value,
        /// The result, if any.
        result: Option<Value>,
    },
    /// The result of a call that is not in the conversation.
    ToolResult {
        /// The id of the call.
        id: Option<String>,
        /// The name of the tool.
        name: Option<String>,
        /// The result.
        content: Value,
    },
    /// An image, audio or a file.
    Media(Media),
    /// Any other part, unchanged.
    Other(Value),
}

/// A part with media.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Media {
    /// The kind: `image`, `audio`, `file` or another word.
    pub kind: String,
    /// The media type, like `image/png`.
    pub mime: Option<String>,
    /// The URL, or a `data:` URL for an embedded image.
    pub source: Option<String>,
}

/// Returns the first of the fields `names` that is present and not null.
fn first<'a>(value: &'a Value, names: &[&str]) -> Option<&'a Value> {
    names.iter().find_map(|name| value.get(*name)).filter(|found| !found.is_null())
}

fn first_text(value: &Value, names: &[&str]) -> Option<String> {
    first(value, names)?.as_str().map(ToOwned::to_owned)
}

/// Parses a part in any of the supported formats.
pub(super) fn part(value: &Value) -> Part {
    let value = value.get("message_content").unwrap_or(value);
    if let Some(text) = value.as_str() {
        return text_part(text);
    }
    let kind = first_text(value, &["type", "message_content.type", "kind"]).unwrap_or_default();
    let found = match &*kind {
        "reasoning" | "thinking" | "summary_text" => reasoning(value),
        "tool_call" | "tool_use" | "tool-call" | "function_call" | "function" | "server_tool_use" => {
            tool_call(value)
        }
        "tool_call_response" | "tool_result" | "tool-result" | "function_call_output" => {
            Some(tool_result(value))
        }
        "image" | "image_url" | "input_image" | "audio" | "input_audio" | "file" | "input_file"
        | "document" | "video" | "media" | "blob" | "uri" => Some(media(&kind, value)),
        _ => None,
    };
    found
        .or_else(|| {
            first_text(value, &["text", "message_content.text", "content", "refusal"])
                .map(|text| text_part(&text))
        })
        .or_else(|| value.get("functionCall").or_else(|| value.get("function_call")).and_then(tool_call))
        .or_else(|| value.get("functionResponse").or_else(|| value.get("function_response")).map(tool_result))
        .or_else(|| {
            value.get("inlineData").or_else(|| value.get("inline_data")).map(|data| media("file", data))
        })
        .unwrap_or_else(|| Part::Other(value.clone()))
}

fn text_part(text: &str) -> Part {
    match parse_json(text) {
        Some(value) => Part::Other(value),
        None => Part::Text(text.to_owned()),
    }
}

fn reasoning(value: &Value) -> Option<Part> {
    let summary = || {
        let parts = value.get("summary")?.as_array()?;
        Some(parts.iter().filter_map(|part| part.get("text")?.as_str()).collect::<Vec<_>>().join("\n"))
    };
    first_text(value, &["text", "thinking", "content", "reasoning"]).or_else(summary).map(Part::Reasoning)
}

/// Parses a tool call in any of the supported formats.
pub(super) fn tool_call(value: &Value) -> Option<Part> {
    let call = value.get("tool_call").unwrap_or(value);
    let function = call.get("function").filter(|function| function.is_object()).unwrap_or(call);
    let name = first_text(function, &["name", "toolName", "function.name", "tool_call.function.name"])?;
    let arguments = first(
        function,
        &["arguments", "args", "input", "function.arguments", "tool_call.function.arguments"],
    );
    let arguments = arguments.map_or(Value::Null, decoded);
    let id = first_text(call, &["call_id", "id", "toolCallId", "tool_call_id", "tool_call.id"]);
    Some(Part::ToolCall { id, name, arguments, result: None })
}

fn tool_result(value: &Value) -> Part {
    let content = first(value, &["response", "result", "output", "content"]);
    // The Vercel AI SDK wraps the result with its type.
    let content = content.map(|content| match (content.get("type"), content.get("value")) {
        (Some(_), Some(inner)) => inner,
        _ => content,
    });
    Part::ToolResult {
        id: first_text(value, &["call_id", "tool_use_id", "toolCallId", "tool_call_id", "id"]),
        name: first_text(value, &["name", "toolName"]),
        content: content.map_or(Value::Null, |content| text_of(content).unwrap_or_else(|| decoded(content))),
    }
}

/// Decodes JSON that is encoded as a string. Returns other values unchanged.
fn decoded(value: &Value) -> Value {
    value.as_str().and_then(parse_json).unwrap_or_else(|| value.clone())
}

/// Joins a list that consists of text parts only.
pub(super) fn text_of(value: &Value) -> Option<Value> {
    let texts: Option<Vec<String>> = value
        .as_array()
        .filter(|parts| !parts.is_empty())?
        .iter()
        .map(|part| first_text(part, &["text", "content"]).filter(|_| part.get("type").is_some()))
        .collect();
    texts.map(|texts| decoded(&Value::String(texts.join("\n"))))
}

fn media(kind: &str, value: &Value) -> Part {
    let inner = first(value, &["image_url", "source", "image", "file", "input_audio", "audio", "data"])
        .filter(|inner| inner.is_object())
        .unwrap_or(value);
    let mime = first_text(inner, &["media_type", "mime_type", "mimeType", "mediaType", "format"])
        .or_else(|| first_text(value, &["media_type", "mime_type", "mimeType", "mediaType"]));
    let address = first_text(inner, &["url", "uri", "image_url", "image", "file_id", "filename"])
        .or_else(|| first_text(inner, &["data", "content", "file_data"]));
    let source = address.and_then(|address| {
        let is_address = address.contains(':') || address.len() < 200;
        match mime.as_deref().filter(|mime| !is_address && mime.starts_with("image/")) {
            Some(mime) => Some(format!("data:{mime};base64,{address}")),
            None => is_address.then_some(address),
        }
    });
    let modality = first_text(value, &["modality"]);
    let kind =
        modality.unwrap_or_else(|| kind.trim_start_matches("input_").trim_end_matches("_url").to_owned());
    Part::Media(Media { kind, mime, source })
}

/// Parses an item of OpenAI's responses API that is not a message: a tool call, a tool result, or reasoning.
pub(super) fn item(value: &Value) -> Option<ChatMessage> {
    let role = match value.get("type")?.as_str()? {
        "function_call" | "reasoning" => "assistant",
        "function_call_output" => "tool",
        _ => return None,
    };
    Some(ChatMessage { role: role.to_owned(), parts: vec![part(value)] })
}
