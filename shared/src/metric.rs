//! Charts: metrics over time, and the same metrics per agent or model.

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// What a chart shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Traces.
    Requests,
    /// Traces that ended in an error or a timeout.
    Errors,
    /// Percent of the traces that ended in an error or a timeout.
    ErrorRate,
    /// Mean latency in milliseconds.
    AvgLatencyMs,
    /// Median latency in milliseconds, within 2 %.
    P50LatencyMs,
    /// 95th percentile of the latency in milliseconds, within 2 %.
    P95LatencyMs,
    /// 99th percentile of the latency in milliseconds, within 2 %.
    P99LatencyMs,
    /// US dollars.
    CostUsd,
    /// Tokens, in and out.
    Tokens,
    /// Mean quality score of the traces that have one.
    QualityScore,
}

impl Metric {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Requests,
        Self::Errors,
        Self::ErrorRate,
        Self::AvgLatencyMs,
        Self::P50LatencyMs,
        Self::P95LatencyMs,
        Self::P99LatencyMs,
        Self::CostUsd,
        Self::Tokens,
        Self::QualityScore,
    ];

    /// The word in JSON and in a query string.
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

/// What a chart or a top list is split by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Dimension {
    /// By `agent_id`.
    Agent,
    /// By `model`.
    Model,
}

impl Dimension {
    /// The word in JSON and in a query string.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Model => "model",
        }
    }
}

/// A metric over time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Timeseries {
    /// What is shown.
    pub metric: Metric,
    /// The first moment of the window.
    pub start: Timestamp,
    /// The first moment after the window.
    pub end: Timestamp,
    /// Seconds from one point to the next. Points stand at multiples of it; the first and the last cover only what
    /// of their step lies in the window.
    pub step_seconds: u64,
    /// One line, or one per group: those with the most requests, at most [`crate::limit::TIMESERIES_GROUPS`].
    pub series: Vec<Series>,
}

/// One line of a chart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Series {
    /// The agent or model; absent for the line of all, and for traces that name no model.
    pub key: Option<String>,
    /// Every step of the window, in order.
    pub points: Vec<Point>,
}

/// One step of a line.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Point {
    /// Where the step begins.
    pub timestamp: Timestamp,
    /// The value; absent where a mean, rate or percentile has nothing to be taken over.
    pub value: Option<f64>,
}

/// The figures of one agent or model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BreakdownItem {
    /// The agent or model; absent for traces that name no model.
    pub key: Option<String>,
    /// Traces.
    pub requests: u64,
    /// Percent of the traces that ended in an error or a timeout.
    pub error_rate: f64,
    /// Mean latency in milliseconds.
    pub avg_latency_ms: f64,
    /// 95th percentile of the latency in milliseconds, within 2 %.
    pub p95_latency_ms: f64,
    /// US dollars.
    pub cost_usd: f64,
    /// Tokens, in and out.
    pub tokens_total: u64,
    /// Mean quality score of the traces that have one; absent where none has.
    pub avg_quality_score: Option<f64>,
}
