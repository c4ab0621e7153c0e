//! A batch of traces to write: without duplicates, with compressed payloads and numbers.

use std::collections::HashSet;

use domain::trace::{payload::PayloadRef, record::NewTrace};
use shared::Timestamp;

use super::{
    frame::{FrameBuilder, Frames},
    record::{SpanInsert, TraceInsert, TraceName},
};
use crate::error::StoreError;

/// Traces that are written together.
pub(crate) struct TraceBatch<'a> {
    traces: Vec<BatchTrace<'a>>,
    frames: Frames,
}

/// A trace of a batch.
pub(crate) struct BatchTrace<'a> {
    pub(crate) trace: &'a NewTrace,
    /// The number of the trace, in order of arrival.
    pub(crate) id: i64,
    is_new: bool,
    /// The positions of the payloads in the batch.
    payload: PayloadRef,
    span_payloads: Vec<PayloadRef>,
}

impl<'a> BatchTrace<'a> {
    pub(crate) fn name(&self) -> TraceName<'a> {
        (self.trace.workspace_id, &self.trace.trace_id)
    }

    fn payloads(&self) -> impl Iterator<Item = PayloadRef> {
        std::iter::once(self.payload).chain(self.span_payloads.iter().copied())
    }
}

impl<'a> TraceBatch<'a> {
    /// Removes duplicates and compresses the payloads. This is slow, so do it before the transaction.
    pub(super) fn new(traces: &[&'a NewTrace]) -> Result<Self, StoreError> {
        let mut seen = HashSet::with_capacity(traces.len());
        let mut frames = FrameBuilder::default();
        let mut batch = Vec::with_capacity(traces.len());
        for &trace in traces {
            if !seen.insert((trace.workspace_id, trace.trace_id.as_str())) {
                continue;
            }
            let payload = frames.push(&trace.payload)?;
            let span_payloads =
                trace.spans.iter().map(|span| frames.push(&span.payload)).collect::<Result<_, _>>()?;
            batch.push(BatchTrace { trace, id: 0, is_new: true, payload, span_payloads });
        }
        Ok(Self { traces: batch, frames: frames.finish()? })
    }

    /// Returns the number of traces.
    pub(crate) fn len(&self) -> usize {
        self.traces.len()
    }

    /// Returns the number of frames.
    pub(crate) fn frames(&self) -> usize {
        self.frames.len()
    }

    /// Sets the number of each trace and the id of each frame by their indices. All traces become new (again, in another
    /// attempt of the transaction).
    pub(crate) fn set_ids(&mut self, trace_id: impl Fn(i64) -> i64, frame_id: impl Fn(i64) -> i64) {
        for (index, trace) in (0..).zip(&mut self.traces) {
            trace.id = trace_id(index);
            trace.is_new = true;
        }
        self.frames.set_ids(frame_id);
    }

    /// Marks pending traces as new, by their indices, and gives them the numbers under which their spans are stored.
    pub(crate) fn mark_pending_as_new(&mut self, pending: &[(usize, i64)]) {
        for &(index, id) in pending {
            self.traces[index].id = id;
            self.traces[index].is_new = true;
        }
    }

    /// Marks only the traces with these numbers as new. The others existed before.
    pub(crate) fn keep_new(&mut self, ids: &HashSet<i64>) {
        self.traces.iter_mut().for_each(|trace| trace.is_new = ids.contains(&trace.id));
    }

    /// Returns all traces, in the order in which they were sent.
    pub(crate) fn all(&self) -> &[BatchTrace<'a>] {
        &self.traces
    }

    /// Returns the new traces.
    pub(crate) fn new_traces(&self) -> impl Iterator<Item = &BatchTrace<'a>> + Clone {
        self.traces.iter().filter(|trace| trace.is_new)
    }

    /// Returns the traces that are not new, with their indices.
    pub(crate) fn known_traces(&self) -> impl Iterator<Item = (usize, TraceName<'a>)> {
        let known = self.traces.iter().enumerate().filter(|(_, trace)| !trace.is_new);
        known.map(|(index, trace)| (index, trace.name()))
    }

    /// Returns the row of a trace.
    pub(crate) fn row(&self, trace: &BatchTrace<'a>) -> TraceInsert<'a> {
        TraceInsert {
            id: trace.id,
            trace: trace.trace,
            quality_sent: trace.trace.quality,
            payload: self.frames.stored(trace.payload),
        }
    }

    /// Returns the rows of the spans of the new traces.
    pub(crate) fn spans(&self) -> Vec<SpanInsert<'a>> {
        let mut spans = Vec::new();
        for trace in self.new_traces() {
            let payloads = trace.span_payloads.iter().map(|&payload| self.frames.stored(payload));
            spans.extend(trace.trace.spans.iter().zip(payloads).map(|(span, payload)| SpanInsert {
                trace: trace.id,
                span,
                incoming: None,
                payload,
            }));
        }
        spans
    }

    /// Returns the frames that contain payloads of new traces, with their ids.
    pub(crate) fn used_frames(&self) -> Vec<(i64, &[u8])> {
        let payloads = self.new_traces().flat_map(BatchTrace::payloads);
        self.frames.used(payloads.map(|payload| self.frames.stored(payload)))
    }

    /// Returns the frame of each payload of a new trace, and the start of that trace.
    pub(crate) fn frame_times(&self) -> impl Iterator<Item = (i64, Timestamp)> {
        self.new_traces().flat_map(|trace| {
            trace.payloads().map(|payload| (self.frames.stored(payload).frame, trace.trace.timestamp))
        })
    }
}
