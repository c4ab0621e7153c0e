//! Rows on their way into a store, as every engine writes them.

use super::{
    payload::Place,
    record::{LooseSpan, NewSpan, NewTrace},
};

/// A trace with its number.
#[derive(Clone, Copy)]
pub(super) struct TraceRow<'a> {
    /// Its number in the order of arrival.
    pub(super) id: i64,
    /// What is written of it; its `quality` is the mean of all its scores.
    pub(super) trace: &'a NewTrace,
    /// The quality that came with it, in millionths of a point.
    pub(super) quality_sent: Option<i64>,
    /// Where its payload stands in the store.
    pub(super) payload: Place,
}

/// A span with the number of its trace.
#[derive(Clone, Copy)]
pub(super) struct SpanRow<'a> {
    /// The number of its trace.
    pub(super) trace: i64,
    /// What is written of it.
    pub(super) span: &'a NewSpan,
    /// What it says of its trace, where it came by itself.
    pub(super) loose: Option<&'a LooseSpan>,
    /// Where its payload stands in the store.
    pub(super) payload: Place,
}

impl<'a> SpanRow<'a> {
    /// Something that it says of its trace.
    pub(super) fn claim(&self, of: fn(&'a LooseSpan) -> Option<&'a str>) -> Option<&'a str> {
        self.loose.and_then(of)
    }
}
