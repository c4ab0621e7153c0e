//! The detail of a trace.

use domain::trace::record::{Basis, NewSpan, NewTrace};
use proptest::{collection::vec, option, prelude::*};
use serde_json::{Map, Value, json};
use shared::{
    Timestamp,
    cost::CostBasis,
    span::{Span, SpanKind},
    trace::{TraceDetail, TraceStatus},
};
use store::trace::TraceStore;
use uuid::Uuid;

use super::incoming;
use test_support::property::check;
use test_support::{
    oracle,
    store_sample::{self, START, plain},
};

/// Input, output and the object with all other members.
type Payload = (Option<Value>, Option<Value>, Option<Map<String, Value>>);

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<i64>().prop_map(Value::from),
        "\\PC{0,20}".prop_map(Value::from),
        Just(json!("line\nbreak\r\n\u{2028}\u{0}\\n\"")),
        Just(json!(true)),
        Just(json!(0.1)),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec(("[a-z]{1,6}", inner), 0..4).prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Sometimes empty, mostly small, sometimes large enough to fill a frame.
fn payload() -> impl Strategy<Value = Payload> {
    let long = (1_000_usize..90_000).prop_map(|length| Value::from("a long answer ".repeat(length / 14)));
    let object =
        vec(("[a-z]{1,6}", value()), 0..4).prop_map(|members| members.into_iter().collect::<Map<_, _>>());
    (option::of(value()), option::of(prop_oneof![6 => value(), 1 => long]), option::of(object))
}

fn line((input, output, rest): &Payload, rest_name: &str) -> String {
    let mut members = Map::new();
    members.extend(input.clone().map(|input| ("input".to_owned(), input)));
    members.extend(output.clone().map(|output| ("output".to_owned(), output)));
    members.extend(rest.clone().map(|rest| (rest_name.to_owned(), Value::Object(rest))));
    Value::Object(members).to_string()
}

fn span() -> impl Strategy<Value = (NewSpan, Payload)> {
    let kind = prop::sample::select(SpanKind::ALL.to_vec());
    let status = prop::sample::select(TraceStatus::ALL.to_vec());
    let number = || option::of(0_i64..1_000_000);
    (START..START + 10, kind, status, number(), number(), option::of("[a-z]{1,5}"), payload()).prop_map(
        |(timestamp, kind, status, tokens, cost, text, payload)| {
            let span = NewSpan {
                span_id: String::new(),
                parent_span_id: text.clone(),
                name: "step".to_owned(),
                kind,
                timestamp: Timestamp::from_micros(timestamp),
                latency: timestamp - START,
                status,
                model: text.clone(),
                tokens_input: tokens,
                tokens_output: cost,
                tokens_cache_read: tokens,
                tokens_cache_write: cost,
                tokens_reasoning: tokens,
                model_provider: text.clone(),
                cost,
                basis: match timestamp - START {
                    0..3 => Basis::Unknown,
                    3..5 => Basis::Reported,
                    5..7 => Basis::NoPrice,
                    _ => incoming::computed(),
                },
                error: text,
                payload: line(&payload, "attributes"),
            };
            (span, payload)
        },
    )
}

/// Returns a span as the detail contains it.
fn shown(span: &NewSpan, (input, output, rest): &Payload) -> Span {
    let unsigned = |number: i64| u64::try_from(number).unwrap();
    Span {
        span_id: span.span_id.clone(),
        parent_span_id: span.parent_span_id.clone(),
        name: span.name.clone(),
        kind: span.kind,
        timestamp: span.timestamp,
        latency_ms: span.latency as f64 / 1e3,
        status: span.status,
        model: span.model.clone(),
        tokens_input: span.tokens_input.map(unsigned),
        tokens_output: span.tokens_output.map(unsigned),
        tokens_cache_read: span.tokens_cache_read.map(unsigned),
        tokens_cache_write: span.tokens_cache_write.map(unsigned),
        tokens_reasoning: span.tokens_reasoning.map(unsigned),
        model_provider: span.model_provider.clone(),
        cost_usd: span.cost.map(|nanos| nanos as f64 / 1e9),
        cost_basis: match &span.basis {
            Basis::Unknown => None,
            Basis::Reported => Some(CostBasis::Reported),
            Basis::Computed(price) => Some(CostBasis::Computed(serde_json::from_str(price).unwrap())),
            Basis::NoPrice => Some(CostBasis::NoPrice),
        },
        error: span.error.clone(),
        input: input.clone(),
        output: output.clone(),
        attributes: rest.clone().map(Value::Object),
        ..Span::default()
    }
}

