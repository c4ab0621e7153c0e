//! The subject of a description: a rule that fired for a group, and its windows.

use shared::{
    Timestamp, alert::Severity, alert_rule::AlertRuleRequest, metric::Dimension, time_range::Window,
};

use super::measure::windows;

/// A fired or escalated alert to describe.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The rule that fired.
    pub rule: &'a AlertRuleRequest,
    /// The group of the alert.
    pub key: &'a str,
    /// The evaluated moment.
    pub at: Timestamp,
    /// The measured value.
    pub value: f64,
    /// The severity of the alert.
    pub severity: Severity,
}

/// Returns the window that was measured.
pub(super) fn now(subject: &Subject<'_>) -> Window {
    windows(subject.rule, subject.at).0
}

/// Returns the baseline window, or the previous window for rules without a baseline.
pub(super) fn before(subject: &Subject<'_>) -> Window {
    let (now, before) = windows(subject.rule, subject.at);
    before.unwrap_or_else(|| now.previous())
}

/// Returns the agent and the model that are measured; `None` for all of them. An empty model means traces without a model.
#[must_use]
pub fn agent_and_model(subject: &Subject<'_>) -> (Option<String>, Option<String>) {
    let key = || subject.key.to_owned();
    let rule = subject.rule;
    match rule.group_by {
        None => (rule.agent_id.clone(), rule.model.clone()),
        Some(Dimension::Agent) => (Some(key()), rule.model.clone()),
        Some(Dimension::Model) => (rule.agent_id.clone(), Some(key())),
    }
}
