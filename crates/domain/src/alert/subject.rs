//! The subject of a description: a rule that fired in a group, and the windows it is compared over.

use shared::{
    Timestamp, alert::Severity, alert_rule::AlertRuleRequest, metric::Dimension, time_range::Window,
};

use super::measure::windows;

/// Something that is to be described.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The rule that fired.
    pub rule: &'a AlertRuleRequest,
    /// The group in which it did.
    pub key: &'a str,
    /// When it did.
    pub at: Timestamp,
    /// What was measured then.
    pub value: f64,
    /// How bad that is.
    pub severity: Severity,
}

/// The window that fired.
pub(super) fn now(subject: &Subject<'_>) -> Window {
    windows(subject.rule, subject.at).0
}

/// What it is compared with, for people at least.
pub(super) fn before(subject: &Subject<'_>) -> Window {
    let (now, before) = windows(subject.rule, subject.at);
    before.unwrap_or_else(|| now.previous())
}

/// The agent and the model that are measured, where it is not all of them; an empty model stands for none.
#[must_use]
pub fn names(subject: &Subject<'_>) -> (Option<String>, Option<String>) {
    let key = || subject.key.to_owned();
    let rule = subject.rule;
    match rule.group_by {
        None => (rule.agent_id.clone(), rule.model.clone()),
        Some(Dimension::Agent) => (Some(key()), rule.model.clone()),
        Some(Dimension::Model) => (rule.agent_id.clone(), Some(key())),
    }
}
