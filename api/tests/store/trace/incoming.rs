//! Random incoming spans, and their expected trace, computed by plain loops.

use std::collections::BTreeSet;

use domain::trace::record::{Assembly, Basis, IncomingSpan, NewSpan, NewTrace};
use proptest::{option, prelude::*};
use serde_json::json;
use shared::{Timestamp, span::SpanKind, trace::TraceStatus};
use uuid::Uuid;

use test_support::store_sample::{AGENTS, MODELS, START, moment};

/// Returns a plain span.
pub fn plain(workspace_id: Uuid, trace_id: &str, span_id: &str, parent: Option<&str>) -> IncomingSpan {
    IncomingSpan {
        workspace_id,
        trace_id: trace_id.to_owned(),
        arrived: Timestamp::from_micros(START),
        span: NewSpan {
            span_id: span_id.to_owned(),
            parent_span_id: parent.map(str::to_owned),
            name: format!("step {span_id}"),
            timestamp: Timestamp::from_micros(START),
            latency: 1000,
            payload: format!("{{\"input\":\"{span_id}\"}}"),
            ..NewSpan::default()
        },
        service: Some("shop".to_owned()),
        ..IncomingSpan::default()
    }
}

/// Spans of a few traces. Their parents may be missing, arrive later, or form a cycle.
pub fn spans(count: usize) -> impl Strategy<Value = Vec<IncomingSpan>> {
    prop::collection::vec(span(), 1..=count)
}

/// A computed basis with a price in its stored form.
pub fn computed() -> Basis {
    Basis::Computed(json!({"model": "gpt-4o", "table": "bundled", "parts": []}).to_string())
}

fn span() -> impl Strategy<Value = IncomingSpan> {
    let id = || prop::sample::select(vec!["a", "b", "c", "d", "e", "f", "g", "h"]);
    let parent = prop_oneof![1 => Just(None), 4 => id().prop_map(Some), 1 => Just(Some("elsewhere"))];
    let name = |names: &[&'static str]| option::of(prop::sample::select(names.to_vec()));
    let kind = prop::sample::select(vec![
        SpanKind::Llm,
        SpanKind::Agent,
        SpanKind::Chain,
        SpanKind::Embedding,
        SpanKind::Reranker,
        SpanKind::Tool,
        SpanKind::Unknown,
    ]);
    let basis =
        prop_oneof![Just(Basis::Unknown), Just(Basis::Reported), Just(Basis::NoPrice), Just(computed()),];
    let tokens = || option::of(prop_oneof![1 => Just(0_i64), 3 => 1_i64..50]);
    let place =
        (prop::sample::select(vec!["t0", "t1", "t2"]), id(), parent, moment(), 0_i64..5_000_000, any::<u8>());
    let call = (
        kind,
        name(&MODELS),
        name(&["openai", "azure"]),
        tokens(),
        tokens(),
        option::of(0_i64..9_000),
        basis,
    );
    let claims = (
        name(&AGENTS),
        name(&["shop", "mail"]),
        name(&["s1", "s2"]),
        name(&["u1"]),
        name(&["[\"x\",\"y\"]", "[\"z\"]", "[\"y\",\"w\"]"]),
    );
    (place, call, claims).prop_map(|(place, call, claims)| {
        let (trace_id, span_id, parent, timestamp, latency, odd) = place;
        let (kind, model, provider, tokens_input, tokens_output, cost, basis) = call;
        let (agent_id, service, session_id, user_id, tags) = claims;
        let own = |text: Option<&str>| text.map(str::to_owned);
        let status = [TraceStatus::Success, TraceStatus::Error, TraceStatus::Timeout][usize::from(odd % 3)];
        let plain = plain(Uuid::nil(), trace_id, span_id, parent);
        IncomingSpan {
            span: NewSpan {
                kind,
                timestamp: Timestamp::from_micros(timestamp),
                latency,
                status,
                model: own(model),
                model_provider: own(provider),
                tokens_input,
                tokens_output,
                cost: if basis == Basis::NoPrice { None } else { cost },
                basis,
                error: (odd % 5 == 0).then(|| format!("it broke {odd}")),
                ..plain.span
            },
            agent_id: own(agent_id),
            service: own(service),
            session_id: own(session_id),
            user_id: own(user_id),
            tags: own(tags),
            ..plain
        }
    })
}

fn parent<'a>(spans: &'a [IncomingSpan], span: &IncomingSpan) -> Option<&'a IncomingSpan> {
    let parent = span.span.parent_span_id.as_ref()?;
    spans.iter().find(|other| other.span.span_id == *parent)
}

/// Returns whether a span is its own ancestor.
fn is_in_cycle(spans: &[IncomingSpan], span: &IncomingSpan) -> bool {
    let mut at = parent(spans, span);
    for _ in 0..=spans.len() {
        match at {
            None => return false,
            Some(found) if found.span.span_id == span.span.span_id => return true,
            Some(found) => at = parent(spans, found),
        }
    }
    false
}

/// Returns all descendants of a span.
fn descendants<'a>(spans: &'a [IncomingSpan], span: &IncomingSpan) -> Vec<&'a IncomingSpan> {
    let inside = |other: &&IncomingSpan| {
        let mut at = *other;
        for _ in 0..=spans.len() {
            if is_in_cycle(spans, at) {
                return false;
            }
            let Some(next) = parent(spans, at) else { return false };
            if next.span.span_id == span.span.span_id {
                return true;
            }
            at = next;
        }
        false
    };
    spans.iter().filter(inside).collect()
}

