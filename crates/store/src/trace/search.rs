//! Looking for text in the spans of one trace: in what their rows show, and in their payloads.

use std::borrow::Cow;

use serde_json::Value;
use shared::{limit, span::SpanMatches};
use uuid::Uuid;

use super::{StoreError, detail::StoredSpan, payload::PayloadReader, snapshot::Snapshot};

/// Bytes of payloads that one search unpacks at most: a trace may be of any size, and nobody waits for more than this.
const BYTES: usize = 128 * 1024 * 1024;

/// The spans of the trace that hold `text`.
pub(super) async fn search(
    snapshot: &mut impl Snapshot,
    workspace_id: Uuid,
    trace_id: &str,
    text: &str,
) -> Result<Option<SpanMatches>, StoreError> {
    let Some(trace) = snapshot.trace(workspace_id, trace_id).await? else { return Ok(None) };
    let spans = snapshot.spans(trace.cursor.id).await?;
    let needle = Needle::new(text);
    let mut found: Vec<bool> = spans.iter().map(|span| needle.is_in_row(span)).collect();
    // In the order of the frames, so that of a trace of any size one is in memory at a time.
    let mut rest: Vec<_> = (0..spans.len()).filter(|&index| !found[index]).collect();
    rest.sort_by_key(|&index| (spans[index].payload.frame, spans[index].payload.line));
    let mut payloads = PayloadReader::default();
    let mut incomplete = false;
    for index in rest {
        let place = spans[index].payload;
        payloads.forget_before(place.frame);
        if payloads.bytes() > BYTES && !payloads.holds(place.frame) {
            incomplete = true;
            break;
        }
        found[index] = needle.is_in_payload(payloads.line(snapshot, place).await?);
    }
    let matches = spans.into_iter().zip(&found).filter(|&(_, found)| *found);
    Ok(Some(SpanMatches {
        total: found.iter().filter(|&&found| found).count() as u64,
        items: matches.map(|(span, _)| span.span_id).take(limit::SEARCH_SPANS).collect(),
        incomplete,
    }))
}

/// What is looked for.
struct Needle {
    text: String,
    /// Whether JSON writes it as it is, in a string, and never otherwise but by a number for each character.
    plain: bool,
}

impl Needle {
    fn new(text: &str) -> Self {
        let text = lower(text).into_owned();
        let plain = !text.contains(|c: char| matches!(c, '"' | '\\' | '/') || c.is_control());
        Self { text, plain }
    }

    fn is_in(&self, text: &str) -> bool {
        lower(text).contains(&self.text)
    }

    fn is_in_row(&self, span: &StoredSpan) -> bool {
        let texts = [&span.model, &span.error];
        self.is_in(&span.name) || texts.into_iter().flatten().any(|text| self.is_in(text))
    }

    /// Whether any text in the line of JSON holds it: names and values, but not the names of the line's own members.
    fn is_in_payload(&self, line: &str) -> bool {
        // Most lines do not, and are seen not to before they are read.
        if self.plain && !line.contains("\\u") && !self.is_in(line) {
            return false;
        }
        match serde_json::from_str(line) {
            Ok(Value::Object(members)) => members.values().any(|value| self.is_in_value(value)),
            // It is for the detail to say that it cannot be read.
            _ => false,
        }
    }

    /// Values are not nested more deeply than [`limit::JSON_DEPTH`] and the parser allow.
    fn is_in_value(&self, value: &Value) -> bool {
        match value {
            Value::Null => false,
            Value::Bool(value) => self.is_in(if *value { "true" } else { "false" }),
            Value::Number(number) => self.is_in(&number.to_string()),
            Value::String(text) => self.is_in(text),
            Value::Array(items) => items.iter().any(|item| self.is_in_value(item)),
            Value::Object(members) => {
                members.iter().any(|(name, value)| self.is_in(name) || self.is_in_value(value))
            }
        }
    }
}

/// The text in lower case, each character by itself.
fn lower(text: &str) -> Cow<'_, str> {
    if !text.is_ascii() {
        return text.chars().flat_map(char::to_lowercase).collect::<String>().into();
    }
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        text.to_ascii_lowercase().into()
    } else {
        text.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(text: &str, line: &str) -> bool {
        Needle::new(text).is_in_payload(line)
    }

    #[test]
    fn text_is_found_as_it_reads_and_not_as_json_writes_it() {
        let line =
            r#"{"input":{"Question":"Say \"hi\" to Z\u00fcrich\/Bern\nnow"},"output":[1.5,true,null]}"#;
        for text in ["say \"hi\"", "ZÜRICH/bern", "bern\nnow", "question", "1.5", "TRUE", "hi"] {
            assert!(finds(text, line), "{text}");
        }
        for text in ["\\\"", "u00fc", "\\n", "input", "output", "null", "{", "1.5,true", "zurich"] {
            assert!(!finds(text, line), "{text}");
        }
    }

    #[test]
    fn case_is_folded_beyond_ascii() {
        assert!(finds("ÉCOLE σς", r#"{"input":"école ΣΣ école σς"}"#));
        assert!(finds("straße", r#"{"input":"STRAßE"}"#));
    }
}
