//! Splits a request into spans that are decoded one at a time: an invalid span does not reject the others, and the
//! decoded request is never in memory as a whole.

use opentelemetry_proto::tonic::trace::v1::Span;
use shared::limit;

use super::{
    encoding::Encoding,
    json,
    request::{Batch, RawSpan},
    wire,
};

/// Splits a request.
///
/// # Errors
/// Returns why the request cannot be decoded.
pub(super) fn read(encoding: Encoding, body: &[u8]) -> Result<Vec<Batch<'_>>, String> {
    match encoding {
        Encoding::Protobuf => wire::read(body),
        Encoding::Json => json::read(body),
    }
}

/// Decodes a span.
///
/// # Errors
/// Returns why the span is invalid, or which limit it exceeds.
pub(super) fn span(raw: RawSpan<'_>) -> Result<Span, String> {
    let bytes = match raw {
        RawSpan::Protobuf(bytes) => bytes.len(),
        RawSpan::Json(raw) => raw.get().len(),
    };
    if bytes > limit::TRACE_BYTES {
        return Err(format!("it has {bytes} bytes; at most {} are allowed", limit::TRACE_BYTES));
    }
    match raw {
        RawSpan::Protobuf(bytes) => wire::span(bytes),
        RawSpan::Json(raw) => json::span(raw),
    }
}
