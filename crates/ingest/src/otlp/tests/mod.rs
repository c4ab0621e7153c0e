//! The mapping, row by row, with attributes as the libraries send them; and what must not be taken. A file per subject.

#![expect(clippy::unwrap_used, reason = "a test may panic")]
#![expect(clippy::needless_pass_by_value, reason = "json! is written where it is passed")]

mod content;
mod hostile;
mod json;
mod usage;

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

use super::{Taken, encoding::Encoding, read};
use crate::{
    error::ApiError,
    ingestion::field::Arrival,
    store::trace::record::{LooseSpan, NewScore},
};

/// 2026-03-11T12:00:00Z.
const NOON_NANOS: u64 = 1_773_230_400_000_000_000;

fn arrival() -> Arrival {
    let noon = i64::try_from(NOON_NANOS / 1000).unwrap();
    Arrival { workspace_id: Uuid::from_u128(7), now: Timestamp::from_micros(noon + 60_000_000) }
}

/// A value as exporters write it.
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

fn taken(spans: Vec<Span>) -> Taken {
    read(Encoding::Protobuf, &request(spans).encode_to_vec(), arrival()).unwrap()
}

/// The one span that was sent, what of it has no column, and its scores.
#[track_caller]
fn full(span: Span) -> (LooseSpan, Value, Vec<NewScore>) {
    let mut taken = taken(vec![span]);
    assert!(taken.reasons.is_empty(), "{}", taken.reason());
    let span = taken.spans.pop().unwrap();
    let payload = serde_json::from_str(&span.span.payload).unwrap();
    (span, payload, taken.scores)
}

#[track_caller]
fn mapped(attributes: Value) -> (LooseSpan, Value) {
    let (span, payload, _) = full(span(attributes));
    (span, payload)
}

/// Why the one span that was sent was rejected.
#[track_caller]
fn rejected(span: Span) -> String {
    let taken = taken(vec![span]);
    assert_eq!((taken.spans.len(), taken.rejected), (0, 1));
    taken.reason()
}

#[track_caller]
fn refused(encoding: Encoding, body: &[u8]) -> ApiError {
    read(encoding, body, arrival()).unwrap_err()
}
