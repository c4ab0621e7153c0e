//! The home page's key figures, each against the window of the same length just before.

use serde::{Deserialize, Serialize};

use crate::time_range::TimeRange;

/// The five key figures of a window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HomeKpis {
    /// Traces in the window.
    pub total_requests: Kpi,
    /// Mean latency in milliseconds.
    pub avg_latency_ms: Kpi,
    /// Percent of the traces that ended in an error or a timeout.
    pub error_rate: Kpi,
    /// Sum of the cost in US dollars.
    pub total_cost_usd: Kpi,
    /// Mean quality score (0–100) of the traces that have one.
    pub avg_quality_score: Kpi,
}

/// One key figure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Kpi {
    /// The value in the window; 0 where there is nothing to measure.
    pub value: f64,
    /// Percent by which the value differs from the previous window's: see [`change_percent`].
    pub change: f64,
    /// What the change is measured against, like `vs last 24h`.
    pub change_label: String,
    /// Whether more is better.
    pub trend: Trend,
}

impl Kpi {
    /// The figure `value` of `range`, which was `previous` in the window before.
    #[must_use]
    pub fn new(value: f64, previous: f64, range: &TimeRange, trend: Trend) -> Self {
        Self { value, change: change_percent(value, previous), change_label: range.change_label(), trend }
    }

    /// What the change means for the reader.
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

/// Whether a rising figure is good news.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Trend {
    /// Higher is better.
    Normal,
    /// Lower is better.
    Inverse,
}

/// A change, as news.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The figure moved the way one wants.
    Better,
    /// The figure moved the other way.
    Worse,
    /// The figure stayed.
    Same,
}

/// The relative change from `previous` to `value` in percent, to one decimal, within −100…10000. 0.0 where both are
/// zero, 100.0 where only the previous one is.
#[must_use]
pub fn change_percent(value: f64, previous: f64) -> f64 {
    if previous == 0.0 {
        return if value == 0.0 { 0.0 } else { 100.0 };
    }
    let percent = (value - previous) / previous * 100.0;
    // Adding 0.0 turns a rounded −0.0 into 0.0.
    ((percent * 10.0).round() / 10.0).clamp(-100.0, 10_000.0) + 0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn change_is_relative_rounded_and_bounded() {
        assert_eq!(change_percent(112.5, 100.0), 12.5);
        assert_eq!(change_percent(1.0, 3.0), -66.7);
        assert_eq!(change_percent(0.0, 3.0), -100.0);
        assert_eq!(change_percent(1e9, 1.0), 10_000.0);
        assert!(change_percent(99.999, 100.0).is_sign_positive());
    }

    #[test]
    fn change_from_nothing_is_all_or_none() {
        assert_eq!(change_percent(0.0, 0.0), 0.0);
        assert_eq!(change_percent(5.0, 0.0), 100.0);
    }

    #[test]
    fn a_falling_latency_is_better_and_falling_requests_are_worse() {
        let kpi = |trend| Kpi::new(90.0, 100.0, &TimeRange::Day, trend);
        assert_eq!(kpi(Trend::Inverse).direction(), Direction::Better);
        assert_eq!(kpi(Trend::Normal).direction(), Direction::Worse);
    }
}
