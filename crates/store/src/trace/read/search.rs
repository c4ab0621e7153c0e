//! Full-text search in the spans of one trace: in the columns that a span shows, and in its payload.

use std::borrow::Cow;

use serde_json::Value;
use shared::{
    limit,
    span::{Span, SpanMatches},
};
use tracing::instrument;
use uuid::Uuid;

use super::{detail::in_storage_order, payload::PayloadReader};
use crate::{
    database::in_read,
    error::StoreError,
    trace::{TraceStore, transaction::ReadTransaction},
};

/// The maximum size of the frames that one search decompresses. Traces may have any size, but searches must be fast.
const FRAME_BYTES: usize = 128 * 1024 * 1024;

impl TraceStore {
    /// Returns the spans of a trace that contain `text`, ignoring case, or `None` if the trace does not exist.
    ///
    /// # Errors
    /// Returns an error if the database is not available or a payload cannot be read.
    #[instrument(level = "debug", skip_all, fields(db.system.name = self.system(), db.operation.name = "SELECT"))]
    pub async fn search(
        &self,
        workspace_id: Uuid,
        trace_id: &str,
        text: &str,
    ) -> Result<Option<SpanMatches>, StoreError> {
        in_read!(self, transaction => transaction.search(workspace_id, trace_id, text))
    }
}

impl ReadTransaction {
    async fn search(
        &mut self,
        workspace_id: Uuid,
        trace_id: &str,
        text: &str,
    ) -> Result<Option<SpanMatches>, StoreError> {
        let Some(trace) = self.trace(workspace_id, trace_id).await? else { return Ok(None) };
        let spans = self.spans(trace.cursor.id).await?;
        let needle = Needle::new(text);
        let mut found: Vec<bool> = spans.iter().map(|stored| needle.is_in_columns(&stored.span)).collect();
        let mut payloads = PayloadReader::default();
        let mut incomplete = false;
        for (index, payload) in in_storage_order(spans.iter().map(|stored| stored.payload)) {
            if found[index] {
                continue;
            }
            payloads.discard_before(payload.frame);
            if payloads.bytes() > FRAME_BYTES && !payloads.contains(payload.frame) {
                incomplete = true;
                break;
            }
            found[index] = needle.is_in_payload(payloads.line(self, payload).await?);
        }
        let matches = spans.into_iter().zip(&found).filter(|&(_, found)| *found);
        Ok(Some(SpanMatches {
            total: found.iter().filter(|&&found| found).count() as u64,
            items: matches.map(|(stored, _)| stored.span.span_id).take(limit::SEARCH_SPANS).collect(),
            incomplete,
        }))
    }
}

/// The text to search for.
struct Needle {
    text: String,
    /// Whether JSON strings contain the text unchanged, unless they escape its characters by number.
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

    fn is_in_columns(&self, span: &Span) -> bool {
        let texts = [&span.model, &span.error];
        self.is_in(&span.name) || texts.into_iter().flatten().any(|text| self.is_in(text))
    }

    /// Returns whether the names or values in a line of JSON contain the text. The names of its top-level fields are ignored.
    fn is_in_payload(&self, line: &str) -> bool {
        // Most lines do not, and need not be parsed.
        if self.plain && !line.contains("\\u") && !self.is_in(line) {
            return false;
        }
        match serde_json::from_str(line) {
            Ok(Value::Object(members)) => members.values().any(|value| self.is_in_value(value)),
            // The detail of the trace reports lines that cannot be parsed.
            _ => false,
        }
    }

    /// Recursion is bounded: [`limit::JSON_DEPTH`] and the parser limit the nesting.
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

/// Converts text to lower case, character by character.
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
    fn search_finds_unescaped_text_but_not_json_syntax() {
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
    fn search_ignores_case_beyond_ascii() {
        assert!(finds("ÉCOLE σς", r#"{"input":"école ΣΣ école σς"}"#));
        assert!(finds("straße", r#"{"input":"STRAßE"}"#));
    }
}
