//! Stores incoming spans and assembles their traces.

use std::collections::HashSet;

use domain::{
    rollup::change::RollupChange,
    trace::{
        assembly::{AssembledTrace, assemble},
        record::NewTrace,
        summary::{ErrorText, SpanSummary},
    },
};
use shared::limit::{TRACE_INCOMING_ROOTS, TRACE_INCOMING_SPANS};

use super::{
    WriteSummary,
    incoming::{IncomingTrace, SpanBatch},
    pending,
    record::{KnownTrace, PendingTrace, SpanInsert, TraceName, TraceState},
    summary::SummaryPages,
};
use crate::{
    error::StoreError,
    trace::{row::TraceRecord, transaction::WriteTransaction},
};

impl WriteTransaction {
    /// Inserts the spans of a batch and assembles their traces again.
    pub(super) async fn assemble(&mut self, batch: &SpanBatch<'_>) -> Result<WriteSummary, StoreError> {
        let names: Vec<TraceName<'_>> = batch.traces().iter().map(|trace| trace.name).collect();
        let known = self.known_traces(&names).await?;
        let has_spans = |state: &TraceState| matches!(state, TraceState::Pending | TraceState::Stored(_));
        let ids: Vec<i64> =
            known.iter().filter(|trace| has_spans(&trace.state)).map(|trace| trace.id).collect();
        let mut pages = SummaryPages::new(self, &ids).await?;

        let (mut rows, mut written) = (Vec::new(), WriteSummary::default());
        let (mut pending, mut changes) = (Vec::new(), TraceChanges::default());
        for (trace, known) in batch.traces().iter().zip(known) {
            if matches!(known.state, TraceState::Deleted) {
                continue;
            }
            let mut spans: Vec<SpanSummary<'_>> = pages.take(self, known.id).await?;
            let before = rows.len();
            written.dropped += take_new(batch, trace, known.id, &mut spans, &mut rows);
            let is_stored = matches!(known.state, TraceState::Stored(_));
            if known.state.is_sent() || is_stored && rows.len() == before {
                continue;
            }
            match assemble(&spans, is_stored) {
                Some(assembled) => changes.add(self, trace.name, known, &spans, assembled).await?,
                None => {
                    pending.push(PendingTrace { id: known.id, name: trace.name, last_seen: trace.last_seen });
                }
            }
        }
        if written.dropped > 0 {
            tracing::warn!(spans = written.dropped, "dropped spans of traces that have too many spans");
        }
        written.new = rows.len();
        if !rows.is_empty() {
            self.insert_spans(&rows, &batch.used_frames(&rows)).await?;
        }
        pending::add(&mut self.transaction, &pending).await?;
        changes.apply(self).await?;
        Ok(written)
    }
}

/// Adds the new spans of a trace to its stored spans and to the rows to insert. Returns how many are
/// dropped because the trace has too many. There is extra room for spans without a parent, since a trace needs its root
/// span.
fn take_new<'a>(
    batch: &SpanBatch<'a>,
    trace: &IncomingTrace<'a>,
    id: i64,
    spans: &mut Vec<SpanSummary<'a>>,
    rows: &mut Vec<SpanInsert<'a>>,
) -> usize {
    let mut room = TRACE_INCOMING_SPANS.saturating_sub(spans.len());
    let mut room_for_roots =
        (TRACE_INCOMING_SPANS + TRACE_INCOMING_ROOTS).saturating_sub(spans.len().max(TRACE_INCOMING_SPANS));
    let known: HashSet<&str> = spans.iter().map(|span| span.span_id.as_ref()).collect();
    let mut new: Vec<_> =
        batch.spans(trace).filter(|(incoming, _)| !known.contains(incoming.span.span_id.as_str())).collect();
    drop(known);
    let found = new.len();
    new.retain(|(incoming, _)| {
        let is_root = incoming.span.parent_span_id.is_none();
        let room = if room == 0 && is_root { &mut room_for_roots } else { &mut room };
        let has_room = *room > 0;
        *room = room.saturating_sub(1);
        has_room
    });
    let dropped = found - new.len();
    spans.extend(new.iter().map(|&(incoming, payload)| SpanSummary::of_incoming(incoming, payload)));
    rows.extend(new.into_iter().map(|(incoming, payload)| SpanInsert {
        trace: id,
        span: &incoming.span,
        incoming: Some(incoming),
        payload,
    }));
    dropped
}

