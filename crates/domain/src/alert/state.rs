//! The state machine of alert rules: the state that is stored between evaluations, and how each measured value changes it.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};
use shared::{
    Timestamp,
    alert::{Resolution, Severity},
    alert_channel::AlertEvent,
    alert_rule::{AlertMetric, AlertRuleRequest, Baseline, Side},
    metric::Dimension,
};

/// The state of a rule, stored as JSON between evaluations.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RuleState {
    /// The condition that the state belongs to; absent before the first evaluation.
    pub condition: Option<Condition>,
    /// Silence is counted from this moment, because the server was down before it and could not receive traces.
    pub watching_since: Option<Timestamp>,
    /// Groups with a pending or open alert.
    pub groups: BTreeMap<String, GroupState>,
}

/// The fields of a rule that define what it measures. If one of them changes, the state is reset.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Condition {
    metric: AlertMetric,
    agent_id: Option<String>,
    model: Option<String>,
    group_by: Option<Dimension>,
    window_minutes: u32,
    baseline: Baseline,
    side: Side,
}

impl Condition {
    /// Returns the condition of a rule.
    #[must_use]
    pub fn of(rule: &AlertRuleRequest) -> Self {
        Self {
            metric: rule.metric,
            agent_id: rule.agent_id.clone(),
            model: rule.model.clone(),
            group_by: rule.group_by,
            window_minutes: rule.window_minutes,
            baseline: rule.baseline,
            side: rule.side,
        }
    }
}

/// The state of a group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct GroupState {
    /// The level of each severity, lowest severity first.
    levels: [Level; 3],
    /// When a value was last measured; only set while an alert is open.
    measured_at: Option<Timestamp>,
    /// The notifications about the open alert; absent before the first.
    #[serde(rename = "told")]
    notified: Option<SentNotifications>,
}

/// The state of one threshold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Level {
    /// Not crossed.
    #[default]
    #[serde(rename = "calm")]
    Inactive,
    /// Crossed since this moment, but not yet for the for-duration of the rule.
    Crossed(Timestamp),
    /// Crossed for the for-duration, and not recovered since.
    Active,
}

/// The notifications that were sent about an open alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentNotifications {
    /// When the last notification was sent.
    pub at: Timestamp,
    /// The severity of the last notification, lowered when the severity of the alert decreases.
    pub severity: Severity,
    /// The highest severity that was sent.
    pub worst: Severity,
}

/// A change of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It fired.
    Fired(Severity),
    /// Its severity increased.
    Escalated(Severity),
    /// Its severity decreased, but it is still open.
    Deescalated(Severity),
    /// It was resolved.
    Resolved(Resolution),
}

/// The circumstances that decide whether a notification is sent.
#[derive(Clone, Copy, Debug)]
pub struct NotifyContext {
    /// The evaluated moment.
    pub at: Timestamp,
    /// Whether this is the current evaluation, not a missed one. Reminders are only sent for the present.
    pub is_now: bool,
    /// Whether a user acknowledged the alert.
    pub is_acknowledged: bool,
}

impl GroupState {
    /// Creates the state of a group with an open alert whose state is unknown. Assumes that a value was measured and a
    /// notification was sent at `at`.
    #[must_use]
    pub fn from_open_alert(rule: &AlertRuleRequest, severity: Severity, at: Timestamp) -> Self {
        let is_active = |level: Severity| level <= severity && rule.threshold(level).is_some();
        Self {
            levels: Severity::ALL.map(|level| if is_active(level) { Level::Active } else { Level::Inactive }),
            measured_at: Some(at),
            notified: Some(SentNotifications { at, severity, worst: severity }),
        }
    }

    /// Returns the severity of the open alert, if any.
    #[must_use]
    pub fn severity(&self) -> Option<Severity> {
        let levels = Severity::ALL.into_iter().zip(self.levels);
        levels.filter(|&(_, level)| level == Level::Active).map(|(severity, _)| severity).next_back()
    }

    /// Returns the notifications that were sent about the open alert.
    #[must_use]
    pub fn notified(&self) -> Option<SentNotifications> {
        self.notified
    }

