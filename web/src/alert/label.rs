//! Labels for enums, and values with their units. Pure functions.

use shared::{
    alert::{AlertState, Resolution, Severity},
    alert_channel::{AlertDelivery, AlertEvent, ChannelKind, DeliveryState},
    alert_rule::{AlertMetric, Baseline},
    format::{self, Unit},
};

/// Returns the label of a severity.
#[must_use]
pub fn severity_label(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "Info",
        Severity::Warning => "Warning",
        Severity::Critical => "Critical",
    }
}

/// Returns the label of an alert's state.
#[must_use]
pub fn state_label(state: AlertState) -> &'static str {
    match state {
        AlertState::Firing => "Firing",
        AlertState::Acknowledged => "Acknowledged",
        AlertState::Resolved => "Resolved",
    }
}

/// Returns why an alert was resolved.
#[must_use]
pub fn resolution_label(resolution: Resolution) -> &'static str {
    match resolution {
        Resolution::Recovered => "Recovered",
        Resolution::NothingMeasured => "No more data",
        Resolution::RuleChanged => "Rule changed",
        Resolution::RuleDisabled => "Rule disabled",
        Resolution::RuleDeleted => "Rule deleted",
    }
}

/// Returns the label of a metric.
#[must_use]
pub fn metric_label(metric: AlertMetric) -> &'static str {
    match metric {
        AlertMetric::Requests => "Requests",
        AlertMetric::ErrorRate => "Error rate",
        AlertMetric::AvgLatencyMs => "Average latency",
        AlertMetric::P50LatencyMs => "Latency p50",
        AlertMetric::P95LatencyMs => "Latency p95",
        AlertMetric::P99LatencyMs => "Latency p99",
        AlertMetric::CostUsd => "Cost",
        AlertMetric::Tokens => "Tokens",
        AlertMetric::QualityScore => "Quality",
        AlertMetric::NoData => "No data",
    }
}

/// Returns the label of a baseline.
#[must_use]
pub fn baseline_label(baseline: Baseline) -> &'static str {
    match baseline {
        Baseline::None => "Fixed value",
        Baseline::PreviousWindow => "Previous window",
        Baseline::DayBefore => "Previous day",
        Baseline::WeekBefore => "Previous week",
    }
}

/// Returns the label of a channel's kind.
#[must_use]
pub fn channel_kind_label(kind: ChannelKind) -> &'static str {
    match kind {
        ChannelKind::Webhook => "Webhook",
        ChannelKind::Slack => "Slack",
        ChannelKind::Email => "E-mail",
    }
}

/// Returns the label of an event that channels are notified of.
#[must_use]
pub fn event_label(event: AlertEvent) -> &'static str {
    match event {
        AlertEvent::Firing => "Fired",
        AlertEvent::Escalated => "Escalated",
        AlertEvent::Reminder => "Reminder",
        AlertEvent::Resolved => "Resolved",
        AlertEvent::Test => "Test",
        AlertEvent::Confirmation => "Confirmation",
    }
}

/// Returns the status of a delivery: a badge class, a label, and the receiver's response.
#[must_use]
pub fn delivery_status(delivery: &AlertDelivery) -> (&'static str, &'static str, String) {
    let (class, label) = match delivery.state {
        DeliveryState::Delivered => ("status-success", "Delivered"),
        DeliveryState::Failed => ("status-error", "Failed"),
        DeliveryState::Pending if delivery.attempts > 0 => ("status-timeout", "Retrying"),
        DeliveryState::Pending => ("severity-info", "Pending"),
    };
    let code = || delivery.status_code.map(|code| code.to_string());
    let detail = delivery.error.clone().or_else(code).unwrap_or_default();
    (class, label, detail)
}

/// Returns the unit as shown beside an input.
#[must_use]
pub fn unit_label(unit: Unit) -> &'static str {
    match unit {
        Unit::Count => "",
        Unit::Latency => "ms",
        Unit::Percent | Unit::Change => "%",
        Unit::Cost => "$",
        Unit::Score => "of 100",
        Unit::Minutes => "min",
    }
}

/// Formats a threshold without rounding it to three digits.
#[must_use]
pub fn threshold(metric: AlertMetric, is_change: bool, threshold: f64) -> String {
    match metric.unit(is_change) {
        Unit::Minutes => format::minutes(threshold),
        unit => unit.axis_text(threshold),
    }
}

/// Returns which severities a channel is notified of.
#[must_use]
pub fn min_severity_label(min_severity: Severity) -> &'static str {
    match min_severity {
        Severity::Info => "All severities",
        Severity::Warning => "Warning and above",
        Severity::Critical => "Critical only",
    }
}

/// Formats a value with its unit. Without a metric there is no unit; without a value it is a dash.
#[must_use]
pub fn value(metric: Option<AlertMetric>, is_change: bool, value: Option<f64>) -> String {
    match (metric, value) {
        (Some(metric), Some(value)) => metric.unit(is_change).text(value),
        (None, Some(value)) => format::exact(value),
        (_, None) => format::NONE.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_the_unit_of_their_metric() {
        let of = |metric, is_change, number| value(Some(metric), is_change, Some(number));
        assert_eq!(of(AlertMetric::ErrorRate, false, 23.5), "23.5%");
        assert_eq!(of(AlertMetric::ErrorRate, true, 23.5), "+23.5%");
        assert_eq!(of(AlertMetric::P95LatencyMs, false, 1500.0), "1.50 s");
        assert_eq!(of(AlertMetric::NoData, false, 90.4), "1 h 30 min");
        assert_eq!(of(AlertMetric::CostUsd, false, 12.0), "$12.00");
        assert_eq!(value(None, false, Some(7.5)), "7.5");
        assert_eq!(value(Some(AlertMetric::Requests), false, None), format::NONE);
    }
}
