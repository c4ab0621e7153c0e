//! The expected results of the store, computed by plain loops. Shares no arithmetic with the store.

use std::{collections::BTreeMap, time::Duration};

use domain::{
    rollup::sums::{GroupedSums, Sums},
    trace::record::{Assembly, NewTrace},
};
use proptest::{prop_assert, prop_assert_eq, test_runner::TestCaseError};
use shared::{
    Timestamp,
    metric::Dimension,
    time_range::Window,
    trace::{Trace, TraceStatus},
};
use store::trace::list::TraceFilter;

/// Returns the traces that started in a window.
pub fn inside(traces: &[NewTrace], window: Window) -> impl Iterator<Item = &NewTrace> {
    traces.iter().filter(move |trace| {
        trace.timestamp.as_micros() >= window.start.as_micros()
            && trace.timestamp.as_micros() < window.end.as_micros()
    })
}

/// Returns the sums of traces.
pub fn sums<'a>(traces: impl IntoIterator<Item = &'a NewTrace>) -> Sums {
    let mut sums = Sums::default();
    for trace in traces {
        sums.requests += 1;
        match trace.status {
            TraceStatus::Success => {}
            TraceStatus::Error => sums.errors += 1,
            TraceStatus::Timeout => sums.timeouts += 1,
        }
        sums.latency += trace.latency;
        if let Some(tokens) = trace.tokens_total {
            sums.tokens += tokens;
        }
        if let Some(cost) = trace.cost {
            sums.cost += cost;
        }
        if let Some(quality) = trace.quality {
            sums.scored += 1;
            sums.quality += quality;
        }
    }
    sums
}

/// Groups the traces of a window by the step in which they started.
pub fn by_step(traces: &[NewTrace], window: Window, step: Duration) -> BTreeMap<Timestamp, Vec<&NewTrace>> {
    let step = i64::try_from(step.as_micros()).unwrap();
    let mut steps: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for trace in inside(traces, window) {
        let micros = trace.timestamp.as_micros();
        steps.entry(Timestamp::from_micros(micros - micros % step)).or_default().push(trace);
    }
    steps
}

/// Compares sums and percentiles by group and step with brute force.
pub fn assert_groups(
    found: &GroupedSums,
    traces: &[NewTrace],
    window: Window,
    step: Option<Duration>,
    group: Option<Dimension>,
) -> Result<(), TestCaseError> {
    let mut groups: BTreeMap<Option<String>, Vec<NewTrace>> = BTreeMap::new();
    for trace in inside(traces, window) {
        let key = match group {
            None => None,
            Some(Dimension::Agent) => Some(trace.agent_id.clone()),
            Some(Dimension::Model) => trace.model.clone(),
        };
        groups.entry(key).or_default().push(trace.clone());
    }
    prop_assert_eq!(found.keys().collect::<Vec<_>>(), groups.keys().collect::<Vec<_>>());
    for (key, traces) in &groups {
        let steps = match step {
            None => BTreeMap::from([(window.start, traces.iter().collect())]),
            Some(step) => by_step(traces, window, step),
        };
        prop_assert_eq!(found[key].keys().collect::<Vec<_>>(), steps.keys().collect::<Vec<_>>(), "{:?}", key);
        for (start, traces) in steps {
            let distribution = &found[key][&start];
            prop_assert_eq!(distribution.sums, sums(traces.iter().copied()), "{:?} {}", key, start);
            for percent in [50, 95, 99] {
                let expected = percentile_ms(&traces, percent);
                let read = distribution.latency_ms(percent as f64 / 100.0).unwrap_or(-1.0);
                prop_assert!(
                    (read - expected).abs() <= 0.02 * expected,
                    "p{percent} {key:?} {start}: found {read}, expected {expected}"
                );
            }
        }
    }
    Ok(())
}

/// Returns the nearest-rank percentile of the latencies in milliseconds.
fn percentile_ms(traces: &[&NewTrace], percent: usize) -> f64 {
    let mut latencies: Vec<_> = traces.iter().map(|trace| trace.latency).collect();
    latencies.sort_unstable();
    latencies[(percent * latencies.len()).div_ceil(100) - 1] as f64 / 1000.0
}

/// Returns the traces of a window that match a filter, newest first. Traces with the same start are in reverse order of
/// arrival, which is their order in `traces`.
pub fn listed<'a>(traces: &'a [NewTrace], window: Window, filter: &TraceFilter) -> Vec<&'a NewTrace> {
    let mut found: Vec<(usize, &NewTrace)> = traces
        .iter()
        .enumerate()
        .filter(|(_, trace)| inside(std::slice::from_ref(*trace), window).count() == 1)
        .filter(|(_, trace)| filter.agent_id.as_ref().is_none_or(|agent| *agent == trace.agent_id))
        .filter(|(_, trace)| {
            filter.model.as_ref().is_none_or(|model| model == trace.model.as_deref().unwrap_or(""))
        })
        .filter(|(_, trace)| filter.session_id.is_none() || filter.session_id == trace.session_id)
        .filter(|(_, trace)| filter.user_id.is_none() || filter.user_id == trace.user_id)
        .filter(|(_, trace)| filter.status.is_none_or(|status| status == trace.status))
        .collect();
    found.sort_by_key(|(arrival, trace)| (trace.timestamp.as_micros(), *arrival));
    found.into_iter().rev().map(|(_, trace)| trace).collect()
}

/// Returns a trace as lists contain it.
pub fn shown(trace: &NewTrace) -> Trace {
    let unsigned = |number: i64| u64::try_from(number).unwrap();
    Trace {
        trace_id: trace.trace_id.clone(),
        workspace_id: trace.workspace_id,
        agent_id: trace.agent_id.clone(),
        timestamp: trace.timestamp,
        latency_ms: trace.latency as f64 / 1e3,
        status: trace.status,
        model: trace.model.clone(),
        model_provider: trace.model_provider.clone(),
        tokens_input: trace.tokens_input.map(unsigned),
        tokens_output: trace.tokens_output.map(unsigned),
        tokens_total: trace.tokens_total.map(unsigned),
        cost_usd: trace.cost.map(|nanos| nanos as f64 / 1e9),
        quality_score: trace.quality.map(|micros| micros as f64 / 1e6),
        session_id: trace.session_id.clone(),
        user_id: trace.user_id.clone(),
        tags: trace.tags.as_ref().map(|tags| serde_json::from_str(tags).unwrap()).unwrap_or_default(),
        error: trace.error.clone(),
        name: trace.name.clone(),
        incomplete: trace.assembly == Assembly::Incomplete,
        unpriced: u32::try_from(trace.unpriced).unwrap(),
    }
}
