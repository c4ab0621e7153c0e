//! Tests of assembly and of totals.

use std::borrow::Cow;

use proptest::prelude::*;
use shared::{Timestamp, limit::TRACE_TAGS, trace::TraceStatus};

use super::*;
use crate::trace::{payload::PayloadRef, summary::ErrorText};

fn summary(span_id: impl Into<String>, parent: Option<String>) -> SpanSummary<'static> {
    SpanSummary {
        span_id: Cow::Owned(span_id.into()),
        parent_span_id: parent.map(Cow::Owned),
        name: Cow::Borrowed("step"),
        kind: SpanKind::Unknown,
        timestamp: Timestamp::EPOCH,
        latency: 1,
        status: TraceStatus::Success,
        model: None,
        model_provider: None,
        tokens_input: None,
        tokens_output: None,
        cost: None,
        reported: false,
        no_price: false,
        error: ErrorText::None,
        payload: PayloadRef::default(),
        agent_id: None,
        service: None,
        session_id: None,
        user_id: None,
        tags: None,
    }
}

/// Spans with random parents: another span, the span itself, an unknown span, or none.
fn summaries() -> impl Strategy<Value = Vec<SpanSummary<'static>>> {
    let kinds =
        prop::sample::select(vec![SpanKind::Unknown, SpanKind::Llm, SpanKind::Embedding, SpanKind::Tool]);
    let cost = (prop::option::of(0_i64..100), any::<bool>(), any::<bool>());
    let one = (any::<prop::sample::Index>(), 0_u8..8, 0_i64..4, cost, kinds);
    prop::collection::vec(one, 1..40).prop_map(|drawn| {
        let count = drawn.len();
        let span = |(number, (parent, odd, start, (cost, no_price, reported), kind)): (usize, _)| {
            let parent: prop::sample::Index = parent;
            let parent = match odd {
                0 => None,
                1 => Some("elsewhere".to_owned()),
                _ => Some(format!("{:02}", parent.index(count))),
            };
            SpanSummary {
                timestamp: Timestamp::from_micros(start),
                kind,
                cost,
                reported: reported && cost.is_some(),
                no_price: no_price && cost.is_none(),
                tokens_input: cost,
                ..summary(format!("{number:02}"), parent)
            }
        };
        drawn.into_iter().enumerate().map(span).collect()
    })
}

proptest! {
    #[test]
    fn assembly_does_not_depend_on_the_order_of_spans(summaries in summaries(), rotation in any::<prop::sample::Index>(), incomplete: bool) {
        let mut other = summaries.clone();
        other.rotate_left(rotation.index(summaries.len()));
        other.reverse();
        let of = |summaries: &[SpanSummary<'static>]| {
            assemble(summaries, incomplete).map(|found| (summaries[found.root].span_id.clone(), found.trace))
        };
        prop_assert_eq!(of(&summaries), of(&other));
    }

    #[test]
    fn every_trace_has_a_root_and_no_cost_counts_twice(summaries in summaries()) {
        let assembled = assemble(&summaries, true).unwrap();
        let all = summaries.iter().filter_map(|span| span.cost).sum::<i64>();
        prop_assert!(assembled.trace.cost.unwrap_or(0) <= all);
        // A cost is never lost: at least the innermost span that has one counts.
        let any_cost = summaries.iter().any(|span| span.cost.is_some() || span.no_price);
        prop_assert_eq!(any_cost, assembled.trace.cost.is_some() || assembled.trace.unpriced > 0);
        let has_root = summaries.iter().any(|span| span.parent_span_id.is_none());
        prop_assert_eq!(assemble(&summaries, false).is_some(), has_root);
        prop_assert_eq!(assembled.trace.assembly == Assembly::Complete, has_root);
    }
}

