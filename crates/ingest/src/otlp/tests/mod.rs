//! The mapping of attributes as instrumentations send them, and requests that must be rejected. One file per subject.

#![expect(clippy::unwrap_used, reason = "a test may panic")]
#![expect(clippy::needless_pass_by_value, reason = "json! is used in argument position")]

mod content;
mod hostile;
mod json;
mod usage;

use domain::trace::record::{IncomingSpan, NewScore};
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{AnyValue, ArrayValue, KeyValue, KeyValueList, any_value},
    resource::v1::Resource,
    trace::v1::{ResourceSpans, ScopeSpans, Span, Status, span::Event},
};
use prost::Message;
use serde_json::{Value, json};
use shared::Timestamp;
use uuid::Uuid;

use super::{Decoded, encoding::Encoding, read};
use crate::{error::DecodeError, field::Arrival};

/// 2026-03-11T12:00:00Z.
const NOON_NANOS: u64 = 1_773_230_400_000_000_000;

fn arrival() -> Arrival {
    let noon = i64::try_from(NOON_NANOS / 1000).unwrap();
    Arrival { workspace_id: Uuid::from_u128(7), now: Timestamp::from_micros(noon + 60_000_000) }
}

/// Converts JSON to a value as exporters encode it.
fn any(value: &Value) -> AnyValue {
    use any_value::Value as Any;
    let value = match value {
        Value::Null => None,
        Value::Bool(value) => Some(Any::BoolValue(*value)),
        Value::Number(number) => Some(match number.as_i64() {
            Some(number) => Any::IntValue(number),
            None => Any::DoubleValue(number.as_f64().unwrap()),
        }),
        Value::String(text) => Some(Any::StringValue(text.clone())),
        Value::Array(items) => Some(Any::ArrayValue(ArrayValue { values: items.iter().map(any).collect() })),
        Value::Object(_) => Some(Any::KvlistValue(KeyValueList { values: pairs(value) })),
    };
    AnyValue { value }
}

fn pairs(attributes: &Value) -> Vec<KeyValue> {
    let pair = |(key, value): (&String, &Value)| KeyValue {
        key: key.clone(),
        value: Some(any(value)),
        ..KeyValue::default()
    };
    attributes.as_object().unwrap().iter().map(pair).collect()
}

/// A span of one second with these attributes.
fn span(attributes: Value) -> Span {
    Span {
        trace_id: (1..=16).collect(),
        span_id: (0xf1..=0xf8).collect(),
        name: "step".to_owned(),
        start_time_unix_nano: NOON_NANOS,
        end_time_unix_nano: NOON_NANOS + 1_000_000_000,
        attributes: pairs(&attributes),
        ..Span::default()
    }
}

fn event(name: &str, attributes: Value) -> Event {
    Event {
        name: name.to_owned(),
        time_unix_nano: NOON_NANOS + 500_000_000,
        attributes: pairs(&attributes),
        ..Event::default()
    }
}

fn failed(message: &str, span: Span) -> Span {
    Span { status: Some(Status { code: 2, message: message.to_owned() }), ..span }
}

fn request(spans: Vec<Span>) -> ExportTraceServiceRequest {
    let resource = Resource { attributes: pairs(&json!({"service.name": "weather"})), ..Resource::default() };
    let scope_spans = vec![ScopeSpans { spans, ..ScopeSpans::default() }];
    let resource_spans =
        vec![ResourceSpans { resource: Some(resource), scope_spans, ..ResourceSpans::default() }];
    ExportTraceServiceRequest { resource_spans }
}

fn decoded(spans: Vec<Span>) -> Decoded {
    read(Encoding::Protobuf, &request(spans).encode_to_vec(), arrival()).unwrap()
}

/// Decodes one span; returns it, its payload and its scores.
#[track_caller]
fn full(span: Span) -> (IncomingSpan, Value, Vec<NewScore>) {
    let mut decoded = decoded(vec![span]);
    assert!(decoded.reasons.is_empty(), "{}", decoded.reason());
    let span = decoded.spans.pop().unwrap();
    let payload = serde_json::from_str(&span.span.payload).unwrap();
    (span, payload, decoded.scores)
}

#[track_caller]
fn mapped(attributes: Value) -> (IncomingSpan, Value) {
    let (span, payload, _) = full(span(attributes));
    (span, payload)
}

/// Returns why the span is rejected.
#[track_caller]
fn rejected(span: Span) -> String {
    let decoded = decoded(vec![span]);
    assert_eq!((decoded.spans.len(), decoded.rejected), (0, 1));
    decoded.reason()
}

#[track_caller]
fn decode_error(encoding: Encoding, body: &[u8]) -> DecodeError {
    read(encoding, body, arrival()).unwrap_err()
}
