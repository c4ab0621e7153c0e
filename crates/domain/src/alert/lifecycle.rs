//! The life of alerts: what happened becomes alerts to be kept, and what channels are to be told.

use std::collections::BTreeMap;

use shared::{
    alert::{Alert, AlertState, Severity},
    alert_channel::{AlertChannel, AlertEvent},
    alert_rule::Side,
};
use uuid::Uuid;

use super::{
    describe::{Facts, title},
    evaluate::Happening,
    record::{AlertRecord, DueRule, NewDelivery, Notification},
    state::Change,
    subject::{Subject, names},
};

/// What came of a rule's turn.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// Alerts that are new or changed.
    pub alerts: Vec<AlertRecord>,
    /// What channels are to be told.
    pub deliveries: Vec<NewDelivery>,
}

/// What of a happening has to be described, if anything has: that an alert fired or became worse.
#[must_use]
pub fn subject<'a>(due: &'a DueRule, happening: &'a Happening) -> Option<Subject<'a>> {
    let (Change::Fired(severity) | Change::Escalated(severity)) = happening.change? else { return None };
    let Happening { key, at, value, .. } = happening;
    Some(Subject { rule: &due.rule, key, at: *at, value: (*value)?, severity })
}

/// Makes alerts and deliveries of what happened to a rule's groups, in order. The facts hold every [`subject`] of it.
#[must_use]
pub fn live(due: &DueRule, happened: &[Happening], facts: &Facts, channels: &[AlertChannel]) -> Outcome {
    let mut open: BTreeMap<&str, AlertRecord> =
        due.open.iter().map(|record| (record.group_key.as_str(), record.clone())).collect();
    let mut changed: BTreeMap<Uuid, AlertRecord> = BTreeMap::new();
    let mut deliveries = Vec::new();
    for happening in happened {
        let key = happening.key.as_str();
        if let Some(Change::Fired(severity)) = happening.change {
            open.insert(key, fired(due, happening, severity));
        }
        let Some(record) = open.get_mut(key) else { continue };
        let before = record.clone();
        follow(due, happening, record);
        if let Some(subject) = subject(due, happening) {
            let story = facts.story(&subject);
            record.alert.description = story.description;
            record.alert.changes = story.changes;
            record.alert.traces = Some(story.traces);
        }
        if *record != before || matches!(happening.change, Some(Change::Fired(_))) {
            changed.insert(record.alert.id, record.clone());
        }
        if let Some(event) = happening.event {
            deliveries.extend(told(due, happening, event, &record.alert, channels));
        }
        if happening.severity.is_none() {
            open.remove(key);
        }
    }
    // A group has one alert at a time: one is over before the next begins.
    let mut alerts: Vec<_> = changed.into_values().collect();
    alerts.sort_by_key(|record| (record.alert.resolved_at.is_none(), record.alert.created_at));
    Outcome { alerts, deliveries }
}

/// A new alert. What it says comes with its story.
fn fired(due: &DueRule, happening: &Happening, severity: Severity) -> AlertRecord {
    let Happening { key, at, value, .. } = happening;
    let (at, value) = (*at, *value);
    let rule = &due.rule;
    let subject = Subject { rule, key, at, value: value.unwrap_or_default(), severity };
    let (agent_id, model) = names(&subject);
    AlertRecord {
        alert: Alert {
            // The same every time, should it be found twice.
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

/// Brings an alert to what is measured.
fn follow(due: &DueRule, happening: &Happening, record: &mut AlertRecord) {
    let alert = &mut record.alert;
    if let Some(value) = happening.value {
        alert.metric_value = Some(value);
        alert.worst_value = Some(alert.worst_value.map_or(value, |worst| match due.rule.side {
            Side::Above => worst.max(value),
            Side::Below => worst.min(value),
        }));
    }
    if let Some(severity) = happening.severity {
        alert.severity = severity;
        alert.threshold = due.rule.threshold(severity);
    }
    if let Some(Change::Resolved(resolution)) = happening.change {
        alert.state = AlertState::Resolved;
        alert.resolved_at = Some(happening.at);
        alert.resolution = Some(resolution);
    }
}

/// What each channel is told of an event. That an alert is over is told whoever could have been told that it was there.
fn told<'a>(
    due: &'a DueRule,
    happening: &'a Happening,
    event: AlertEvent,
    alert: &'a Alert,
    channels: &'a [AlertChannel],
) -> impl Iterator<Item = NewDelivery> + 'a {
    let resolved = happening.told.filter(|_| event == AlertEvent::Resolved);
    let severity = resolved.map_or(alert.severity, |told| told.worst);
    let is_meant = move |channel: &&AlertChannel| {
        is_told(due, channel, severity) && resolved.is_none_or(|told| channel.created_at <= told.at)
    };
    channels.iter().filter(is_meant).map(move |channel| NewDelivery {
        id: Uuid::new_v5(
            &alert.id,
            format!("{} {} {}", channel.id, event.as_str(), happening.at.as_micros()).as_bytes(),
        ),
        channel_id: channel.id,
        notification: Notification {
            workspace_id: due.workspace_id,
            event,
            at: happening.at,
            alert: Some(alert.clone()),
        },
    })
}

fn is_told(due: &DueRule, channel: &AlertChannel, severity: Severity) -> bool {
    due.rule.channel_ids.as_ref().is_none_or(|ids| ids.contains(&channel.id))
        && channel.channel.enabled
        && severity >= channel.channel.min_severity
}
