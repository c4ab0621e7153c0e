//! Previews a rule: evaluates it over the last days with the code of real evaluations, at fewer times.

use std::{collections::BTreeMap, time::Duration};

use shared::{
    Timestamp,
    alert_rule::{AlertPreview, AlertPreviewSeries, AlertPreviewSpan, AlertRuleRequest},
    metric::Point,
};

use super::{
    evaluate::advance,
    measure::Readings,
    state::{Change, RuleState, minutes},
};

/// Maximum number of groups in the response.
const MAX_GROUPS: usize = 10;
const DAY: Duration = Duration::from_secs(86_400);

/// The times at which a preview evaluates a rule.
#[derive(Clone, Debug, PartialEq)]
pub struct PreviewPlan {
    /// The rule, with its for-duration rounded down to a multiple of the step.
    pub rule: AlertRuleRequest,
    /// The times, in order; the first is the start, the last the end.
    pub times: Vec<Timestamp>,
    step: Duration,
}

impl PreviewPlan {
    /// Plans the preview of a rule, even if it is disabled or muted: the last day in steps of five minutes if the window is
    /// at most one hour, the last week in steps of one hour if the window is shorter than one day, otherwise the last two
    /// weeks. The for-duration is rounded down to a multiple of the step, because values between the steps are unknown.
    #[must_use]
    pub fn new(rule: AlertRuleRequest, now: Timestamp) -> Self {
        let (step, length) = match rule.window_minutes {
            0..=60 => (5, DAY),
            61..1440 => (60, DAY * 7),
            _ => (60, DAY * 14),
        };
        let rule = AlertRuleRequest { for_minutes: rule.for_minutes / step * step, ..rule };
        let step = minutes(step);
        let end = now.floor(step);
        let times = std::iter::successors(Some(end - length), |&at| Some(at + step))
            .take_while(|&at| at <= end)
            .collect();
        Self { rule, times, step }
    }

    /// Evaluates the rule at every moment.
    #[must_use]
    pub fn compute(&self, readings: &Readings) -> AlertPreview {
        let mut lines = lines(&self.rule, readings, &self.times);
        let groups = lines.len() as u64;
        let alerts = lines.iter().map(|line| line.alerts.len() as u64).sum();
        // Groups with alerts come first, then those with the most traces.
        lines.sort_by_key(|line| (line.alerts.is_empty(), -line.traces));
        lines.truncate(MAX_GROUPS);
        let series = lines.into_iter().map(|line| line.into_series(&self.times)).collect();
        let start = self.times.first().copied().unwrap_or_default();
        let end = self.times.last().copied().unwrap_or_default();
        AlertPreview { start, end, step_seconds: self.step.as_secs(), series, groups, alerts }
    }
}

/// The values and alerts of a group so far.
struct Line {
    key: String,
    traces: i64,
    /// Values by the index of their moment. Sparse, because many groups have few values.
    values: Vec<(usize, f64)>,
    alerts: Vec<AlertPreviewSpan>,
}

/// Evaluates the rule at every moment. Returns all groups, sorted by key.
fn lines(rule: &AlertRuleRequest, readings: &Readings, times: &[Timestamp]) -> Vec<Line> {
    let mut state = RuleState::default();
    let mut lines: BTreeMap<String, Line> = BTreeMap::new();
    for (number, &at) in times.iter().enumerate() {
        for (measurement, change) in advance(rule, &mut state, readings, at) {
            let line = lines.entry(measurement.key.clone()).or_insert_with(|| Line {
                key: measurement.key,
                traces: 0,
                values: Vec::new(),
                alerts: Vec::new(),
            });
            line.traces += measurement.traces;
            line.values.extend(measurement.value.map(|value| (number, value)));
            line.apply(at, change);
        }
        state.groups.retain(|_, group| !group.is_empty());
    }
    lines.into_values().collect()
}

impl Line {
    fn into_series(self, times: &[Timestamp]) -> AlertPreviewSeries {
        let mut points: Vec<_> = times.iter().map(|&timestamp| Point { timestamp, value: None }).collect();
        for (number, value) in self.values {
            points[number].value = Some(value);
        }
        let key = Some(self.key).filter(|key| !key.is_empty());
        AlertPreviewSeries { key, points, alerts: self.alerts }
    }

    fn apply(&mut self, at: Timestamp, change: Option<Change>) {
        match (change, self.alerts.last_mut()) {
            (Some(Change::Fired(severity)), _) => {
                self.alerts.push(AlertPreviewSpan { severity, start: at, end: None });
            }
            (Some(Change::Escalated(severity) | Change::Deescalated(severity)), Some(alert)) => {
                alert.severity = alert.severity.max(severity);
            }
            (Some(Change::Resolved(_)), Some(alert)) => alert.end = Some(at),
            _ => {}
        }
    }
}
