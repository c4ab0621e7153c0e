//! What rules look at: the windows before the moments at which they are evaluated, read for many rules and moments at once,
//! and what each rule makes of them. Evaluation and preview both measure here, by what charts show.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    time::Duration,
};

use shared::{
    Timestamp,
    alert_rule::{AlertMetric, AlertRuleRequest, Baseline},
    kpi::change_percent,
    limit,
    metric::Dimension,
    time_range::Window,
};

use super::state::{RuleState, minutes_long, window as length};
use crate::rollup::{
    sums::{Distribution, Sums},
    window::{Pair, Summed, WindowSums},
};

const DAY: Duration = Duration::from_secs(86_400);
const MICROS_PER_MINUTE: f64 = 60e6;

/// The windows of some rules at some moments, read from one workspace.
#[derive(Debug)]
pub struct Readings {
    /// Of rules that look at all traces together, and at no percentile.
    totals: HashMap<Window, Sums>,
    pairs: WindowSums,
}

/// A group at a moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// The agent or model; empty for all together, and for no model.
    pub key: String,
    /// Traces in the window.
    pub traces: i64,
    /// What is compared with thresholds; nothing where nothing is measured.
    pub value: Option<f64>,
}

/// The windows that some rules need at some moments, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needed {
    /// Windows of which the sums of all traces suffice.
    pub totals: Vec<Window>,
    /// Windows of which sums and histograms by agent and model are needed.
    pub pairs: Vec<Window>,
    /// Those of `pairs` in which the start of the newest trace is needed.
    pub newest_of: Vec<Window>,
}

impl Needed {
    /// Collects the windows of these rules at these moments.
    #[must_use]
    pub fn by<'a>(rules: impl Iterator<Item = (&'a AlertRuleRequest, &'a [Timestamp])>) -> Self {
        let (mut totals, mut pairs, mut newest_of) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        let ordered = |window: Window| (window.start, window.end);
        for (rule, moments) in rules {
            for &at in moments {
                let (now, before) = windows(rule, at);
                let into = if is_plain(rule) { &mut totals } else { &mut pairs };
                into.insert(ordered(now));
                into.extend(before.map(ordered));
                if rule.metric == AlertMetric::NoData {
                    newest_of.insert(ordered(now));
                }
            }
        }
        let [totals, pairs, newest_of] = [totals, pairs, newest_of].map(|windows| -> Vec<Window> {
            windows.into_iter().map(|(start, end)| Window { start, end }).collect()
        });
        Self { totals, pairs, newest_of }
    }
}

impl Readings {
    /// Combines what was read of the windows that are needed: `totals` in the order of [`Needed::totals`].
    #[must_use]
    pub fn new(needed: &Needed, totals: Vec<Sums>, pairs: WindowSums) -> Self {
        Self { totals: needed.totals.iter().copied().zip(totals).collect(), pairs }
    }

    /// What a rule measures at a moment: each of its groups, in the order of their keys. Of more than
    /// [`limit::ALERT_GROUPS`], those of which there is something to remember, then those with the most traces.
    #[must_use]
    pub fn measure(&self, rule: &AlertRuleRequest, state: &RuleState, at: Timestamp) -> Vec<Measured> {
        let (now, before) = windows(rule, at);
        let now = self.groups(rule, now);
        let before = before.map(|before| self.groups(rule, before));
        let mut keys: BTreeSet<&str> = now.keys().copied().collect();
        keys.extend(before.iter().flatten().map(|(&key, _)| key));
        keys.extend(state.groups.keys().map(String::as_str));
        if rule.group_by.is_none() {
            keys.insert("");
        }
        let mut measured: Vec<_> = keys
            .into_iter()
            .map(|key| {
                let before = before.as_ref().map(|before| before.get(key));
                let since = state.watching_since.filter(|_| !lasts(state, key));
                measure(rule, key, now.get(key), before, &Silence { at, since })
            })
            .collect();
        if measured.len() > limit::ALERT_GROUPS {
            measured.sort_by_key(|group| (!state.groups.contains_key(&group.key), -group.traces));
            measured.truncate(limit::ALERT_GROUPS);
            measured.sort_by(|one, other| one.key.cmp(&other.key));
        }
        measured
    }

