//! A protobuf request taken apart without decoding its spans: each is decoded by itself, so that a bad one costs no other,
//! and what would take far more memory than bytes is refused before it does. Fields by number, as in OTLP's `trace.proto`.

use opentelemetry_proto::tonic::{common::v1::InstrumentationScope, trace::v1::Span};
use prost::{
    Message,
    encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field},
};

use super::decode::{Batch, Count, RawSpan, Scoped};

/// Messages inside of messages: about as many as prost itself reads.
const MAX_DEPTH: usize = 100;

/// Messages that hold many others, as far as their number matters.
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
    /// What stands in a field.
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

/// Takes a request apart.
///
/// # Errors
/// Where it is none, or has more parts than there may be.
pub(super) fn read(body: &[u8]) -> Result<Vec<Batch<'_>>, String> {
    let mut counts = Counts { parts: Count::of_request(), values: Count::of_origins() };
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

/// What there is in the whole request.
struct Counts {
    parts: Count,
    values: Count,
}

fn batch<'a>(body: &'a [u8], counts: &mut Counts) -> Result<Batch<'a>, String> {
    let mut batch = Batch::default();
    each_field(body, |tag, bytes| {
        match (tag, bytes) {
            (1, Some(bytes)) => {
                weigh(bytes, Kind::Resource, &mut counts.values)
                    .map_err(|error| format!("the resource: {error}"))?;
                // A message that is there twice is put together: that is how protobuf has it.
                batch.resource.merge(bytes).map_err(|error| format!("the resource: {error}"))?;
            }
            (2, Some(bytes)) => {
                counts.parts.add()?;
                batch.scopes.push(scoped(bytes, counts)?);
            }
            (1 | 2, None) => return Err("resource_spans holds something else than messages".to_owned()),
            _ => {}
        }
        Ok(())
    })?;
    Ok(batch)
}

fn scoped<'a>(body: &'a [u8], counts: &mut Counts) -> Result<Scoped<'a>, String> {
    let mut scoped = Scoped::default();
    each_field(body, |tag, bytes| {
        match (tag, bytes) {
            (1, Some(bytes)) => {
                weigh(bytes, Kind::Scope, &mut counts.values)
                    .map_err(|error| format!("the scope: {error}"))?;
                let scope = scoped.scope.get_or_insert_with(InstrumentationScope::default);
                scope.merge(bytes).map_err(|error| format!("the scope: {error}"))?;
            }
            (2, Some(bytes)) => {
                counts.parts.add()?;
                scoped.spans.push(RawSpan::Protobuf(bytes));
            }
            (1 | 2, None) => return Err("scope_spans holds something else than messages".to_owned()),
            _ => {}
        }
        Ok(())
    })?;
    Ok(scoped)
}

/// Decodes a span, where it does not hold too much.
pub(super) fn span(bytes: &[u8]) -> Result<Span, String> {
    weigh(bytes, Kind::Span, &mut Count::of_values())?;
    Span::decode(bytes).map_err(|error| format!("it cannot be decoded: {error}"))
}

/// Counts what is in a message, all the way down.
fn weigh(bytes: &[u8], kind: Kind, count: &mut Count) -> Result<(), String> {
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

/// Walks over a message's fields: their numbers, and what is in those that have a length.
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
            return Err(format!("it breaks off: field {tag} should have {length} bytes"));
        };
        body = rest;
        take(tag, Some(field))?;
    }
    Ok(())
}
