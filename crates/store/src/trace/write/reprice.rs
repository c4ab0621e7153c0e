//! Changes the costs of stored spans and traces, and everything that follows from them.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use domain::trace::{
    assembly::assemble,
    record::{Assembly, Basis},
    summary::{SpanSummary, is_reported},
    total::SpanTotal,
    usage::CostChange,
};
use tracing::instrument;
use uuid::Uuid;

use super::{
    assemble::TraceChanges,
    record::{KnownTrace, SpanCost, TraceName, TraceState},
    summary::SummaryPages,
};
use crate::{
    database::retrying,
    error::StoreError,
    trace::{TraceStore, row::TraceRecord, transaction::WriteTransaction},
};

impl TraceStore {
    /// Changes costs in one transaction and returns the number of traces that changed. Traces and rollups are updated:
    /// assembled traces are added up again. A trace that was sent as one document gets its own new cost, or again the total
    /// of its spans if that was its cost before. Unknown traces and spans are skipped.
    ///
    /// # Errors
    /// Returns an error if the transaction was not committed.
    #[instrument(level = "debug", skip_all, fields(db.system.name = self.system(), db.operation.name = "UPDATE"))]
    pub async fn reprice(&self, workspace_id: Uuid, changes: &[CostChange]) -> Result<usize, StoreError> {
        retrying!(async { self.begin_write().await?.reprice(workspace_id, changes).await })
    }
}

impl WriteTransaction {
    async fn reprice(mut self, workspace_id: Uuid, changes: &[CostChange]) -> Result<usize, StoreError> {
        self.lock_workspaces(std::iter::once(workspace_id)).await?;
        let mut by_trace: BTreeMap<&str, Vec<&CostChange>> = BTreeMap::new();
        for change in changes {
            by_trace.entry(change.trace_id.as_str()).or_default().push(change);
        }
        let names: Vec<TraceName<'_>> = by_trace.keys().map(|&trace_id| (workspace_id, trace_id)).collect();
        let known = self.known_traces(&names).await?;
        let is_stored = |known: &&KnownTrace| matches!(known.state, TraceState::Stored(_));
        let ids: Vec<i64> = known.iter().filter(is_stored).map(|known| known.id).collect();
        let mut pages = SummaryPages::new(&mut self, &ids).await?;

        let mut costs = Vec::new();
        let mut trace_changes = TraceChanges::default();
        for (((&trace_id, changes), known), &name) in by_trace.iter().zip(known).zip(&names) {
            let TraceState::Stored(record) = &known.state else { continue };
            debug_assert_eq!(record.trace.trace_id, trace_id);
            let mut spans = pages.take(&mut self, known.id).await?;
            let is_sent = record.trace.assembly == Assembly::Sent;
            let before = is_sent.then(|| total_of_sent(&spans).cost).flatten();
            costs.extend(apply(&mut spans, changes, known.id));
            if is_sent {
                let after = repriced(record, before, &spans, changes);
                trace_changes.change((**record).clone(), after);
            } else if let Some(assembled) = assemble(&spans, true) {
                trace_changes.add(&mut self, name, known, &spans, assembled).await?;
            }
        }
        let mut changed: HashSet<i64> = self.update_span_costs(&costs).await?;
        changed.extend(trace_changes.changed());
        trace_changes.apply(&mut self).await?;
        self.transaction.commit().await?;
        Ok(changed.len())
    }
}

/// Sets the new costs of the spans that exist, and returns them.
fn apply<'a>(spans: &mut [SpanSummary<'_>], changes: &[&'a CostChange], trace: i64) -> Vec<SpanCost<'a>> {
    let indices: HashMap<String, usize> =
        spans.iter().enumerate().map(|(index, span)| (span.span_id.to_string(), index)).collect();
    let mut costs = Vec::new();
    let mut seen = BTreeSet::new();
    // The last change of a span counts.
    for &change in changes.iter().rev() {
        let Some(span_id) = change.span_id.as_deref() else { continue };
        let Some(&index) = indices.get(span_id).filter(|_| seen.insert(span_id)) else { continue };
        spans[index].cost = change.cost;
        spans[index].reported = is_reported(change.cost, &change.basis);
        spans[index].no_price = change.basis == Basis::NoPrice;
        costs.push(SpanCost { trace, span_id, cost: change.cost, basis: &change.basis });
    }
    costs
}

/// Adds up the spans that were sent with their trace. Incoming spans do not count in such a trace.
fn total_of_sent(spans: &[SpanSummary<'_>]) -> SpanTotal {
    SpanTotal::of_summaries(&spans.iter().filter(|span| !span.is_incoming()).cloned().collect::<Vec<_>>())
}

/// Returns a trace that was sent as one document after the costs of its spans have changed. `before` is their total before
/// the change.
fn repriced(
    record: &TraceRecord,
    before: Option<i64>,
    spans: &[SpanSummary<'_>],
    changes: &[&CostChange],
) -> TraceRecord {
    let mut after = record.clone();
    let total = total_of_sent(spans);
    let own = changes.iter().rev().find(|change| change.span_id.is_none());
    if let Some(own) = own {
        let is_total = own.basis == Basis::Unknown;
        after.trace.cost = if is_total { total.cost } else { own.cost };
        after.trace.basis = own.basis.clone();
    } else if record.trace.basis == Basis::Unknown && record.trace.cost == before {
        after.trace.cost = total.cost;
    }
    let trace_unpriced = total.unpriced == 0 && after.trace.basis == Basis::NoPrice;
    after.trace.unpriced = total.unpriced + i64::from(trace_unpriced);
    after
}
