//! Attributes: OTLP's values as JSON, and looking them up by the names that senders give them.

use base64::{Engine, engine::general_purpose::STANDARD};
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use serde_json::{Map, Number, Value};
use shared::limit;

/// The attributes of a span, an event or a resource.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Attributes(pub(super) Map<String, Value>);

impl Attributes {
    /// OTLP's pairs. Of a key that is there twice the last one counts.
    pub(super) fn new(pairs: Vec<KeyValue>) -> Self {
        Self(object(pairs, 0))
    }

    /// The value by that name, where there is one.
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Whether a name begins so.
    pub(super) fn has_prefix(&self, prefix: &str) -> bool {
        self.under(prefix).next().is_some()
    }

    /// What the names that begin so are called after that, and their values.
    pub(super) fn under<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a Value)> + 'a {
        // A map's keys are not sorted in every build of serde_json: so all of them are looked at.
        self.0.iter().filter_map(move |(key, value)| Some((key.strip_prefix(prefix)?, value)))
    }

    /// The first of these names that holds a text, or a number or a boolean as text.
    pub(super) fn text(&self, names: &[&str]) -> Option<String> {
        names.iter().find_map(|name| as_text(self.get(name)?))
    }

    /// The same for a column: a line that is not too long.
    pub(super) fn label(&self, names: &[&str]) -> Option<String> {
        names.iter().find_map(|name| label(&as_text(self.get(name)?)?))
    }

    /// The first of these names that holds a number, or its text.
    pub(super) fn number(&self, names: &[&str]) -> Option<f64> {
        names.iter().find_map(|name| as_number(self.get(name)?))
    }

    /// The texts of a list, of its JSON, or of a text alone, by the first of these names that holds any.
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

/// A value as JSON; bytes as base64, what JSON has no number for as OTLP's JSON has it.
fn json(value: AnyValue, depth: usize) -> Value {
    use any_value::Value as Any;
    // The decoders do not go so deep: this is so that nothing depends on it.
    if depth == limit::JSON_DEPTH {
        return Value::String("(nested too deeply)".to_owned());
    }
    match value.value {
        None | Some(Any::StringValueStrindex(_)) => Value::Null,
        Some(Any::StringValue(text)) => Value::String(clean(text)),
        Some(Any::BoolValue(value)) => Value::Bool(value),
        Some(Any::IntValue(value)) => Value::from(value),
        Some(Any::DoubleValue(value)) => Number::from_f64(value).map_or_else(
            || {
                let name = if value.is_nan() {
                    "NaN"
                } else if value > 0.0 {
                    "Infinity"
                } else {
                    "-Infinity"
                };
                Value::String(name.to_owned())
            },
            Value::Number,
        ),
        Some(Any::BytesValue(bytes)) => Value::String(STANDARD.encode(bytes)),
        Some(Any::ArrayValue(list)) => {
            Value::Array(list.values.into_iter().map(|value| json(value, depth + 1)).collect())
        }
        Some(Any::KvlistValue(list)) => Value::Object(object(list.values, depth + 1)),
    }
}

/// Not every database holds NUL: a span is not lost for that.
pub(super) fn clean(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text }
}

/// A text as what stands in a column may be: not empty, on one line, not too long. The attribute keeps the whole.
pub(super) fn label(text: &str) -> Option<String> {
    let text = text.trim();
    let line: String = text
        .chars()
        .map(|c| {
            if c == '\0' {
                '\u{fffd}'
            } else if c.is_control() {
                ' '
            } else {
                c
            }
        })
        .collect();
    let line = cut(line, limit::NAME_BYTES);
    if line.is_empty() { None } else { Some(line) }
}

/// At most so many bytes of a text, up to the end of a character.
pub(super) fn cut(mut text: String, bytes: usize) -> String {
    text.truncate(text.floor_char_boundary(bytes));
    text
}

/// A text that holds a JSON object or array as that; anything else as it is.
pub(super) fn parsed(value: Value) -> Value {
    match value {
        Value::String(text) => match parse(&text) {
            Some(value) => value,
            None => Value::String(text),
        },
        value => value,
    }
}

fn parse(text: &str) -> Option<Value> {
    if !text.trim_start().starts_with(['{', '[']) {
        return None;
    }
    let raw: &serde_json::value::RawValue = serde_json::from_str(text).ok()?;
    // What is nested more deeply could not be read back.
    crate::ingestion::json::check(raw).ok()?;
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
