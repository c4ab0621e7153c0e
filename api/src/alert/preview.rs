//! What a rule would have done in the last days: it is measured and decided on as in life, at fewer moments.

use std::{collections::BTreeMap, time::Duration};

use shared::{
    Timestamp,
    alert::Severity,
    alert_rule::{AlertPreview, AlertPreviewSeries, AlertPreviewSpan, AlertRuleRequest},
    metric::Point,
};
use uuid::Uuid;

use super::{
    evaluate::advance,
    measure::Readings,
    state::{Change, RuleState},
};
use crate::store::trace::{StoreError, TraceStore};

/// Groups that are shown at most.
const SHOWN: usize = 10;
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);

/// Evaluates a rule over the last days, whether or not it is enabled or muted: the last day every five minutes where its
/// window is shorter than an hour, the last week every hour where it is shorter than a day, two weeks where it is longer.
///
/// # Errors
/// Where the store fails.
pub async fn preview(
    traces: &TraceStore,
    workspace_id: Uuid,
    rule: &AlertRuleRequest,
    now: Timestamp,
) -> Result<AlertPreview, StoreError> {
    let (step, length) = match rule.window_minutes {
        0..60 => (MINUTE * 5, DAY),
        60..1440 => (HOUR, DAY * 7),
        _ => (HOUR, DAY * 14),
    };
    let end = now.floor(step);
    let start = end - length;
    let moments: Vec<_> =
        std::iter::successors(Some(start), |&at| Some(at + step)).take_while(|&at| at <= end).collect();
    let readings = Readings::read(traces, workspace_id, std::iter::once((rule, moments.as_slice()))).await?;
    let lines = lines(rule, &readings, &moments);
    let groups = lines.len() as u64;
    let alerts = lines.iter().map(|line| line.alerts.len() as u64).sum();
    let mut shown: Vec<_> = lines.into_iter().collect();
    shown.sort_by_key(|line| (line.alerts.is_empty(), -line.traces));
    shown.truncate(SHOWN);
    let series = shown
        .into_iter()
        .map(|line| AlertPreviewSeries {
            key: Some(line.key).filter(|key| !key.is_empty()),
            points: line.points,
            alerts: line.alerts,
        })
        .collect();
    Ok(AlertPreview { start, end, step_seconds: step.as_secs(), series, groups, alerts })
}

/// A group, as far as it has come.
struct Line {
    key: String,
    traces: i64,
    points: Vec<Point>,
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
                points: moments.iter().map(|&timestamp| Point { timestamp, value: None }).collect(),
                alerts: Vec::new(),
            });
            line.traces += measured.traces;
            line.points[number].value = measured.value;
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
