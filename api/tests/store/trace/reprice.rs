//! Repricing: reading usage, and applying changed costs.

use std::collections::BTreeMap;

use domain::trace::{
    record::{Basis, IncomingSpan, NewTrace},
    usage::CostChange,
};
use proptest::{option, prelude::*};
use shared::metric::Dimension;
use store::trace::TraceStore;
use uuid::Uuid;

use super::incoming::{self, computed, plain};
use test_support::property::check;
use test_support::{
    oracle,
    store_sample::{self, HOUR, START, always, window},
};

fn cost_change(trace_id: &str, span_id: Option<&str>, cost: Option<i64>, basis: Basis) -> CostChange {
    CostChange { trace_id: trace_id.to_owned(), span_id: span_id.map(str::to_owned), cost, basis }
}

fn cost_changes() -> impl Strategy<Value = Vec<CostChange>> {
    let id = prop::sample::select(vec!["a", "b", "c", "d", "e", "f", "g", "h", "nobody"]);
    let basis = prop_oneof![Just(computed()), Just(Basis::NoPrice), Just(Basis::Unknown)];
    let one = (prop::sample::select(vec!["t0", "t1", "t2", "t3"]), id, option::of(0_i64..9_000), basis);
    let one = one.prop_map(|(trace, span, cost, basis)| {
        cost_change(trace, Some(span), if basis == Basis::NoPrice { None } else { cost }, basis)
    });
    prop::collection::vec(one, 1..20)
}

pub async fn repricing_updates_traces_and_figures(store: &TraceStore) {
    let inputs = (incoming::spans(25), prop::collection::vec(cost_changes(), 1..4));
    check(24, &inputs, async |(spans, rounds)| {
        let workspace_id = Uuid::new_v4();
        let mut by_trace: BTreeMap<String, Vec<IncomingSpan>> = BTreeMap::new();
        for mut span in spans {
            span.workspace_id = workspace_id;
            let known = by_trace.entry(span.trace_id.clone()).or_default();
            if known.iter().all(|known| known.span.span_id != span.span.span_id) {
                known.push(span);
            }
        }
        let all: Vec<_> = by_trace.values().flatten().collect();
        store.write_spans(&all).await.unwrap();
        // Pending traces are not repriced.
        by_trace.retain(|_, spans| incoming::trace(spans, false).is_some());
        for round in rounds {
            let before = by_trace.clone();
            for change in &round {
                let spans = by_trace.get_mut(&change.trace_id).into_iter().flatten();
                let named = spans.filter(|span| Some(&span.span.span_id) == change.span_id.as_ref());
                named
                    .for_each(|span| (span.span.cost, span.span.basis) = (change.cost, change.basis.clone()));
            }
            let changed = by_trace.iter().filter(|(id, spans)| before[*id] != **spans).count();
            prop_assert_eq!(store.reprice(workspace_id, &round).await.unwrap(), changed);
            let traces: Vec<_> =
                by_trace.values().filter_map(|spans| incoming::trace(spans, false)).collect();
            let found = store.sums(workspace_id, &[always()]).await.unwrap();
            prop_assert_eq!(found, [oracle::sums(&traces)]);
            let found =
                store.sums_by_group(workspace_id, always(), None, Some(Dimension::Model)).await.unwrap();
            oracle::assert_groups(&found, &traces, always(), None, Some(Dimension::Model))?;
            for trace in &traces {
                let detail = store.detail(workspace_id, &trace.trace_id).await.unwrap().unwrap();
                prop_assert_eq!(detail.trace, oracle::shown(trace));
            }
        }
        for usage in store.usages(workspace_id, always(), None, 100).await.unwrap() {
            let expected = &by_trace[&usage.trace_id];
            prop_assert_eq!(usage.spans.len(), expected.len());
            for span in &usage.spans {
                let expected =
                    &expected.iter().find(|expected| expected.span.span_id == span.span_id).unwrap().span;
                prop_assert_eq!((span.cost, &span.basis), (expected.cost, &expected.basis));
                prop_assert_eq!((span.tokens_input, &span.model), (expected.tokens_input, &expected.model));
            }
        }
        Ok(())
    });
}

