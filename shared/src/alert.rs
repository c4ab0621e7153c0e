//! Alerts: what went out of bounds, from the moment a rule noticed it until it was over.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Timestamp, alert_rule::AlertMetric, metric::Dimension, trace::TraceStatus};

/// Something that went out of bounds. A rule has one for each of its groups while it lasts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Alert {
    /// This alert.
    pub id: Uuid,
    /// Whose it is.
    pub workspace_id: Uuid,
    /// A short headline: the rule's name, and the group where it has any.
    pub title: String,
    /// What is wrong, in sentences with the numbers.
    pub description: String,
    /// How bad it is now; of one that is over, how bad it was last.
    pub severity: Severity,
    /// The measured value, in the metric's unit: the newest while it lasts, the last one after that.
    pub metric_value: Option<f64>,
    /// When it fired.
    pub created_at: Timestamp,
    /// Where it is in its life.
    pub state: AlertState,
    /// The rule that fired; absent for alerts that were kept before there were rules.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule_id: Option<Uuid>,
    /// What the rule measures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metric: Option<AlertMetric>,
    /// Whether the value is a change in percent from an earlier window.
    #[serde(default)]
    pub is_change: bool,
    /// What the value had to cross for this severity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f64>,
    /// The worst value so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worst_value: Option<f64>,
    /// Only traces of this agent were measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<String>,
    /// Only traces of this model were measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Which agents or models moved the value most when it fired, against the window before; the most first, three at most.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<AlertChange>,
    /// The traces behind it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traces: Option<AlertTraces>,
    /// When somebody said that they are on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledged_at: Option<Timestamp>,
    /// Who: an e-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledged_by: Option<String>,
    /// When it was over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolved_at: Option<Timestamp>,
    /// Why it was over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolution: Option<Resolution>,
}

/// Where an alert is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum AlertState {
    /// It lasts, and nobody said that they are on it.
    Firing,
    /// It lasts, and somebody is on it: there are no reminders.
    Acknowledged,
    /// It is over.
    Resolved,
}

impl AlertState {
    /// All of them, in the order of an alert's life.
    pub const ALL: [Self; 3] = [Self::Firing, Self::Acknowledged, Self::Resolved];

    /// The word in JSON and in a query string.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Firing => "firing",
            Self::Acknowledged => "acknowledged",
            Self::Resolved => "resolved",
        }
    }
}

/// Why an alert was over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Resolution {
    /// The value came back within its bounds.
    Recovered,
    /// There was nothing to measure for as long as the rule's window.
    NothingMeasured,
    /// The rule measures something else now.
    RuleChanged,
    /// The rule was switched off.
    RuleDisabled,
    /// The rule was removed.
    RuleDeleted,
}

/// What an agent or model had to do with an alert.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AlertChange {
    /// What `key` names.
    pub by: Dimension,
    /// The agent or model; absent for traces that name no model.
    pub key: Option<String>,
    /// Its value in the window before; absent where there was nothing to measure.
    pub before: Option<f64>,
    /// Its value in the window of the alert.
    pub now: Option<f64>,
}

/// Which traces an alert is about: what the list of traces takes as its filters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AlertTraces {
    /// The first moment of the window that was measured.
    pub start: Timestamp,
    /// The moment after its last.
    pub end: Timestamp,
    /// Only this agent's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<String>,
    /// Only this model's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Only those that ended so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<TraceStatus>,
}

/// How bad an alert is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Worth a look today.
    Warning,
    /// Worth a look now.
    Critical,
}

impl Severity {
    /// All of them, mildest first.
    pub const ALL: [Self; 3] = [Self::Info, Self::Warning, Self::Critical];

    /// The word in JSON, in a query string and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}