/// Returns whether a descendant already reports the value of this span. A model call or an agent does, a span of the
/// same kind, any descendant of a grouping span, and a grouping span whose own value is not reported below it.
fn is_reported_below(
    spans: &[IncomingSpan],
    span: &IncomingSpan,
    reports: &dyn Fn(&IncomingSpan) -> bool,
) -> bool {
    let groups = |span: &IncomingSpan| matches!(span.span.kind, SpanKind::Chain | SpanKind::Unknown);
    descendants(spans, span).into_iter().filter(|inner| reports(inner)).any(|inner| match inner.span.kind {
        SpanKind::Llm | SpanKind::Agent => true,
        kind => {
            groups(span)
                || kind == span.span.kind
                || groups(inner) && !is_reported_below(spans, inner, reports)
        }
    })
}

/// Adds two pairs of cost and number of unpriced calls.
fn add_costs(one: (Option<i64>, i64), other: (Option<i64>, i64)) -> (Option<i64>, i64) {
    (one.0.map_or(other.0, |cost| Some(cost + other.0.unwrap_or(0))), one.1 + other.1)
}

/// Returns the cost of a span with its descendants, and the number of its unpriced calls.
fn cost_of(spans: &[IncomingSpan], span: &IncomingSpan) -> (Option<i64>, i64) {
    let is_child = |other: &&IncomingSpan| {
        other.span.parent_span_id.as_ref() == Some(&span.span.span_id) && !is_in_cycle(spans, other)
    };
    let inside = spans.iter().filter(is_child).map(|child| cost_of(spans, child)).fold((None, 0), add_costs);
    let (cost, basis) = (span.span.cost, &span.span.basis);
    // An unknown basis counts as reported, since older versions stored only reported costs.
    if cost.is_some() && matches!(basis, Basis::Reported | Basis::Unknown) && inside.1 > 0 {
        return (cost, 0);
    }
    let reports = |span: &IncomingSpan| span.span.cost.is_some() || span.span.basis == Basis::NoPrice;
    if is_reported_below(spans, span, &reports) {
        return inside;
    }
    add_costs(inside, (cost, i64::from(*basis == Basis::NoPrice)))
}

fn order(span: &&IncomingSpan) -> (Timestamp, String) {
    (span.span.timestamp, span.span.span_id.clone())
}

/// Returns the expected trace of distinct spans.
pub fn trace(spans: &[IncomingSpan], promoted: bool) -> Option<NewTrace> {
    let root_span = spans.iter().filter(|span| span.span.parent_span_id.is_none()).min_by_key(order);
    let orphan = || {
        let orphans = spans.iter().filter(|span| parent(spans, span).is_none() || is_in_cycle(spans, span));
        orphans.min_by_key(order)
    };
    let root = if promoted { root_span.or_else(orphan)? } else { root_span? };
    let tokens =
        |span: &IncomingSpan| span.span.tokens_input.unwrap_or(0) + span.span.tokens_output.unwrap_or(0);
    let (cost, unpriced) = spans
        .iter()
        .filter(|span| parent(spans, span).is_none() || is_in_cycle(spans, span))
        .map(|span| cost_of(spans, span))
        .fold((None, 0), add_costs);
    let reports = |span: &IncomingSpan| tokens(span) > 0;
    let counted: Vec<_> = spans.iter().filter(|span| !is_reported_below(spans, span, &reports)).collect();
    let sum = |all: Vec<Option<i64>>| all.iter().flatten().copied().reduce(|one, other| one + other);
    let tokens_input = sum(counted.iter().map(|span| span.span.tokens_input).collect());
    let tokens_output = sum(counted.iter().map(|span| span.span.tokens_output).collect());
    let kind = |span: &IncomingSpan| match span.span.kind {
        SpanKind::Llm => 0,
        SpanKind::Embedding | SpanKind::Reranker => 2,
        _ => 1,
    };
    let called = counted
        .iter()
        .copied()
        .filter(|span| span.span.model.is_some())
        .min_by_key(|span| (kind(span), -tokens(span), order(span)));
    let called = if root.span.model.is_some() { Some(root) } else { called };
    let first = |of: fn(&IncomingSpan) -> Option<&String>| {
        let earliest = || spans.iter().filter(|span| of(span).is_some()).min_by_key(order);
        of(root).or_else(|| of(earliest()?)).cloned()
    };
    let mut in_time: Vec<_> = spans.iter().collect();
    in_time.sort_by_key(order);
    let mut seen = BTreeSet::new();
    let tags: Vec<String> = in_time
        .iter()
        .filter_map(|span| span.tags.as_ref())
        .flat_map(|tags| serde_json::from_str::<Vec<String>>(tags).unwrap())
        .filter(|tag| seen.insert(tag.clone()))
        .collect();
    Some(NewTrace {
        workspace_id: root.workspace_id,
        trace_id: root.trace_id.clone(),
        agent_id: first(|span| span.agent_id.as_ref())
            .or_else(|| first(|span| span.service.as_ref()))
            .unwrap_or_else(|| "unknown".to_owned()),
        timestamp: root.span.timestamp,
        latency: root.span.latency,
        status: root.span.status,
        model: called.and_then(|span| span.span.model.clone()),
        model_provider: called.and_then(|span| span.span.model_provider.clone()),
        tokens_input,
        tokens_output,
        tokens_total: sum(vec![tokens_input, tokens_output]),
        cost,
        unpriced,
        session_id: first(|span| span.session_id.as_ref()),
        user_id: first(|span| span.user_id.as_ref()),
        tags: (!tags.is_empty()).then(|| serde_json::to_string(&tags).unwrap()),
        error: root.span.error.clone(),
        name: Some(root.span.name.clone()),
        assembly: if root_span.is_some() { Assembly::Complete } else { Assembly::Incomplete },
        ..NewTrace::default()
    })
}
