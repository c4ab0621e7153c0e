//! From bytes to a request whose spans are still undecoded: each is decoded when its turn comes, so that a bad one costs no
//! other and a request never stands in memory as a whole twice over.

use opentelemetry_proto::tonic::{common::v1::InstrumentationScope, resource::v1::Resource, trace::v1::Span};
use serde_json::value::RawValue;
use shared::limit;

use super::{encoding::Encoding, json, wire};

/// Spans, and groups of spans, in one request at most.
pub(super) const REQUEST_SPANS: usize = 100_000;
/// Attributes and whatever is inside of them, of all resources and instrumentations of one request at most.
pub(super) const REQUEST_VALUES: usize = 500_000;
/// Attributes, events, links and whatever is inside of them, of one span at most.
pub(super) const SPAN_VALUES: usize = 100_000;

/// The spans of one resource.
#[derive(Default)]
pub(super) struct Batch<'a> {
    /// What ran.
    pub(super) resource: Resource,
    /// Its spans, by instrumentation.
    pub(super) scopes: Vec<Scoped<'a>>,
}

/// The spans that one instrumentation made.
#[derive(Default)]
pub(super) struct Scoped<'a> {
    /// The instrumentation.
    pub(super) scope: Option<InstrumentationScope>,
    /// Its spans.
    pub(super) spans: Vec<RawSpan<'a>>,
}

/// A span as it came.
#[derive(Clone, Copy)]
pub(super) enum RawSpan<'a> {
    /// As a protobuf message.
    Protobuf(&'a [u8]),
    /// As JSON.
    Json(&'a RawValue),
}

/// Takes a request apart.
///
/// # Errors
/// Why it cannot be read.
pub(super) fn read(encoding: Encoding, body: &[u8]) -> Result<Vec<Batch<'_>>, String> {
    match encoding {
        Encoding::Protobuf => wire::read(body),
        Encoding::Json => json::read(body),
    }
}

impl RawSpan<'_> {
    /// The span.
    ///
    /// # Errors
    /// Why it is none, or too much.
    pub(super) fn decode(self) -> Result<Span, String> {
        let bytes = match self {
            Self::Protobuf(bytes) => bytes.len(),
            Self::Json(raw) => raw.get().len(),
        };
        if bytes > limit::TRACE_BYTES {
            return Err(format!("it has {bytes} bytes, and {} are the most", limit::TRACE_BYTES));
        }
        match self {
            Self::Protobuf(bytes) => wire::span(bytes),
            Self::Json(raw) => json::span(raw),
        }
    }
}

/// Counts up to a bound.
pub(super) struct Count {
    left: usize,
    most: usize,
    what: &'static str,
}

impl Count {
    /// Of the spans of a request.
    pub(super) fn of_request() -> Self {
        Self { left: REQUEST_SPANS, most: REQUEST_SPANS, what: "spans" }
    }

    /// Of what its resources and instrumentations hold.
    pub(super) fn of_origins() -> Self {
        Self {
            left: REQUEST_VALUES,
            most: REQUEST_VALUES,
            what: "attributes and values in them, of resources and scopes",
        }
    }

    /// Of what a span holds.
    pub(super) fn of_values() -> Self {
        Self { left: SPAN_VALUES, most: SPAN_VALUES, what: "attributes, events, links and values in them" }
    }

    /// One more.
    ///
    /// # Errors
    /// Where that is too many.
    pub(super) fn add(&mut self) -> Result<(), String> {
        self.left = self
            .left
            .checked_sub(1)
            .ok_or_else(|| format!("there are more than {} {}", self.most, self.what))?;
        Ok(())
    }
}
