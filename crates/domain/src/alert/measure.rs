//! Measures rules: collects the windows that many rules need at many times, and computes the value of each rule and
//! group from their sums. Evaluation and preview use the same code and the same sums as the charts.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    time::Duration,
};

use shared::{
    Timestamp,
    alert_rule::{AlertMetric, AlertRuleRequest, Baseline},
    kpi::change_percent,
    limit,
    time_range::Window,
};

use super::state::{RuleState, minutes, window as length};
use crate::rollup::{
    sums::{Distribution, Sums},
    window::{GroupSums, Pair, WindowSums},
};

const DAY: Duration = Duration::from_secs(86_400);
const MICROS_PER_MINUTE: f64 = 60e6;

/// The sums of the windows of some rules of one workspace.
#[derive(Debug)]
pub struct Readings {
    /// Windows of rules that [need only totals](needs_only_totals).
    totals: HashMap<Window, Sums>,
    pairs: WindowSums,
}

/// The measurement of a group at a moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Measurement {
    /// The agent or model; empty without groups, and for traces without a model.
    pub key: String,
    /// The number of traces in the window.
    pub traces: i64,
    /// The value that is compared with the thresholds, in the unit of the metric, or in percent with a baseline.
    pub value: Option<f64>,
}

/// The windows that some rules need at some times, without duplicates.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NeededWindows {
    /// Windows that need only sums over all traces.
    pub totals: Vec<Window>,
    /// Windows that need sums and histograms by agent and model.
    pub pairs: Vec<Window>,
    /// The subset of `pairs` that needs the start of the newest trace.
    pub newest_of: Vec<Window>,
}

impl NeededWindows {
    /// Collects the windows of these rules at these times.
    #[must_use]
    pub fn of<'a>(rules: impl Iterator<Item = (&'a AlertRuleRequest, &'a [Timestamp])>) -> Self {
        let (mut totals, mut pairs, mut newest_of) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for (rule, times) in rules {
            for &at in times {
                let (now, before) = windows(rule, at);
                let into = if needs_only_totals(rule) { &mut totals } else { &mut pairs };
                into.insert(now);
                into.extend(before);
                if rule.metric == AlertMetric::NoData {
                    newest_of.insert(now);
                }
            }
        }
        let [totals, pairs, newest_of] = [totals, pairs, newest_of].map(Vec::from_iter);
        Self { totals, pairs, newest_of }
    }
}

impl Readings {
    /// Creates readings from the sums; `totals` is in the order of [`NeededWindows::totals`].
    #[must_use]
    pub fn new(needed: &NeededWindows, totals: Vec<Sums>, pairs: WindowSums) -> Self {
        Self { totals: needed.totals.iter().copied().zip(totals).collect(), pairs }
    }

    /// Measures the groups of a rule at a moment, sorted by key. If there are more than [`limit::ALERT_GROUPS`], groups with a
    /// pending or open alert go first, then those with the most traces.
    #[must_use]
    pub fn measure(&self, rule: &AlertRuleRequest, state: &RuleState, at: Timestamp) -> Vec<Measurement> {
        let (now, before) = windows(rule, at);
        let now = self.groups(rule, now);
        let before = before.map(|before| self.groups(rule, before));
        let mut keys: BTreeSet<&str> = now.keys().copied().collect();
        keys.extend(before.iter().flatten().map(|(&key, _)| key));
        keys.extend(state.groups.keys().map(String::as_str));
        if rule.group_by.is_none() {
            keys.insert("");
        }
        let mut measurements: Vec<_> = keys
            .into_iter()
            .map(|key| {
                let before = before.as_ref().map(|before| before.get(key));
                // An open alert continues to count from the newest trace, even if the server was down since.
                let since = state.watching_since.filter(|_| !has_alert(state, key));
                let silence = |newest: Timestamp| {
                    let from = since.map_or(newest, |since| newest.max(since));
                    at.since(from).as_micros() as f64 / MICROS_PER_MINUTE
                };
                measure(rule, key, now.get(key), before, silence)
            })
            .collect();
        if measurements.len() > limit::ALERT_GROUPS {
            measurements.sort_by_key(|group| (!state.groups.contains_key(&group.key), -group.traces));
            measurements.truncate(limit::ALERT_GROUPS);
            measurements.sort_by(|one, other| one.key.cmp(&other.key));
        }
        measurements
    }

