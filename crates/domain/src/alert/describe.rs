//! Describes alerts when they fire or escalate: a text with the numbers, the contributors, and a filter for the traces.

use shared::{
    alert::{AlertChange, AlertTraces},
    alert_rule::{AlertMetric, AlertRuleRequest, Baseline},
    format,
    metric::{Dimension, Metric},
    time_range::Window,
    trace::TraceStatus,
};

use super::{
    contributor::{Contributor, contributors, failures},
    measure::group_of,
    subject::{Subject, agent_and_model, before, now},
};
use crate::rollup::{
    sums::Distribution,
    window::{GroupSums, Pair, WindowSums},
};

/// The description of an alert.
#[derive(Clone, Debug, PartialEq)]
pub struct AlertText {
    /// The text.
    pub description: String,
    /// The agents and models that contributed most, largest contribution first.
    pub changes: Vec<AlertChange>,
    /// A filter for the traces of the measured window.
    pub traces: AlertTraces,
}

/// The sums that describing some alerts of a workspace needs.
#[derive(Debug, Default)]
pub struct DescriptionData(WindowSums);

impl DescriptionData {
    /// Wraps the sums of the windows that [`DescriptionData::needed`] returns.
    #[must_use]
    pub fn new(sums: WindowSums) -> Self {
        Self(sums)
    }