pub async fn repricing_updates_a_trace_sent_as_one_document_only_if_its_cost_is_derived(store: &TraceStore) {
    let workspace_id = Uuid::new_v4();
    let span = |cost| {
        let mut span = plain(workspace_id, "", "call", None).span;
        (span.cost, span.tokens_input) = (cost, Some(10));
        if cost.is_none() {
            span.basis = Basis::NoPrice;
        }
        span
    };
    let sent = |id: &str, cost, basis, span_cost: Option<i64>| NewTrace {
        cost,
        basis,
        unpriced: i64::from(span_cost.is_none()),
        spans: vec![span(span_cost)],
        ..store_sample::plain(workspace_id, id, START + HOUR)
    };
    let traces = [
        sent("derived", Some(5), Basis::Unknown, Some(5)),
        sent("without", None, Basis::Unknown, None),
        sent("own", Some(7), Basis::Unknown, Some(5)),
        sent("reported", Some(5), Basis::Reported, Some(5)),
    ];
    store_sample::write(store, &traces, 10).await;
    let all: Vec<_> =
        traces.iter().map(|trace| cost_change(&trace.trace_id, Some("call"), Some(9), computed())).collect();
    assert_eq!(store.reprice(workspace_id, &all).await.unwrap(), 4);
    assert_eq!(store.reprice(workspace_id, &all).await.unwrap(), 0, "unchanged costs change no trace");
    let cost = async |id: &str| {
        let trace = store.detail(workspace_id, id).await.unwrap().unwrap().trace;
        (trace.cost_usd.map(|cost| (cost * 1e9).round() as i64), trace.unpriced)
    };
    assert_eq!(cost("derived").await, (Some(9), 0));
    assert_eq!(cost("without").await, (Some(9), 0));
    assert_eq!(cost("own").await, (Some(7), 0));
    assert_eq!(cost("reported").await, (Some(5), 0));
    let own =
        [cost_change("own", None, Some(11), computed()), cost_change("nobody", None, Some(1), computed())];
    assert_eq!(store.reprice(workspace_id, &own).await.unwrap(), 1);
    let own = store.detail(workspace_id, "own").await.unwrap().unwrap();
    assert!(own.cost_basis.is_some() && own.trace.cost_usd == Some(11e-9));
    assert_eq!(store.sums(workspace_id, &[always()]).await.unwrap()[0].cost, 9 + 9 + 11 + 5);
}

pub async fn incoming_spans_do_not_change_the_cost_of_a_trace_sent_as_one_document(store: &TraceStore) {
    let workspace_id = Uuid::new_v4();
    let mut own = plain(workspace_id, "t", "own", None).span;
    (own.cost, own.basis, own.tokens_input) = (Some(5), computed(), Some(1));
    // An unpriced agent with an unpriced model call counts as one unpriced call.
    let unpriced = |id, parent: Option<&str>| {
        let span = plain(workspace_id, "t", id, parent).span;
        domain::trace::record::NewSpan { basis: Basis::NoPrice, tokens_input: Some(1), ..span }
    };
    let trace = NewTrace {
        cost: Some(5),
        unpriced: 1,
        spans: vec![own, unpriced("agent", None), unpriced("call", Some("agent"))],
        ..store_sample::plain(workspace_id, "t", START)
    };
    store_sample::write(store, &[trace], 1).await;
    for (id, service, cost) in [("foreign", Some("shop"), Some(100)), ("silent", None, None)] {
        let mut span =
            IncomingSpan { service: service.map(str::to_owned), ..plain(workspace_id, "t", id, None) };
        (span.span.cost, span.span.tokens_input) = (cost, Some(1));
        span.span.basis = if cost.is_some() { computed() } else { Basis::NoPrice };
        store.write_spans(&[&span]).await.unwrap();
    }
    let usage = store.usages(workspace_id, always(), None, 9).await.unwrap().remove(0);
    let alone: Vec<_> = usage.spans.iter().map(|span| (span.span_id.as_str(), span.incoming)).collect();
    assert_eq!(
        alone,
        [("agent", false), ("call", false), ("foreign", true), ("own", false), ("silent", true)]
    );
    let all = [
        cost_change("t", Some("own"), Some(9), computed()),
        cost_change("t", Some("foreign"), Some(300), computed()),
    ];
    assert_eq!(store.reprice(workspace_id, &all).await.unwrap(), 1);
    let trace = store.detail(workspace_id, "t").await.unwrap().unwrap().trace;
    assert_eq!(
        (trace.cost_usd, trace.unpriced),
        (Some(9e-9), 1),
        "only the spans of the document change its cost"
    );
    // Repricing without a cost sums the costs of its spans.
    store.reprice(workspace_id, &[cost_change("t", None, None, Basis::Unknown)]).await.unwrap();
    let trace = store.detail(workspace_id, "t").await.unwrap().unwrap().trace;
    assert_eq!((trace.cost_usd, trace.unpriced), (Some(9e-9), 1));
}

pub async fn returns_usage_page_by_page_ordered_by_start(store: &TraceStore) {
    let workspace_id = Uuid::new_v4();
    let traces: Vec<_> = (0..25)
        .map(|n| store_sample::plain(workspace_id, format!("t{n}"), START + n * 7 % 25 / 2 * HOUR))
        .collect();
    store_sample::write(store, &traces, 4).await;
    store_sample::write(store, &[store_sample::plain(Uuid::new_v4(), "other", START)], 1).await;
    let some = window(START + HOUR, START + 11 * HOUR);
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = store.usages(workspace_id, some, after, 3).await.unwrap();
        assert!(page.len() <= 3);
        let Some(last) = page.last() else { break };
        after = Some(last.cursor);
        found.extend(page.into_iter().map(|usage| usage.trace_id));
    }
    let mut expected: Vec<_> = oracle::inside(&traces, some).collect();
    expected.sort_by_key(|trace| trace.timestamp);
    assert_eq!(found, expected.iter().map(|trace| trace.trace_id.clone()).collect::<Vec<_>>());
}
