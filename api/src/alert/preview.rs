//! What a rule would have done in the last days: it is measured and decided on as in life, at fewer moments.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use shared::{
    Timestamp,
    alert::Severity,
    alert_rule::{AlertPreview, AlertPreviewSeries, AlertPreviewSpan, AlertRuleRequest},
    metric::Point,
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::{JoinError, spawn_blocking},
    time::timeout,
};
use uuid::Uuid;

use super::{
    evaluate::advance,
    measure::Readings,
    state::{Change, RuleState, minutes_long},
};
use crate::store::trace::{StoreError, TraceStore};

/// Groups that are shown at most.
const SHOWN: usize = 10;
const DAY: Duration = Duration::from_secs(86_400);

/// Previews at once, and how long one waits for its turn: each may read days of traces.
const AT_ONCE: usize = 2;
const PATIENCE: Duration = Duration::from_secs(3);

/// Why there is no preview.
#[derive(Debug, thiserror::Error)]
pub enum PreviewError {
    /// Others are being computed.
    #[error("too many previews are being computed")]
    Busy,
    /// The store fails.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What computed it ended before it was done.
    #[error("the preview was not computed to its end")]
    Unfinished(#[from] JoinError),
}

/// Computes previews, a few at once, so that they leave the store's connections and the processor to the rest.
#[derive(Clone, Debug)]
pub struct Previews {
    turns: Arc<Semaphore>,
    patience: Duration,
}

impl Default for Previews {
    fn default() -> Self {
        Self { turns: Arc::new(Semaphore::new(AT_ONCE)), patience: PATIENCE }
    }
}

impl Previews {
    /// What [`preview`] answers, in its turn.
    ///
    /// # Errors
    /// Where that does not come soon, and where the preview fails.
    pub async fn of(
        &self,
        traces: &TraceStore,
        workspace_id: Uuid,
        rule: AlertRuleRequest,
        now: Timestamp,
    ) -> Result<AlertPreview, PreviewError> {
        let turn = self.turn().await?;
        compute(turn, traces, workspace_id, rule, now).await
    }

    async fn turn(&self) -> Result<OwnedSemaphorePermit, PreviewError> {
        let turn = timeout(self.patience, Arc::clone(&self.turns).acquire_owned()).await;
        // The semaphore is never closed.
        turn.ok().and_then(Result::ok).ok_or(PreviewError::Busy)
    }
}

/// Evaluates a rule over the last days, whether or not it is enabled or muted: the last day every five minutes where its
/// window is an hour at most, the last week every hour where it is shorter than a day, two weeks where it is longer. For how
/// long a value must be wrong is rounded down to that: what lasts for less than a step would never be seen.
///
/// # Errors
/// Where the store fails.
pub async fn preview(
    traces: &TraceStore,
    workspace_id: Uuid,
    rule: &AlertRuleRequest,
    now: Timestamp,
) -> Result<AlertPreview, PreviewError> {
    compute((), traces, workspace_id, rule.clone(), now).await
}

/// The same, in a turn that ends with the work, even where nobody waits for it any more.
async fn compute(
    turn: impl Send + 'static,
    traces: &TraceStore,
    workspace_id: Uuid,
    rule: AlertRuleRequest,
    now: Timestamp,
) -> Result<AlertPreview, PreviewError> {
    let (step, length) = match rule.window_minutes {
        0..=60 => (5, DAY),
        61..1440 => (60, DAY * 7),
        _ => (60, DAY * 14),
    };
    let rule = AlertRuleRequest { for_minutes: rule.for_minutes / step * step, ..rule };
    let step = minutes_long(step);
    let end = now.floor(step);
    let start = end - length;
    let moments: Vec<_> =
        std::iter::successors(Some(start), |&at| Some(at + step)).take_while(|&at| at <= end).collect();
    let readings = Readings::read(traces, workspace_id, std::iter::once((&rule, moments.as_slice()))).await?;
    let work = spawn_blocking(move || {
        let (series, groups, alerts) = shown(lines(&rule, &readings, &moments), &moments);
        drop(turn);
        AlertPreview { start, end, step_seconds: step.as_secs(), series, groups, alerts }
    });
    Ok(work.await?)
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

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_preview_waits_for_its_turn_but_not_long() {
        let previews = Previews { patience: Duration::from_millis(20), ..Previews::default() };
        let first = previews.turn().await.unwrap();
        let _second = previews.turn().await.unwrap();
        assert!(matches!(previews.turn().await, Err(PreviewError::Busy)));
        drop(first);
        drop(previews.turn().await.unwrap());
    }
}
