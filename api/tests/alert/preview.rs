//! Property tests: for random traces and rules a preview shows the values computed by plain loops, and the alerts that
//! evaluation raises.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use api::{
    alert::preview::Previews,
    cache::{Cache, Invalidator, MemoryCache},
    clock::Clock,
    config::CacheTtls,
    processing::alert::Evaluator,
    telemetry::metrics::Metrics,
};
use domain::{alert::record::AlertFilter, trace::record::NewTrace};
use proptest::{option, prelude::*, test_runner::TestCaseError};
use shared::{
    Timestamp,
    alert_rule::{AlertMetric, AlertPreview, AlertRule, AlertRuleRequest, Baseline, Side},
    kpi::change_percent,
    metric::Dimension,
    time_range::Window,
};
use store::{alert::AlertStore, trace::TraceStore};
use uuid::Uuid;

use crate::stage::Stage;
use test_support::{
    oracle::{inside, sums},
    property::check,
    store_sample::{AGENTS, DAY, HOUR, MODELS, START, named, traces, write},
};

fn rule() -> impl Strategy<Value = AlertRuleRequest> {
    let metric = prop::sample::select(AlertMetric::ALL.to_vec());
    let window = prop::sample::select(vec![5_u32, 25, 55, 60, 65, 180, 1440, 1500, 10_080]);
    let agent = option::weighted(0.2, prop::sample::select(AGENTS.to_vec()));
    let model = option::weighted(0.2, prop::sample::select(MODELS.to_vec()));
    let group = option::of(prop::sample::select(vec![Dimension::Agent, Dimension::Model]));
    let baseline = prop::sample::select(Baseline::ALL.to_vec());
    let side = prop::sample::select(vec![Side::Above, Side::Below]);
    let least = prop::sample::select(vec![0_u32, 1, 2, 5]);
    let times = (prop::sample::select(vec![0_u32, 10, 120]), prop::sample::select(vec![0_u32, 10, 50]));
    let levels = (0.0..1.0_f64, 0.0..1.0_f64);
    (metric, window, agent, model, group, baseline, side, least, times, levels).prop_map(
        |(metric, window_minutes, agent, model, group_by, baseline, side, min_traces, times, levels)| {
            let is_silence = metric == AlertMetric::NoData;
            let baseline = if is_silence { Baseline::None } else { baseline };
            let is_change = baseline != Baseline::None;
            let scale = match metric {
                _ if is_change => 150.0,
                AlertMetric::Requests => f64::from(window_minutes) / 20.0,
                AlertMetric::ErrorRate | AlertMetric::QualityScore => 90.0,
                AlertMetric::CostUsd => 0.5,
                AlertMetric::Tokens => 5e6,
                AlertMetric::NoData => f64::from(window_minutes) - 2.0,
                _ => 20_000.0,
            };
            let (low, high) = (levels.0.min(levels.1) * scale + 1.0, levels.0.max(levels.1) * scale + 1.5);
            let is_below = side == Side::Below && !is_silence;
            let (info, critical) = if is_below { (high, low) } else { (low, high) };
            let counts_itself = metric == AlertMetric::Requests && !is_change;
            AlertRuleRequest {
                name: "Any".to_owned(),
                metric,
                agent_id: agent.filter(|_| group_by != Some(Dimension::Agent)).map(str::to_owned),
                model: model.filter(|_| group_by != Some(Dimension::Model)).map(str::to_owned),
                group_by,
                window_minutes,
                baseline,
                side: if is_below { Side::Below } else { Side::Above },
                info: Some(info),
                critical: Some(critical),
                min_traces: if counts_itself { 0 } else { min_traces },
                for_minutes: times.0,
                hysteresis_percent: times.1,
                ..AlertRuleRequest::default()
            }
        },
    )
}

/// Traces of a new workspace, a rule, and the time of the preview. The traces lie in one day, the day before it and the day
/// a week before it, so that windows contain some.
fn case() -> impl Strategy<Value = (Vec<NewTrace>, AlertRuleRequest, Timestamp)> {
    let today = START + 8 * DAY;
    let now = (today..today + 26 * HOUR).prop_map(Timestamp::from_micros);
    let crowded = traces(0..=300).prop_map(move |mut traces| {
        for (number, trace) in traces.iter_mut().enumerate() {
            let back = [0, 0, DAY, 7 * DAY][number % 4];
            let into = (trace.timestamp.as_micros() - START).rem_euclid(DAY);
            trace.timestamp = Timestamp::from_micros(today - back + into);
        }
        traces
    });
    (crowded, rule().prop_filter("valid", |rule| rule.validate().is_empty()), now)
}

