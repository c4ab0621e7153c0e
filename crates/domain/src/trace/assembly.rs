//! Assembles a trace from its incoming spans: finds the root span, adds up the usage, and collects the trace attributes
//! of the spans. The result depends only on the spans, not on their order.

use std::cmp::Reverse;

use shared::span::SpanKind;

pub use super::tag::remove_unused_tags;
use super::{
    record::{Assembly, NewTrace},
    summary::SpanSummary,
    tag::tags,
    total::{Forest, add},
};

/// The agent of a trace if no span names an agent or a service.
const UNKNOWN_AGENT: &str = "unknown";

/// An assembled trace.
pub struct AssembledTrace {
    /// The index of the root span, or of the span that replaces it.
    pub root: usize,
    /// The trace without its ids and without its error, which is that of the root span.
    pub trace: NewTrace,
}

/// Assembles a trace from all of its spans. Without a root span, returns `None`, or with `allow_incomplete` uses the
/// earliest span with a missing parent.
#[must_use]
pub fn assemble(spans: &[SpanSummary<'_>], allow_incomplete: bool) -> Option<AssembledTrace> {
    let forest = Forest::new(spans);
    let earliest =
        |indices: &mut dyn Iterator<Item = usize>| indices.min_by_key(|&index| spans[index].order());
    let complete = earliest(&mut (0..spans.len()).filter(|&index| spans[index].parent_span_id.is_none()));
    let assembly = if complete.is_some() { Assembly::Complete } else { Assembly::Incomplete };
    let orphan = || earliest(&mut (0..spans.len()).filter(|&index| forest.parents[index].is_none()));
    let root = complete.or_else(|| allow_incomplete.then(orphan).flatten())?;
    let (total, counted) = forest.total(spans);
    let root_span = &spans[root];
    let model = main_model(spans, root_span, &counted);
    // The root span's value, else that of the earliest span that has one.
    let value = |of: for<'f> fn(&'f SpanSummary<'_>) -> Option<&'f str>| -> Option<String> {
        let first = || earliest(&mut (0..spans.len()).filter(|&index| of(&spans[index]).is_some()));
        of(root_span).or_else(|| of(&spans[first()?])).map(str::to_owned)
    };
    let trace = NewTrace {
        agent_id: value(|span| span.agent_id.as_deref())
            .or_else(|| value(|span| span.service.as_deref()))
            .unwrap_or_else(|| UNKNOWN_AGENT.to_owned()),
        timestamp: root_span.timestamp,
        latency: root_span.latency,
        status: root_span.status,
        model: model.and_then(|span| span.model.as_deref()).map(str::to_owned),
        model_provider: model.and_then(|span| span.model_provider.as_deref()).map(str::to_owned),
        tokens_input: total.tokens_input,
        tokens_output: total.tokens_output,
        tokens_total: add(total.tokens_input, total.tokens_output),
        cost: total.cost,
        unpriced: total.unpriced,
        session_id: value(|span| span.session_id.as_deref()),
        user_id: value(|span| span.user_id.as_deref()),
        tags: tags(spans),
        name: Some(root_span.name.clone().into_owned()),
        assembly,
        ..NewTrace::default()
    };
    Some(AssembledTrace { root, trace })
}

/// Returns the span with the trace's model: the root span if it has one, else the largest model call.
fn main_model<'f, 'a>(
    spans: &'f [SpanSummary<'a>],
    root: &'f SpanSummary<'a>,
    counted: &[bool],
) -> Option<&'f SpanSummary<'a>> {
    if root.model.is_some() {
        return Some(root);
    }
    let rank = |span: &SpanSummary<'_>| match span.kind {
        SpanKind::Llm => 2,
        SpanKind::Embedding | SpanKind::Reranker => 0,
        _ => 1,
    };
    let counted = spans.iter().zip(counted).filter(|(span, counted)| **counted && span.model.is_some());
    counted.map(|(span, _)| span).max_by_key(|span| (rank(span), span.tokens(), Reverse(span.order())))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
#[path = "assembly_tests.rs"]
mod tests;
