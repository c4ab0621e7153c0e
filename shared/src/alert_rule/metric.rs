//! The metrics that rules evaluate.

use serde::{Deserialize, Serialize};

use crate::{format::Unit, metric::Metric};

/// The metric of a rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum AlertMetric {
    /// The number of traces.
    Requests,
    /// The traces that ended in an error or a timeout, in percent.
    #[default]
    ErrorRate,
    /// The mean latency in milliseconds.
    AvgLatencyMs,
    /// The median latency in milliseconds, accurate to 2%.
    P50LatencyMs,
    /// The 95th percentile of the latency in milliseconds, accurate to 2%.
    P95LatencyMs,
    /// The 99th percentile of the latency in milliseconds, accurate to 2%.
    P99LatencyMs,
    /// The cost in US dollars.
    CostUsd,
    /// The number of input and output tokens.
    Tokens,
    /// The mean quality score (0–100) of the traces that have one.
    QualityScore,
    /// The minutes since the start of the newest trace. Only agents or models with a trace in the window are evaluated.
    NoData,
}

impl AlertMetric {
    /// All metrics.
    pub const ALL: [Self; 10] = [
        Self::Requests,
        Self::ErrorRate,
        Self::AvgLatencyMs,
        Self::P50LatencyMs,
        Self::P95LatencyMs,
        Self::P99LatencyMs,
        Self::CostUsd,
        Self::Tokens,
        Self::QualityScore,
        Self::NoData,
    ];

    /// Returns the metric of charts, or `None` for [`AlertMetric::NoData`].
    #[must_use]
    pub const fn metric(self) -> Option<Metric> {
        Some(match self {
            Self::Requests => Metric::Requests,
            Self::ErrorRate => Metric::ErrorRate,
            Self::AvgLatencyMs => Metric::AvgLatencyMs,
            Self::P50LatencyMs => Metric::P50LatencyMs,
            Self::P95LatencyMs => Metric::P95LatencyMs,
            Self::P99LatencyMs => Metric::P99LatencyMs,
            Self::CostUsd => Metric::CostUsd,
            Self::Tokens => Metric::Tokens,
            Self::QualityScore => Metric::QualityScore,
            Self::NoData => return None,
        })
    }

    /// Returns the name in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.metric().map_or("no_data", Metric::as_str)
    }

    /// Returns the unit of the values, or of their changes if `is_change`.
    #[must_use]
    pub const fn unit(self, is_change: bool) -> Unit {
        match self {
            _ if is_change => Unit::Change,
            Self::Requests | Self::Tokens => Unit::Count,
            Self::ErrorRate => Unit::Percent,
            Self::AvgLatencyMs | Self::P50LatencyMs | Self::P95LatencyMs | Self::P99LatencyMs => {
                Unit::Latency
            }
            Self::CostUsd => Unit::Cost,
            Self::QualityScore => Unit::Score,
            Self::NoData => Unit::Minutes,
        }
    }

    /// Returns the highest possible value, or `None` if there is no limit.
    #[must_use]
    pub const fn highest(self) -> Option<f64> {
        match self {
            Self::ErrorRate | Self::QualityScore => Some(100.0),
            _ => None,
        }
    }
}
