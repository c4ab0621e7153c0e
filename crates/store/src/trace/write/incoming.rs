//! A batch of incoming spans to write: without duplicates, by trace, with compressed payloads.

use std::collections::{HashMap, HashSet};

use domain::trace::{payload::PayloadRef, record::IncomingSpan};
use shared::Timestamp;

use super::{
    frame::{FrameBuilder, Frames},
    record::{SpanInsert, TraceName},
};
use crate::error::StoreError;

/// Incoming spans that are written together.
pub(crate) struct SpanBatch<'a> {
    traces: Vec<IncomingTrace<'a>>,
    frames: Frames,
}

/// The spans of one trace in a batch.
pub(crate) struct IncomingTrace<'a> {
    pub(crate) name: TraceName<'a>,
    /// The arrival of the last span.
    pub(crate) last_seen: Timestamp,
    /// The spans and the positions of their payloads in the batch.
    spans: Vec<(&'a IncomingSpan, PayloadRef)>,
}

impl<'a> SpanBatch<'a> {
    /// Removes duplicates and compresses the payloads. This is slow, so do it before the transaction.
    pub(super) fn new(spans: &[&'a IncomingSpan]) -> Result<Self, StoreError> {
        let mut seen = HashSet::with_capacity(spans.len());
        let mut indices: HashMap<TraceName<'a>, usize> = HashMap::new();
        let mut frames = FrameBuilder::default();
        let mut traces: Vec<IncomingTrace<'a>> = Vec::new();
        for &span in spans {
            let name = (span.workspace_id, span.trace_id.as_str());
            let index = *indices.entry(name).or_insert(traces.len());
            if index == traces.len() {
                traces.push(IncomingTrace { name, last_seen: span.arrived, spans: Vec::new() });
            }
            let trace = &mut traces[index];
            trace.last_seen = trace.last_seen.max(span.arrived);
            if seen.insert((index, span.span.span_id.as_str())) {
                trace.spans.push((span, frames.push(&span.span.payload)?));
            }
        }
        Ok(Self { traces, frames: frames.finish()? })
    }

    /// Returns the traces, in the order of their first spans.
    pub(crate) fn traces(&self) -> &[IncomingTrace<'a>] {
        &self.traces
    }

    /// Returns the number of frames.
    pub(crate) fn frames(&self) -> usize {
        self.frames.len()
    }

    /// Sets the id of each frame by its index.
    pub(crate) fn set_frame_ids(&mut self, frame_id: impl Fn(i64) -> i64) {
        self.frames.set_ids(frame_id);
    }

    /// Returns the spans of a trace and the positions at which their payloads will be stored.
    pub(super) fn spans(
        &self,
        trace: &IncomingTrace<'a>,
    ) -> impl Iterator<Item = (&'a IncomingSpan, PayloadRef)> {
        trace.spans.iter().map(|&(span, payload)| (span, self.frames.stored(payload)))
    }

    /// Returns the frames that contain the payloads of these rows, with their ids.
    pub(super) fn used_frames(&self, rows: &[SpanInsert<'_>]) -> Vec<(i64, &[u8])> {
        self.frames.used(rows.iter().map(|row| row.payload))
    }
}

impl IncomingTrace<'_> {
    /// Returns the approximate start of the trace: that of the root span, or the last arrival while the root span is missing.
    pub(crate) fn approximate_start(&self) -> Timestamp {
        let roots = self.spans.iter().filter(|(span, _)| span.span.parent_span_id.is_none());
        roots.map(|(span, _)| span.span.timestamp).min().unwrap_or(self.last_seen)
    }
}