fn cases(stage: &Stage) -> u32 {
    if matches!(stage.store.database(), store::database::Database::Sqlite { .. }) { 30 } else { 6 }
}

pub async fn a_preview_shows_the_alerts_that_evaluation_raises(stage: &mut Stage) {
    let (store, alerts) = (&stage.store, AtomicU64::new(0));
    check(cases(stage), &case(), async |(traces, rule, now)| {
        let workspace_id = Uuid::new_v4();
        write(store, &named(traces, workspace_id), 50).await;
        let shown = Previews::default().get(store, workspace_id, rule.clone(), now).await.unwrap();
        let found = evaluated(store, workspace_id, &rule, &shown).await;
        let mut expected = Vec::new();
        for series in &shown.series {
            for span in &series.alerts {
                let is_open = |at: Timestamp| at >= span.start && span.end.is_none_or(|end| at <= end);
                let values = series.points.iter().filter(|point| is_open(point.timestamp));
                let worse = match rule.side {
                    Side::Above => f64::max,
                    Side::Below => f64::min,
                };
                let worst = values.filter_map(|point| point.value).reduce(worse);
                let key = series.key.clone().unwrap_or_default();
                expected.push((span.start, key, span.end, worst));
            }
        }
        expected.sort_by(|one, other| (one.0, &one.1).cmp(&(other.0, &other.1)));
        alerts.fetch_add(found.len() as u64, Ordering::Relaxed);
        prop_assert_eq!(found, expected, "{:?}", rule);
        Ok(())
    });
    assert!(alerts.into_inner() > 0);
}

/// Evaluates a rule at the points of a preview with the production evaluator. Returns for each alert when it fired, its
/// group, when it was resolved and its worst value.
async fn evaluated(
    store: &TraceStore,
    workspace_id: Uuid,
    rule: &AlertRuleRequest,
    shown: &AlertPreview,
) -> Vec<(Timestamp, String, Option<Timestamp>, Option<f64>)> {
    let clock = Clock::manual(shown.start);
    let step = Duration::from_secs(shown.step_seconds);
    let cache = Cache::Memory(MemoryCache::new(CacheTtls::default()));
    let invalidator = Invalidator::new(cache, clock.clone());
    let evaluator = Evaluator::new(store.clone(), invalidator, clock.clone(), Metrics::new().unwrap(), step);
    // A preview does not detect durations shorter than a step.
    let minutes = u32::try_from(shown.step_seconds / 60).unwrap();
    let rule_record = AlertRule {
        id: Uuid::new_v4(),
        rule: AlertRuleRequest { for_minutes: rule.for_minutes / minutes * minutes, ..rule.clone() },
        created_at: shown.start,
        updated_at: shown.start,
        evaluated_at: None,
        open_alerts: 0,
    };
    let store = AlertStore::new(store.database());
    store.create_rule(workspace_id, &rule_record).await.unwrap();
    while clock.now() <= shown.end {
        assert_eq!(evaluator.round().await.unwrap(), 1);
        clock.advance(step);
    }
    let alerts = store.list_alerts(workspace_id, AlertFilter::default(), 0, 10_000).await.unwrap().items;
    // Evaluators of other cases must not find the rule.
    store.delete_rule(workspace_id, rule_record.id, clock.now()).await.unwrap();
    evaluator.round().await.unwrap();
    let mut found: Vec<_> = alerts
        .into_iter()
        .map(|alert| {
            let key = match rule.group_by {
                None => None,
                Some(Dimension::Agent) => alert.agent_id,
                Some(Dimension::Model) => alert.model,
            };
            (alert.created_at, key.unwrap_or_default(), alert.resolved_at, alert.worst_value)
        })
        .collect();
    found.sort_by(|one, other| (one.0, &one.1).cmp(&(other.0, &other.1)));
    found
}

pub async fn preview_values_equal_brute_force(stage: &mut Stage) {
    let (store, values) = (&stage.store, AtomicU64::new(0));
    check(cases(stage), &case(), async |(traces, rule, now)| {
        let workspace_id = Uuid::new_v4();
        let traces = named(traces, workspace_id);
        write(store, &traces, 50).await;
        let shown = Previews::default().get(store, workspace_id, rule.clone(), now).await.unwrap();
        let mut groups: BTreeMap<Option<String>, Vec<NewTrace>> = BTreeMap::new();
        for trace in &traces {
            let is_selected = rule.agent_id.as_ref().is_none_or(|agent| *agent == trace.agent_id)
                && rule.model.as_ref().is_none_or(|model| Some(model) == trace.model.as_ref());
            let key = match rule.group_by {
                None => None,
                Some(Dimension::Agent) => Some(trace.agent_id.clone()),
                Some(Dimension::Model) => trace.model.clone(),
            };
            if is_selected {
                groups.entry(key).or_default().push(trace.clone());
            }
        }
        for series in &shown.series {
            let empty = Vec::new();
            let traces = groups.get(&series.key).unwrap_or(&empty);
            for point in &series.points {
                // A group without traces in the windows is listed only while the rule keeps state for it.
                let is_listed = rule.group_by.is_none()
                    || windows(&rule, point.timestamp).any(|window| inside(traces, window).count() > 0);
                if is_listed || point.value.is_some() {
                    assert_close(&rule, point.value, expected_value(&rule, traces, point.timestamp))?;
                    values.fetch_add(u64::from(point.value.is_some()), Ordering::Relaxed);
                }
            }
        }
        Ok(())
    });
    assert!(values.into_inner() > 0);
}