    fn groups(&self, rule: &AlertRuleRequest, window: Window) -> BTreeMap<&str, GroupSums> {
        if needs_only_totals(rule) {
            let sums = self.totals.get(&window).copied().unwrap_or_default();
            let distribution = Distribution { sums, ..Distribution::default() };
            return BTreeMap::from([("", GroupSums { distribution, newest: None })]);
        }
        self.pairs.fold(window, is_percentile(rule.metric), |pair| group_of(rule, pair))
    }
}

fn has_alert(state: &RuleState, key: &str) -> bool {
    state.groups.get(key).is_some_and(|group| group.severity().is_some())
}

/// Measures a group. `silence` returns the minutes since a trace.
fn measure(
    rule: &AlertRuleRequest,
    key: &str,
    now: Option<&GroupSums>,
    before: Option<Option<&GroupSums>>,
    silence: impl Fn(Timestamp) -> f64,
) -> Measurement {
    let traces = |sum: Option<&GroupSums>| sum.map_or(0, |sum| sum.distribution.sums.requests);
    let value = |metric, sum: Option<&GroupSums>| {
        sum.map_or_else(|| Distribution::default().metric(metric), |sum| sum.distribution.metric(metric))
    };
    let fewest = i64::from(rule.min_traces.max(1));
    let value = match (rule.metric.metric(), before) {
        (None, _) => now.filter(|_| traces(now) >= fewest).and_then(|now| now.newest).map(silence),
        (Some(metric), None) => {
            let fewest =
                if is_zero_without_traces(rule.metric) { i64::from(rule.min_traces) } else { fewest };
            value(metric, now).filter(|_| traces(now) >= fewest)
        }
        (Some(metric), Some(before)) => {
            let is_enough =
                traces(before) >= fewest && (rule.metric == AlertMetric::Requests || traces(now) >= fewest);
            value(metric, now)
                .zip(value(metric, before))
                .filter(|_| is_enough)
                .map(|(now, before)| change_percent(now, before))
        }
    };
    Measurement { key: key.to_owned(), traces: traces(now), value }
}

/// Returns the window of a rule at a moment, and its baseline window, if any.
#[must_use]
pub fn windows(rule: &AlertRuleRequest, at: Timestamp) -> (Window, Option<Window>) {
    let now = Window { start: at - length(rule), end: at };
    let back = match rule.baseline {
        Baseline::None => return (now, None),
        Baseline::PreviousWindow => minutes(rule.window_minutes),
        Baseline::DayBefore => DAY,
        Baseline::WeekBefore => DAY * 7,
    };
    (now, Some(Window { start: now.start - back, end: now.end - back }))
}

/// Returns the group to which the traces of an agent and model belong, or `None` if they do not match the rule.
#[must_use]
pub fn group_of<'a>(rule: &AlertRuleRequest, pair: &'a Pair) -> Option<&'a str> {
    let matches =
        |expected: &Option<String>, name: &str| expected.as_ref().is_none_or(|expected| expected == name);
    (matches(&rule.agent_id, &pair.agent_id) && matches(&rule.model, &pair.model))
        .then(|| rule.group_by.map_or("", |by| by.select(&pair.agent_id, &pair.model)))
}

/// Returns whether a metric is a percentile, which needs histograms.
fn is_percentile(metric: AlertMetric) -> bool {
    matches!(metric, AlertMetric::P50LatencyMs | AlertMetric::P95LatencyMs | AlertMetric::P99LatencyMs)
}

/// Returns whether the sums over all traces are enough for a rule. They have a rollup per minute.
pub(super) fn needs_only_totals(rule: &AlertRuleRequest) -> bool {
    rule.agent_id.is_none()
        && rule.model.is_none()
        && rule.group_by.is_none()
        && rule.metric != AlertMetric::NoData
        && !is_percentile(rule.metric)
}

/// Returns whether a metric is 0 without traces, instead of having no value.
fn is_zero_without_traces(metric: AlertMetric) -> bool {
    matches!(metric, AlertMetric::Requests | AlertMetric::CostUsd | AlertMetric::Tokens)
}
