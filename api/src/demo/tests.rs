//! Properties of the demo's traffic, checked over a month.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use shared::{
    Timestamp, limit,
    span::SpanKind,
    trace::{TraceInput, TraceStatus},
};

use super::{agent::AGENTS, runs_between, schedule, traces_between};

const SEED: u64 = 1;
const DAY: Duration = Duration::from_secs(86_400);

fn moment(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn week() -> Vec<TraceInput> {
    let monday = moment("2025-10-20T00:00:00Z");
    traces_between(SEED, monday, monday + 7 * DAY).collect()
}

fn nanos(dollars: Option<f64>) -> i64 {
    (dollars.unwrap_or(0.0) * 1e9).round() as i64
}

fn micros(millis: f64) -> i64 {
    (millis * 1e3).round() as i64
}

fn failed(trace: &TraceInput) -> bool {
    trace.status != TraceStatus::Success
}

/// Returns the percentage of failed traces, and the number of all.
fn error_rate<'a>(traces: impl Iterator<Item = &'a TraceInput>) -> (f64, usize) {
    let all: Vec<_> = traces.collect();
    (100.0 * all.iter().filter(|trace| failed(trace)).count() as f64 / all.len() as f64, all.len())
}

#[test]
fn adjacent_windows_contain_the_traces_of_the_whole_window() {
    let (from, to) = (moment("2025-10-21T12:00:00Z"), moment("2025-10-21T18:00:00Z"));
    let whole: Vec<_> = traces_between(SEED, from, to).collect();
    assert!(whole.len() > 200);
    let on_a_trace = whole[77].timestamp.unwrap();
    for cut in [moment("2025-10-21T14:00:00Z"), moment("2025-10-21T15:17:31.004211Z"), on_a_trace] {
        let halves: Vec<_> = traces_between(SEED, from, cut).chain(traces_between(SEED, cut, to)).collect();
        assert!(whole == halves, "cut at {cut}");
    }
    // In parts that are not aligned to minutes.
    let bite = Duration::from_secs(13);
    let bites: Vec<_> = (0..1_662)
        .flat_map(|nth| {
            let start = from + nth * bite;
            runs_between(SEED, start, to.min(start + bite))
        })
        .map(|run| format!("{:032x}", run.id))
        .collect();
    assert!(whole.iter().map(|trace| trace.trace_id.clone().unwrap()).eq(bites));
}

#[test]
fn another_seed_gives_other_traces() {
    let (from, to) = (moment("2025-10-21T12:00:00Z"), moment("2025-10-21T13:00:00Z"));
    let ids = |seed| runs_between(seed, from, to).map(|run| run.id).collect::<HashSet<_>>();
    assert!(ids(1).is_disjoint(&ids(2)));
}

#[test]
fn an_empty_or_reversed_window_has_no_traces() {
    let noon = moment("2025-10-21T12:00:00Z");
    assert_eq!(traces_between(SEED, noon, noon).count(), 0);
    assert_eq!(traces_between(SEED, noon, noon - DAY).count(), 0);
}

#[test]
fn thirty_days_have_about_1500_ordered_traces_per_day_with_unique_ids() {
    let from = moment("2025-10-01T00:00:00Z");
    let runs: Vec<_> = runs_between(SEED, from, from + 30 * DAY).map(|run| (run.start, run.id)).collect();
    assert!((35_000..60_000).contains(&runs.len()), "{}", runs.len());
    assert!(runs.is_sorted());
    assert_eq!(runs.iter().map(|&(_, id)| id).collect::<HashSet<_>>().len(), runs.len());
    let on = |day: u32| {
        let midnight = from + day * DAY;
        runs.iter().filter(|(start, _)| (midnight..midnight + DAY).contains(start)).count()
    };
    // The 14th was a Tuesday, the 19th a Sunday.
    assert!(on(13) > 1_500 && on(18) < on(13) / 2, "{} {}", on(13), on(18));
}

#[test]
fn a_conversation_starts_all_its_runs_within_the_maximum_duration() {
    for agent in AGENTS.iter() {
        let agent = &agent.data;
        let longest = agent.turns.1 * (agent.limit_seconds + 180) + 60;
        assert!(longest <= schedule::MINUTES.unsigned_abs() * 60, "{}: {longest} s", agent.id);
    }
}

#[test]
fn tokens_and_costs_of_the_model_calls_sum_to_the_traces() {
    for trace in week() {
        let calls: Vec<_> = trace.spans.iter().filter(|span| span.kind == SpanKind::Llm).collect();
        assert!(!calls.is_empty() || failed(&trace));
        let sum = |part: fn(&shared::span::Span) -> Option<u64>| {
            calls.iter().filter_map(|span| part(span)).sum::<u64>()
        };
        assert_eq!(trace.tokens_input, Some(sum(|span| span.tokens_input)));
        assert_eq!(trace.tokens_output, Some(sum(|span| span.tokens_output)));
        assert_eq!(
            trace.tokens_total,
            trace.tokens_input.zip(trace.tokens_output).map(|(into, out)| into + out)
        );
        assert_eq!(nanos(trace.cost_usd), calls.iter().map(|span| nanos(span.cost_usd)).sum::<i64>());
        assert!(trace.spans.iter().all(|span| span.kind == SpanKind::Llm || span.cost_usd.is_none()));
    }
}

