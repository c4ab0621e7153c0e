//! Spans that came by themselves, on their way into a store: each once, by trace, their payloads in frames.

use std::collections::{HashMap, HashSet};

use domain::trace::{place::Place, record::LooseSpan};
use shared::Timestamp;

use super::{
    StoreError,
    payload::Frames,
    stored::{SpanRow, TraceName},
};

/// Spans that are written together.
pub(super) struct LooseBatch<'a> {
    traces: Vec<LooseTrace<'a>>,
    frames: Vec<Vec<u8>>,
    frame_ids: Vec<i64>,
}

/// The spans of one trace.
pub(super) struct LooseTrace<'a> {
    /// Which it is.
    pub(super) name: TraceName<'a>,
    /// When the last of them arrived.
    pub(super) last_seen: Timestamp,
    /// Their payloads' frames are numbers within the batch.
    spans: Vec<(&'a LooseSpan, Place)>,
}

impl<'a> LooseBatch<'a> {
    /// Leaves out what comes twice and compresses the payloads: slow, and so done before there is a transaction.
    pub(super) fn new(spans: &[&'a LooseSpan]) -> Result<Self, StoreError> {
        let mut seen = HashSet::with_capacity(spans.len());
        let mut numbers: HashMap<TraceName<'a>, usize> = HashMap::new();
        let mut frames = Frames::default();
        let mut traces: Vec<LooseTrace<'a>> = Vec::new();
        for &span in spans {
            let name = (span.workspace_id, span.trace_id.as_str());
            let number = *numbers.entry(name).or_insert(traces.len());
            if number == traces.len() {
                traces.push(LooseTrace { name, last_seen: span.arrived, spans: Vec::new() });
            }
            let trace = &mut traces[number];
            trace.last_seen = trace.last_seen.max(span.arrived);
            if seen.insert((number, span.span.span_id.as_str())) {
                trace.spans.push((span, frames.push(&span.span.payload)?));
            }
        }
        Ok(Self { traces, frames: frames.finish()?, frame_ids: Vec::new() })
    }

    /// The traces, in the order in which they were first named.
    pub(super) fn traces(&self) -> &[LooseTrace<'a>] {
        &self.traces
    }

    /// How many frames hold the payloads.
    pub(super) fn frames(&self) -> usize {
        self.frames.len()
    }

    /// Numbers the n-th frame by what is given for n.
    pub(super) fn number_frames(&mut self, frame_id: impl Fn(i64) -> i64) {
        self.frame_ids = (0..).take(self.frames.len()).map(frame_id).collect();
    }

    /// The spans of a trace and where their payloads will stand.
    pub(super) fn spans(&self, trace: &LooseTrace<'a>) -> impl Iterator<Item = (&'a LooseSpan, Place)> {
        trace.spans.iter().map(|&(span, place)| {
            let id = usize::try_from(place.frame).ok().and_then(|index| self.frame_ids.get(index).copied());
            (span, Place { frame: id.unwrap_or_default(), ..place })
        })
    }

    /// The frames in which these spans stand, with their ids: spans that are sent again leave none behind.
    pub(super) fn used_frames(&self, rows: &[SpanRow<'_>]) -> Vec<(i64, &[u8])> {
        let used: HashSet<i64> = rows.iter().map(|row| row.payload.frame).collect();
        let frames = self.frame_ids.iter().copied().zip(self.frames.iter().map(Vec::as_slice));
        frames.filter(|(id, _)| used.contains(id)).collect()
    }
}

impl LooseTrace<'_> {
    /// When the outermost of these spans started; where it is not among them, when the last of them arrived. Good enough
    /// for when the trace started until that is known.
    pub(super) fn about(&self) -> Timestamp {
        let outermost = self.spans.iter().filter(|(span, _)| span.span.parent_span_id.is_none());
        outermost.map(|(span, _)| span.span.timestamp).min().unwrap_or(self.last_seen)
    }
}
