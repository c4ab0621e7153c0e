//! The words for people, and values with their units. Pure.

use shared::{
    alert::{AlertState, Resolution, Severity},
    alert_channel::{AlertDelivery, AlertEvent, ChannelKind, DeliveryState},
    alert_rule::{AlertMetric, Baseline},
};

use crate::format::{self, Unit};

/// The word for a severity.
#[must_use]
pub fn severity_label(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "Info",
        Severity::Warning => "Warning",
        Severity::Critical => "Critical",
    }
}

/// The word for where an alert is in its life.
#[must_use]
pub fn state_label(state: AlertState) -> &'static str {
    match state {
        AlertState::Firing => "Firing",
        AlertState::Acknowledged => "Acknowledged",
        AlertState::Resolved => "Resolved",
    }
}

/// Why an alert was over.
#[must_use]
pub fn resolution_label(resolution: Resolution) -> &'static str {
    match resolution {
        Resolution::Recovered => "Back within bounds",
        Resolution::NothingMeasured => "Nothing to measure any more",
        Resolution::RuleChanged => "The rule measures something else now",
        Resolution::RuleDisabled => "The rule was switched off",
        Resolution::RuleDeleted => "The rule was deleted",
    }
}

/// What is measured.
#[must_use]
pub fn metric_label(metric: AlertMetric) -> &'static str {
    match metric {
        AlertMetric::Requests => "Requests",
        AlertMetric::ErrorRate => "Error rate",
        AlertMetric::AvgLatencyMs => "Mean latency",
        AlertMetric::P50LatencyMs => "p50 latency",
        AlertMetric::P95LatencyMs => "p95 latency",
        AlertMetric::P99LatencyMs => "p99 latency",
        AlertMetric::CostUsd => "Cost",
        AlertMetric::Tokens => "Tokens",
        AlertMetric::QualityScore => "Quality score",
        AlertMetric::NoData => "No data",
    }
}

/// What a value is compared with.
#[must_use]
pub fn baseline_label(baseline: Baseline) -> &'static str {
    match baseline {
        Baseline::None => "a number",
        Baseline::PreviousWindow => "the window before",
        Baseline::DayBefore => "the day before",
        Baseline::WeekBefore => "the week before",
    }
}

/// How a channel is reached.
#[must_use]
pub fn kind_label(kind: ChannelKind) -> &'static str {
    match kind {
        ChannelKind::Webhook => "Webhook",
        ChannelKind::Slack => "Slack",
        ChannelKind::Email => "E-mail",
    }
}

/// What a channel was told.
#[must_use]
pub fn event_label(event: AlertEvent) -> &'static str {
    match event {
        AlertEvent::Firing => "Fired",
        AlertEvent::Escalated => "Became worse",
        AlertEvent::Reminder => "Reminder",
        AlertEvent::Resolved => "Resolved",
        AlertEvent::Test => "Test",
    }
}

/// What became of telling it: a class of badges, a word, and what the other side said.
#[must_use]
pub fn delivery_outcome(delivery: &AlertDelivery) -> (&'static str, &'static str, String) {
    let (class, word) = match delivery.state {
        DeliveryState::Delivered => ("status-success", "Delivered"),
        DeliveryState::Failed => ("status-error", "Failed"),
        DeliveryState::Pending if delivery.attempts > 0 => ("status-timeout", "Will be tried again"),
        DeliveryState::Pending => ("severity-info", "On its way"),
    };
    let code = delivery.status_code.map(|code| code.to_string());
    let said = match (&delivery.error, code) {
        (Some(error), _) => error.clone(),
        (None, code) => code.unwrap_or_default(),
    };
    (class, word, said)
}

/// The unit as it stands beside an input.
#[must_use]
pub fn unit_word(unit: Unit) -> &'static str {
    match unit {
        Unit::Count => "",
        Unit::Latency => "ms",
        Unit::Percent | Unit::Change => "%",
        Unit::Cost => "$",
        Unit::Score => "of 100",
        Unit::Minutes => "min",
    }
}

/// A threshold as text: as round as somebody typed it.
#[must_use]
pub fn threshold(metric: AlertMetric, is_change: bool, threshold: f64) -> String {
    match metric.unit(is_change) {
        Unit::Minutes => format::minutes(threshold),
        unit => unit.axis_text(threshold),
    }
}

/// Of which alerts a channel is told.
#[must_use]
pub fn reach_label(least: Severity) -> &'static str {
    match least {
        Severity::Info => "Everything",
        Severity::Warning => "Warning and worse",
        Severity::Critical => "Critical only",
    }
}

/// A value as text; a dash where there is none or nobody knows what it is of.
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
    fn values_carry_the_unit_of_what_is_measured() {
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
