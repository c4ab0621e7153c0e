//! Sums over traces, in the store's integer units: what rollups hold and what key figures are made of.

use std::collections::BTreeMap;

use shared::{Timestamp, metric::Metric, trace::TraceStatus};

use super::histogram::Histogram;
use crate::trace::record::{MICROS_PER_MILLI, MICROS_PER_POINT, NANOS_PER_DOLLAR, NewTrace};

/// What a set of traces adds up to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// Traces.
    pub requests: i64,
    /// Those that ended in an error.
    pub errors: i64,
    /// Those that ended in a timeout.
    pub timeouts: i64,
    /// Microseconds.
    pub latency: i64,
    /// Tokens, in and out.
    pub tokens: i64,
    /// Nano-dollars.
    pub cost: i64,
    /// Traces that have a quality.
    pub scored: i64,
    /// Millionths of a point.
    pub quality: i64,
}

impl Sums {
    /// What one trace adds.
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

    /// How many of these traces ended so; all of them for `None`.
    #[must_use]
    pub fn count(&self, status: Option<TraceStatus>) -> i64 {
        match status {
            None => self.requests,
            Some(TraceStatus::Success) => self.requests - self.errors - self.timeouts,
            Some(TraceStatus::Error) => self.errors,
            Some(TraceStatus::Timeout) => self.timeouts,
        }
    }

    /// Mean latency in milliseconds; nothing over no traces.
    #[must_use]
    pub fn avg_latency_ms(&self) -> Option<f64> {
        mean(self.latency, self.requests).map(|micros| micros / MICROS_PER_MILLI)
    }

    /// Percent of the traces that ended in an error or a timeout; nothing over no traces.
    #[must_use]
    pub fn error_rate(&self) -> Option<f64> {
        mean((self.errors + self.timeouts) * 100, self.requests)
    }

    /// US dollars.
    #[must_use]
    pub fn cost_usd(&self) -> f64 {
        self.cost as f64 / NANOS_PER_DOLLAR
    }

    /// Mean quality in points; nothing over no scored traces.
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

/// Sums with the histogram of their latencies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Distribution {
    /// What the traces add up to.
    pub sums: Sums,
    /// Their latencies.
    pub latencies: Histogram,
}

impl Distribution {
    /// The latency in milliseconds that `share` (0–1) of the traces do not exceed, within 2 %.
    #[must_use]
    pub fn latency_ms(&self, share: f64) -> Option<f64> {
        self.latencies.percentile(share).map(|micros| micros / MICROS_PER_MILLI)
    }

    /// The value of a metric; nothing where it needs traces (or scores) and there are none.
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

/// For each group (agent or model; `None` for all together and for no model) its steps in order.
pub type GroupedSums = BTreeMap<Option<String>, BTreeMap<Timestamp, Distribution>>;