#[test]
fn assembles_a_chain_of_a_hundred_thousand_spans() {
    let mut chain: Vec<_> = (0..100_000_usize)
        .map(|n| SpanSummary {
            cost: Some(1),
            ..summary(n.to_string(), n.checked_sub(1).map(|n| n.to_string()))
        })
        .collect();
    assert_eq!(assemble(&chain, false).unwrap().trace.cost, Some(1));
    // The root is a child of the last span: all spans are on a cycle.
    chain[0].parent_span_id = Some("99999".into());
    assert!(assemble(&chain, false).is_none());
    let assembled = assemble(&chain, true).unwrap();
    assert_eq!((assembled.root, assembled.trace.cost), (0, Some(100_000)), "every span is a root");
}

#[test]
fn spans_below_a_cycle_keep_their_parents() {
    let cost = |cost, span| SpanSummary { cost: Some(cost), ..span };
    let spans = [
        cost(5, summary("a", Some("b".to_owned()))),
        cost(7, summary("b", Some("a".to_owned()))),
        cost(1, summary("leaf", Some("b".to_owned()))),
        cost(9, summary("itself", Some("itself".to_owned()))),
    ];
    assert_eq!(assemble(&spans, true).unwrap().trace.cost, Some(5 + 1 + 9));
}

#[test]
fn totals_saturate() {
    let span = |id: &str| SpanSummary {
        cost: Some(i64::MAX),
        tokens_input: Some(i64::MAX),
        tokens_output: Some(1),
        ..summary(id, None)
    };
    let trace = assemble(&[span("a"), span("b")], false).unwrap().trace;
    assert_eq!(
        (trace.cost, trace.tokens_total, trace.tokens_output),
        (Some(i64::MAX), Some(i64::MAX), Some(2))
    );
}

#[test]
fn an_agent_takes_precedence_over_a_service() {
    let mut spans =
        [summary("root", None), summary("a", Some("root".to_owned())), summary("b", Some("root".to_owned()))];
    let agent = |spans: &[SpanSummary<'static>]| assemble(spans, false).unwrap().trace.agent_id;
    assert_eq!(agent(&spans), "unknown");
    spans[2].service = Some("other service".into());
    assert_eq!(agent(&spans), "other service");
    spans[0].service = Some("service".into());
    assert_eq!(agent(&spans), "service");
    spans[2].agent_id = Some("b's agent".into());
    assert_eq!(agent(&spans), "b's agent");
    spans[1].agent_id = Some("a's agent".into());
    assert_eq!(agent(&spans), "a's agent", "the earliest span counts; on a tie, the smaller id");
    spans[0].agent_id = Some("agent".into());
    assert_eq!(agent(&spans), "agent");
}

#[test]
fn the_model_is_that_of_the_root_span_or_of_the_largest_call() {
    let call = |id: &str, kind, model: &'static str, tokens| SpanSummary {
        kind,
        model: Some(model.into()),
        model_provider: Some("openai".into()),
        tokens_output: Some(tokens),
        ..summary(id, Some("root".to_owned()))
    };
    let mut spans = [
        summary("root", None),
        call("a", SpanKind::Embedding, "embedder", 900),
        call("b", SpanKind::Llm, "small", 5),
        call("c", SpanKind::Llm, "large", 6),
        call("d", SpanKind::Llm, "later", 6),
    ];
    let model = |spans: &[SpanSummary<'static>]| assemble(spans, false).unwrap().trace.model.unwrap();
    assert_eq!(model(&spans), "large");
    spans[0].model = Some("own".into());
    assert_eq!(model(&spans), "own");
}

/// A span with this parent, or without one if `parent` is empty.
fn inside(parent: &str, id: &str, kind: SpanKind) -> SpanSummary<'static> {
    SpanSummary { kind, ..summary(id, (!parent.is_empty()).then(|| parent.to_owned())) }
}

