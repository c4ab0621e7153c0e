//! Costs of spans and traces with all three price tables.

use std::time::Duration;

use shared::{cost::AppliedPrice, span::SpanKind};

use super::*;
use crate::trace::record::NewTrace;

const WORKSPACE: Uuid = Uuid::from_u128(1);
const OTHER: Uuid = Uuid::from_u128(2);

fn request(model: &str, input: f64) -> PriceRequest {
    PriceRequest { model: model.to_owned(), input_usd_per_million: input, ..PriceRequest::default() }
}

/// Returns prices with a price file and the prices of [`WORKSPACE`].
fn prices(file: &[PriceRequest], own: &[PriceRequest]) -> Prices {
    let table = |prices: &[PriceRequest]| Arc::new(Table::new(PriceTable::Workspace, prices));
    let own = HashMap::from([(WORKSPACE, table(own)), (OTHER, table(&[]))]);
    Prices::new(Arc::new(PublicPrices::new(file)), own)
}

fn llm(model: &str, input: i64, output: i64) -> NewSpan {
    NewSpan {
        span_id: Uuid::new_v4().to_string(),
        kind: SpanKind::Llm,
        timestamp: "2026-11-24T12:00:00Z".parse().unwrap(),
        model: Some(model.to_owned()),
        tokens_input: Some(input),
        tokens_output: Some(output),
        ..NewSpan::default()
    }
}

fn applied(basis: &Basis) -> AppliedPrice {
    let Basis::Computed(json) = basis else { panic!("{basis:?}") };
    serde_json::from_str(json).unwrap()
}

fn trace(spans: impl IntoIterator<Item = NewSpan>) -> NewTrace {
    NewTrace { workspace_id: WORKSPACE, spans: spans.into_iter().collect(), ..NewTrace::default() }
}

#[test]
fn looks_up_an_unknown_model_only_once_for_all_times() {
    let prices = prices(&[], &[]);
    let start: Timestamp = "2025-01-01T00:00:00Z".parse().unwrap();
    for hour in 0..50 {
        let at = Timestamp::from_micros(start.as_micros() + hour * 3_600_000_000);
        assert!(prices.find(WORKSPACE, Some("openai"), "nobody-s-model", at).is_none());
        assert!(prices.find(WORKSPACE, Some("openai"), "gpt-4o", at).is_some());
    }
    assert!(prices.public.unknown.contains_key("openai\0nobody-s-model"));
    let cached = prices.public.bundled.iter().filter(|(key, _)| key.contains("nobody")).count();
    assert_eq!(cached, 0, "an unknown model must not be cached per time step");
    assert!(!prices.public.unknown.contains_key("openai\0gpt-4o"));
}

#[test]
fn keeps_reported_costs_including_zero() {
    let prices = prices(&[], &[]);
    for reported in [0, 5] {
        let mut span = NewSpan { cost: Some(reported), ..llm("gpt-4o", 1_000, 100) };
        prices.price_span(WORKSPACE, &mut span);
        assert_eq!((span.cost, span.basis), (Some(reported), Basis::Reported));
        let mut trace = NewTrace { cost: Some(reported), ..trace([llm("gpt-4o", 1_000, 100)]) };
        prices.price_trace(&mut trace);
        assert_eq!((trace.cost, trace.basis), (Some(reported), Basis::Reported));
        // The cost of the span is still computed.
        assert_eq!(trace.spans[0].cost, Some(3_500_000));
    }
}

#[test]
fn computes_cost_as_model_times_price_times_tokens_with_explanation() {
    let prices = prices(&[], &[]);
    // Claude 3.5 Sonnet: input $3, cache read $0.30, cache write $3.75, output $15.
    let mut span = NewSpan {
        model_provider: Some("anthropic".to_owned()),
        tokens_cache_read: Some(800),
        tokens_cache_write: Some(150),
        tokens_reasoning: Some(60),
        ..llm("claude-3-5-sonnet-20241022", 1_000, 70)
    };
    prices.price_span(WORKSPACE, &mut span);
    assert_eq!(span.cost, Some(150_000 + 240_000 + 562_500 + 1_050_000));
    let applied = applied(&span.basis);
    assert_eq!(
        (applied.model.as_str(), applied.provider.as_deref()),
        ("claude-3-5-sonnet", Some("anthropic"))
    );
    assert_eq!(applied.table, PriceTable::Bundled);
    let parts: Vec<_> = applied.parts.iter().map(|part| (part.tokens, part.usd_per_million)).collect();
    assert_eq!(parts, [(50, 3.0), (800, 0.3), (150, 3.75), (70, 15.0)]);
}

#[test]
fn unknown_model_has_no_cost_instead_of_zero() {
    let prices = prices(&[], &[]);
    for span in [
        llm("my-own-model", 1_000, 100),
        NewSpan { model: None, ..llm("", 1_000, 0) },
        NewSpan { model: Some(" ".to_owned()), kind: SpanKind::Embedding, ..llm("", 1_000, 0) },
        NewSpan { kind: SpanKind::Chain, ..llm("my-own-model", 1_000, 0) },
        // Billed per minute.
        NewSpan { model_provider: Some("groq".to_owned()), ..llm("whisper-large-v3", 10, 10) },
    ] {
        let mut span = span;
        prices.price_span(WORKSPACE, &mut span);
        assert_eq!((span.cost, &span.basis), (None, &Basis::NoPrice), "{:?}", span.model);
    }
}

