//! Attributes: OTLP values as JSON, looked up by the names that instrumentations use.

use base64::{Engine, engine::general_purpose::STANDARD};
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use serde_json::{Map, Number, Value};
use shared::limit;

/// The attributes of a span, an event or a resource.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Attributes(pub(super) Map<String, Value>);

impl Attributes {
    /// Converts OTLP pairs; the last value of a duplicate key counts.
    pub(super) fn new(pairs: Vec<KeyValue>) -> Self {
        Self(object(pairs, 0))
    }

    /// Returns the value with this name unless it is null.
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Returns whether any name starts with `prefix`.
    pub(super) fn has_prefix(&self, prefix: &str) -> bool {
        self.under(prefix).next().is_some()
    }

    /// Returns the attributes whose names start with `prefix`, without the prefix.
    pub(super) fn under<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a Value)> + 'a {
        // The map is not sorted in every build of serde_json, so it is scanned.
        self.0.iter().filter_map(move |(key, value)| Some((key.strip_prefix(prefix)?, value)))
    }

    /// Returns the first of these attributes that is a non-empty text, a number or a boolean, as text.
    pub(super) fn text(&self, names: &[&str]) -> Option<String> {
        names.iter().find_map(|name| as_text(self.get(name)?))
    }

    /// Returns the first of these attributes that can be stored in a column; see [`label`].
    pub(super) fn label(&self, names: &[&str]) -> Option<String> {
        names.iter().find_map(|name| label(&as_text(self.get(name)?)?))
    }

    /// Returns the first of these attributes that is a number, or a text that contains one.
    pub(super) fn number(&self, names: &[&str]) -> Option<f64> {
        names.iter().find_map(|name| as_number(self.get(name)?))
    }

    /// Returns the texts of the first of these attributes that is a list, a JSON list in a text, or a single text.
    pub(super) fn texts(&self, names: &[&str]) -> Option<Vec<String>> {
        names.iter().find_map(|name| {
            let texts = match parsed(self.get(name)?.clone()) {
                Value::Array(items) => items.iter().filter_map(as_text).collect(),
                value => Vec::from_iter(as_text(&value)),
            };
            Some(texts).filter(|texts: &Vec<String>| !texts.is_empty())
        })
    }
}

fn object(pairs: Vec<KeyValue>, depth: usize) -> Map<String, Value> {
    let pair = |pair: KeyValue| (clean(pair.key), pair.value.map_or(Value::Null, |value| json(value, depth)));
    pairs.into_iter().map(pair).collect()
}

/// Converts a value to JSON: bytes become base64, numbers that JSON cannot represent become text as in OTLP/JSON.
fn json(value: AnyValue, depth: usize) -> Value {
    use any_value::Value as Any;
    // The decoders reject such depths already; this guards against a stack overflow if they change.
    if depth == limit::JSON_DEPTH {
        return Value::String("(nested too deeply)".to_owned());
    }
    match value.value {
        None | Some(Any::StringValueStrindex(_)) => Value::Null,
        Some(Any::StringValue(text)) => Value::String(clean(text)),
        Some(Any::BoolValue(value)) => Value::Bool(value),
        Some(Any::IntValue(value)) => Value::from(value),
        Some(Any::DoubleValue(value)) => match Number::from_f64(value) {
            Some(number) => Value::Number(number),
            None if value.is_nan() => "NaN".into(),
            None if value > 0.0 => "Infinity".into(),
            None => "-Infinity".into(),
        },
        Some(Any::BytesValue(bytes)) => Value::String(STANDARD.encode(bytes)),
        Some(Any::ArrayValue(list)) => {
            Value::Array(list.values.into_iter().map(|value| json(value, depth + 1)).collect())
        }
        Some(Any::KvlistValue(list)) => Value::Object(object(list.values, depth + 1)),
    }
}

/// Replaces NUL, which PostgreSQL cannot store in text.
pub(super) fn clean(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text }
}

/// Converts a text for a column: trimmed, on one line, shortened to [`limit::NAME_BYTES`]; `None` if nothing is left.
/// The attribute keeps the full text.
pub(super) fn label(text: &str) -> Option<String> {
    let line = text.trim().replace('\0', "\u{fffd}").replace(char::is_control, " ");
    Some(cut(line, limit::NAME_BYTES)).filter(|line| !line.is_empty())
}

/// Returns `label: text`, or the one that is present.
pub(super) fn joined(label: Option<String>, text: Option<String>) -> Option<String> {
    match (label, text) {
        (Some(label), Some(text)) => Some(format!("{label}: {text}")),
        (label, text) => label.or(text),
    }
}

/// Shortens a text to at most `bytes` bytes, at a character boundary.
pub(super) fn cut(mut text: String, bytes: usize) -> String {
    text.truncate(text.floor_char_boundary(bytes));
    text
}

/// Parses a text that contains a JSON object or array; returns any other value unchanged.
pub(super) fn parsed(value: Value) -> Value {
    match value {
        Value::String(text) => parse(&text).unwrap_or(Value::String(text)),
        value => value,
    }
}

fn parse(text: &str) -> Option<Value> {
    if !text.trim_start().starts_with(['{', '[']) {
        return None;
    }
    let raw: &serde_json::value::RawValue = serde_json::from_str(text).ok()?;
    // Deeper nesting could not be read back.
    crate::json::check(raw).ok()?;
    serde_json::from_str(text).ok()
}

fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.trim().is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        _ => None,
    }
}

pub(super) fn as_number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok().filter(|number: &f64| number.is_finite()),
        _ => None,
    }
}
