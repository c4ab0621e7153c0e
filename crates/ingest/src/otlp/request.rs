//! The parts of a request with raw spans, and the limits on what a request may hold.

use opentelemetry_proto::tonic::{common::v1::InstrumentationScope, resource::v1::Resource};
use serde_json::value::RawValue;

/// The maximum number of spans, resources and scopes in one request.
pub(super) const REQUEST_SPANS: usize = 100_000;
/// The maximum number of attributes, including nested values, of all resources and scopes of one request.
pub(super) const REQUEST_VALUES: usize = 500_000;
/// The maximum number of attributes, events and links, including nested values, of one span.
pub(super) const SPAN_VALUES: usize = 100_000;

/// The spans of one resource.
#[derive(Default)]
pub(super) struct Batch<'a> {
    /// The resource.
    pub(super) resource: Resource,
    /// Its spans by instrumentation scope.
    pub(super) scopes: Vec<ScopeBatch<'a>>,
}

/// The spans of one instrumentation scope.
#[derive(Default)]
pub(super) struct ScopeBatch<'a> {
    /// The instrumentation scope.
    pub(super) scope: Option<InstrumentationScope>,
    /// Its spans.
    pub(super) spans: Vec<RawSpan<'a>>,
}

/// A span that is not decoded yet.
#[derive(Clone, Copy)]
pub(super) enum RawSpan<'a> {
    /// A protobuf message.
    Protobuf(&'a [u8]),
    /// A JSON object.
    Json(&'a RawValue),
}

/// Counts up to a limit.
pub(super) struct Count {
    left: usize,
    limit: usize,
    what: &'static str,
}

impl Count {
    /// Counts the spans of a request.
    pub(super) fn for_request() -> Self {
        Self { left: REQUEST_SPANS, limit: REQUEST_SPANS, what: "spans" }
    }

    /// Counts the values of the resources and scopes of a request.
    pub(super) fn for_origins() -> Self {
        Self {
            left: REQUEST_VALUES,
            limit: REQUEST_VALUES,
            what: "attributes and nested values of resources and scopes",
        }
    }

    /// Counts the values of a span.
    pub(super) fn for_span() -> Self {
        Self { left: SPAN_VALUES, limit: SPAN_VALUES, what: "attributes, events, links and nested values" }
    }

    /// Counts one more.
    ///
    /// # Errors
    /// Returns an error if the limit is exceeded.
    pub(super) fn add(&mut self) -> Result<(), String> {
        self.left = self
            .left
            .checked_sub(1)
            .ok_or_else(|| format!("there are more than {} {}", self.limit, self.what))?;
        Ok(())
    }
}
