//! Evaluates a rule: determines the evaluation times, and returns the changes of the alerts of its groups.

use std::{collections::BTreeSet, time::Duration};

use shared::{
    Timestamp,
    alert::{Resolution, Severity},
    alert_channel::AlertEvent,
    alert_rule::{AlertMetric, AlertRuleRequest},
};

use super::{
    measure::{Measurement, Readings, needs_only_totals},
    record::DueRule,
    state::{Change, Condition, GroupState, NotifyContext, RuleState, SentNotifications, is_muted},
};

/// Minimum downtime of the server after which silence is measured from the restart.
const DOWNTIME: Duration = Duration::from_secs(120);
/// Maximum number of missed evaluations that are run later.
const MAX_MISSED: u32 = 60;
/// Larger steps, in seconds, for gaps with more than [`MAX_MISSED`] evaluations. Their multiples are boundaries of rollup
/// buckets.
const STEPS: [u64; 5] = [60, 300, 600, 900, 1800];
/// The step after a longer gap for rules that need sums by agent and model. Their rollups are hourly, so other times
/// would read all traces of the gap from rows.
const HOUR: Duration = Duration::from_secs(3600);
/// Maximum age of missed evaluations that are run later.
const MAX_GAP: Duration = Duration::from_secs(86_400);

/// One run of a rule: the times at which it is evaluated, and its state.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleRun {
    /// The state of the rule: before [`RuleRun::evaluate`] the stored one, afterwards the one to store.
    pub state: RuleState,
    /// If set, open alerts are resolved with this reason before anything is measured.
    pub resolution: Option<Resolution>,
    /// The times, in order; the last one is the present. Empty if the rule is disabled or deleted.
    pub times: Vec<Timestamp>,
    now: Timestamp,
}

/// The state of an open alert at a moment, or its resolution.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupEvent {
    /// The group of the alert.
    pub key: String,
    /// The evaluated moment.
    pub at: Timestamp,
    /// The measured value.
    pub value: Option<f64>,
    /// The severity of the alert; absent once it is resolved.
    pub severity: Option<Severity>,
    /// The change of the alert, if any.
    pub change: Option<Change>,
    /// The event that channels are notified of, if any.
    pub notification: Option<AlertEvent>,
    /// The notifications that were sent before.
    pub notified: Option<SentNotifications>,
}

impl RuleRun {
    /// Plans the run of a due rule.
    #[must_use]
    pub fn plan(due: &DueRule, now: Timestamp, interval: Duration) -> Self {
        let state = stored_state(due);
        if due.is_deleted || !due.rule.enabled {
            let resolution = if due.is_deleted { Resolution::RuleDeleted } else { Resolution::RuleDisabled };
            return Self { state, resolution: Some(resolution), times: Vec::new(), now };
        }
        let condition = Condition::of(&due.rule);
        let run = |state, times| Self { state, resolution: None, times, now };
        let last = due.evaluated_at.filter(|_| state.condition.is_some());
        if state.condition.as_ref().is_some_and(|before| *before != condition) {
            return Self { state, resolution: Some(Resolution::RuleChanged), times: vec![now], now };
        }
        let mut state = RuleState { condition: Some(condition), ..state };
        reconcile(due, &mut state, now);
        let Some(last) = last else { return run(state, vec![now]) };
        if due.rule.metric != AlertMetric::NoData {
            return run(state, evaluation_times(last, now, interval, needs_only_totals(&due.rule)));
        }
        if now.since(last) > DOWNTIME.max(interval * 4) {
            state.watching_since = Some(now);
        }
        run(state, vec![now])
    }

    /// Plans a run over times of the past, starting from a state.
    #[must_use]
    pub fn replay(state: RuleState, times: Vec<Timestamp>, now: Timestamp) -> Self {
        Self { state, resolution: None, times, now }
    }

    /// Skips missed evaluations: only the present is evaluated.
    pub fn skip_missed(&mut self) {
        self.times.drain(..self.times.len().saturating_sub(1));
    }

    /// Resolves open alerts if necessary, evaluates the rule at every moment, and updates `state`.
    pub fn evaluate(&mut self, due: &DueRule, readings: &Readings) -> Vec<GroupEvent> {
        let mut events = self.resolution.map_or_else(Vec::new, |resolution| self.resolve(due, resolution));
        let mut acknowledged: BTreeSet<&str> = due
            .open
            .iter()
            .filter(|record| record.alert.acknowledged_at.is_some() && self.resolution.is_none())
            .map(|record| record.group_key.as_str())
            .collect();
        for (number, &at) in (1..).zip(&self.times) {
            for (measurement, change) in advance(&due.rule, &mut self.state, readings, at) {
                let key = measurement.key.as_str();
                if matches!(change, Some(Change::Fired(_))) {
                    acknowledged.remove(key);
                }
                let Some(group) = self.state.groups.get_mut(key) else { continue };
                let notified = group.notified();
                let context = NotifyContext {
                    at,
                    is_now: number == self.times.len(),
                    is_acknowledged: acknowledged.contains(key),
                };
                let notification = group.notify(&due.rule, context);
                let severity = group.severity();
                if severity.is_some() || change.is_some() {
                    let (key, value) = (measurement.key, measurement.value);
                    events.push(GroupEvent { key, at, value, severity, change, notification, notified });
                }
            }
            self.state.groups.retain(|_, group| !group.is_empty());
        }
        events
    }