    /// Returns the windows that describing these subjects needs, and the subset that needs the start of the newest trace.
    #[must_use]
    pub fn needed(subjects: &[Subject<'_>]) -> (Vec<Window>, Vec<Window>) {
        let is_silence = |subject: &&Subject<'_>| subject.rule.metric == AlertMetric::NoData;
        let compared = subjects.iter().filter(|subject| !is_silence(subject)).map(before);
        let windows = subjects.iter().map(now).chain(compared).collect();
        (windows, subjects.iter().filter(is_silence).map(now).collect())
    }

    /// Describes a subject whose windows were read.
    #[must_use]
    pub fn describe(&self, subject: &Subject<'_>) -> AlertText {
        let sum = |window| {
            let in_group = |pair: &Pair| group_of(subject.rule, pair) == Some(subject.key);
            let mut sums = self.0.fold(window, true, |pair| in_group(pair).then_some(""));
            sums.remove("").unwrap_or_default()
        };
        let (now, before) = (sum(now(subject)), sum(before(subject)));
        let metric = subject.rule.metric.metric();
        let overall = metric.and_then(|metric| before.distribution.metric(metric));
        let contributors = contributors(&self.0, subject, overall);
        let changes = contributors.iter().map(|contributor| contributor.change.clone()).collect();
        let description = match metric {
            None => describe_silence(subject, &now),
            Some(metric) => {
                let largest = contributors.first();
                describe_value(subject, metric, &now.distribution, &before.distribution, largest)
            }
        };
        AlertText { description, changes, traces: traces(subject) }
    }
}

/// Formats a number of traces.
fn count(traces: i64) -> String {
    format::integer(traces.unsigned_abs())
}

/// Returns the agent and model as they follow the name of the metric: ` of bot on gpt-4o`.
fn scope(subject: &Subject<'_>) -> String {
    let (agent, model) = agent_and_model(subject);
    let agent = agent.map_or_else(String::new, |agent| format!(" of {agent}"));
    match model.as_deref() {
        None => agent,
        Some("") => format!("{agent} (no model)"),
        Some(model) => format!("{agent} on {model}"),
    }
}

/// Returns the title of an alert.
#[must_use]
pub fn title(rule: &AlertRuleRequest, key: &str) -> String {
    match rule.group_by {
        None => rule.name.clone(),
        Some(Dimension::Model) if key.is_empty() => format!("{}: no model", rule.name),
        Some(_) => format!("{}: {key}", rule.name),
    }
}

fn traces(subject: &Subject<'_>) -> AlertTraces {
    let (agent_id, model) = agent_and_model(subject);
    let Window { start, end } = now(subject);
    let status = (subject.rule.metric == AlertMetric::ErrorRate).then_some(TraceStatus::Error);
    AlertTraces { start, end, agent_id, model, status }
}

fn describe_silence(subject: &Subject<'_>, now: &GroupSums) -> String {
    let silent = match agent_and_model(subject) {
        (Some(agent), None) => format!("{agent} has sent no traces"),
        _ => format!("No traces{}", scope(subject)),
    };
    let newest = now.newest.map_or_else(String::new, |newest| {
        let minute = newest.floor(std::time::Duration::from_secs(60)).to_string();
        format!(" Newest trace: {} UTC.", minute.trim_end_matches(":00Z").replace('T', " "))
    });
    format!(
        "{silent} for {}.{newest} Traces in the last {}: {}.{}",
        format::minutes(subject.value),
        format::minutes(subject.rule.window_minutes.into()),
        count(now.distribution.sums.requests),
        threshold(subject),
    )
}

fn describe_value(
    subject: &Subject<'_>,
    metric: Metric,
    now: &Distribution,
    before: &Distribution,
    largest: Option<&Contributor>,
) -> String {
    let rule = subject.rule;
    let span = format::minutes(rule.window_minutes.into());
    let value = |distribution: &Distribution| {
        let value = distribution.metric(metric);
        value.map_or_else(|| "no data".to_owned(), |value| rule.metric.unit(false).text(value))
    };
    let traces = count(now.sums.requests);
    let basis = match metric {
        Metric::Requests => String::new(),
        Metric::ErrorRate => format!(" ({} of {traces} traces failed)", count(failures(now))),
        Metric::QualityScore => format!(" ({} scored traces)", count(now.sums.scored)),
        _ => format!(" ({traces} traces)"),
    };
    let compared = match rule.baseline {
        Baseline::None | Baseline::PreviousWindow => format!("Previous {span}"),
        Baseline::DayBefore => "Same time one day before".to_owned(),
        Baseline::WeekBefore => "Same time one week before".to_owned(),
    };
    let change = match rule.is_change() {
        true => format!(" Change: {}.", format::change(subject.value)),
        false => String::new(),
    };
    format!(
        "{}{}: {} in the last {span}{basis}. {compared}: {}.{change}{}{}",
        name(metric),
        scope(subject),
        value(now),
        value(before),
        threshold(subject),
        largest.map_or_else(String::new, |largest| describe_contributor(rule, metric, now, largest)),
    )
}

fn threshold(subject: &Subject<'_>) -> String {
    let rule = subject.rule;
    let Some(threshold) = rule.threshold(subject.severity) else { return String::new() };
    let threshold = rule.metric.unit(rule.is_change()).text(threshold);
    format!(" Threshold for {}: {threshold}.", subject.severity.as_str())
}

fn describe_contributor(
    rule: &AlertRuleRequest,
    metric: Metric,
    now: &Distribution,
    largest: &Contributor,
) -> String {
    let change = &largest.change;
    let name = change.key.as_deref().unwrap_or("traces without a model");
    if metric == Metric::ErrorRate && largest.failed * 2 > failures(now) {
        return format!(" Most failures: {name}, {} of {}.", largest.failed, failures(now));
    }
    let value = |value: f64| rule.metric.unit(false).text(value);
    let values = match (change.before, change.now) {
        (Some(before), Some(now)) => format!("{name}, from {} to {}", value(before), value(now)),
        (None, Some(now)) => format!("{name} (new), {}", value(now)),
        (Some(before), None) => format!("{name}, from {} to no traces", value(before)),
        (None, None) => return String::new(),
    };
    format!(" Largest contributor: {values}.")
}

fn name(metric: Metric) -> &'static str {
    match metric {
        Metric::Requests => "Requests",
        Metric::Errors => "Errors",
        Metric::ErrorRate => "Error rate",
        Metric::AvgLatencyMs => "Mean latency",
        Metric::P50LatencyMs => "p50 latency",
        Metric::P95LatencyMs => "p95 latency",
        Metric::P99LatencyMs => "p99 latency",
        Metric::CostUsd => "Cost",
        Metric::Tokens => "Tokens",
        Metric::QualityScore => "Quality score",
    }
}
