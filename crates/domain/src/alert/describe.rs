//! What an alert says when it fires: sentences with the numbers, who moved them most, and which traces are behind it. Read
//! only for rules that fire.

use shared::{
    alert::{AlertChange, AlertTraces},
    alert_rule::{AlertMetric, AlertRuleRequest, Baseline},
    format,
    metric::{Dimension, Metric},
    time_range::Window,
    trace::TraceStatus,
};

use super::{
    contributor::{Moved, failures, moved},
    measure::group_of,
    subject::{Subject, before, names, now},
};
use crate::rollup::{
    sums::Distribution,
    window::{Pair, Summed, WindowSums},
};

/// What an alert says.
#[derive(Clone, Debug, PartialEq)]
pub struct Story {
    /// Sentences.
    pub description: String,
    /// Who moved the value most.
    pub changes: Vec<AlertChange>,
    /// The traces behind it.
    pub traces: AlertTraces,
}

/// What several subjects of a workspace are about.
#[derive(Debug, Default)]
pub struct Facts(WindowSums);

impl Facts {
    /// Wraps the sums of the windows that [`Facts::needed`] names.
    #[must_use]
    pub fn new(sums: WindowSums) -> Self {
        Self(sums)
    }

    /// Returns the windows that describing these subjects needs, and those of them in which the start of the newest trace
    /// is needed.
    #[must_use]
    pub fn needed(subjects: &[Subject<'_>]) -> (Vec<Window>, Vec<Window>) {
        let is_silence = |subject: &&Subject<'_>| subject.rule.metric == AlertMetric::NoData;
        let compared = subjects.iter().filter(|subject| !is_silence(subject)).map(before);
        let windows = subjects.iter().map(now).chain(compared).collect();
        (windows, subjects.iter().filter(is_silence).map(now).collect())
    }

    /// What an alert says of a subject that was read.
    #[must_use]
    pub fn story(&self, subject: &Subject<'_>) -> Story {
        let is_mine = |pair: &Pair| group_of(subject.rule, pair) == Some(subject.key);
        let whole = |window| {
            let mut sums = self.0.fold(window, true, |pair| is_mine(pair).then_some(""));
            sums.remove("").unwrap_or_default()
        };
        let (now, before) = (whole(now(subject)), whole(before(subject)));
        let metric = subject.rule.metric.metric();
        let overall = metric.and_then(|metric| before.distribution.metric(metric));
        let moved = moved(&self.0, subject, overall);
        let changes: Vec<AlertChange> = moved.iter().map(|moved| moved.change.clone()).collect();
        let description = match metric {
            None => silent(subject, &now),
            Some(metric) => crossed(subject, metric, &now.distribution, &before.distribution, moved.first()),
        };
        Story { description, changes, traces: traces(subject) }
    }
}

/// Formats a number of traces.
fn count(traces: i64) -> String {
    format::integer(traces.unsigned_abs())
}

/// Whose traces these are, after a word like "Cost".
fn whose(subject: &Subject<'_>) -> String {
    let (agent, model) = names(subject);
    let agent = agent.map_or_else(String::new, |agent| format!(" of {agent}"));
    match model.as_deref() {
        None => agent,
        Some("") => format!("{agent} without a model"),
        Some(model) => format!("{agent} on {model}"),
    }
}

/// The headline of an alert.
#[must_use]
pub fn title(rule: &AlertRuleRequest, key: &str) -> String {
    match rule.group_by {
        None => rule.name.clone(),
        Some(Dimension::Model) if key.is_empty() => format!("{}: no model", rule.name),
        Some(_) => format!("{}: {key}", rule.name),
    }
}

fn traces(subject: &Subject<'_>) -> AlertTraces {
    let (agent_id, model) = names(subject);
    let Window { start, end } = now(subject);
    let status = (subject.rule.metric == AlertMetric::ErrorRate).then_some(TraceStatus::Error);
    AlertTraces { start, end, agent_id, model, status }
}

fn silent(subject: &Subject<'_>, now: &Summed) -> String {
    let rule = subject.rule;
    let who = match names(subject) {
        (Some(agent), None) => format!("{agent} has sent nothing"),
        _ => format!("No trace{} has come", whose(subject)),
    };
    let newest = now.newest.map_or_else(String::new, |newest| {
        let minute = newest.floor(std::time::Duration::from_secs(60)).to_string();
        format!(" The newest trace started at {} UTC;", minute.trim_end_matches(":00Z").replace('T', " "))
    });
    format!(
        "{who} for {}.{newest} there were {} in the last {}. {}",
        format::minutes(subject.value),
        count(now.distribution.sums.requests),
        format::minutes(rule.window_minutes.into()),
        threshold(subject),
    )
}

fn crossed(
    subject: &Subject<'_>,
    metric: Metric,
    now: &Distribution,
    before: &Distribution,
    most: Option<&Moved>,
) -> String {
    let rule = subject.rule;
    let (span, whose) = (format::minutes(rule.window_minutes.into()), whose(subject));
    let say = |value: Option<f64>| {
        value.map_or_else(|| "nothing to measure".to_owned(), |value| rule.metric.unit(false).text(value))
    };
    let was = before.metric(metric).map_or("there was", |_| "it was");
    let traces = now.sums.requests;
    let basis = match metric {
        Metric::Requests => String::new(),
        Metric::ErrorRate => {
            let failed = failures(now);
            format!(": {} of {} traces failed", count(failed), count(traces))
        }
        Metric::QualityScore => format!(", {} scored traces", count(now.sums.scored)),
        _ => format!(", {} traces", count(traces)),
    };
    let mut text =
        format!("{}{whose}: {} over the last {span}{basis}.", name(metric), say(now.metric(metric)));
    let compared = match rule.baseline {
        Baseline::None | Baseline::PreviousWindow => format!("In the {span} before"),
        Baseline::DayBefore => "At the same time a day before".to_owned(),
        Baseline::WeekBefore => "At the same time a week before".to_owned(),
    };
    text.push_str(&format!(" {compared} {was} {}", say(before.metric(metric))));
    if rule.is_change() {
        text.push_str(&format!(", a change of {}", format::change(subject.value)));
    }
    text.push_str(&format!(". {}", threshold(subject)));
    if let Some(most) = most {
        text.push_str(&most_of_it(rule, metric, now, most));
    }
    text
}

fn threshold(subject: &Subject<'_>) -> String {
    let rule = subject.rule;
    let Some(threshold) = rule.threshold(subject.severity) else { return String::new() };
    let threshold = rule.metric.unit(rule.is_change()).text(threshold);
    format!("The threshold for {} is {threshold}.", subject.severity.as_str())
}

fn most_of_it(rule: &AlertRuleRequest, metric: Metric, now: &Distribution, most: &Moved) -> String {
    let change = &most.change;
    let who = change.key.as_deref().unwrap_or("no model");
    if metric == Metric::ErrorRate && most.failed * 2 > failures(now) {
        return format!(" Most of it: {who}, {} of {}.", most.failed, failures(now));
    }
    let say = |value: f64| rule.metric.unit(false).text(value);
    match (change.before, change.now) {
        (Some(before), Some(now)) => format!(" {who} moved it most: from {} to {}.", say(before), say(now)),
        (None, Some(now)) => format!(" {who} moved it most: it is new, with {}.", say(now)),
        (Some(before), None) => format!(" {who} moved it most: it had {} and is gone.", say(before)),
        (None, None) => String::new(),
    }
}

fn name(metric: Metric) -> &'static str {
    match metric {
        Metric::Requests => "Requests",
        Metric::Errors => "Errors",
        Metric::ErrorRate => "Error rate",
        Metric::AvgLatencyMs => "Mean latency",
        Metric::P50LatencyMs => "Median latency",
        Metric::P95LatencyMs => "95th percentile of the latency",
        Metric::P99LatencyMs => "99th percentile of the latency",
        Metric::CostUsd => "Cost",
        Metric::Tokens => "Tokens",
        Metric::QualityScore => "Quality score",
    }
}