    /// Resolves all open alerts and resets the state.
    fn resolve(&mut self, due: &DueRule, resolution: Resolution) -> Vec<GroupEvent> {
        let at = self.now;
        let groups = std::mem::take(&mut self.state).groups;
        if !self.times.is_empty() {
            self.state.condition = Some(Condition::of(&due.rule));
        }
        let resolved = |key: &str| {
            let notified = groups.get(key).and_then(GroupState::notified);
            GroupEvent {
                key: key.to_owned(),
                at,
                value: None,
                severity: None,
                change: Some(Change::Resolved(resolution)),
                notification: notified.filter(|_| !is_muted(&due.rule, at)).map(|_| AlertEvent::Resolved),
                notified,
            }
        };
        due.open.iter().map(|record| resolved(&record.group_key)).collect()
    }
}

/// Measures a rule at a moment and advances its state. Returns each group with the change of its alert. Groups without a
/// pending or open alert stay in `state`, so that the caller can decide about notifications before it removes them.
pub fn advance(
    rule: &AlertRuleRequest,
    state: &mut RuleState,
    readings: &Readings,
    at: Timestamp,
) -> Vec<(Measurement, Option<Change>)> {
    let measurements = readings.measure(rule, state, at);
    measurements
        .into_iter()
        .map(|measurement| {
            let change = match state.groups.get_mut(&measurement.key) {
                Some(group) => group.step(rule, at, measurement.value),
                None => {
                    let mut group = GroupState::default();
                    let change = group.step(rule, at, measurement.value);
                    if !group.is_empty() {
                        state.groups.insert(measurement.key.clone(), group);
                    }
                    change
                }
            };
            (measurement, change)
        })
        .collect()
}

/// Parses the stored state of a rule.
fn stored_state(due: &DueRule) -> RuleState {
    if due.state.is_empty() {
        return RuleState::default();
    }
    serde_json::from_str(&due.state).unwrap_or_else(|error| {
        tracing::warn!(rule = %due.id, %error, "reset invalid alert rule state");
        RuleState::default()
    })
}

/// Reconciles the state with the open alerts. Rules that were transferred from another installation have alerts, but no state.
fn reconcile(due: &DueRule, state: &mut RuleState, now: Timestamp) {
    let is_open = |key: &str| due.open.iter().any(|record| record.group_key == key);
    state.groups.retain(|key, group| group.severity().is_none() || is_open(key));
    for record in &due.open {
        let group = state.groups.entry(record.group_key.clone()).or_default();
        if group.severity().is_none() {
            *group = GroupState::from_open_alert(&due.rule, record.alert.severity, now);
        }
    }
}

/// Returns the times to evaluate after a last evaluation at `last`: the missed ones, then `now`.
fn evaluation_times(
    last: Timestamp,
    now: Timestamp,
    interval: Duration,
    needs_only_totals: bool,
) -> Vec<Timestamp> {
    let mut times = Vec::new();
    if now.since(last) > interval * 2 {
        let from = last.max(now - MAX_GAP);
        let (step, mut at) = if !needs_only_totals && now.since(from) > HOUR {
            (HOUR, (from + HOUR).floor(HOUR))
        } else if now.since(from) <= interval * MAX_MISSED {
            (interval, from + interval)
        } else {
            let is_enough = |step: &Duration| *step > interval && now.since(from) <= *step * MAX_MISSED;
            let step = STEPS.map(Duration::from_secs).into_iter().find(is_enough).unwrap_or(interval);
            (step, (from + step).floor(step))
        };
        while at < now {
            times.push(at);
            at = at + step;
        }
    }
    times.push(now);
    times
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    #[test]
    fn evaluates_only_the_present_if_no_evaluation_was_missed() {
        let interval = Duration::from_secs(30);
        assert_eq!(evaluation_times(moment(0), moment(60), interval, true), [moment(60)]);
        assert_eq!(evaluation_times(moment(100), moment(60), interval, true), [moment(60)]);
    }

    #[test]
    fn makes_up_missed_evaluations_at_full_hours_if_rollups_are_hourly() {
        let interval = Duration::from_secs(30);
        let short = evaluation_times(moment(7), moment(3607), interval, false);
        assert_eq!(short, evaluation_times(moment(7), moment(3607), interval, true));
        let long = evaluation_times(moment(7), moment(10_000), interval, false);
        assert_eq!(long, [3600, 7200, 10_000].map(moment));
        let month = evaluation_times(moment(0), moment(30 * 86_400 + 7), interval, false);
        assert_eq!((month.len(), month[0]), (25, moment(29 * 86_400 + 3600)));
    }

    #[test]
    fn makes_up_at_most_one_day_at_the_interval_or_larger_steps() {
        let interval = Duration::from_secs(30);
        assert_eq!(evaluation_times(moment(0), moment(80), interval, true), [30, 60, 80].map(moment));
        let hour = evaluation_times(moment(7), moment(3601), interval, true);
        assert_eq!((hour.len(), hour[0], hour[59], hour[60]), (61, moment(60), moment(3600), moment(3601)));
        let month = evaluation_times(moment(0), moment(30 * 86_400 + 7), interval, true);
        assert_eq!((month.len(), month[0]), (49, moment(29 * 86_400 + 1800)));
        // With an evaluation interval of one hour, no step is smaller than the interval.
        let hours = evaluation_times(moment(0), moment(6 * 3600), HOUR, true);
        assert_eq!(hours, [1, 2, 3, 4, 5, 6].map(|hour| moment(hour * 3600)));
    }
}