fn without_payloads(detail: &TraceDetail) -> TraceDetail {
    let rows = detail.spans.iter().cloned();
    let spans = rows.map(|span| Span { input: None, output: None, attributes: None, ..span });
    TraceDetail { spans: spans.collect(), ..detail.clone() }
}

pub async fn returns_every_field_as_sent(store: &TraceStore) {
    let texts = (option::of("\\PC{1,12}"), option::of(vec("[a-zé]{1,6}", 1..4)), option::of(0_i64..1000));
    let trace = (store_sample::trace(), payload(), vec(span(), 0..8), texts);
    check(24, &(vec(trace, 1..40), 1_usize..40), async |(inputs, batch)| {
        let workspace_id = Uuid::new_v4();
        let traces = inputs.iter().map(|(trace, payload, spans, (text, tags, tokens))| NewTrace {
            payload: line(payload, "metadata"),
            spans: spans
                .iter()
                .enumerate()
                .map(|(number, (span, _))| NewSpan { span_id: format!("s{number}"), ..span.clone() })
                .collect(),
            model_provider: text.clone(),
            session_id: text.clone(),
            user_id: text.clone(),
            error: text.clone(),
            tags: tags.as_ref().map(|tags| json!(tags).to_string()),
            tokens_input: *tokens,
            tokens_output: *tokens,
            ..trace.clone()
        });
        let traces = store_sample::named(traces.collect(), workspace_id);
        store_sample::write(store, &traces, batch).await;
        for (trace, (_, payload, spans, _)) in traces.iter().zip(&inputs) {
            let detail = store.detail(workspace_id, &trace.trace_id).await.unwrap();
            let detail = detail.ok_or_else(|| TestCaseError::fail("a stored trace has no detail"))?;
            prop_assert_eq!(&detail.trace, &oracle::shown(trace));
            let tree = store.tree(workspace_id, &trace.trace_id).await.unwrap();
            prop_assert_eq!(tree, Some(without_payloads(&detail)));
            for span in &detail.spans {
                let alone = store.span(workspace_id, &trace.trace_id, &span.span_id).await.unwrap();
                prop_assert_eq!(alone.as_ref(), Some(span));
            }
            let (input, output, metadata) = payload.clone();
            prop_assert_eq!((detail.input, detail.output), (input, output));
            prop_assert_eq!(detail.metadata, metadata.unwrap_or_default());
            let mut expected: Vec<_> =
                trace.spans.iter().zip(spans).map(|(span, (_, payload))| shown(span, payload)).collect();
            // Ordered by start, then by their order in the request, since the sort is stable.
            expected.sort_by_key(|span| span.timestamp);
            prop_assert_eq!(detail.spans, expected);
        }
        Ok(())
    });
}

pub async fn only_a_single_span_contains_its_long_fields(store: &TraceStore) {
    let workspace_id = Uuid::new_v4();
    let long = json!({
        "input": "in", "output": {"x": 1}, "attributes": {"y": [2]}, "time_to_first_chunk_ms": 12.5,
        "finish_reasons": ["stop"], "tool": {"name": "search", "call_id": "c1", "type": "function"},
        "events": [{"name": "retry", "timestamp": "2026-03-11T12:34:56.789Z", "attributes": {"n": 1}}],
        "links": [{"trace_id": "t2", "span_id": "s2"}], "resource": {"service.name": "shop"},
        "scope": {"name": "openinference", "version": "1.2"},
    });
    let span = NewSpan {
        span_id: "s".to_owned(),
        name: "step".to_owned(),
        timestamp: Timestamp::from_micros(START),
        payload: long.to_string(),
        ..NewSpan::default()
    };
    let trace = NewTrace {
        payload: json!({"input": "of the trace", "metadata": {"z": 3}}).to_string(),
        spans: vec![span],
        ..plain(workspace_id, "t", START)
    };
    store_sample::write(store, &[trace], 1).await;
    let whole = json!(store.span(workspace_id, "t", "s").await.unwrap().unwrap());
    for (name, value) in long.as_object().unwrap() {
        assert_eq!(&whole[name], value, "{name}");
    }
    let detail = store.detail(workspace_id, "t").await.unwrap().unwrap();
    assert_eq!(json!(detail.spans), json!([whole]));
    let tree = store.tree(workspace_id, "t").await.unwrap().unwrap();
    assert_eq!((&tree.input, &tree.metadata), (&detail.input, &detail.metadata));
    let known = json!({"span_id": "s", "name": "step", "kind": "unknown", "timestamp": tree.trace.timestamp,
                       "latency_ms": 0.0, "status": "success"});
    assert_eq!(json!(tree.spans), json!([known]));
    assert!(store.span(workspace_id, "t", "S").await.unwrap().is_none());
}

