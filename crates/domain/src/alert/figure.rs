//! Numbers as they stand in sentences.

use shared::alert_rule::AlertMetric;

/// A value of a metric with its unit.
#[must_use]
pub fn value(metric: AlertMetric, value: f64) -> String {
    match metric {
        AlertMetric::Requests => match value {
            1.0 => "1 trace".to_owned(),
            _ => format!("{} traces", count(value)),
        },
        AlertMetric::ErrorRate => percent(value),
        AlertMetric::AvgLatencyMs
        | AlertMetric::P50LatencyMs
        | AlertMetric::P95LatencyMs
        | AlertMetric::P99LatencyMs => latency(value),
        AlertMetric::CostUsd => dollars(value),
        AlertMetric::Tokens => format!("{} tokens", count(value)),
        AlertMetric::QualityScore => decimals(value, 1),
        AlertMetric::NoData => silence(value),
    }
}

/// Percent, to one decimal.
#[must_use]
pub fn percent(value: f64) -> String {
    format!("{} %", decimals(value, 1))
}

/// The same with its sign: a change.
#[must_use]
pub fn signed(change: f64) -> String {
    format!("{}{}", if change > 0.0 { "+" } else { "" }, percent(change))
}

/// A whole number, in groups of three digits.
#[must_use]
pub fn count(value: f64) -> String {
    grouped(&format!("{:.0}", value.round()))
}

/// Minutes that nothing came, in whatever unit is readable.
#[must_use]
pub fn silence(minutes: f64) -> String {
    let (number, unit) = match minutes {
        ..120.0 => (minutes.floor(), "minute"),
        ..2880.0 => (minutes / 60.0, "hour"),
        _ => (minutes / 1440.0, "day"),
    };
    let number = decimals(number, 1);
    let plural = if number == "1" { "" } else { "s" };
    format!("{number} {unit}{plural}")
}

/// The length of a window as it follows "the" or "the last".
#[must_use]
pub fn span(minutes: u32) -> String {
    match minutes {
        60 => "hour".to_owned(),
        2880.. if minutes.is_multiple_of(1440) => format!("{} days", minutes / 1440),
        61.. if minutes.is_multiple_of(60) => format!("{} hours", minutes / 60),
        _ => format!("{minutes} minutes"),
    }
}

fn latency(millis: f64) -> String {
    match millis {
        ..10.0 => format!("{} ms", decimals(millis, 1)),
        ..1000.0 => format!("{millis:.0} ms"),
        ..100_000.0 => format!("{} s", decimals(millis / 1000.0, 1)),
        _ => format!("{} s", count(millis / 1000.0)),
    }
}

fn dollars(value: f64) -> String {
    match value {
        0.0 => "$0".to_owned(),
        ..0.01 => format!("${}", decimals(value, 6)),
        ..1.0 => format!("${}", decimals(value, 4)),
        _ => format!("${}", grouped(&format!("{value:.2}"))),
    }
}

/// To so many decimals, without zeros at the end.
fn decimals(value: f64, most: usize) -> String {
    let text = format!("{value:.most$}");
    let trimmed = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    if trimmed == "-0" { "0".to_owned() } else { grouped(trimmed) }
}

/// Commas between groups of three digits before the point.
fn grouped(number: &str) -> String {
    let whole = number.find('.').unwrap_or(number.len());
    let first = usize::from(number.starts_with('-'));
    let mut text = String::with_capacity(number.len() + whole / 3);
    for (index, char) in number.char_indices() {
        if index > first && index < whole && (whole - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(char);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_their_units_and_no_more_digits_than_say_something() {
        let texts = [
            (AlertMetric::Requests, 1.0, "1 trace"),
            (AlertMetric::Requests, 1_234_567.0, "1,234,567 traces"),
            (AlertMetric::ErrorRate, 12.34, "12.3 %"),
            (AlertMetric::ErrorRate, 5.0, "5 %"),
            (AlertMetric::AvgLatencyMs, 3.25, "3.2 ms"),
            (AlertMetric::P95LatencyMs, 812.6, "813 ms"),
            (AlertMetric::P95LatencyMs, 4_210.0, "4.2 s"),
            (AlertMetric::P99LatencyMs, 1_234_000.0, "1,234 s"),
            (AlertMetric::CostUsd, 0.0, "$0"),
            (AlertMetric::CostUsd, 0.000_12, "$0.00012"),
            (AlertMetric::CostUsd, 0.5, "$0.5"),
            (AlertMetric::CostUsd, 1234.5, "$1,234.50"),
            (AlertMetric::Tokens, 999_999.0, "999,999 tokens"),
            (AlertMetric::QualityScore, 63.25, "63.2"),
            (AlertMetric::NoData, 60.9, "60 minutes"),
            (AlertMetric::NoData, 1560.0, "26 hours"),
            (AlertMetric::NoData, 4380.0, "3 days"),
        ];
        for (metric, number, text) in texts {
            assert_eq!(value(metric, number), text);
        }
        assert_eq!(percent(-1234.0), "-1,234 %");
        assert_eq!(percent(-0.01), "0 %");
    }

    #[test]
    fn windows_are_said_in_the_largest_unit_that_divides_them() {
        let spans = [
            (30, "30 minutes"),
            (60, "hour"),
            (90, "90 minutes"),
            (180, "3 hours"),
            (1440, "24 hours"),
            (10_080, "7 days"),
        ];
        for (minutes, text) in spans {
            assert_eq!(span(minutes), text);
        }
    }
}
