//! What a rule remembers from one evaluation to the next, and what a value changes in that. Pure: values and moments go in,
//! changes come out.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};
use shared::{
    Timestamp,
    alert::{Resolution, Severity},
    alert_channel::AlertEvent,
    alert_rule::{AlertMetric, AlertRuleRequest, Baseline, Side},
    metric::Dimension,
};

/// What a rule remembers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RuleState {
    /// What was measured; nothing before the first evaluation.
    pub condition: Option<Condition>,
    /// Silence before this moment says nothing: the server was away and nobody could report.
    pub watching_since: Option<Timestamp>,
    /// The groups of which there is anything to remember.
    pub groups: BTreeMap<String, GroupState>,
}

/// What of a rule says what is measured: where it changes, memory begins anew.
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
    /// What a rule measures.
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

/// What is remembered of a group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct GroupState {
    /// How each severity's threshold stands, mildest first.
    levels: [Level; 3],
    /// When there was a value last, while an alert lasts.
    measured_at: Option<Timestamp>,
    /// What channels were told of the alert that lasts.
    told: Option<Told>,
}

/// How a threshold stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Level {
    /// Not crossed.
    #[default]
    Calm,
    /// Crossed since, but not for long enough.
    Crossed(Timestamp),
    /// Crossed for long enough, and the value has not come back.
    Active,
}

/// What channels know of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// When they were told last.
    pub at: Timestamp,
    /// How bad they think it is.
    pub severity: Severity,
    /// The worst that they were told.
    pub worst: Severity,
}

/// What became of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// There is one now.
    Fired(Severity),
    /// It is worse.
    Escalated(Severity),
    /// It is less bad, but not over.
    Eased(Severity),
    /// It is over.
    Resolved(Resolution),
}

/// When something is told: what is told of what has passed meanwhile, and what only of now.
#[derive(Clone, Copy, Debug)]
pub struct Occasion {
    /// The moment that was evaluated.
    pub at: Timestamp,
    /// Whether that is now, and not a moment that is caught up with.
    pub is_now: bool,
    /// Whether somebody is on the alert.
    pub is_acknowledged: bool,
}

impl GroupState {
    /// That of a group whose alert is known and nothing else: it has lasted until now, and channels know of it.
    #[must_use]
    pub fn adopted(rule: &AlertRuleRequest, severity: Severity, at: Timestamp) -> Self {
        let is_active = |level: Severity| level <= severity && rule.threshold(level).is_some();
        Self {
            levels: Severity::ALL.map(|level| if is_active(level) { Level::Active } else { Level::Calm }),
            measured_at: Some(at),
            told: Some(Told { at, severity, worst: severity }),
        }
    }

    /// How bad the alert is that lasts, where there is one.
    #[must_use]
    pub fn severity(&self) -> Option<Severity> {
        let levels = Severity::ALL.into_iter().zip(self.levels);
        levels.filter(|&(_, level)| level == Level::Active).map(|(severity, _)| severity).next_back()
    }

    /// What channels were told of the alert that lasts.
    #[must_use]
    pub fn told(&self) -> Option<Told> {
        self.told
    }

    /// Whether there is anything to remember.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Goes on by what was measured at a moment, or by the fact that nothing was.
    pub fn step(&mut self, rule: &AlertRuleRequest, at: Timestamp, value: Option<f64>) -> Option<Change> {
        let before = self.severity();
        for (level, severity) in self.levels.iter_mut().zip(Severity::ALL) {
            *level = rule.threshold(severity).map_or(Level::Calm, |threshold| {
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
            (Some(before), Some(after)) if after < before => Some(Change::Eased(after)),
            (Some(_), Some(_)) => None,
            (Some(_), None) if is_lost => Some(Change::Resolved(Resolution::NothingMeasured)),
            (Some(_), None) => Some(Change::Resolved(Resolution::Recovered)),
        }
    }

    /// What channels are to be told after a step.
    pub fn tell(&mut self, rule: &AlertRuleRequest, occasion: Occasion) -> Option<AlertEvent> {
        let at = occasion.at;
        let is_muted = is_muted(rule, at);
        let Some(severity) = self.severity() else {
            return self.told.take().filter(|_| !is_muted).map(|_| AlertEvent::Resolved);
        };
        let event = match &mut self.told {
            Some(told) if severity < told.severity => {
                told.severity = severity;
                None
            }
            _ if is_muted => None,
            None => Some(AlertEvent::Firing),
            Some(told) if severity > told.severity => Some(AlertEvent::Escalated),
            Some(told) => {
                let minutes = rule.renotify_minutes.filter(|_| occasion.is_now && !occasion.is_acknowledged);
                minutes.filter(|&minutes| told.at + minutes_long(minutes) <= at).map(|_| AlertEvent::Reminder)
            }
        };
        if event.is_some() {
            let worst = self.told.map_or(severity, |told| told.worst.max(severity));
            self.told = Some(Told { at, severity, worst });
        }
        event
    }
}

impl Level {
    fn without_value(self) -> Self {
        if self == Self::Active { Self::Active } else { Self::Calm }
    }

    fn with_value(self, rule: &AlertRuleRequest, threshold: f64, at: Timestamp, value: f64) -> Self {
        let is_crossed = match rule.side {
            Side::Above => value >= threshold,
            Side::Below => value <= threshold,
        };
        let slack = threshold.abs() * f64::from(rule.hysteresis_percent) / 100.0;
        // Where that lies beyond what there can be, the best there can be is enough.
        let (lowest, highest) = rule.extent();
        let is_back = match rule.side {
            Side::Above => value < threshold && (value < threshold - slack || value <= lowest),
            Side::Below => value > threshold && (value > threshold + slack || value >= highest),
        };
        match self {
            Self::Active if !is_back => Self::Active,
            Self::Calm | Self::Crossed(_) if is_crossed => {
                let since = if let Self::Crossed(since) = self { since } else { at };
                if since + minutes_long(rule.for_minutes) <= at { Self::Active } else { Self::Crossed(since) }
            }
            _ => Self::Calm,
        }
    }
}

/// Whether channels are told nothing of the rule at a moment.
#[must_use]
pub fn is_muted(rule: &AlertRuleRequest, at: Timestamp) -> bool {
    rule.muted_until.is_some_and(|until| until > at)
}

/// How far back a rule looks.
#[must_use]
pub fn window(rule: &AlertRuleRequest) -> Duration {
    minutes_long(rule.window_minutes)
}

/// So many minutes.
#[must_use]
pub fn minutes_long(minutes: u32) -> Duration {
    Duration::from_secs(u64::from(minutes) * 60)
}

#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;
