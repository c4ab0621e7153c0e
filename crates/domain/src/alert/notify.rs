//! The notifications of an evaluation: one message per channel and event, for all alerts of a rule that change at once.

use std::collections::BTreeMap;

use shared::{
    Timestamp,
    alert::{Alert, Severity},
    alert_channel::{AlertChannel, AlertEvent},
    limit,
};
use uuid::Uuid;

use super::{
    evaluate::GroupEvent,
    record::{AlertGroup, DueRule, NewDelivery, Notification, NotifiedGroup},
};

/// An event that channels are notified of.
pub(super) struct NotifiedEvent<'a> {
    /// The event of the group.
    pub(super) event: &'a GroupEvent,
    /// What the channels are notified of.
    pub(super) kind: AlertEvent,
    /// The alert after the event.
    pub(super) alert: Alert,
}

/// The events of one kind and moment. Rules with many groups change many alerts at once.
type Simultaneous<'e, 'a> = Vec<&'e NotifiedEvent<'a>>;

/// Creates the deliveries of events, one per channel, kind and moment, and returns the groups of those that concern several
/// alerts.
pub(super) fn notifications(
    due: &DueRule,
    events: &[NotifiedEvent<'_>],
    channels: &[AlertChannel],
) -> (Vec<AlertGroup>, Vec<NewDelivery>) {
    let mut moments: BTreeMap<(Timestamp, &'static str), Simultaneous<'_, '_>> = BTreeMap::new();
    for event in events {
        moments.entry((event.event.at, event.kind.as_str())).or_default().push(event);
    }
    let (mut groups, mut deliveries) = (Vec::<AlertGroup>::new(), Vec::new());
    for events in moments.values_mut() {
        // The most severe alerts are listed, and named first.
        events.sort_by(|one, other| {
            let order = other.alert.severity.cmp(&one.alert.severity);
            order.then_with(|| one.alert.title.cmp(&other.alert.title))
        });
        for channel in channels {
            let received: Simultaneous<'_, '_> =
                events.iter().copied().filter(|event| is_recipient(due, event, channel)).collect();
            let Some((delivery, group)) = delivery(due, channel, &received) else { continue };
            // Most channels receive the same alerts, and share the group.
            if let Some(group) = group.filter(|group| groups.iter().all(|known| known.id != group.id)) {
                groups.push(group);
            }
            deliveries.push(delivery);
        }
    }
    (groups, deliveries)
}

/// Creates the delivery of simultaneous events to a channel. The ids are derived, so that a repeated evaluation creates the same
/// delivery.
fn delivery(
    due: &DueRule,
    channel: &AlertChannel,
    events: &[&NotifiedEvent<'_>],
) -> Option<(NewDelivery, Option<AlertGroup>)> {
    let first = events.first()?;
    let (kind, at) = (first.kind, first.event.at);
    let group = (events.len() > 1).then(|| {
        let mut name = format!("{} {} {}", due.version, kind.as_str(), at.as_micros()).into_bytes();
        name.extend(events.iter().flat_map(|event| *event.alert.id.as_bytes()));
        AlertGroup {
            id: Uuid::new_v5(&due.id, &name),
            alert_ids: events.iter().map(|event| event.alert.id).collect(),
        }
    });
    let notified = group.as_ref().map(|group| NotifiedGroup {
        id: group.id,
        alerts: events.iter().take(limit::NOTIFIED_ALERTS).map(|event| event.alert.clone()).collect(),
        total: events.len() as u64,
    });
    let delivery = NewDelivery {
        id: Uuid::new_v5(
            &group.as_ref().map_or(first.alert.id, |group| group.id),
            format!("{} {} {}", channel.id, kind.as_str(), at.as_micros()).as_bytes(),
        ),
        channel_id: channel.id,
        notification: Notification {
            workspace_id: due.workspace_id,
            event: kind,
            at,
            alert: Some(first.alert.clone()),
            group: notified,
            recipient: None,
        },
    };
    Some((delivery, group))
}

/// Returns whether a channel is notified of an event. A resolution is sent to channels that could have received an earlier
/// notification of the alert.
fn is_recipient(due: &DueRule, event: &NotifiedEvent<'_>, channel: &AlertChannel) -> bool {
    let earlier = event.event.notified.filter(|_| event.kind == AlertEvent::Resolved);
    let severity = earlier.map_or(event.alert.severity, |earlier| earlier.worst);
    receives(due, channel, severity) && earlier.is_none_or(|earlier| channel.created_at <= earlier.at)
}

/// Returns whether a channel receives notifications of the rule with this severity.
fn receives(due: &DueRule, channel: &AlertChannel, severity: Severity) -> bool {
    due.rule.channel_ids.as_ref().is_none_or(|ids| ids.contains(&channel.id))
        && channel.channel.enabled
        && severity >= channel.channel.min_severity
}
