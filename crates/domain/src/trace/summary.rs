//! The summary of a span, from which its trace is assembled.

use std::borrow::Cow;

use shared::{Timestamp, span::SpanKind, trace::TraceStatus};

use super::{
    payload::PayloadRef,
    record::{Basis, IncomingSpan, NewSpan},
};

/// A span without the fields that only its own page shows.
#[derive(Clone, Debug)]
pub struct SpanSummary<'a> {
    /// The id of the span.
    pub span_id: Cow<'a, str>,
    /// The id of the parent span.
    pub parent_span_id: Option<Cow<'a, str>>,
    /// The name.
    pub name: Cow<'a, str>,
    /// The kind.
    pub kind: SpanKind,
    /// The start of the span.
    pub timestamp: Timestamp,
    /// The latency in microseconds.
    pub latency: i64,
    /// The status.
    pub status: TraceStatus,
    /// The model.
    pub model: Option<Cow<'a, str>>,
    /// The provider of the model.
    pub model_provider: Option<Cow<'a, str>>,
    /// Input tokens.
    pub tokens_input: Option<i64>,
    /// Output tokens.
    pub tokens_output: Option<i64>,
    /// The cost in nano-dollars.
    pub cost: Option<i64>,
    /// Whether the sender reported the cost. The reported cost of a parent span includes its children.
    pub reported: bool,
    /// Whether the span has tokens but no price for its model is known.
    pub no_price: bool,
    /// The error message.
    pub error: ErrorText<'a>,
    /// The position of the payload.
    pub payload: PayloadRef,
    /// The agent that the span names for its trace.
    pub agent_id: Option<Cow<'a, str>>,
    /// The service that sent the span.
    pub service: Option<Cow<'a, str>>,
    /// The session that the span names for its trace.
    pub session_id: Option<Cow<'a, str>>,
    /// The end user that the span names for its trace.
    pub user_id: Option<Cow<'a, str>>,
    /// The tags that the span gives its trace, as a JSON array.
    pub tags: Option<Cow<'a, str>>,
}

/// The error message of a span. Messages are long, and a trace needs at most one, so they are read only when needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorText<'a> {
    /// The span has no error message.
    None,
    /// The message of a span that is not stored yet.
    Known(&'a str),
    /// The message is in the store.
    Stored,
}

impl<'a> SpanSummary<'a> {
    /// Returns the summary of an incoming span.
    #[must_use]
    pub fn of_incoming(span: &'a IncomingSpan, payload: PayloadRef) -> Self {
        Self {
            payload,
            agent_id: borrow(span.agent_id.as_ref()),
            service: borrow(span.service.as_ref()),
            session_id: borrow(span.session_id.as_ref()),
            user_id: borrow(span.user_id.as_ref()),
            tags: borrow(span.tags.as_ref()),
            ..Self::of_span(&span.span)
        }
    }

    /// Returns the summary of a span that was sent with its trace.
    pub(super) fn of_span(span: &'a NewSpan) -> Self {
        Self {
            span_id: Cow::Borrowed(&span.span_id),
            parent_span_id: borrow(span.parent_span_id.as_ref()),
            name: Cow::Borrowed(&span.name),
            kind: span.kind,
            timestamp: span.timestamp,
            latency: span.latency,
            status: span.status,
            model: borrow(span.model.as_ref()),
            model_provider: borrow(span.model_provider.as_ref()),
            tokens_input: span.tokens_input,
            tokens_output: span.tokens_output,
            cost: span.cost,
            reported: is_reported(span.cost, &span.basis),
            no_price: span.basis == Basis::NoPrice,
            error: span.error.as_deref().map_or(ErrorText::None, ErrorText::Known),
            payload: PayloadRef::default(),
            agent_id: None,
            service: None,
            session_id: None,
            user_id: None,
            tags: None,
        }
    }

    /// Returns the input and output tokens together.
    pub(super) fn tokens(&self) -> i64 {
        self.tokens_input.unwrap_or(0).saturating_add(self.tokens_output.unwrap_or(0))
    }

    /// Returns whether the span was ingested as an incoming span. Each of these has trace attributes, at least an empty
    /// list of tags.
    #[must_use]
    pub fn is_incoming(&self) -> bool {
        [&self.agent_id, &self.service, &self.session_id, &self.user_id, &self.tags]
            .iter()
            .any(|text| text.is_some())
    }

    /// Returns the key by which the spans of a trace are sorted: their start, then their id.
    pub(super) fn order(&self) -> (Timestamp, &str) {
        (self.timestamp, &self.span_id)
    }
}

/// Returns whether the sender reported a cost. Costs of unknown origin were reported: older versions stored no others.
#[must_use]
pub fn is_reported(cost: Option<i64>, basis: &Basis) -> bool {
    cost.is_some() && matches!(basis, Basis::Reported | Basis::Unknown)
}

fn borrow(text: Option<&String>) -> Option<Cow<'_, str>> {
    text.map(|text| Cow::Borrowed(text.as_str()))
}
