//! Converts the two runs of the sample and compares the results with manually computed numbers.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use shared::{span::SpanKind, trace::TraceStatus};

use super::*;

fn sample() -> Vec<rule::Recording> {
    serde_json::from_str(include_str!("sample.json")).unwrap()
}

#[test]
fn expected_totals_match_manually_computed_totals() {
    // Characters: 34, 22, 27 (get_flight + arguments), 22, 22 → tokens 9, 6, 7, 6, 6; and 34, 22, 32, 28, 17 → 9, 6, 8, 7, 5.
    let expected = expect::expected(&sample());
    assert_eq!((expected.traces, expected.llm_spans, expected.tool_spans, expected.errors), (2, 4, 2, 1));
    // (9+6) + (9+6+7+6), and (9+6) + (9+6+8+7).
    assert_eq!(expected.tokens_input, 15 + 28 + 15 + 30);
    assert_eq!(expected.tokens_output, 7 + 6 + 8 + 5);
    assert_eq!(expected.cost_nano_usd, 88 * 2_500 + 26 * 10_000);
    let (first, second) =
        (400 + 12 * 7 + 150 + 2 * 6 + 400 + 12 * 6, 400 + 12 * 8 + 150 + 2 * 7 + 400 + 12 * 5);
    assert_eq!(expected.latency_sum_ms, first + second);
    assert_eq!((expected.avg_quality_score, expected.error_rate), (50.0, 50.0));
}

#[test]
fn spans_add_up_to_traces_and_traces_to_the_totals() {
    let end: Timestamp = "2025-10-22T12:00:00Z".parse().unwrap();
    let traces = rule::traces(&sample(), end, Duration::from_secs(86_400));
    let expected = expect::expected(&sample());
    let nanos = |dollars: Option<f64>| (dollars.unwrap() * 1e9).round() as u64;
    assert_eq!(traces.iter().map(|trace| nanos(trace.cost_usd)).sum::<u64>(), expected.cost_nano_usd);
    assert_eq!(traces.iter().map(|trace| trace.latency_ms as u64).sum::<u64>(), expected.latency_sum_ms);
    for trace in &traces {
        let calls: Vec<_> = trace.spans.iter().filter(|span| span.kind == SpanKind::Llm).collect();
        assert_eq!(calls.iter().map(|span| nanos(span.cost_usd)).sum::<u64>(), nanos(trace.cost_usd));
        let last = trace.spans.last().unwrap();
        let ends = last.timestamp + Duration::from_millis(last.latency_ms as u64);
        assert_eq!(ends, trace.timestamp.unwrap() + Duration::from_millis(trace.latency_ms as u64));
        assert!(ends < end && end - Duration::from_secs(86_400) < trace.timestamp.unwrap());
    }
    let failed = &traces[1];
    assert_eq!(
        (failed.status, failed.error.as_deref()),
        (TraceStatus::Error, Some("Error: reservation not found"))
    );
    assert_eq!(failed.spans[2].input, Some(serde_json::json!({"id": "ZZZ999"})));
    assert_eq!(failed.output, Some("I cannot find it.".into()));
}

#[test]
fn otlp_spans_precede_their_root_and_ids_are_deterministic() {
    let traces =
        rule::traces(&sample(), "2025-10-22T12:00:00Z".parse().unwrap(), Duration::from_secs(86_400));
    let requests = otlp::requests(&traces);
    assert_eq!(requests, otlp::requests(&traces));
    let spans: Vec<_> = requests
        .iter()
        .flat_map(|request| &request.resource_spans)
        .flat_map(|resource| &resource.scope_spans)
        .flat_map(|scope| &scope.spans)
        .collect();
    assert_eq!(spans.len(), traces.iter().map(|trace| trace.spans.len()).sum::<usize>());
    assert!(spans.is_sorted_by_key(|span| span.end_time_unix_nano));
    for (at, span) in spans.iter().enumerate().filter(|(_, span)| !span.parent_span_id.is_empty()) {
        let root = spans.iter().position(|root| root.span_id == span.parent_span_id).unwrap();
        assert!(root > at && spans[root].trace_id == span.trace_id, "{}", span.name);
    }
    let names: Vec<_> = spans[..4].iter().map(|span| span.name.as_str()).collect();
    let run = "invoke_agent tau-airline-gpt-4o";
    assert_eq!(names, ["chat gpt-4o", "execute_tool get_flight", "chat gpt-4o", run]);
}
