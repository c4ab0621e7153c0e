//! Splits a protobuf request without decoding its spans, so that an invalid span does not reject the others. Messages
//! that would take far more memory than they have bytes are rejected before they are decoded. Field numbers are those
//! of OTLP's `trace.proto`.

use opentelemetry_proto::tonic::{common::v1::InstrumentationScope, trace::v1::Span};
use prost::{
    Message,
    encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field},
};

use super::request::{Batch, Count, RawSpan, ScopeBatch};

/// The maximum nesting of messages, similar to prost's own limit.
const MAX_DEPTH: usize = 100;

/// Messages whose children are counted.
#[derive(Clone, Copy)]
enum Kind {
    Span,
    Event,
    Link,
    KeyValue,
    AnyValue,
    ArrayValue,
    KeyValueList,
    Resource,
    Scope,
}

impl Kind {
    /// Returns the kind of message in a field.
    fn inside(self, tag: u32) -> Option<Self> {
        match (self, tag) {
            (Self::Span, 9) | (Self::Event | Self::Scope, 3) | (Self::Link, 4) => Some(Self::KeyValue),
            (Self::Resource | Self::KeyValueList, 1) => Some(Self::KeyValue),
            (Self::Span, 11) => Some(Self::Event),
            (Self::Span, 13) => Some(Self::Link),
            (Self::KeyValue, 2) | (Self::ArrayValue, 1) => Some(Self::AnyValue),
            (Self::AnyValue, 5) => Some(Self::ArrayValue),
            (Self::AnyValue, 6) => Some(Self::KeyValueList),
            _ => None,
        }
    }
}

/// Splits a request.
///
/// # Errors
/// Returns an error if the body is not a request or has too many parts.
pub(super) fn read(body: &[u8]) -> Result<Vec<Batch<'_>>, String> {
    let mut counts = Counts { parts: Count::for_request(), values: Count::for_origins() };
    let mut batches = Vec::new();
    each_field(body, |tag, bytes| {
        if let (1, Some(bytes)) = (tag, bytes) {
            counts.parts.add()?;
            batches.push(batch(bytes, &mut counts)?);
        }
        Ok(())
    })?;
    Ok(batches)
}

/// The counters of a whole request.
struct Counts {
    parts: Count,
    values: Count,
}

fn batch<'a>(body: &'a [u8], counts: &mut Counts) -> Result<Batch<'a>, String> {
    let mut batch = Batch::default();
    each_field(body, |tag, bytes| {
        match (tag, bytes) {
            (1, Some(bytes)) => {
                count_values(bytes, Kind::Resource, &mut counts.values)
                    .map_err(|error| format!("the resource: {error}"))?;
                // Protobuf merges messages that occur twice.
                batch.resource.merge(bytes).map_err(|error| format!("the resource: {error}"))?;
            }
            (2, Some(bytes)) => {
                counts.parts.add()?;
                batch.scopes.push(scope_batch(bytes, counts)?);
            }
            (1 | 2, None) => return Err("resource_spans contains fields that are not messages".to_owned()),
            _ => {}
        }
        Ok(())
    })?;
    Ok(batch)
}

fn scope_batch<'a>(body: &'a [u8], counts: &mut Counts) -> Result<ScopeBatch<'a>, String> {
    let mut scope_batch = ScopeBatch::default();
    each_field(body, |tag, bytes| {
        match (tag, bytes) {
            (1, Some(bytes)) => {
                count_values(bytes, Kind::Scope, &mut counts.values)
                    .map_err(|error| format!("the scope: {error}"))?;
                let scope = scope_batch.scope.get_or_insert_with(InstrumentationScope::default);
                scope.merge(bytes).map_err(|error| format!("the scope: {error}"))?;
            }
            (2, Some(bytes)) => {
                counts.parts.add()?;
                scope_batch.spans.push(RawSpan::Protobuf(bytes));
            }
            (1 | 2, None) => return Err("scope_spans contains fields that are not messages".to_owned()),
            _ => {}
        }
        Ok(())
    })?;
    Ok(scope_batch)
}

/// Decodes a span unless it holds too many values.
pub(super) fn span(bytes: &[u8]) -> Result<Span, String> {
    count_values(bytes, Kind::Span, &mut Count::for_span())?;
    Span::decode(bytes).map_err(|error| format!("it cannot be decoded: {error}"))
}

/// Counts the nested messages at all levels.
fn count_values(bytes: &[u8], kind: Kind, count: &mut Count) -> Result<(), String> {
    let mut open = vec![(bytes, kind, 0)];
    while let Some((bytes, kind, depth)) = open.pop() {
        each_field(bytes, |tag, bytes| {
            if let (Some(kind), Some(bytes)) = (kind.inside(tag), bytes) {
                count.add()?;
                if depth == MAX_DEPTH {
                    return Err(format!("it is nested more than {MAX_DEPTH} levels deep"));
                }
                open.push((bytes, kind, depth + 1));
            }
            Ok(())
        })?;
    }
    Ok(())
}

/// Calls `take` with the number and, for length-delimited fields, the content of every field of a message.
fn each_field<'a>(
    mut body: &'a [u8],
    mut take: impl FnMut(u32, Option<&'a [u8]>) -> Result<(), String>,
) -> Result<(), String> {
    let bad = |error: prost::DecodeError| error.to_string();
    while !body.is_empty() {
        let (tag, wire_type) = decode_key(&mut body).map_err(bad)?;
        if wire_type != WireType::LengthDelimited {
            skip_field(wire_type, tag, &mut body, DecodeContext::default()).map_err(bad)?;
            take(tag, None)?;
            continue;
        }
        let length = decode_varint(&mut body).map_err(bad)?;
        let field = usize::try_from(length).ok().and_then(|length| body.split_at_checked(length));
        let Some((field, rest)) = field else {
            return Err(format!("it is truncated: field {tag} should have {length} bytes"));
        };
        body = rest;
        take(tag, Some(field))?;
    }
    Ok(())
}