/// New and changed traces.
#[derive(Default)]
pub(super) struct TraceChanges<'a> {
    new: Vec<TraceRecord>,
    /// The old and the new version of each changed trace.
    changed: Vec<(TraceRecord, TraceRecord)>,
    /// Traces that are not pending any more.
    pub(super) no_longer_pending: Vec<TraceName<'a>>,
}

impl<'a> TraceChanges<'a> {
    /// Adds a trace that was assembled from all of its spans.
    pub(super) async fn add(
        &mut self,
        transaction: &mut WriteTransaction,
        name: TraceName<'a>,
        known: KnownTrace,
        spans: &[SpanSummary<'_>],
        assembled: AssembledTrace,
    ) -> Result<(), StoreError> {
        let before = match known.state {
            TraceState::Stored(before) => Some(*before),
            TraceState::Pending => {
                self.no_longer_pending.push(name);
                None
            }
            TraceState::New | TraceState::Deleted => None,
        };
        let root = &spans[assembled.root];
        let error = match (root.error, &before) {
            (ErrorText::None, _) => None,
            (ErrorText::Known(error), _) => Some(error.to_owned()),
            // The root span is the same as before: no two spans have the same payload.
            (ErrorText::Stored, Some(before)) if before.payload == root.payload => before.trace.error.clone(),
            (ErrorText::Stored, _) => transaction.span_error(known.id, &root.span_id).await?,
        };
        let after = TraceRecord {
            id: known.id,
            trace: NewTrace {
                workspace_id: name.0,
                trace_id: name.1.to_owned(),
                error,
                quality: before.as_ref().and_then(|before| before.trace.quality),
                ..assembled.trace
            },
            quality_sent: before.as_ref().and_then(|before| before.quality_sent),
            payload: root.payload,
        };
        match before {
            None => self.new.push(after),
            Some(before) => self.change(before, after),
        }
        Ok(())
    }

    /// Adds the old and the new version of a trace, if they differ.
    pub(super) fn change(&mut self, before: TraceRecord, after: TraceRecord) {
        if before.trace != after.trace || before.payload != after.payload {
            self.changed.push((before, after));
        }
    }

    /// Returns the numbers of the changed traces.
    pub(super) fn changed(&self) -> impl Iterator<Item = i64> {
        self.changed.iter().map(|(before, _)| before.id)
    }

    /// Writes the traces and updates the rollups.
    pub(super) async fn apply(&self, transaction: &mut WriteTransaction) -> Result<(), StoreError> {
        if !self.new.is_empty() {
            transaction.insert_traces(&self.new.iter().map(TraceRecord::row).collect::<Vec<_>>()).await?;
        }
        pending::remove(&mut transaction.transaction, &self.no_longer_pending).await?;
        if !self.changed.is_empty() {
            transaction.replace_traces(&self.changed).await?;
        }
        let new: Vec<&NewTrace> = self.new.iter().map(|record| &record.trace).collect();
        let removed: Vec<&NewTrace> = self.changed.iter().map(|(before, _)| &before.trace).collect();
        let changed = self.changed.iter().map(|(_, after)| &after.trace);
        let added: Vec<&NewTrace> = new.iter().copied().chain(changed).collect();
        if !added.is_empty() {
            transaction.change_rollups(RollupChange { removed: &removed, added: &added }).await?;
        }
        if !new.is_empty() {
            transaction.apply_pending_scores(&new).await?;
        }
        Ok(())
    }
}