    fn groups(&self, rule: &AlertRuleRequest, window: Window) -> BTreeMap<&str, Summed> {
        if is_plain(rule) {
            let sums = self.totals.get(&window).copied().unwrap_or_default();
            let distribution = Distribution { sums, ..Distribution::default() };
            return BTreeMap::from([("", Summed { distribution, newest: None })]);
        }
        self.pairs.fold(window, needs_latencies(rule.metric), |pair| group_of(rule, pair))
    }
}

/// Whether the group has an alert that lasts: its silence goes on, whether or not the server was there to hear it.
fn lasts(state: &RuleState, key: &str) -> bool {
    state.groups.get(key).is_some_and(|group| group.severity().is_some())
}

/// From when on, and until when, silence counts.
struct Silence {
    at: Timestamp,
    since: Option<Timestamp>,
}

fn measure(
    rule: &AlertRuleRequest,
    key: &str,
    now: Option<&Summed>,
    before: Option<Option<&Summed>>,
    silence: &Silence,
) -> Measured {
    let traces = |sum: Option<&Summed>| sum.map_or(0, |sum| sum.distribution.sums.requests);
    let value = |metric, sum: Option<&Summed>| {
        sum.map_or_else(|| Distribution::default().metric(metric), |sum| sum.distribution.metric(metric))
    };
    let fewest = i64::from(rule.min_traces.max(1));
    let value = match (rule.metric.metric(), before) {
        (None, _) => now.filter(|_| traces(now) >= fewest).and_then(|now| silence.minutes(now.newest?)),
        (Some(metric), None) => {
            let fewest = if stands_without_traces(rule.metric) { i64::from(rule.min_traces) } else { fewest };
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
    Measured { key: key.to_owned(), traces: traces(now), value }
}

impl Silence {
    fn minutes(&self, newest: Timestamp) -> Option<f64> {
        let from = self.since.map_or(newest, |since| newest.max(since));
        Some(self.at.since(from).as_micros() as f64 / MICROS_PER_MINUTE)
    }
}

/// The window that a rule looks at at a moment, and the earlier one that it compares it with.
#[must_use]
pub fn windows(rule: &AlertRuleRequest, at: Timestamp) -> (Window, Option<Window>) {
    let now = Window { start: at - length(rule), end: at };
    let back = match rule.baseline {
        Baseline::None => return (now, None),
        Baseline::PreviousWindow => minutes_long(rule.window_minutes),
        Baseline::DayBefore => DAY,
        Baseline::WeekBefore => DAY * 7,
    };
    (now, Some(Window { start: now.start - back, end: now.end - back }))
}

/// The key of the group in which a rule counts an agent's traces of a model; nothing where it does not count them.
#[must_use]
pub fn group_of<'a>(rule: &AlertRuleRequest, pair: &'a Pair) -> Option<&'a str> {
    let is_wanted = |wanted: &Option<String>, name: &str| wanted.as_ref().is_none_or(|wanted| wanted == name);
    (is_wanted(&rule.agent_id, &pair.agent_id) && is_wanted(&rule.model, &pair.model)).then_some(
        match rule.group_by {
            None => "",
            Some(Dimension::Agent) => &pair.agent_id,
            Some(Dimension::Model) => &pair.model,
        },
    )
}

/// Whether a metric is made of latencies one by one.
#[must_use]
pub fn needs_latencies(metric: AlertMetric) -> bool {
    matches!(metric, AlertMetric::P50LatencyMs | AlertMetric::P95LatencyMs | AlertMetric::P99LatencyMs)
}

/// Whether the sums of all traces say what a rule measures: they are the quickest to read.
pub(super) fn is_plain(rule: &AlertRuleRequest) -> bool {
    rule.agent_id.is_none()
        && rule.model.is_none()
        && rule.group_by.is_none()
        && rule.metric != AlertMetric::NoData
        && !needs_latencies(rule.metric)
}

/// Whether a metric has a value, 0, where there are no traces.
fn stands_without_traces(metric: AlertMetric) -> bool {
    matches!(metric, AlertMetric::Requests | AlertMetric::CostUsd | AlertMetric::Tokens)
}
