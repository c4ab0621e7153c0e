//! Metrics over time, and per agent or model.

use serde::{Deserialize, Serialize};

use crate::{Timestamp, time_range::TimeRangeQuery};

/// A metric of traces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// The number of traces.
    Requests,
    /// The number of traces that ended in an error or a timeout.
    Errors,
    /// The traces that ended in an error or a timeout, in percent.
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
}

impl Metric {
    /// Returns the name in JSON and in queries.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Errors => "errors",
            Self::ErrorRate => "error_rate",
            Self::AvgLatencyMs => "avg_latency_ms",
            Self::P50LatencyMs => "p50_latency_ms",
            Self::P95LatencyMs => "p95_latency_ms",
            Self::P99LatencyMs => "p99_latency_ms",
            Self::CostUsd => "cost_usd",
            Self::Tokens => "tokens",
            Self::QualityScore => "quality_score",
        }
    }
}

/// A dimension by which metrics are grouped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Dimension {
    /// The agent: `agent_id`.
    Agent,
    /// The main model: `model`.
    Model,
}

impl Dimension {
    /// Returns the name in JSON and in queries.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Model => "model",
        }
    }

    /// Returns the value of this dimension.
    #[must_use]
    pub fn select<T>(self, agent: T, model: T) -> T {
        match self {
            Self::Agent => agent,
            Self::Model => model,
        }
    }
}

/// The query of a metric over time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams), into_params(parameter_in = Query, style = Form))]
pub struct TimeseriesQuery {
    /// The metric.
    pub metric: Metric,
    /// The time range.
    #[serde(flatten)]
    #[cfg_attr(feature = "openapi", param(ignore))]
    pub time_range: TimeRangeQuery,
    /// Returns one series for each of the ten groups with the most requests. Default: one series of all traces.
    pub group_by: Option<Dimension>,
}

/// The query of the metrics of each agent or model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams), into_params(parameter_in = Query, style = Form))]
pub struct BreakdownQuery {
    /// The dimension.
    pub by: Dimension,
    /// The time range.
    #[serde(flatten)]
    #[cfg_attr(feature = "openapi", param(ignore))]
    pub time_range: TimeRangeQuery,
    /// The maximum number of items: 1 to 100. Default: 10.
    #[cfg_attr(feature = "openapi", param(minimum = 1, maximum = 100))]
    pub limit: Option<u32>,
}

/// A metric over time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Timeseries {
    /// The metric.
    pub metric: Metric,
    /// The start of the window.
    pub start: Timestamp,
    /// The end of the window, exclusive.
    pub end: Timestamp,
    /// The length of a step in seconds. Steps begin at multiples of it. The first and the last step may extend beyond the
    /// window; their points cover only the part within it.
    pub step_seconds: u64,
    /// One series, or one per group: the ten groups with the most requests.
    pub series: Vec<Series>,
}

/// A series of points.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Series {
    /// The agent or model. Absent without a grouping, and for traces without a model.
    pub key: Option<String>,
    /// One point per step of the window, in the order of time.
    pub points: Vec<Point>,
}

/// The value of one step.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Point {
    /// The start of the step.
    pub timestamp: Timestamp,
    /// The value. Absent if the step has no data for a mean, rate or percentile.
    pub value: Option<f64>,
}

/// The metrics of one agent or model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BreakdownItem {
    /// The agent or model. Absent for traces without a model.
    pub key: Option<String>,
    /// The number of traces.
    pub requests: u64,
    /// The traces that ended in an error or a timeout, in percent.
    pub error_rate: f64,
    /// The mean latency in milliseconds.
    pub avg_latency_ms: f64,
    /// The 95th percentile of the latency in milliseconds, accurate to 2%.
    pub p95_latency_ms: f64,
    /// The cost in US dollars.
    pub cost_usd: f64,
    /// The number of input and output tokens.
    pub tokens_total: u64,
    /// The mean quality score (0–100) of the traces that have one. Absent if no trace has one.
    pub avg_quality_score: Option<f64>,
}
