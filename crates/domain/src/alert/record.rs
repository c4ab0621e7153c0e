//! What goes into the store and comes out of it beside what clients see.

use serde::{Deserialize, Serialize};
use shared::{
    Timestamp,
    alert::{Alert, Severity},
    alert_channel::{AlertChannelRequest, AlertEvent},
    alert_rule::AlertRuleRequest,
};
use uuid::Uuid;

/// An alert, and which of its rule's groups it is about.
#[derive(Clone, Debug, PartialEq)]
pub struct AlertRecord {
    /// The alert.
    pub alert: Alert,
    /// The agent or model; empty for all together, and for traces that name no model.
    pub group_key: String,
}

/// A rule whose evaluation is somebody's turn.
#[derive(Clone, Debug, PartialEq)]
pub struct DueRule {
    /// The rule.
    pub id: Uuid,
    /// Whose it is.
    pub workspace_id: Uuid,
    /// What it says.
    pub rule: AlertRuleRequest,
    /// Which version of it that is.
    pub version: i64,
    /// Whether it is to go once its alerts are ended.
    pub is_deleted: bool,
    /// What the last evaluation wanted remembered; empty before the first.
    pub state: String,
    /// When that was.
    pub evaluated_at: Option<Timestamp>,
    /// Its alerts that last.
    pub open: Vec<AlertRecord>,
}

/// What came of evaluating a rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// The rule.
    pub rule_id: Uuid,
    /// The version of it that was evaluated: where there is another by now, the evaluation is void.
    pub version: i64,
    /// What the next evaluation has to know.
    pub state: String,
    /// When it was evaluated.
    pub evaluated_at: Timestamp,
    /// When it is evaluated next; never where absent, until it changes.
    pub due_at: Option<Timestamp>,
    /// Alerts that are new or changed. When and by whom one was acknowledged is left as it is.
    pub alerts: Vec<AlertRecord>,
    /// What channels are to be told.
    pub deliveries: Vec<NewDelivery>,
    /// Whether the rule goes.
    pub is_removed: bool,
}

/// Something that a channel is to be told.
#[derive(Clone, Debug, PartialEq)]
pub struct NewDelivery {
    /// Its id.
    pub id: Uuid,
    /// Whom it goes to.
    pub channel_id: Uuid,
    /// What is told.
    pub notice: Notice,
}

/// What is told, as it was at that moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Notice {
    /// Whose alert it is.
    pub workspace_id: Uuid,
    /// What happened.
    pub event: AlertEvent,
    /// When.
    pub at: Timestamp,
    /// The alert; absent for a test.
    pub alert: Option<Alert>,
}

/// A delivery that is somebody's turn.
#[derive(Clone, Debug, PartialEq)]
pub struct DueDelivery {
    /// Its id.
    pub id: Uuid,
    /// Whom it goes to.
    pub channel: AlertChannelRequest,
    /// What webhooks are signed with.
    pub secret: String,
    /// What is told.
    pub notice: Notice,
    /// How often it was tried.
    pub attempts: u64,
}

/// What came of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// When the next one is; absent where it arrived or is given up.
    pub next_attempt_at: Option<Timestamp>,
    /// When this one ended.
    pub at: Timestamp,
    /// Whether it arrived.
    pub delivered: bool,
    /// What the other side answered.
    pub status_code: Option<u16>,
    /// Why it failed.
    pub error: Option<String>,
}

/// Which alerts are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AlertFilter {
    /// Only those that last, or only those that are over.
    pub is_open: Option<bool>,
    /// Only those that were acknowledged, or only those that were not.
    pub is_acknowledged: Option<bool>,
    /// Only those of this severity.
    pub severity: Option<Severity>,
    /// Only those of this rule.
    pub rule_id: Option<Uuid>,
}

/// Whose deliveries are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveriesOf {
    /// Those to a channel.
    Channel(Uuid),
    /// Those that tell of an alert.
    Alert(Uuid),
}