#[test]
fn spans_are_within_their_parents_and_match_the_status_of_the_run() {
    for trace in week() {
        assert!((2..=8).contains(&trace.spans.len()), "{} spans", trace.spans.len());
        let bounds: HashMap<_, _> = trace
            .spans
            .iter()
            .map(|span| {
                let start = span.timestamp.as_micros();
                (span.span_id.clone(), (start, start + micros(span.latency_ms)))
            })
            .collect();
        assert_eq!(bounds.len(), trace.spans.len(), "span ids are unique");
        let (root, steps) = trace.spans.split_first().unwrap();
        assert_eq!((root.timestamp, root.latency_ms), (trace.timestamp.unwrap(), trace.latency_ms));
        assert_eq!((root.parent_span_id.as_ref(), root.status), (None, trace.status));
        for span in steps {
            let (start, end) = bounds[&span.span_id];
            let (parent_start, parent_end) = bounds[span.parent_span_id.as_ref().unwrap()];
            assert!(parent_start <= start && end <= parent_end, "{} {}", trace.trace_id.unwrap(), span.name);
        }
        assert!(trace.spans.is_sorted_by_key(|span| span.timestamp));
        let broken = steps.iter().filter(|span| span.status != TraceStatus::Success).count();
        assert_eq!(broken, usize::from(failed(&trace)));
        assert_eq!(trace.error.is_some(), failed(&trace));
        assert_eq!(trace.output.is_none(), failed(&trace));
    }
}

#[test]
fn every_trace_respects_the_limits_of_ingestion_and_has_no_unfilled_slots() {
    for trace in week() {
        let json = serde_json::to_string(&trace).unwrap();
        assert!(json.len() < 16 * 1024 && trace.tags.len() <= limit::TRACE_TAGS, "{}", json.len());
        for slot in
            ["{name}", "{order}", "{product}", "{city}", "{topic}", "{table}", "{function}", "{count}"]
        {
            assert!(!json.contains(slot), "{json}");
        }
        assert!(trace.quality_score.is_none_or(|score| (0.0..=100.0).contains(&score)));
    }
}

#[test]
fn the_weekly_incident_affects_errors_latency_and_quality() {
    let week = week();
    let openai = |from: &str, to: &str| {
        let (from, to) = (moment(from), moment(to));
        week.iter()
            .filter(|trace| {
                trace.model_provider.as_deref() == Some("openai")
                    && (from..to).contains(&trace.timestamp.unwrap())
            })
            .collect::<Vec<_>>()
    };
    let bad = openai("2025-10-21T14:00:00Z", "2025-10-21T15:30:00Z");
    let good = openai("2025-10-22T14:00:00Z", "2025-10-22T15:30:00Z");
    let (rate, count) = error_rate(bad.iter().copied());
    assert!(count > 60 && (15.0..45.0).contains(&rate), "{rate} % of {count}");
    assert!(error_rate(good.iter().copied()).0 < 8.0);
    let mean = |traces: &[&TraceInput], value: fn(&TraceInput) -> Option<f64>| {
        let values: Vec<_> = traces.iter().filter_map(|trace| value(trace)).collect();
        values.iter().sum::<f64>() / values.len() as f64
    };
    assert!(mean(&bad, |trace| Some(trace.latency_ms)) > 2.5 * mean(&good, |trace| Some(trace.latency_ms)));
    assert!(mean(&bad, |trace| trace.quality_score) < mean(&good, |trace| trace.quality_score) - 10.0);
    assert!(bad.iter().any(|trace| trace.status == TraceStatus::Timeout));
}

#[test]
fn every_working_day_has_a_peak_of_failures() {
    let week = week();
    for day in 0..5 {
        let from = moment("2025-10-20T16:10:00Z") + day * DAY;
        let to = from + Duration::from_secs(40 * 60);
        let (rate, count) = error_rate(week.iter().filter(|trace| {
            trace.model_provider.as_deref() == Some("anthropic")
                && (from..to).contains(&trace.timestamp.unwrap())
        }));
        assert!(rate > 8.0, "day {day}: {rate} % of {count}");
    }
    let (rate, _) = error_rate(week.iter());
    assert!((1.5..7.0).contains(&rate), "{rate} % overall");
}

#[test]
fn conversations_have_several_runs_and_most_runs_have_a_score() {
    let week = week();
    let mut sessions: HashMap<&str, usize> = HashMap::new();
    for trace in &week {
        if let Some(session) = &trace.session_id {
            *sessions.entry(session).or_default() += 1;
        }
    }
    assert!(sessions.values().filter(|&&runs| runs > 1).count() > sessions.len() / 2);
    let scored = week.iter().filter(|trace| trace.quality_score.is_some()).count() as f64 / week.len() as f64;
    assert!((0.67..0.73).contains(&scored), "{scored}");
}