fn assert_close(
    rule: &AlertRuleRequest,
    found: Option<f64>,
    expected: Option<f64>,
) -> Result<(), TestCaseError> {
    let is_percentile = matches!(
        rule.metric,
        AlertMetric::P50LatencyMs | AlertMetric::P95LatencyMs | AlertMetric::P99LatencyMs
    );
    match (found, expected) {
        // The change between two values with an error of 2% each is unbounded.
        (Some(_), Some(_)) if is_percentile && rule.is_change() => {}
        (Some(found), Some(expected)) if is_percentile => {
            prop_assert!((found - expected).abs() <= 0.02 * expected, "{found} for {expected}: {rule:?}");
        }
        (found, expected) => prop_assert_eq!(found, expected, "{:?}", rule),
    }
    Ok(())
}

/// The windows that a rule reads at a point in time: the current one and, with a baseline, the earlier one.
fn windows(rule: &AlertRuleRequest, at: Timestamp) -> impl Iterator<Item = Window> {
    let minutes = |minutes: u32| Duration::from_secs(60 * u64::from(minutes));
    let (start, end) = (at - minutes(rule.window_minutes), at);
    let back = match rule.baseline {
        Baseline::None => None,
        Baseline::PreviousWindow => Some(minutes(rule.window_minutes)),
        Baseline::DayBefore => Some(minutes(1440)),
        Baseline::WeekBefore => Some(minutes(7 * 1440)),
    };
    let before = back.map(|back| Window { start: start - back, end: end - back });
    std::iter::once(Window { start, end }).chain(before)
}

/// The value at a point in time, computed by plain loops.
fn expected_value(rule: &AlertRuleRequest, traces: &[NewTrace], at: Timestamp) -> Option<f64> {
    let mut windows = windows(rule, at).map(|window| inside(traces, window).collect::<Vec<_>>());
    let (now, before) = (windows.next()?, windows.next());
    let fewest = rule.min_traces.max(1) as usize;
    let Some(before) = before else {
        let is_valid_when_empty =
            matches!(rule.metric, AlertMetric::Requests | AlertMetric::CostUsd | AlertMetric::Tokens);
        let fewest = if is_valid_when_empty { rule.min_traces as usize } else { fewest };
        if rule.metric == AlertMetric::NoData {
            let newest = now.iter().map(|trace| trace.timestamp).max()?;
            let silence = (at.as_micros() - newest.as_micros()) as f64 / 60e6;
            return (now.len() >= fewest).then_some(silence);
        }
        return if now.len() >= fewest { value(rule.metric, &now) } else { None };
    };
    let is_enough = before.len() >= fewest && (rule.metric == AlertMetric::Requests || now.len() >= fewest);
    let (now, before) = (value(rule.metric, &now)?, value(rule.metric, &before)?);
    is_enough.then(|| change_percent(now, before))
}

fn value(metric: AlertMetric, traces: &[&NewTrace]) -> Option<f64> {
    let sums = sums(traces.iter().copied());
    let percentile = |percent: usize| {
        let mut latencies: Vec<_> = traces.iter().map(|trace| trace.latency).collect();
        latencies.sort_unstable();
        let rank = (percent * latencies.len()).div_ceil(100).checked_sub(1)?;
        Some(latencies[rank] as f64 / 1e3)
    };
    match metric {
        AlertMetric::Requests => Some(traces.len() as f64),
        AlertMetric::ErrorRate => sums.error_rate(),
        AlertMetric::AvgLatencyMs => sums.avg_latency_ms(),
        AlertMetric::P50LatencyMs => percentile(50),
        AlertMetric::P95LatencyMs => percentile(95),
        AlertMetric::P99LatencyMs => percentile(99),
        AlertMetric::CostUsd => Some(sums.cost_usd()),
        AlertMetric::Tokens => Some(sums.tokens as f64),
        AlertMetric::QualityScore => sums.avg_quality(),
        AlertMetric::NoData => None,
    }
}
