//! The settings of a rule.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::AlertMetric;
use crate::{Timestamp, alert::Severity, metric::Dimension};

/// The earlier window that a value is compared with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Baseline {
    /// No comparison: thresholds have the unit of the metric.
    #[default]
    None,
    /// The window of the same length just before. As for all other windows, thresholds are changes in percent.
    PreviousWindow,
    /// The same window one day earlier.
    DayBefore,
    /// The same window one week earlier.
    WeekBefore,
}

impl Baseline {
    /// All baselines.
    pub const ALL: [Self; 4] = [Self::None, Self::PreviousWindow, Self::DayBefore, Self::WeekBefore];

    /// Returns the name in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::PreviousWindow => "previous_window",
            Self::DayBefore => "day_before",
            Self::WeekBefore => "week_before",
        }
    }
}

/// The side of a threshold that fires an alert.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// Values at or above the threshold.
    #[default]
    Above,
    /// Values at or below the threshold.
    Below,
}

/// The settings of a rule. Absent fields have their defaults. At least one threshold is required.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct AlertRuleRequest {
    /// The name: 1 to 256 bytes without control characters. The title of its alerts begins with it.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 256))]
    pub name: String,
    /// The metric. Default: `error_rate`.
    pub metric: AlertMetric,
    /// Measures only traces of this agent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<String>,
    /// Measures only traces of this model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Evaluates each agent or model separately, with separate alerts. Absent: all traces together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group_by: Option<Dimension>,
    /// The length of the window before now, in minutes: a multiple of 5 from 5 to 10080 (7 days). Default: 30.
    #[cfg_attr(feature = "openapi", schema(minimum = 5, maximum = 10_080, multiple_of = 5))]
    pub window_minutes: u32,
    /// The window that the value is compared with. Must be `none` for `no_data`. Default: `none`.
    pub baseline: Baseline,
    /// The side of a threshold that fires an alert. Must be `above` for `no_data`. Default: `above`.
    pub side: Side,
    /// The threshold for the severity `info`, in the unit of the metric, or in percent if there is a baseline.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub info: Option<f64>,
    /// The threshold for the severity `warning`. Must be beyond `info`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warning: Option<f64>,
    /// The threshold for the severity `critical`. Must be beyond `warning` and `info`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub critical: Option<f64>,
    /// The minimum number of traces in the window, and in the baseline window, up to 1000000. With fewer traces, the rule is
    /// not evaluated. Must be 0 for `requests` without a baseline. Default: 0.
    #[cfg_attr(feature = "openapi", schema(maximum = 1_000_000))]
    pub min_traces: u32,
    /// The percentage of the threshold by which a value must return before the alert is resolved: 0 to 90. Default: 10.
    #[cfg_attr(feature = "openapi", schema(maximum = 90))]
    pub hysteresis_percent: u32,
    /// The minutes for which a value must be beyond a threshold before an alert fires: 0 to 1440. Default: 0.
    #[cfg_attr(feature = "openapi", schema(maximum = 1440))]
    pub for_minutes: u32,
    /// The interval of reminders while an alert is active and not acknowledged, in minutes: 5 to 10080. Absent: no reminders.
    #[cfg_attr(feature = "openapi", schema(minimum = 5, maximum = 10_080))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub renotify_minutes: Option<u32>,
    /// Whether the rule is evaluated. Default: `true`.
    pub enabled: bool,
    /// The time until which channels receive no notifications. Alerts fire regardless.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub muted_until: Option<Timestamp>,
    /// The channels that receive notifications. Absent: all channels of the workspace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel_ids: Option<Vec<Uuid>>,
}

impl Default for AlertRuleRequest {
    fn default() -> Self {
        Self {
            name: String::new(),
            metric: AlertMetric::default(),
            agent_id: None,
            model: None,
            group_by: None,
            window_minutes: 30,
            baseline: Baseline::default(),
            side: Side::default(),
            info: None,
            warning: None,
            critical: None,
            min_traces: 0,
            hysteresis_percent: 10,
            for_minutes: 0,
            renotify_minutes: None,
            enabled: true,
            muted_until: None,
            channel_ids: None,
        }
    }
}

impl AlertRuleRequest {
    /// Returns the threshold of a severity.
    #[must_use]
    pub const fn threshold(&self, severity: Severity) -> Option<f64> {
        match severity {
            Severity::Info => self.info,
            Severity::Warning => self.warning,
            Severity::Critical => self.critical,
        }
    }

    /// Returns whether the thresholds are changes in percent.
    #[must_use]
    pub fn is_change(&self) -> bool {
        self.baseline != Baseline::None
    }

    /// Returns the lowest and the highest possible value; infinite if there is no limit.
    #[must_use]
    pub fn extent(&self) -> (f64, f64) {
        if self.is_change() {
            return (-100.0, f64::INFINITY);
        }
        (0.0, self.metric.highest().unwrap_or(f64::INFINITY))
    }
}

/// A stored rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AlertRule {
    /// The id of the rule.
    pub id: Uuid,
    /// The settings.
    #[serde(flatten)]
    pub rule: AlertRuleRequest,
    /// The time of the creation.
    pub created_at: Timestamp,
    /// The time of the last update.
    pub updated_at: Timestamp,
    /// The time of the last evaluation. Absent before the first one.
    pub evaluated_at: Option<Timestamp>,
    /// The number of unresolved alerts.
    pub open_alerts: u64,
}
