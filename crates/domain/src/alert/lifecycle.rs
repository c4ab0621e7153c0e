//! The lifecycle of alerts: turns the events of an evaluation into alerts to store and notifications to send.

use std::collections::BTreeMap;

use shared::{
    alert::{Alert, AlertState, Severity},
    alert_channel::AlertChannel,
    alert_rule::Side,
};
use uuid::Uuid;

use super::{
    describe::{DescriptionData, title},
    evaluate::GroupEvent,
    notify::{NotifiedEvent, notifications},
    record::{AlertGroup, AlertRecord, DueRule, NewDelivery},
    state::Change,
    subject::{Subject, agent_and_model},
};

/// The result of evaluating a rule.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// New and changed alerts.
    pub alerts: Vec<AlertRecord>,
    /// The alerts of the notifications that concern several.
    pub groups: Vec<AlertGroup>,
    /// Notifications to send.
    pub deliveries: Vec<NewDelivery>,
}

/// Returns what has to be described for an event: alerts are described when they fire or escalate.
#[must_use]
pub fn subject<'a>(due: &'a DueRule, event: &'a GroupEvent) -> Option<Subject<'a>> {
    let (Change::Fired(severity) | Change::Escalated(severity)) = event.change? else { return None };
    let &GroupEvent { ref key, at, value, .. } = event;
    Some(Subject { rule: &due.rule, key, at, value: value?, severity })
}

/// Applies the events of a rule to its alerts, in order. `data` must cover the [`subject`] of each event.
#[must_use]
pub fn apply_events(
    due: &DueRule,
    events: &[GroupEvent],
    data: &DescriptionData,
    channels: &[AlertChannel],
) -> Outcome {
    let mut open: BTreeMap<&str, AlertRecord> =
        due.open.iter().map(|record| (record.group_key.as_str(), record.clone())).collect();
    let mut changed: BTreeMap<Uuid, AlertRecord> = BTreeMap::new();
    let mut notified = Vec::new();
    for event in events {
        let key = event.key.as_str();
        if let Some(Change::Fired(severity)) = event.change {
            open.insert(key, new_alert(due, event, severity));
        }
        let Some(record) = open.get_mut(key) else { continue };
        let before = record.clone();
        update(due, event, record);
        if let Some(subject) = subject(due, event) {
            let text = data.describe(&subject);
            record.alert.description = text.description;
            record.alert.changes = text.changes;
            record.alert.traces = Some(text.traces);
        }
        if *record != before || matches!(event.change, Some(Change::Fired(_))) {
            changed.insert(record.alert.id, record.clone());
        }
        if let Some(kind) = event.notification {
            notified.push(NotifiedEvent { event, kind, alert: record.alert.clone() });
        }
        if event.severity.is_none() {
            open.remove(key);
        }
    }
    // Resolved alerts come first: a group has at most one open alert, so the store must resolve one before it inserts
    // the next.
    let mut alerts: Vec<_> = changed.into_values().collect();
    alerts.sort_by_key(|record| (record.alert.resolved_at.is_none(), record.alert.created_at));
    let (groups, deliveries) = notifications(due, &notified, channels);
    Outcome { alerts, groups, deliveries }
}

/// Creates an alert without a description.
fn new_alert(due: &DueRule, event: &GroupEvent, severity: Severity) -> AlertRecord {
    let &GroupEvent { ref key, at, value, .. } = event;
    let rule = &due.rule;
    let subject = Subject { rule, key, at, value: value.unwrap_or_default(), severity };
    let (agent_id, model) = agent_and_model(&subject);
    AlertRecord {
        alert: Alert {
            // The id is derived, so that a repeated evaluation creates the same alert.
            id: Uuid::new_v5(&due.id, format!("{} {} {key}", due.version, at.as_micros()).as_bytes()),
            workspace_id: due.workspace_id,
            title: title(rule, key),
            description: String::new(),
            severity,
            metric_value: value,
            created_at: at,
            state: AlertState::Firing,
            rule_id: Some(due.id),
            metric: Some(rule.metric),
            is_change: rule.is_change(),
            threshold: rule.threshold(severity),
            worst_value: value,
            agent_id,
            model: model.filter(|model| !model.is_empty()),
            changes: Vec::new(),
            traces: None,
            acknowledged_at: None,
            acknowledged_by: None,
            resolved_at: None,
            resolution: None,
        },
        group_key: key.clone(),
    }
}

/// Updates an alert with the measured value and the change.
fn update(due: &DueRule, event: &GroupEvent, record: &mut AlertRecord) {
    let alert = &mut record.alert;
    if let Some(value) = event.value {
        alert.metric_value = Some(value);
        alert.worst_value = Some(alert.worst_value.map_or(value, |worst| match due.rule.side {
            Side::Above => worst.max(value),
            Side::Below => worst.min(value),
        }));
    }
    if let Some(severity) = event.severity {
        alert.severity = severity;
        alert.threshold = due.rule.threshold(severity);
    }
    if let Some(Change::Resolved(resolution)) = event.change {
        alert.state = AlertState::Resolved;
        alert.resolved_at = Some(event.at);
        alert.resolution = Some(resolution);
    }
}
