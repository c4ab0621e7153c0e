//! The preview of a rule: the alerts that it would have fired.

use serde::{Deserialize, Serialize};

use crate::{Timestamp, alert::Severity, metric::Point};

/// The evaluations of a rule over recent days, and the alerts that it would have fired.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AlertPreview {
    /// The time of the first evaluation.
    pub start: Timestamp,
    /// The time of the last evaluation.
    pub end: Timestamp,
    /// The seconds between two evaluations. A stored rule is evaluated more often.
    pub step_seconds: u64,
    /// One series of all traces, or one per group: groups with alerts first, then those with the most traces. At most ten.
    pub series: Vec<AlertPreviewSeries>,
    /// The number of all groups.
    pub groups: u64,
    /// The number of alerts of all groups.
    pub alerts: u64,
}

/// The evaluations of one group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AlertPreviewSeries {
    /// The agent or model. Absent without a grouping, and for traces without a model.
    pub key: Option<String>,
    /// The value of each evaluation, or its change in percent if the rule has a baseline.
    pub points: Vec<Point>,
    /// The alerts, in the order of time.
    pub alerts: Vec<AlertPreviewSpan>,
}

/// An alert that a rule would have fired.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AlertPreviewSpan {
    /// The highest severity.
    pub severity: Severity,
    /// The time at which it would have fired.
    pub start: Timestamp,
    /// The time of the resolution. Absent if it would still be active.
    pub end: Option<Timestamp>,
}
