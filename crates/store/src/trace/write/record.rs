//! Rows to insert, and the state of stored traces.

use domain::trace::{
    payload::PayloadRef,
    record::{Assembly, Basis, IncomingSpan, NewSpan, NewTrace},
};
use shared::Timestamp;
use uuid::Uuid;

use crate::trace::row::TraceRecord;

/// The workspace and the id of a trace.
pub(crate) type TraceName<'a> = (Uuid, &'a str);

/// A row of `traces` to insert.
#[derive(Clone, Copy)]
pub(crate) struct TraceInsert<'a> {
    /// The number of the trace, in order of arrival.
    pub(crate) id: i64,
    /// The columns. `quality` is the mean of all scores.
    pub(crate) trace: &'a NewTrace,
    /// The quality that was sent with the trace, in millionths of a point.
    pub(crate) quality_sent: Option<i64>,
    pub(crate) payload: PayloadRef,
}

impl TraceRecord {
    /// Returns the row of the trace.
    pub(crate) fn row(&self) -> TraceInsert<'_> {
        TraceInsert {
            id: self.id,
            trace: &self.trace,
            quality_sent: self.quality_sent,
            payload: self.payload,
        }
    }
}

/// A row of `spans` to insert.
#[derive(Clone, Copy)]
pub(crate) struct SpanInsert<'a> {
    /// The number of the trace.
    pub(crate) trace: i64,
    pub(crate) span: &'a NewSpan,
    /// The incoming span, unless the span was sent with its trace.
    pub(crate) incoming: Option<&'a IncomingSpan>,
    pub(crate) payload: PayloadRef,
}

impl SpanInsert<'_> {
    /// Returns the tags of an incoming span. An incoming span without trace attributes gets an empty array, which
    /// distinguishes it from spans that were sent with their trace.
    pub(crate) fn tags(&self) -> Option<&str> {
        let incoming = self.incoming?;
        incoming.tags.as_deref().or((!incoming.has_trace_attributes()).then_some("[]"))
    }
}

/// A new cost of a span.
pub(crate) struct SpanCost<'a> {
    /// The number of the trace.
    pub(crate) trace: i64,
    pub(crate) span_id: &'a str,
    pub(crate) cost: Option<i64>,
    pub(crate) basis: &'a Basis,
}

/// A trace that is pending until its root span arrives.
pub(crate) struct PendingTrace<'a> {
    /// The number that the trace will have.
    pub(crate) id: i64,
    pub(crate) name: TraceName<'a>,
    /// The arrival of the last span.
    pub(crate) last_seen: Timestamp,
}

/// The number of a trace and what is stored of it.
pub(crate) struct KnownTrace {
    pub(crate) id: i64,
    pub(crate) state: TraceState,
}

/// What is stored of a trace.
pub(crate) enum TraceState {
    /// Nothing.
    New,
    /// Spans, but not the root span.
    Pending,
    /// The trace.
    Stored(Box<TraceRecord>),
    /// Retention has deleted the trace.
    Deleted,
}

impl TraceState {
    /// Returns whether the trace was sent as one document. Incoming spans do not change it.
    pub(crate) fn is_sent(&self) -> bool {
        matches!(self, Self::Stored(record) if record.trace.assembly == Assembly::Sent)
    }
}