#[test]
fn span_without_tokens_has_no_cost_and_no_basis() {
    let prices = prices(&[], &[]);
    for span in [
        llm("gpt-4o", 0, 0),
        llm("my-own-model", 0, 0),
        NewSpan { tokens_input: None, tokens_output: None, ..llm("gpt-4o", 0, 0) },
        // An agent span with the sum of the tokens of its children.
        NewSpan { model: None, kind: SpanKind::Agent, ..llm("", 1_000, 100) },
    ] {
        let mut span = span;
        prices.price_span(WORKSPACE, &mut span);
        assert_eq!((span.cost, span.basis), (None, Basis::Unknown));
    }
}

#[test]
fn workspace_prices_override_file_prices_and_file_prices_override_public_prices() {
    let file = [request("gpt-4o", 7.0), request("gpt-4o-mini", 9.0)];
    let prices = prices(&file, &[request("gpt-4o", 5.0), request("my-own-model", 0.0)]);
    let find = |workspace, model| {
        let at = "2026-11-24T12:00:00Z".parse().unwrap();
        let price = prices.find(workspace, Some("openai"), model, at)?;
        Some((price.table, price.rates.input))
    };
    assert_eq!(find(WORKSPACE, "gpt-4o"), Some((PriceTable::Workspace, 5_000_000_000)));
    assert_eq!(find(OTHER, "gpt-4o"), Some((PriceTable::File, 7_000_000_000)));
    assert_eq!(find(WORKSPACE, "gpt-4o-mini"), Some((PriceTable::File, 9_000_000_000)));
    assert_eq!(find(WORKSPACE, "gpt-4.1"), Some((PriceTable::Bundled, 2_000_000_000)));
    assert_eq!(find(OTHER, "my-own-model"), None);
    // A price of 0 is a price, for example for models on own machines.
    let mut span = llm("my-own-model", 1_000, 0);
    prices.price_span(WORKSPACE, &mut span);
    assert_eq!((span.cost, applied(&span.basis).table), (Some(0), PriceTable::Workspace));
}

#[test]
fn trace_cost_is_the_sum_of_its_spans_each_counted_once() {
    let prices = prices(&[], &[]);
    let agent = NewSpan { kind: SpanKind::Agent, span_id: "agent".to_owned(), ..llm("gpt-4o", 2_000, 200) };
    let below = || NewSpan { parent_span_id: Some("agent".to_owned()), ..llm("gpt-4o", 1_000, 100) };
    let mut trace = trace([agent, below(), below(), NewSpan { model: Some("secret".to_owned()), ..below() }]);
    prices.price_trace(&mut trace);
    assert_eq!((trace.cost, trace.unpriced, &trace.basis), (Some(7_000_000), 1, &Basis::Unknown));
    let tokens = (trace.tokens_input, trace.tokens_output, trace.tokens_total);
    assert_eq!(tokens, (Some(3_000), Some(300), Some(3_300)));
}

#[test]
fn prices_a_trace_without_spans_by_its_own_model_and_tokens() {
    let prices = prices(&[], &[]);
    let sent = NewTrace {
        timestamp: "2026-11-24T12:00:00Z".parse().unwrap(),
        model: Some("gpt-4o".to_owned()),
        tokens_input: Some(1_000),
        tokens_output: Some(100),
        tokens_total: Some(1_100),
        ..trace([])
    };
    let mut known = sent.clone();
    prices.price_trace(&mut known);
    assert_eq!(
        (known.cost, applied(&known.basis).model.as_str(), known.unpriced),
        (Some(3_500_000), "gpt-4o", 0)
    );
    let mut unknown = NewTrace { model: Some("secret".to_owned()), ..sent.clone() };
    prices.price_trace(&mut unknown);
    assert_eq!((unknown.cost, unknown.basis, unknown.unpriced), (None, Basis::NoPrice, 1));
    let mut nothing = NewTrace { model: None, ..sent };
    prices.price_trace(&mut nothing);
    assert_eq!((nothing.cost, nothing.basis, nothing.unpriced), (None, Basis::Unknown, 0));
}

#[test]
fn keeps_reported_tokens() {
    let prices = prices(&[], &[]);
    let sent =
        NewTrace { tokens_input: Some(5), tokens_total: Some(5), ..trace([llm("gpt-4o", 1_000, 100)]) };
    let mut part = sent.clone();
    prices.price_trace(&mut part);
    assert_eq!((part.tokens_input, part.tokens_output, part.tokens_total), (Some(5), Some(100), Some(105)));
    let mut total = NewTrace { tokens_total: Some(7), ..sent };
    prices.price_trace(&mut total);
    assert_eq!(total.tokens_total, Some(7));
}

/// Run with `cargo test -p domain --release --lib price::prices -- --ignored --nocapture`.
#[test]
#[ignore = "benchmark"]
fn prices_a_span_in_less_than_two_microseconds() {
    let own: Vec<_> = (0..100).map(|number| request(&format!("own-{number}"), 1.0)).collect();
    for (what, own) in [("without own prices", &[][..]), ("with 100 own prices", &own)] {
        let prices = prices(&[], own);
        let models = ["gpt-4o-2024-08-06", "claude-sonnet-4-5-20250929", "gemini-2.5-pro", "my-own-model"];
        let mut spans: Vec<_> = (0..400_000).map(|number| llm(models[number % 4], 1_000, 100)).collect();
        for span in &mut spans[..4] {
            let start = std::time::Instant::now();
            prices.price_span(WORKSPACE, span);
            println!("{what}: first of {:?}: {:?}", span.model, start.elapsed());
        }
        let start = std::time::Instant::now();
        for span in &mut spans {
            prices.price_span(WORKSPACE, span);
        }
        let each = start.elapsed() / 400_000;
        println!("{what}: {each:?} per span");
        assert!(each < Duration::from_micros(2) || cfg!(debug_assertions), "{each:?}");
    }
}
