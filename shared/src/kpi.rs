//! The KPIs of the dashboard, each compared with the previous window of the same length.

use serde::{Deserialize, Serialize};

use crate::time_range::TimeRange;

/// The KPIs of a window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HomeKpis {
    /// The number of traces.
    pub total_requests: Kpi,
    /// The mean latency in milliseconds.
    pub avg_latency_ms: Kpi,
    /// The traces that ended in an error or a timeout, in percent.
    pub error_rate: Kpi,
    /// The total cost in US dollars.
    pub total_cost_usd: Kpi,
    /// The mean quality score (0–100) of the traces that have one.
    pub avg_quality_score: Kpi,
}

/// A KPI.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Kpi {
    /// The value in the window; 0 if there is no data.
    pub value: f64,
    /// The change against the previous window in percent, from −100 to 10000, with one decimal. 100 if only the previous value
    /// is 0.
    pub change: f64,
    /// The label of the comparison, such as `vs last 24h`.
    pub change_label: String,
    /// Whether a higher value is better.
    pub trend: Trend,
}

impl Kpi {
    /// Creates the KPI of `range` with `value`, and `previous` in the previous window.
    #[must_use]
    pub fn new(value: f64, previous: f64, range: &TimeRange, trend: Trend) -> Self {
        Self { value, change: change_percent(value, previous), change_label: range.change_label(), trend }
    }

    /// Returns whether the change is an improvement.
    #[must_use]
    pub fn direction(&self) -> Direction {
        match (self.change, self.trend) {
            (0.0, _) => Direction::Same,
            (change, Trend::Normal) if change > 0.0 => Direction::Better,
            (change, Trend::Inverse) if change < 0.0 => Direction::Better,
            _ => Direction::Worse,
        }
    }
}

/// Whether a higher value is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Trend {
    /// Higher is better.
    Normal,
    /// Lower is better.
    Inverse,
}

/// The meaning of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The value improved.
    Better,
    /// The value got worse.
    Worse,
    /// The value did not change.
    Same,
}

/// Returns the change from `previous` to `value` in percent, from −100 to 10000, with one decimal. Returns 0 if both are 0,
/// and 100 if only `previous` is 0.
#[must_use]
pub fn change_percent(value: f64, previous: f64) -> f64 {
    if previous == 0.0 {
        return if value == 0.0 { 0.0 } else { 100.0 };
    }
    let percent = (value - previous) / previous * 100.0;
    // Adding 0.0 turns −0.0 into 0.0.
    ((percent * 10.0).round() / 10.0).clamp(-100.0, 10_000.0) + 0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_relative_rounded_and_bounded() {
        assert_eq!(change_percent(112.5, 100.0), 12.5);
        assert_eq!(change_percent(1.0, 3.0), -66.7);
        assert_eq!(change_percent(0.0, 3.0), -100.0);
        assert_eq!(change_percent(1e9, 1.0), 10_000.0);
        assert!(change_percent(99.999, 100.0).is_sign_positive());
    }

    #[test]
    fn a_change_from_zero_is_100_percent() {
        assert_eq!(change_percent(0.0, 0.0), 0.0);
        assert_eq!(change_percent(5.0, 0.0), 100.0);
    }

    #[test]
    fn lower_latency_is_better_and_fewer_requests_are_worse() {
        let kpi = |trend| Kpi::new(90.0, 100.0, &TimeRange::Day, trend);
        assert_eq!(kpi(Trend::Inverse).direction(), Direction::Better);
        assert_eq!(kpi(Trend::Normal).direction(), Direction::Worse);
    }
}