pub async fn returns_a_trace_of_three_thousand_spans_complete_and_in_order(store: &TraceStore) {
    let workspace_id = Uuid::new_v4();
    let spans: Vec<_> = (0..3000)
        .map(|number| NewSpan {
            span_id: format!("{:04}", (number * 7) % 3000),
            parent_span_id: (number > 0).then(|| "0000".to_owned()),
            name: format!("step {number}"),
            kind: SpanKind::Tool,
            timestamp: Timestamp::from_micros(START + number / 10),
            latency: number,
            payload: json!({"input": {"number": number, "text": "x".repeat(100)}}).to_string(),
            ..NewSpan::default()
        })
        .collect();
    let neighbour =
        |id: &str| NewTrace { payload: json!({"input": id}).to_string(), ..plain(workspace_id, id, START) };
    let large = NewTrace { spans, ..neighbour("large") };
    let traces = [neighbour("before"), large, neighbour("after")];
    store_sample::write(store, &traces, 3).await;
    let detail = store.detail(workspace_id, "large").await.unwrap().unwrap();
    assert_eq!(detail.spans.len(), 3000);
    for (sent, found) in traces[1].spans.iter().zip(&detail.spans) {
        assert_eq!((&found.span_id, &found.name), (&sent.span_id, &sent.name));
        assert_eq!(found.input.as_ref().unwrap()["number"], sent.latency);
    }
    for id in ["before", "large", "after"] {
        assert_eq!(store.detail(workspace_id, id).await.unwrap().unwrap().input, Some(json!(id)));
    }
}

pub async fn a_detail_omits_payloads_beyond_the_size_limit(store: &TraceStore) {
    let workspace_id = Uuid::new_v4();
    let text = "x".repeat(2 * 1024 * 1024);
    for number in 0..17 {
        // The root span arrives last.
        let parent = (number < 16).then_some("16");
        let mut span = incoming::plain(workspace_id, "t", &number.to_string(), parent);
        span.span.payload = json!({"input": text}).to_string();
        store.write_spans(&[&span]).await.unwrap();
    }
    let detail = store.detail(workspace_id, "t").await.unwrap().unwrap();
    assert!(detail.payloads_cut && detail.input.is_some());
    assert_eq!(detail.spans.len(), 17);
    let whole = detail.spans.iter().filter(|span| span.input.is_some()).count();
    assert_eq!(whole, 15, "payloads up to 32 MiB are returned");
    assert!(
        !store.tree(workspace_id, "t").await.unwrap().unwrap().payloads_cut,
        "the tree contains no payloads"
    );
    let alone = store.span(workspace_id, "t", "15").await.unwrap().unwrap();
    assert_eq!(alone.input, Some(json!(text)));
}

pub async fn an_empty_payload_has_no_input_output_or_metadata(store: &TraceStore) {
    let workspace_id = Uuid::new_v4();
    store_sample::write(store, &[plain(workspace_id, "t", START)], 1).await;
    let detail = store.detail(workspace_id, "t").await.unwrap().unwrap();
    assert_eq!((detail.input, detail.output, detail.metadata), (None, None, Map::new()));
    assert_eq!((detail.spans, detail.scores), (vec![], vec![]));
}

pub async fn returns_a_trace_only_to_its_own_workspace(store: &TraceStore) {
    let (mine, other) = (Uuid::new_v4(), Uuid::new_v4());
    let payload = |text: &str| json!({"input": text}).to_string();
    let traces = [
        NewTrace { payload: payload("mine"), ..plain(mine, "shared id", START) },
        NewTrace { payload: payload("other's"), ..plain(other, "shared id", START) },
        plain(other, "other's", START),
    ];
    store_sample::write(store, &traces, 3).await;
    assert_eq!(store.detail(mine, "shared id").await.unwrap().unwrap().input, Some(json!("mine")));
    assert_eq!(store.detail(other, "shared id").await.unwrap().unwrap().input, Some(json!("other's")));
    for id in ["other's", "", "%", "shared%", "' OR 1=1 --", "SHARED ID"] {
        assert!(store.detail(mine, id).await.unwrap().is_none(), "{id}");
        assert!(store.tree(mine, id).await.unwrap().is_none(), "{id}");
        assert!(store.span(mine, id, "s").await.unwrap().is_none(), "{id}");
        assert!(store.search(mine, id, "s").await.unwrap().is_none(), "{id}");
    }
}
