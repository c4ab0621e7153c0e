//! Alerts, from firing to resolution.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Timestamp, alert_rule::AlertMetric, metric::Dimension, trace::TraceStatus};

/// An alert. A rule has at most one unresolved alert per group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Alert {
    /// The id of the alert.
    pub id: Uuid,
    /// The workspace that owns the alert.
    pub workspace_id: Uuid,
    /// The name of the rule and, if the rule is grouped, the group.
    pub title: String,
    /// A description with the measured values, for people.
    pub description: String,
    /// The current severity; of a resolved alert, the last one.
    pub severity: Severity,
    /// The newest measured value, in the unit of the metric; of a resolved alert, the last one.
    pub metric_value: Option<f64>,
    /// The time at which the alert fired.
    pub created_at: Timestamp,
    /// The state.
    pub state: AlertState,
    /// The rule that fired. Absent for alerts from versions without rules.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule_id: Option<Uuid>,
    /// The metric of the rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metric: Option<AlertMetric>,
    /// Whether `metric_value`, `threshold` and `worst_value` are changes in percent against an earlier window.
    #[serde(default)]
    pub is_change: bool,
    /// The threshold of the current severity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f64>,
    /// The worst value since the alert fired.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worst_value: Option<f64>,
    /// The measured agent. Absent if all agents are measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<String>,
    /// The measured model. Absent if all models are measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The agents or models that contributed most to the change of the value when the alert fired, against the previous
    /// window. At most three, the largest contribution first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<AlertChange>,
    /// The filter of the trace list that selects the measured traces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traces: Option<AlertTraces>,
    /// The time of the acknowledgement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledged_at: Option<Timestamp>,
    /// The e-mail address of the account that acknowledged the alert.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledged_by: Option<String>,
    /// The time of the resolution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolved_at: Option<Timestamp>,
    /// The reason for the resolution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolution: Option<Resolution>,
}

/// The state of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum AlertState {
    /// The alert is active and not acknowledged.
    Firing,
    /// The alert is active and acknowledged. Channels receive no reminders.
    Acknowledged,
    /// The alert is no longer active.
    Resolved,
}

impl AlertState {
    /// Returns the name in JSON and in queries.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Firing => "firing",
            Self::Acknowledged => "acknowledged",
            Self::Resolved => "resolved",
        }
    }
}

/// A filter by the state of alerts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum AlertStateFilter {
    /// Active alerts: firing or acknowledged.
    Open,
    /// Active alerts that are not acknowledged.
    Firing,
    /// Active alerts that are acknowledged.
    Acknowledged,
    /// Alerts that are no longer active.
    Resolved,
}

/// The query of the newest alerts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams), into_params(parameter_in = Query, style = Form))]
pub struct RecentAlertsQuery {
    /// The maximum number of alerts: 1 to 100. Default: 10.
    #[cfg_attr(feature = "openapi", param(minimum = 1, maximum = 100))]
    pub limit: Option<u32>,
    /// Only alerts with this severity.
    pub severity: Option<Severity>,
}

/// The query of a page of alerts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams), into_params(parameter_in = Query, style = Form))]
pub struct AlertListQuery {
    /// Only alerts in this state; `open` means firing or acknowledged.
    pub state: Option<AlertStateFilter>,
    /// Only alerts with this severity.
    pub severity: Option<Severity>,
    /// Only alerts of this rule, which may be deleted.
    pub rule_id: Option<Uuid>,
    /// The maximum number of alerts on a page: 1 to 100. Default: 50.
    #[cfg_attr(feature = "openapi", param(minimum = 1, maximum = 100))]
    pub limit: Option<u32>,
    /// The number of the page, from 1. Default: 1.
    #[cfg_attr(feature = "openapi", param(minimum = 1, maximum = 1_000_000))]
    pub page: Option<u32>,
}

/// The reason for the resolution of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Resolution {
    /// The value returned within the threshold.
    Recovered,
    /// There was no data for the length of a window.
    NothingMeasured,
    /// The metric, filters or grouping of the rule changed.
    RuleChanged,
    /// The rule was disabled.
    RuleDisabled,
    /// The rule was deleted.
    RuleDeleted,
}

/// The contribution of an agent or model to an alert.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AlertChange {
    /// Whether `key` is an agent or a model.
    pub by: Dimension,
    /// The agent or model. Absent for traces without a model.
    pub key: Option<String>,
    /// The value in the previous window. Absent if there was no data.
    pub before: Option<f64>,
    /// The value in the window of the alert. Absent if there was no data.
    pub now: Option<f64>,
}

/// A filter of the trace list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AlertTraces {
    /// The start of the measured window.
    pub start: Timestamp,
    /// The end of the measured window, exclusive.
    pub end: Timestamp,
    /// Only traces of this agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<String>,
    /// Only traces of this model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Only traces with this status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<TraceStatus>,
}

/// The severity of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Informational.
    Info,
    /// Should be investigated soon.
    Warning,
    /// Needs immediate attention.
    Critical,
}

impl Severity {
    /// All severities, the lowest first.
    pub const ALL: [Self; 3] = [Self::Info, Self::Warning, Self::Critical];

    /// Returns the name in JSON, in queries and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}
