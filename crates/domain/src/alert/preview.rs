//! What a rule would have done in the last days: it is measured and decided on as in life, at fewer moments.

use std::{collections::BTreeMap, time::Duration};

use shared::{
    Timestamp,
    alert::Severity,
    alert_rule::{AlertPreview, AlertPreviewSeries, AlertPreviewSpan, AlertRuleRequest},
    metric::Point,
};

use super::{
    evaluate::advance,
    measure::Readings,
    state::{Change, RuleState, minutes_long},
};

/// Groups that are shown at most.
const SHOWN: usize = 10;
const DAY: Duration = Duration::from_secs(86_400);

/// A preview before its windows are read: at which moments the rule is evaluated.
#[derive(Clone, Debug, PartialEq)]
pub struct PreviewPlan {
    /// The rule, with its for-duration rounded down to a multiple of the step.
    pub rule: AlertRuleRequest,
    /// The moments, in order; the first is the start, the last the end.
    pub moments: Vec<Timestamp>,
    step: Duration,
}

impl PreviewPlan {
    /// Plans the evaluation of a rule over the last days, whether or not it is enabled or muted: the last day every five
    /// minutes where its window is an hour at most, the last week every hour where it is shorter than a day, two weeks
    /// where it is longer. The for-duration is rounded down to a multiple of that step, since anything shorter than a
    /// step would never be seen.
    #[must_use]
    pub fn new(rule: AlertRuleRequest, now: Timestamp) -> Self {
        let (step, length) = match rule.window_minutes {
            0..=60 => (5, DAY),
            61..1440 => (60, DAY * 7),
            _ => (60, DAY * 14),
        };
        let rule = AlertRuleRequest { for_minutes: rule.for_minutes / step * step, ..rule };
        let step = minutes_long(step);
        let end = now.floor(step);
        let moments = std::iter::successors(Some(end - length), |&at| Some(at + step))
            .take_while(|&at| at <= end)
            .collect();
        Self { rule, moments, step }
    }

    /// Evaluates the rule at every moment.
    #[must_use]
    pub fn compute(&self, readings: &Readings) -> AlertPreview {
        let (series, groups, alerts) = shown(lines(&self.rule, readings, &self.moments), &self.moments);
        let start = self.moments.first().copied().unwrap_or_default();
        let end = self.moments.last().copied().unwrap_or_default();
        AlertPreview { start, end, step_seconds: self.step.as_secs(), series, groups, alerts }
    }
}

/// The groups that are shown, with how many groups and alerts there are in all.
fn shown(lines: Vec<Line>, moments: &[Timestamp]) -> (Vec<AlertPreviewSeries>, u64, u64) {
    let groups = lines.len() as u64;
    let alerts = lines.iter().map(|line| line.alerts.len() as u64).sum();
    let mut shown = lines;
    shown.sort_by_key(|line| (line.alerts.is_empty(), -line.traces));
    shown.truncate(SHOWN);
    let series = shown
        .into_iter()
        .map(|line| {
            let mut points: Vec<_> =
                moments.iter().map(|&timestamp| Point { timestamp, value: None }).collect();
            for (number, value) in line.values {
                points[number].value = Some(value);
            }
            AlertPreviewSeries {
                key: Some(line.key).filter(|key| !key.is_empty()),
                points,
                alerts: line.alerts,
            }
        })
        .collect();
    (series, groups, alerts)
}

/// A group, as far as it has come.
struct Line {
    key: String,
    traces: i64,
    /// By the number of the moment, where there is one: groups that come and go are many.
    values: Vec<(usize, f64)>,
    alerts: Vec<AlertPreviewSpan>,
}

/// All groups, in the order of their keys.
fn lines(rule: &AlertRuleRequest, readings: &Readings, moments: &[Timestamp]) -> Vec<Line> {
    let mut state = RuleState::default();
    let mut lines: BTreeMap<String, Line> = BTreeMap::new();
    for (number, &at) in moments.iter().enumerate() {
        for (measured, change) in advance(rule, &mut state, readings, at) {
            let line = lines.entry(measured.key.clone()).or_insert_with(|| Line {
                key: measured.key,
                traces: 0,
                values: Vec::new(),
                alerts: Vec::new(),
            });
            line.traces += measured.traces;
            line.values.extend(measured.value.map(|value| (number, value)));
            line.change(at, change);
        }
        state.groups.retain(|_, group| !group.is_empty());
    }
    lines.into_values().collect()
}

impl Line {
    fn change(&mut self, at: Timestamp, change: Option<Change>) {
        let mut raise = |severity: Severity| {
            if let Some(alert) = self.alerts.last_mut() {
                alert.severity = alert.severity.max(severity);
            }
        };
        match change {
            None => {}
            Some(Change::Fired(severity)) => {
                self.alerts.push(AlertPreviewSpan { severity, start: at, end: None });
            }
            Some(Change::Escalated(severity) | Change::Eased(severity)) => raise(severity),
            Some(Change::Resolved(_)) => {
                if let Some(alert) = self.alerts.last_mut() {
                    alert.end = Some(at);
                }
            }
        }
    }
}