    /// Returns whether no alert is pending or open.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Advances the state by the value that was measured at a moment, or by a missing value.
    pub fn step(&mut self, rule: &AlertRuleRequest, at: Timestamp, value: Option<f64>) -> Option<Change> {
        let before = self.severity();
        for (level, severity) in self.levels.iter_mut().zip(Severity::ALL) {
            *level = rule.threshold(severity).map_or(Level::Inactive, |threshold| {
                value.map_or(level.without_value(), |value| level.with_value(rule, threshold, at, value))
            });
        }
        if value.is_some() || self.measured_at.is_none() {
            self.measured_at = Some(at);
        }
        let is_lost = value.is_none() && self.measured_at.is_some_and(|last| last + window(rule) <= at);
        if is_lost && before.is_some() {
            self.levels = Default::default();
        }
        let after = self.severity();
        if after.is_none() {
            self.measured_at = None;
        }
        match (before, after) {
            (None, None) => None,
            (None, Some(severity)) => Some(Change::Fired(severity)),
            (Some(before), Some(after)) if after > before => Some(Change::Escalated(after)),
            (Some(before), Some(after)) if after < before => Some(Change::Deescalated(after)),
            (Some(_), Some(_)) => None,
            (Some(_), None) if is_lost => Some(Change::Resolved(Resolution::NothingMeasured)),
            (Some(_), None) => Some(Change::Resolved(Resolution::Recovered)),
        }
    }

    /// Decides after a step whether a notification is sent, and for which event.
    pub fn notify(&mut self, rule: &AlertRuleRequest, context: NotifyContext) -> Option<AlertEvent> {
        let at = context.at;
        let is_muted = is_muted(rule, at);
        let Some(severity) = self.severity() else {
            return self.notified.take().filter(|_| !is_muted).map(|_| AlertEvent::Resolved);
        };
        let event = match &mut self.notified {
            Some(last) if severity < last.severity => {
                last.severity = severity;
                None
            }
            _ if is_muted => None,
            None => Some(AlertEvent::Firing),
            Some(last) if severity > last.severity => Some(AlertEvent::Escalated),
            Some(last) => {
                let after = rule.renotify_minutes.filter(|_| context.is_now && !context.is_acknowledged);
                after.filter(|&after| last.at + minutes(after) <= at).map(|_| AlertEvent::Reminder)
            }
        };
        if event.is_some() {
            let worst = self.notified.map_or(severity, |last| last.worst.max(severity));
            self.notified = Some(SentNotifications { at, severity, worst });
        }
        event
    }
}

impl Level {
    fn without_value(self) -> Self {
        if self == Self::Active { Self::Active } else { Self::Inactive }
    }

    fn with_value(self, rule: &AlertRuleRequest, threshold: f64, at: Timestamp, value: f64) -> Self {
        let is_crossed = match rule.side {
            Side::Above => value >= threshold,
            Side::Below => value <= threshold,
        };
        let slack = threshold.abs() * f64::from(rule.hysteresis_percent) / 100.0;
        // A value at the end of the possible range always counts as recovered, so that every alert can end.
        let (lowest, highest) = rule.extent();
        let is_recovered = match rule.side {
            Side::Above => value < threshold && (value < threshold - slack || value <= lowest),
            Side::Below => value > threshold && (value > threshold + slack || value >= highest),
        };
        match self {
            Self::Active if !is_recovered => Self::Active,
            Self::Inactive | Self::Crossed(_) if is_crossed => {
                let since = if let Self::Crossed(since) = self { since } else { at };
                if since + minutes(rule.for_minutes) <= at { Self::Active } else { Self::Crossed(since) }
            }
            _ => Self::Inactive,
        }
    }
}

/// Returns whether the rule is muted at a moment.
#[must_use]
pub fn is_muted(rule: &AlertRuleRequest, at: Timestamp) -> bool {
    rule.muted_until.is_some_and(|until| until > at)
}

/// Returns the length of the window of a rule.
#[must_use]
pub fn window(rule: &AlertRuleRequest) -> Duration {
    minutes(rule.window_minutes)
}

/// Converts minutes into a duration.
#[must_use]
pub fn minutes(count: u32) -> Duration {
    Duration::from_secs(u64::from(count) * 60)
}

#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;
