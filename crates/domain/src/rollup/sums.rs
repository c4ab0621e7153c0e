//! Sums over traces in the store's integer units: the contents of the rollups and the source of all KPIs.

use std::collections::BTreeMap;

use shared::{Timestamp, metric::Metric, trace::TraceStatus};

use super::histogram::Histogram;
use crate::trace::record::{MICROS_PER_MILLI, MICROS_PER_POINT, NANOS_PER_DOLLAR, NewTrace};

/// The sums of a set of traces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// The number of traces.
    pub requests: i64,
    /// The number of traces with an error.
    pub errors: i64,
    /// The number of traces with a timeout.
    pub timeouts: i64,
    /// The latency in microseconds.
    pub latency: i64,
    /// Input and output tokens.
    pub tokens: i64,
    /// The cost in nano-dollars.
    pub cost: i64,
    /// The number of traces with a quality.
    pub scored: i64,
    /// The quality in millionths of a point.
    pub quality: i64,
}

impl Sums {
    /// Returns the sums of one trace.
    #[must_use]
    pub fn of(trace: &NewTrace) -> Self {
        Self {
            requests: 1,
            errors: i64::from(trace.status == TraceStatus::Error),
            timeouts: i64::from(trace.status == TraceStatus::Timeout),
            latency: trace.latency,
            tokens: trace.tokens_total.unwrap_or(0),
            cost: trace.cost.unwrap_or(0),
            scored: i64::from(trace.quality.is_some()),
            quality: trace.quality.unwrap_or(0),
        }
    }

    /// Returns the number of traces with a status, or of all traces for `None`.
    #[must_use]
    pub fn count(&self, status: Option<TraceStatus>) -> i64 {
        match status {
            None => self.requests,
            Some(TraceStatus::Success) => self.requests - self.errors - self.timeouts,
            Some(TraceStatus::Error) => self.errors,
            Some(TraceStatus::Timeout) => self.timeouts,
        }
    }

    /// Returns the mean latency in milliseconds, or `None` if there are no traces.
    #[must_use]
    pub fn avg_latency_ms(&self) -> Option<f64> {
        mean(self.latency, self.requests).map(|micros| micros / MICROS_PER_MILLI)
    }

    /// Returns the percentage of traces with an error or a timeout, or `None` if there are no traces.
    #[must_use]
    pub fn error_rate(&self) -> Option<f64> {
        mean((self.errors + self.timeouts) * 100, self.requests)
    }

    /// Returns the cost in US dollars.
    #[must_use]
    pub fn cost_usd(&self) -> f64 {
        self.cost as f64 / NANOS_PER_DOLLAR
    }

    /// Returns the mean quality in points, or `None` if no trace has a quality.
    #[must_use]
    pub fn avg_quality(&self) -> Option<f64> {
        mean(self.quality, self.scored).map(|micros| micros / MICROS_PER_POINT)
    }
}

impl std::ops::AddAssign for Sums {
    fn add_assign(&mut self, other: Self) {
        self.requests += other.requests;
        self.errors += other.errors;
        self.timeouts += other.timeouts;
        self.latency = self.latency.saturating_add(other.latency);
        self.tokens = self.tokens.saturating_add(other.tokens);
        self.cost = self.cost.saturating_add(other.cost);
        self.scored += other.scored;
        self.quality = self.quality.saturating_add(other.quality);
    }
}

impl std::ops::SubAssign for Sums {
    fn sub_assign(&mut self, other: Self) {
        self.requests -= other.requests;
        self.errors -= other.errors;
        self.timeouts -= other.timeouts;
        self.latency = self.latency.saturating_sub(other.latency);
        self.tokens = self.tokens.saturating_sub(other.tokens);
        self.cost = self.cost.saturating_sub(other.cost);
        self.scored -= other.scored;
        self.quality = self.quality.saturating_sub(other.quality);
    }
}

fn mean(sum: i64, count: i64) -> Option<f64> {
    (count > 0).then(|| sum as f64 / count as f64)
}

/// Sums and the histogram of the latencies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Distribution {
    /// The sums.
    pub sums: Sums,
    /// The latencies.
    pub latencies: Histogram,
}

impl Distribution {
    /// Returns the latency in milliseconds that `share` (0–1) of the traces do not exceed, within 2 %.
    #[must_use]
    pub fn latency_ms(&self, share: f64) -> Option<f64> {
        self.latencies.percentile(share).map(|micros| micros / MICROS_PER_MILLI)
    }

    /// Returns the value of a metric, or `None` if it needs traces (or scores) and there are none.
    #[must_use]
    pub fn metric(&self, metric: Metric) -> Option<f64> {
        let sums = &self.sums;
        match metric {
            Metric::Requests => Some(sums.requests as f64),
            Metric::Errors => Some((sums.errors + sums.timeouts) as f64),
            Metric::ErrorRate => sums.error_rate(),
            Metric::AvgLatencyMs => sums.avg_latency_ms(),
            Metric::P50LatencyMs => self.latency_ms(0.50),
            Metric::P95LatencyMs => self.latency_ms(0.95),
            Metric::P99LatencyMs => self.latency_ms(0.99),
            Metric::CostUsd => Some(sums.cost_usd()),
            Metric::Tokens => Some(sums.tokens as f64),
            Metric::QualityScore => sums.avg_quality(),
        }
    }
}

/// The steps of each group, sorted by time. A group is an agent or a model; `None` is all traces, or those without a model.
pub type GroupedSums = BTreeMap<Option<String>, BTreeMap<Timestamp, Distribution>>;
