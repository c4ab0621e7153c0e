//! Traces on their way into a store: what every engine does before and after its own statements. Each trace once, its
//! payloads in frames, its number.

use std::collections::HashSet;

use domain::trace::{place::Place, record::NewTrace};
use shared::Timestamp;

use super::{
    StoreError,
    payload::Frames,
    stored::{SpanRow, TraceName, TraceRow},
};

/// Traces that are written together.
pub(super) struct Batch<'a> {
    traces: Vec<Pending<'a>>,
    frames: Vec<Vec<u8>>,
    frame_ids: Vec<i64>,
}

impl<'a> Pending<'a> {
    /// Which trace it is.
    pub(super) fn name(&self) -> TraceName<'a> {
        (self.trace.workspace_id, &self.trace.trace_id)
    }
}

/// A trace on its way into the store.
pub(super) struct Pending<'a> {
    pub(super) trace: &'a NewTrace,
    /// Its number in the order of arrival, once it has one.
    pub(super) id: i64,
    is_new: bool,
    /// Their frames are numbers within the batch.
    payload: Place,
    span_payloads: Vec<Place>,
}

impl<'a> Batch<'a> {
    /// Leaves out what comes twice and compresses the payloads: slow, and so done before there is a transaction.
    pub(super) fn new(traces: &[&'a NewTrace]) -> Result<Self, StoreError> {
        let mut seen = HashSet::with_capacity(traces.len());
        let mut frames = Frames::default();
        let mut pending = Vec::with_capacity(traces.len());
        for &trace in traces {
            if !seen.insert((trace.workspace_id, trace.trace_id.as_str())) {
                continue;
            }
            let payload = frames.push(&trace.payload)?;
            let span_payloads =
                trace.spans.iter().map(|span| frames.push(&span.payload)).collect::<Result<_, _>>()?;
            pending.push(Pending { trace, id: 0, is_new: true, payload, span_payloads });
        }
        Ok(Self { traces: pending, frames: frames.finish()?, frame_ids: Vec::new() })
    }

    /// How many traces there are.
    pub(super) fn len(&self) -> usize {
        self.traces.len()
    }

    /// How many frames hold their payloads.
    pub(super) fn frames(&self) -> usize {
        self.frames.len()
    }

    /// Numbers the n-th trace and the n-th frame by what is given for n. All traces count as new (again, where a
    /// transaction is tried again).
    pub(super) fn number(&mut self, trace_id: impl Fn(i64) -> i64, frame_id: impl Fn(i64) -> i64) {
        for (index, pending) in (0..).zip(&mut self.traces) {
            pending.id = trace_id(index);
            pending.is_new = true;
        }
        self.frame_ids = (0..).take(self.frames.len()).map(frame_id).collect();
    }

    /// Gives traces whose spans came before them the numbers that these stand under: they are new.
    pub(super) fn adopt(&mut self, waiting: &[(usize, i64)]) {
        for &(index, id) in waiting {
            self.traces[index].id = id;
            self.traces[index].is_new = true;
        }
    }

    /// The traces that are not new, each with its place in the order in which they were sent.
    pub(super) fn old_names(&self) -> Vec<(usize, TraceName<'a>)> {
        let old = self.traces.iter().enumerate().filter(|(_, pending)| !pending.is_new);
        old.map(|(index, pending)| (index, pending.name())).collect()
    }

    /// Leaves out the traces that were there before: all but these.
    pub(super) fn keep(&mut self, new: &HashSet<i64>) {
        self.traces.iter_mut().for_each(|pending| pending.is_new = new.contains(&pending.id));
    }

    /// All traces, in the order in which they were sent.
    pub(super) fn all(&self) -> &[Pending<'a>] {
        &self.traces
    }

    /// The traces that are new.
    pub(super) fn new_traces(&self) -> impl Iterator<Item = &Pending<'a>> + Clone {
        self.traces.iter().filter(|pending| pending.is_new)
    }

    /// The row of a trace.
    pub(super) fn row(&self, pending: &Pending<'a>) -> TraceRow<'a> {
        TraceRow {
            id: pending.id,
            trace: pending.trace,
            quality_sent: pending.trace.quality,
            payload: self.stored(pending.payload),
        }
    }

    /// The spans of the new traces.
    pub(super) fn spans(&self) -> Vec<SpanRow<'a>> {
        let mut spans = Vec::new();
        for pending in self.new_traces() {
            let places = pending.span_payloads.iter().map(|&place| self.stored(place));
            spans.extend(pending.trace.spans.iter().zip(places).map(|(span, payload)| SpanRow {
                trace: pending.id,
                span,
                loose: None,
                payload,
            }));
        }
        spans
    }

    /// The frames that a new trace stands in, with their ids: a batch that is sent again leaves none behind.
    pub(super) fn used_frames(&self) -> Vec<(i64, &[u8])> {
        let used: HashSet<i64> = self
            .new_traces()
            .flat_map(|pending| std::iter::once(&pending.payload).chain(&pending.span_payloads))
            .map(|&place| self.stored(place).frame)
            .collect();
        let frames = self.frame_ids.iter().copied().zip(self.frames.iter().map(Vec::as_slice));
        frames.filter(|(id, _)| used.contains(id)).collect()
    }

    /// For each payload of a new trace its frame's id and when the trace started.
    pub(super) fn frame_times(&self) -> impl Iterator<Item = (i64, Timestamp)> {
        self.new_traces().flat_map(|pending| {
            let places = std::iter::once(&pending.payload).chain(&pending.span_payloads);
            places.map(|&place| (self.stored(place).frame, pending.trace.timestamp))
        })
    }

    fn stored(&self, place: Place) -> Place {
        let id = usize::try_from(place.frame).ok().and_then(|index| self.frame_ids.get(index).copied());
        Place { frame: id.unwrap_or_default(), ..place }
    }
}
