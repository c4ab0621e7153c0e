//! Data about alerts that is stored but not shown to clients in this form.

use serde::{Deserialize, Serialize};
use shared::{
    Timestamp,
    alert::{Alert, Severity},
    alert_channel::{AlertChannelRequest, AlertEvent},
    alert_rule::AlertRuleRequest,
};
use uuid::Uuid;

/// An alert with the group of its rule.
#[derive(Clone, Debug, PartialEq)]
pub struct AlertRecord {
    /// The alert.
    pub alert: Alert,
    /// The agent or model; empty if the rule has no groups, and for traces without a model.
    pub group_key: String,
}

/// A rule that is leased to a worker for evaluation.
#[derive(Clone, Debug, PartialEq)]
pub struct DueRule {
    /// The rule's id.
    pub id: Uuid,
    /// The workspace that owns the rule.
    pub workspace_id: Uuid,
    /// The rule.
    pub rule: AlertRuleRequest,
    /// The version of the rule.
    pub version: i64,
    /// Whether the rule was deleted: the evaluation resolves its alerts and deletes its row.
    pub is_deleted: bool,
    /// The state after the last evaluation; empty before the first one.
    pub state: String,
    /// When the rule was last evaluated.
    pub evaluated_at: Option<Timestamp>,
    /// The rule's open alerts.
    pub open: Vec<AlertRecord>,
}

/// The result of evaluating a rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// The rule.
    pub rule_id: Uuid,
    /// The version that was evaluated. The result is discarded if the rule has another version by now.
    pub version: i64,
    /// The state for the next evaluation.
    pub state: String,
    /// When the rule was evaluated.
    pub evaluated_at: Timestamp,
    /// When the next evaluation is due; `None` if the rule is not evaluated until it is updated.
    pub due_at: Option<Timestamp>,
    /// New and updated alerts. Acknowledgements of existing alerts stay unchanged.
    pub alerts: Vec<AlertRecord>,
    /// The alerts of the notifications that concern several.
    pub groups: Vec<AlertGroup>,
    /// The notifications to deliver.
    pub deliveries: Vec<NewDelivery>,
    /// Whether the row of the rule is deleted.
    pub deletes_rule: bool,
}

/// A notification to deliver to a channel.
#[derive(Clone, Debug, PartialEq)]
pub struct NewDelivery {
    /// The delivery's id.
    pub id: Uuid,
    /// The channel.
    pub channel_id: Uuid,
    /// The notification.
    pub notification: Notification,
}

/// Alerts of a rule that share a notification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertGroup {
    /// The id of the group.
    pub id: Uuid,
    /// The alerts.
    pub alert_ids: Vec<Uuid>,
}

/// An event of an alert, or of several alerts of a rule at once, with the alerts at that time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Notification {
    /// The workspace that owns the alert.
    pub workspace_id: Uuid,
    /// The event.
    pub event: AlertEvent,
    /// When it occurred.
    pub at: Timestamp,
    /// The alert; `None` for a test. If the event concerns several alerts: the first of `group`.
    pub alert: Option<Alert>,
    /// The alerts, if the event concerns several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<NotifiedGroup>,
    /// The address to which a link is sent by which the recipient confirms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipient: Option<String>,
}

impl Notification {
    /// Returns the number of alerts.
    #[must_use]
    pub fn alert_count(&self) -> u64 {
        self.group.as_ref().map_or(u64::from(self.alert.is_some()), |group| group.total)
    }
}

/// Several alerts of a rule in one notification.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NotifiedGroup {
    /// The id of the [`AlertGroup`].
    pub id: Uuid,
    /// The first alerts, at most [`NOTIFIED_ALERTS`](shared::limit::NOTIFIED_ALERTS): the most severe first.
    pub alerts: Vec<Alert>,
    /// The number of all alerts.
    pub total: u64,
}

/// A recipient of the e-mail channels of a workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    /// The [`address_key`] of the address.
    pub address: String,
    /// When the recipient was added.
    pub created_at: Timestamp,
    /// When the recipient confirmed; `None` before. Only then the recipient receives notifications.
    pub confirmed_at: Option<Timestamp>,
}

/// Returns an e-mail address as it is compared and stored.
#[must_use]
pub fn address_key(address: &str) -> String {
    address.trim().to_ascii_lowercase()
}

/// A delivery that is leased to a worker.
#[derive(Clone, Debug, PartialEq)]
pub struct DueDelivery {
    /// The delivery's id.
    pub id: Uuid,
    /// The channel.
    pub channel: AlertChannelRequest,
    /// The secret that signs webhooks.
    pub secret: String,
    /// The notification.
    pub notification: Notification,
    /// The number of attempts so far.
    pub attempts: u64,
}

/// The result of an attempt to deliver a notification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// When to retry; `None` if the notification was delivered or is not retried.
    pub next_attempt_at: Option<Timestamp>,
    /// When the attempt ended.
    pub at: Timestamp,
    /// Whether the notification was delivered.
    pub delivered: bool,
    /// The HTTP or SMTP status of the response.
    pub status_code: Option<u16>,
    /// Why the attempt failed, or failed for some recipients of an e-mail.
    pub error: Option<String>,
}

/// A filter of alerts. A field that is `None` matches all alerts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AlertFilter {
    /// Whether the alert is open.
    pub is_open: Option<bool>,
    /// Whether the alert was acknowledged.
    pub is_acknowledged: Option<bool>,
    /// The severity.
    pub severity: Option<Severity>,
    /// The rule.
    pub rule_id: Option<Uuid>,
}

/// A filter of deliveries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryFilter {
    /// The deliveries to a channel.
    Channel(Uuid),
    /// The deliveries of an alert.
    Alert(Uuid),
}
