//! Assembly of incoming spans: the order of arrival changes neither the trace nor the figures.
//! Long, because its cases share one model of what a trace must become.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    rollup::sums::Sums,
    trace::record::{Assembly, Basis, IncomingSpan, NewScore, NewTrace},
};
use proptest::{prelude::*, sample::Index};
use serde_json::json;
use shared::{Timestamp, metric::Dimension, trace::TraceStatus};
use store::trace::TraceStore;
use uuid::Uuid;

use super::incoming::{self, plain};
use test_support::{database::Database, property::check};
use test_support::{
    oracle,
    store_sample::{self, DAY, START, always},
};

/// A time after the arrival of all sampled spans.
const LATER: Timestamp = Timestamp::from_micros(START + 40 * DAY);

async fn send(store: &TraceStore, spans: &[IncomingSpan]) -> usize {
    store.write_spans(&spans.iter().collect::<Vec<_>>()).await.unwrap().new
}

/// The next step of a random sequence.
#[derive(Clone, Debug)]
enum Event {
    /// One call with new spans and with repeated earlier ones: (new, repeated).
    Spans(usize, usize),
    /// A trace is sent as one document.
    Sent(&'static str),
    /// A trace is scored.
    Score(&'static str, i64),
    /// All pending traces are promoted.
    Promote,
}

fn event() -> impl Strategy<Value = Event> {
    let trace = || prop::sample::select(vec!["t0", "t1", "t2"]);
    prop_oneof![
        8 => (1_usize..6, 0_usize..4).prop_map(|(new, again)| Event::Spans(new, again)),
        1 => trace().prop_map(Event::Sent),
        2 => (trace(), 0_i64..=100_000_000).prop_map(|(trace, score)| Event::Score(trace, score)),
        2 => Just(Event::Promote),
    ]
}

/// The expected content of the store.
#[derive(Default)]
struct Model {
    spans: BTreeMap<String, Vec<IncomingSpan>>,
    sent: BTreeMap<String, NewTrace>,
    promoted: BTreeSet<String>,
    scores: BTreeMap<String, i64>,
}

impl Model {
    fn trace(&self, trace_id: &str) -> Option<NewTrace> {
        let sent = self.sent.get(trace_id).cloned();
        let assembled = || incoming::trace(self.spans.get(trace_id)?, self.promoted.contains(trace_id));
        let mut trace = sent.or_else(assembled)?;
        trace.quality = self.scores.get(trace_id).copied();
        Some(trace)
    }

    fn traces(&self) -> Vec<NewTrace> {
        ["t0", "t1", "t2"].iter().filter_map(|id| self.trace(id)).collect()
    }

    fn add(&mut self, span: &IncomingSpan) -> usize {
        let spans = self.spans.entry(span.trace_id.clone()).or_default();
        let own =
            self.sent.get(&span.trace_id).is_some_and(|trace| trace.spans[0].span_id == span.span.span_id);
        if own || spans.iter().any(|known| known.span.span_id == span.span.span_id) {
            return 0;
        }
        spans.push(span.clone());
        1
    }
}

fn whole(workspace_id: Uuid, trace_id: &str) -> NewTrace {
    let span = plain(workspace_id, trace_id, "sent", None).span;
    NewTrace { spans: vec![span], ..store_sample::plain(workspace_id, trace_id, START + DAY) }
}

pub async fn spans_in_any_order_assemble_the_same_traces_and_figures(store: &TraceStore) {
    let cuts = prop::collection::vec(store_sample::cut(), 3);
    let inputs = (incoming::spans(30), prop::collection::vec(event(), 4..16), any::<Index>(), cuts);
    check(40, &inputs, async |(mut spans, events, from, cuts)| {
        let workspace_id = Uuid::new_v4();
        spans.iter_mut().for_each(|span| span.workspace_id = workspace_id);
        let from = from.index(spans.len());
        spans.rotate_left(from);
        let (mut model, mut sent) = (Model::default(), 0);
        let rest = std::iter::once(Event::Spans(spans.len(), 3));
        for event in events.into_iter().chain(rest) {
            match event {
                Event::Spans(new, again) => {
                    let end = (sent + new).min(spans.len());
                    let call = &spans[sent.saturating_sub(again)..end];
                    let new = call.iter().map(|span| model.add(span)).sum::<usize>();
                    prop_assert_eq!(send(store, call).await, new);
                    sent = end;
                }
                Event::Sent(id) => {
                    let trace = whole(workspace_id, id);
                    let new = store.write(&[&trace]).await.unwrap().new;
                    prop_assert_eq!(new, usize::from(model.trace(id).is_none()));
                    if new == 1 {
                        model.sent.insert(id.to_owned(), trace);
                    }
                }
                Event::Score(id, points) => {
                    let timestamp = Timestamp::from_micros(START);
                    let (trace_id, name) = (id.to_owned(), "quality".to_owned());
                    let score =
                        NewScore { workspace_id, trace_id, name, score: points, comment: None, timestamp };
                    store.score(&score).await.unwrap();
                    model.scores.insert(id.to_owned(), points);
                }
                Event::Promote => {
                    let pending: Vec<_> =
                        model.spans.keys().filter(|id| model.trace(id).is_none()).cloned().collect();
                    let changed = store.promote(LATER).await.unwrap();
                    prop_assert_eq!(changed.contains(&workspace_id), !pending.is_empty());
                    model.promoted.extend(pending);
                }
            }
            let found = store.sums(workspace_id, &[always()]).await.unwrap();
            prop_assert_eq!(found, [oracle::sums(&model.traces())]);
        }
        let traces = model.traces();
        for window in cuts.iter().map(|cut| cut.window(&traces)).chain([always()]) {
            let found = store.sums(workspace_id, &[window]).await.unwrap();
            prop_assert_eq!(found, [oracle::sums(oracle::inside(&traces, window))], "{:?}", window);
            for group in [Dimension::Agent, Dimension::Model] {
                let found = store.sums_by_group(workspace_id, window, None, Some(group)).await.unwrap();
                oracle::assert_groups(&found, &traces, window, None, Some(group))?;
            }
        }
        for id in ["t0", "t1", "t2"] {
            let detail = store.detail(workspace_id, id).await.unwrap();
            let expected = model.trace(id).as_ref().map(oracle::shown);
            prop_assert_eq!(detail.as_ref().map(|detail| &detail.trace), expected.as_ref());
            let Some(detail) = detail else { continue };
            let known = model.spans.get(id).map_or(&[][..], Vec::as_slice);
            let own = model.sent.contains_key(id).then_some("sent");
            let expected: BTreeSet<&str> =
                known.iter().map(|span| span.span.span_id.as_str()).chain(own).collect();
            prop_assert_eq!(
                detail.spans.iter().map(|span| span.span_id.as_str()).collect::<BTreeSet<_>>(),
                expected
            );
            prop_assert!(detail.spans.iter().all(|span| span.input == Some(json!(span.span_id))));
            if let Some(name) = detail.trace.name {
                let root = detail.input.as_ref().and_then(|input| input.as_str()).unwrap_or_default();
                prop_assert_eq!(name, format!("step {root}"));
            }
        }
        Ok(())
    });
}

pub async fn usage_of_a_parent_with_the_sum_of_its_children_counts_once(store: &TraceStore) {
    let workspace_id = Uuid::new_v4();
    let call = |id: &str, parent: Option<&str>, tokens: i64, cost: i64| {
        let mut span = plain(workspace_id, "t", id, parent);
        (span.span.tokens_input, span.span.cost, span.span.basis) =
            (Some(tokens), Some(cost), incoming::computed());
        span
    };
    let mut unpriced = plain(workspace_id, "t", "unpriced", Some("agent"));
    (unpriced.span.tokens_output, unpriced.span.basis) = (Some(5), Basis::NoPrice);
    let (agent, first) = (call("agent", None, 35, 300), call("first", Some("agent"), 10, 100));
    let second = call("second", Some("first"), 20, 200);
    // The parent with the sum arrives first and counts until its children arrive.
    send(store, std::slice::from_ref(&agent)).await;
    let cost = async || {
        let trace = store.detail(workspace_id, "t").await.unwrap().unwrap().trace;
        (trace.tokens_total, trace.cost_usd.map(|cost| (cost * 1e9).round() as i64), trace.unpriced)
    };
    assert_eq!(cost().await, (Some(35), Some(300), 0));
    send(store, &[first]).await;
    assert_eq!(cost().await, (Some(10), Some(100), 0));
    send(store, &[second]).await;
    assert_eq!(cost().await, (Some(20), Some(200), 0), "the innermost call counts");
    send(store, &[unpriced]).await;
    assert_eq!(cost().await, (Some(25), Some(200), 1));
    let mut embedding = call("embedding", Some("agent"), 4, 40);
    embedding.span.kind = shared::span::SpanKind::Embedding;
    send(store, &[embedding]).await;
    assert_eq!(
        cost().await,
        (Some(29), Some(240), 1),
        "usage of an embedding that no model call includes is added"
    );
    let sums = store.sums(workspace_id, &[always()]).await.unwrap();
    assert_eq!((sums[0].requests, sums[0].tokens, sums[0].cost), (1, 29, 240));
}

pub async fn promotes_a_pending_trace_after_a_time_without_new_spans(store: &TraceStore) {
    let workspace_id = Uuid::new_v4();
    let at = |micros: i64| Timestamp::from_micros(START + micros);
    let mut child = plain(workspace_id, "t", "child", Some("root"));
    (child.arrived, child.span.error, child.span.status) =
        (at(10), Some("boom".to_owned()), TraceStatus::Error);
    send(store, &[child.clone()]).await;
    let again = IncomingSpan { arrived: at(20), ..plain(workspace_id, "t", "other", Some("child")) };
    send(store, &[again]).await;
    assert!(store.promote(at(20)).await.unwrap().is_empty(), "the last span arrived at the limit");
    assert!(store.detail(workspace_id, "t").await.unwrap().is_none());
    assert_eq!(store.promote(at(21)).await.unwrap(), [workspace_id]);
    assert!(store.promote(at(21)).await.unwrap().is_empty());
    let trace = store.detail(workspace_id, "t").await.unwrap().unwrap().trace;
    assert_eq!(
        (trace.incomplete, trace.name.as_deref(), trace.error.as_deref()),
        (true, Some("step child"), Some("boom"))
    );
    // An earlier span whose parent is missing, too, replaces the substitute root.
    let mut between = plain(workspace_id, "t", "between", Some("root"));
    between.span.timestamp = at(-1);
    send(store, &[between]).await;
    let trace = store.detail(workspace_id, "t").await.unwrap().unwrap().trace;
    assert_eq!((trace.incomplete, trace.name.as_deref(), trace.error), (true, Some("step between"), None));
    send(store, &[plain(workspace_id, "t", "root", None)]).await;
    let trace = store.detail(workspace_id, "t").await.unwrap().unwrap().trace;
    assert_eq!((trace.incomplete, trace.name.as_deref()), (false, Some("step root")));
    assert_eq!(store.sums(workspace_id, &[always()]).await.unwrap()[0].requests, 1);
}

pub async fn the_resource_of_the_root_span_is_the_metadata(store: &TraceStore) {
    let workspace_id = Uuid::new_v4();
    let mut root = plain(workspace_id, "t", "root", None);
    root.span.payload =
        json!({"input": "hi", "output": "ho", "resource": {"service.name": "shop"}}).to_string();
    send(store, &[root, plain(workspace_id, "t", "child", Some("root"))]).await;
    let detail = store.detail(workspace_id, "t").await.unwrap().unwrap();
    assert_eq!((detail.input, detail.output), (Some(json!("hi")), Some(json!("ho"))));
    assert_eq!(serde_json::Value::Object(detail.metadata), json!({"service.name": "shop"}));
    assert_eq!(detail.trace.agent_id, "shop");
}

pub async fn drops_spans_of_a_trace_beyond_the_limit(store: &TraceStore) {
    let workspace_id = Uuid::new_v4();
    let (limit, roots) = (shared::limit::TRACE_INCOMING_SPANS, shared::limit::TRACE_INCOMING_ROOTS);
    let span = |id: String, parent: Option<String>| {
        let mut span = plain(workspace_id, "t", &id, parent.as_deref());
        (span.span.payload, span.span.tokens_input) = ("{}".to_owned(), Some(1));
        span
    };
    // A chain of spans, innermost first. The ten spans before the root span exceed the limit; the root span is stored.
    let mut spans: Vec<_> =
        (0..limit + 10).map(|n| span(format!("{n:06}"), Some(format!("{:06}", n + 1)))).collect();
    spans.push(span(format!("{:06}", limit + 10), None));
    let (mut new, mut dropped) = (0, 0);
    let mut write = async |spans: &[IncomingSpan]| {
        for part in spans.chunks(limit / 2) {
            let written = store.write_spans(&part.iter().collect::<Vec<_>>()).await.unwrap();
            (new, dropped) = (new + written.new, dropped + written.dropped);
        }
        (new, dropped)
    };
    assert_eq!(write(&spans).await, (limit + 1, 10));
    let trace = store.tree(workspace_id, "t").await.unwrap().unwrap().trace;
    assert!(!trace.incomplete && trace.name == Some(format!("step {:06}", limit + 10)), "{trace:?}");
    let sums = store.sums(workspace_id, &[always()]).await.unwrap();
    // The tokens of the root span, whose child was dropped, and of the innermost span.
    assert_eq!((sums[0].requests, sums[0].tokens), (1, 2));
    let more: Vec<_> = (0..roots + 5).map(|n| span(format!("root {n}"), None)).collect();
    assert_eq!(write(&more).await, (limit + roots, 10 + 6));
}

pub async fn promotes_extends_and_reads_traces_that_exceed_one_batch_in_memory(store: &TraceStore) {
    let workspace_id = Uuid::new_v4();
    let each = 18_000;
    let span = |trace: usize, n: usize| {
        let mut span = plain(workspace_id, &format!("t{trace}"), &format!("{n:06}"), Some("elsewhere"));
        span.span.timestamp = Timestamp::from_micros(START + trace as i64);
        (span.span.payload, span.span.tokens_input) = ("{}".to_owned(), Some(1));
        span
    };
    for trace in 0..4 {
        assert_eq!(send(store, &(0..each).map(|n| span(trace, n)).collect::<Vec<_>>()).await, each);
    }
    assert_eq!(store.promote(LATER).await.unwrap(), [workspace_id]);
    let tokens = async || store.sums(workspace_id, &[always()]).await.unwrap()[0];
    assert_eq!((tokens().await.requests, tokens().await.tokens), (4, 4 * each as i64));
    send(store, &(0..4).map(|trace| span(trace, each)).collect::<Vec<_>>()).await;
    assert_eq!((tokens().await.requests, tokens().await.tokens), (4, 4 * (each as i64 + 1)));
    let first = store.usages(workspace_id, always(), None, 100).await.unwrap();
    assert_eq!(first.iter().map(|usage| usage.spans.len()).collect::<Vec<_>>(), [each + 1; 2]);
    let rest = store.usages(workspace_id, always(), Some(first[1].cursor), 100).await.unwrap();
    assert_eq!(rest.iter().map(|usage| usage.spans.len()).collect::<Vec<_>>(), [each + 1; 2]);
}

pub async fn a_failed_promotion_does_not_block_other_traces(database: &Database) {
    let store = database.traces().await;
    let workspace_id = Uuid::new_v4();
    for (seconds, id) in ["t0", "t1", "t2"].into_iter().enumerate() {
        let arrived = Timestamp::from_micros(START + seconds as i64);
        let span =
            IncomingSpan { arrived, ..plain(workspace_id, id, &format!("in {id}"), Some("elsewhere")) };
        send(&store, &[span]).await;
    }
    database.execute_in_traces("UPDATE spans SET status = 99 WHERE span_id = 'in t0'").await;
    for changed in [vec![workspace_id], vec![]] {
        assert_eq!(store.promote(LATER).await.unwrap(), changed);
        assert_eq!(store.sums(workspace_id, &[always()]).await.unwrap()[0].requests, 2);
        assert_eq!(database.count_in_traces("waiting_traces").await, 1, "the failed trace stays pending");
    }
    database.execute_in_traces("UPDATE spans SET status = 0").await;
    let later = Timestamp::from_micros(LATER.as_micros() + 1);
    assert_eq!(store.promote(later).await.unwrap(), [workspace_id]);
    assert_eq!(store.sums(workspace_id, &[always()]).await.unwrap()[0].requests, 3);
    store.close().await;
}

pub async fn resent_spans_store_no_payload_twice(database: &Database) {
    let store = database.traces().await;
    let workspace_id = Uuid::new_v4();
    let spans: Vec<_> =
        ["a", "b", "c"].map(|id| plain(workspace_id, "t", id, (id != "a").then_some("a"))).into();
    assert_eq!(send(&store, &spans[1..]).await, 2);
    assert_eq!(send(&store, &spans[1..]).await, 0);
    assert_eq!(send(&store, &spans).await, 1);
    let mut other = spans[0].clone();
    other.span.name = "something else".to_owned();
    assert_eq!(send(&store, &[other]).await, 0, "the first version stays");
    for (table, rows) in [("payloads", 2), ("spans", 3), ("traces", 1), ("waiting_traces", 0)] {
        assert_eq!(database.count_in_traces(table).await, rows, "{table}");
    }
    assert_eq!(store.detail(workspace_id, "t").await.unwrap().unwrap().trace.name.as_deref(), Some("step a"));
    store.close().await;
}

pub async fn two_stores_write_spans_of_the_same_traces_without_losses(database: &Database) {
    let (one, two) = (database.traces().await, database.traces().await);
    let workspace_id = Uuid::new_v4();
    let trace_ids: Vec<String> = (0..12).map(|n| format!("t{n}")).collect();
    let spans: Vec<IncomingSpan> = (0..25)
        .flat_map(|n| trace_ids.iter().map(move |trace_id| (n, trace_id)))
        .map(|(n, trace_id)| {
            // The root span is the last one.
            let parent = (n < 24).then(|| format!("{}", n + 1));
            let mut span = plain(workspace_id, trace_id, &n.to_string(), parent.as_deref());
            span.span.cost = Some(1);
            span
        })
        .collect();
    let whole: Vec<_> = ["t3", "t7"].map(|id| whole(workspace_id, id)).into();
    let send_all = async |store: &TraceStore, spans: Vec<IncomingSpan>, chunk: usize| {
        let mut new = 0;
        for part in spans.chunks(chunk) {
            new += send(store, part).await;
        }
        new
    };
    let reversed: Vec<_> = spans.iter().rev().cloned().collect();
    let (first, second, sent, _) = tokio::join!(
        send_all(&one, spans.clone(), 37),
        send_all(&two, reversed, 23),
        store_sample::write(&one, &whole, 1),
        async {
            for _ in 0..5 {
                two.promote(LATER).await.unwrap();
            }
        },
    );
    assert_eq!(first + second, spans.len());
    let sums = one.sums(workspace_id, &[always()]).await.unwrap();
    assert_eq!(sums[0].requests, 12);
    for trace_id in &trace_ids {
        let detail = two.detail(workspace_id, trace_id).await.unwrap().unwrap();
        let own = detail.trace.name.is_none();
        assert_eq!(detail.spans.len(), if own { 26 } else { 25 }, "{trace_id}");
        assert!(!detail.trace.incomplete, "{trace_id}");
    }
    assert!(sent <= 2);
    for (table, rows) in [("traces", 12), ("waiting_traces", 0), ("spans", 300 + sent as i64)] {
        assert_eq!(database.count_in_traces(table).await, rows, "{table}");
    }
    one.close().await;
    two.close().await;
}

pub async fn a_trace_sent_as_one_document_keeps_its_figures_and_contains_incoming_spans(store: &TraceStore) {
    let workspace_id = Uuid::new_v4();
    for (id, spans_first) in [("before", true), ("after", false)] {
        let trace = NewTrace { cost: Some(7), assembly: Assembly::Sent, ..whole(workspace_id, id) };
        let mut child = plain(workspace_id, id, "child", Some("sent"));
        child.span.cost = Some(1_000);
        if spans_first {
            send(store, &[child]).await;
            store_sample::write(store, std::slice::from_ref(&trace), 1).await;
        } else {
            store_sample::write(store, std::slice::from_ref(&trace), 1).await;
            send(store, &[child]).await;
        }
        send(store, &[plain(workspace_id, id, "late", None)]).await;
        let detail = store.detail(workspace_id, id).await.unwrap().unwrap();
        assert_eq!(detail.trace, oracle::shown(&trace));
        let ids: BTreeSet<_> = detail.spans.iter().map(|span| span.span_id.as_str()).collect();
        assert_eq!(ids, BTreeSet::from(["sent", "child", "late"]), "{id}");
    }
    assert!(store.promote(LATER).await.unwrap().is_empty());
    let sums = store.sums(workspace_id, &[always()]).await.unwrap();
    assert_eq!(
        sums[0],
        Sums { requests: 2, cost: 14, tokens: 20, latency: 2 * 1_234_567, ..Sums::default() }
    );
}