#[test]
fn a_span_does_not_count_around_model_calls_and_their_callers() {
    use SpanKind::{Agent, Chain, Embedding, Guardrail, Llm, Reranker, Tool, Unknown};
    // The kinds of three nested spans that cost 100, 10 and 1, and the expected total.
    for (kinds, together) in [
        ([Agent, Chain, Llm], 1),
        ([Agent, Unknown, Llm], 1),
        ([Agent, Tool, Llm], 1),
        ([Agent, Chain, Embedding], 101),
        ([Unknown, Tool, Embedding], 11),
        ([Agent, Tool, Embedding], 111),
        ([Llm, Embedding, Embedding], 101),
        ([Embedding, Tool, Embedding], 11),
        ([Embedding, Reranker, Guardrail], 111),
        ([Embedding, Llm, Embedding], 11),
    ] {
        let parents = ["", "a", "b"];
        let costs = [100, 10, 1];
        let spans: Vec<_> = (0..3)
            .map(|n| SpanSummary {
                cost: Some(costs[n]),
                tokens_input: Some(costs[n]),
                ..inside(parents[n], ["a", "b", "c"][n], kinds[n])
            })
            .collect();
        let trace = assemble(&spans, false).unwrap().trace;
        assert_eq!((trace.cost, trace.tokens_input), (Some(together), Some(together)), "{kinds:?}");
    }
}

#[test]
fn a_reported_cost_replaces_that_of_unpriced_calls_inside() {
    let unpriced = |parent, id| SpanSummary { no_price: true, ..inside(parent, id, SpanKind::Llm) };
    let priced = |parent, id, cost, reported| SpanSummary {
        cost: Some(cost),
        reported,
        ..inside(parent, id, SpanKind::Llm)
    };
    let of = |spans: &[SpanSummary<'static>]| {
        let trace = assemble(spans, false).unwrap().trace;
        (trace.cost, trace.unpriced)
    };
    let root = |cost, reported| SpanSummary { kind: SpanKind::Agent, ..priced("", "root", cost, reported) };
    assert_eq!(of(&[root(50, true), unpriced("root", "a")]), (Some(50), 0));
    assert_eq!(of(&[root(50, true), unpriced("root", "a"), priced("root", "b", 7, true)]), (Some(50), 0));
    assert_eq!(
        of(&[root(50, false), unpriced("root", "a")]),
        (None, 1),
        "a computed cost does not replace it"
    );
    assert_eq!(of(&[root(50, true), priced("root", "b", 7, false)]), (Some(7), 0));
    // A replaced cost inside another one counts once.
    let middle = SpanSummary { kind: SpanKind::Chain, ..priced("root", "middle", 20, true) };
    assert_eq!(of(&[root(50, false), middle.clone(), unpriced("middle", "a")]), (Some(20), 0));
    assert_eq!(of(&[root(50, true), middle, unpriced("middle", "a"), unpriced("root", "b")]), (Some(50), 0));
}

proptest! {
    #[test]
    fn removing_unused_tags_does_not_change_the_tags_of_the_trace(
        lists in prop::collection::vec((0_i64..9, prop::collection::vec(0_u8..120, 0..30)), 1..30),
        cut in any::<prop::sample::Index>(),
    ) {
        let span = |(number, (start, tags)): (usize, (i64, Vec<u8>))| SpanSummary {
            timestamp: Timestamp::from_micros(start),
            tags: Some(serde_json::to_string(&tags.iter().map(u8::to_string).collect::<Vec<_>>()).unwrap().into()),
            ..summary(format!("{number:02}"), None)
        };
        let all: Vec<_> = lists.into_iter().enumerate().map(span).collect();
        let mut reduced = all.clone();
        let cut = cut.index(all.len());
        remove_unused_tags(&mut reduced[..cut]);
        remove_unused_tags(&mut reduced);
        prop_assert_eq!(tags(&reduced), tags(&all));
        let left: usize = reduced.iter().map(|span| span.tags.as_ref().unwrap().len()).sum();
        prop_assert!(left <= TRACE_TAGS * 6 + reduced.len() * 2);
        prop_assert!(reduced.iter().all(SpanSummary::is_incoming));
    }
}
