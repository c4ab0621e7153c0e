//! Formats numbers for people. The page, e-mails and webhooks use the same texts. The page formats dates, since only the
//! browser knows the language and time zone of the reader. Long, because a third of it are tests.

use std::time::Duration;

use crate::Timestamp;

/// The text for an absent value.
pub const NONE: &str = "–";

/// The unit of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A count.
    Count,
    /// Milliseconds.
    Latency,
    /// Percent.
    Percent,
    /// US dollars.
    Cost,
    /// A score from 0 to 100.
    Score,
    /// A change in percent.
    Change,
    /// Minutes.
    Minutes,
}

impl Unit {
    /// Formats a value.
    #[must_use]
    pub fn text(self, value: f64) -> String {
        match self {
            Self::Count => count(value),
            Self::Latency => latency(value),
            Self::Percent => percent(value),
            Self::Cost => cost(value),
            Self::Score => score(value),
            Self::Change => change(value),
            Self::Minutes => minutes(value),
        }
    }

    /// Formats a round value for the axis of a chart.
    #[must_use]
    pub fn axis_text(self, value: f64) -> String {
        match self {
            Self::Count | Self::Score => compact(value),
            Self::Latency => round_latency(value),
            Self::Minutes => round_minutes(value),
            Self::Percent | Self::Change => self.text(value),
            Self::Cost if value.fract() != 0.0 && value >= 0.01 => format!("${}", rounded(value, 2)),
            Self::Cost => format!("${}", compact(value)),
        }
    }
}

/// Formats `1234567` as `1,234,567`.
#[must_use]
pub fn integer(value: u64) -> String {
    group(&value.to_string())
}

/// Formats a count: in full up to `99,999`, then as `123k`, `1.23M`, `1.23B`.
#[must_use]
pub fn count(value: f64) -> String {
    if value.abs() < 99_999.5 { fixed(value, 0) } else { compact(value) }
}

/// Formats a number with three digits and a suffix: `950`, `1.2k`, `12k`, `1.23M`.
#[must_use]
pub fn compact(value: f64) -> String {
    let (scaled, suffix) = match value.abs() {
        size if size >= 999_500_000.0 => (value / 1e9, "B"),
        size if size >= 999_500.0 => (value / 1e6, "M"),
        size if size >= 1e3 => (value / 1e3, "k"),
        _ => return trim(&fixed(value, if value.fract() == 0.0 { 0 } else { 2 })),
    };
    let decimals = match scaled.abs() {
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        _ => 2,
    };
    format!("{}{suffix}", trim(&fixed(scaled, decimals)))
}

/// Formats milliseconds: `0.4 ms`, `845 ms`, `1.23 s`, `2 m 05 s`, `1 h 02 m`.
#[must_use]
pub fn latency(millis: f64) -> String {
    match millis {
        ms if ms < 9.95 => format!("{} ms", trim(&fixed(ms, 1))),
        ms if ms < 999.5 => format!("{} ms", fixed(ms, 0)),
        ms if ms < 9_995.0 => format!("{} s", fixed(ms / 1e3, 2)),
        ms if ms < 59_950.0 => format!("{} s", fixed(ms / 1e3, 1)),
        ms => {
            let seconds = whole(ms / 1e3);
            if seconds < 3600 {
                format!("{} m {:02} s", seconds / 60, seconds % 60)
            } else {
                format!("{} h {:02} m", seconds / 3600, seconds % 3600 / 60)
            }
        }
    }
}

/// Formats a round number of milliseconds: `0`, `250 ms`, `2.5 s`, `2 m`.
#[must_use]
pub fn round_latency(millis: f64) -> String {
    match millis {
        0.0 => "0".to_owned(),
        ms if ms < 1e3 => format!("{} ms", trim(&fixed(ms, 1))),
        ms if ms < 120e3 => format!("{} s", trim(&fixed(ms / 1e3, 2))),
        ms => format!("{} m", trim(&fixed(ms / 60e3, 1))),
    }
}

/// Formats minutes with all their units: `30 min`, `1 h 30 min`, `7 d`.
#[must_use]
pub fn minutes(minutes: f64) -> String {
    let minutes = whole(minutes.abs());
    let parts = [(minutes / 1440, "d"), (minutes / 60 % 24, "h"), (minutes % 60, "min")];
    let shown: Vec<String> =
        parts.iter().filter(|part| part.0 > 0).map(|(count, unit)| format!("{count} {unit}")).collect();
    if shown.is_empty() { "0 min".to_owned() } else { shown.join(" ") }
}

/// Formats a round number of minutes: `0`, `90 min`, `2.5 h`, `4 d`.
#[must_use]
pub fn round_minutes(minutes: f64) -> String {
    match minutes {
        0.0 => "0".to_owned(),
        minutes if minutes < 120.0 => format!("{} min", trim(&fixed(minutes, 1))),
        minutes if minutes < 2880.0 => format!("{} h", trim(&fixed(minutes / 60.0, 1))),
        minutes => format!("{} d", trim(&fixed(minutes / 1440.0, 1))),
    }
}

/// Formats the step of a chart in its largest unit: `5 min`, `1 h`, `1 d`.
#[must_use]
pub fn step(length: Duration) -> String {
    match length.as_secs() {
        seconds @ 0..60 => format!("{seconds} s"),
        seconds @ 60..3600 => format!("{} min", seconds / 60),
        seconds @ 3600..86_400 => format!("{} h", seconds / 3600),
        seconds => format!("{} d", seconds / 86_400),
    }
}

/// Formats the time from `at` to `now`: `just now`, `59 s ago`, `2 d ago`.
#[must_use]
pub fn ago(at: Timestamp, now: Timestamp) -> String {
    match now.since(at) {
        short if short < Duration::from_secs(5) => "just now".to_owned(),
        age => format!("{} ago", step(age)),
    }
}

/// Formats US dollars: cents from one dollar up, otherwise as many decimals as are significant.
#[must_use]
pub fn cost(dollars: f64) -> String {
    match dollars.abs() {
        0.0 => "$0".to_owned(),
        size if size >= 99_999.5 => format!("${}", compact(dollars)),
        size if size >= 0.995 => format!("${}", fixed(dollars, 2)),
        size if size >= 0.009_95 => format!("${}", fixed(dollars, 3)),
        size if size >= 0.000_05 => format!("${}", fixed(dollars, 4)),
        _ => "<$0.0001".to_owned(),
    }
}

/// Formats a price with up to nine decimals.
#[must_use]
pub fn price(dollars: f64) -> String {
    format!("${}", trim(&rounded(dollars, 9)))
}

/// Formats a number with up to four decimals.
#[must_use]
pub fn exact(value: f64) -> String {
    trim(&fixed(value, 4))
}

/// Formats a percentage: `2.4%`, `0.05%`.
#[must_use]
pub fn percent(value: f64) -> String {
    format!("{}%", trim(&fixed(value, if value.abs() < 0.995 { 2 } else { 1 })))
}

/// Formats a change in percent with its sign: `+12.5%`, `-5.2%`, `0%`.
#[must_use]
pub fn change(value: f64) -> String {
    let sign = if value > 0.0 { "+" } else { "" };
    format!("{sign}{}%", trim(&fixed(value, 1)))
}

/// Formats a quality score with up to one decimal.
#[must_use]
pub fn score(value: f64) -> String {
    trim(&fixed(value, 1))
}

/// Formats an identifier as words: `trace_ingested` as `Trace ingested`.
#[must_use]
pub fn words(identifier: &str) -> String {
    let mut text = identifier.replace('_', " ");
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    text
}

/// Parses a finite number that a person typed.
#[must_use]
pub fn decimal(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "saturates; the value is positive"
)]
fn whole(value: f64) -> u64 {
    value.round() as u64
}

/// Rounds half away from zero, and writes no negative zero.
fn rounded(value: f64, decimals: usize) -> String {
    let scale = (0..decimals).fold(1.0, |scale, _| scale * 10.0);
    format!("{:.decimals$}", (value * scale).round() / scale + 0.0)
}

fn fixed(value: f64, decimals: usize) -> String {
    group(&rounded(value, decimals))
}

/// Separates groups of three digits before the decimal point with commas.
fn group(number: &str) -> String {
    let end = number.find('.').unwrap_or(number.len());
    let start = usize::from(number.starts_with('-'));
    let mut grouped = String::with_capacity(number.len() + end / 3);
    for (index, char) in number.char_indices() {
        if index > start && index < end && (end - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(char);
    }
    grouped
}

/// Removes zeros at the end of the decimals.
fn trim(number: &str) -> String {
    if number.contains('.') {
        number.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        number.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_in_full_until_they_are_large() {
        assert_eq!(count(0.0), "0");
        assert_eq!(count(12_345.0), "12,345");
        assert_eq!(count(123_456.0), "123k");
        assert_eq!(count(1_234_567.0), "1.23M");
        assert_eq!(integer(1_234_567), "1,234,567");
    }

    #[test]
    fn compact_numbers_round_into_the_next_suffix() {
        assert_eq!(compact(999.0), "999");
        assert_eq!(compact(0.25), "0.25");
        assert_eq!(compact(1_200.0), "1.2k");
        assert_eq!(compact(999_499.0), "999k");
        assert_eq!(compact(999_500.0), "1M");
        assert_eq!(compact(2_500_000_000.0), "2.5B");
    }

    #[test]
    fn latencies_have_the_most_readable_unit() {
        for (millis, text) in [
            (0.0, "0 ms"),
            (0.42, "0.4 ms"),
            (845.2, "845 ms"),
            (999.6, "1.00 s"),
            (1_234.5, "1.23 s"),
            (45_678.0, "45.7 s"),
            (125_000.0, "2 m 05 s"),
            (3_725_000.0, "1 h 02 m"),
        ] {
            assert_eq!(latency(millis), text, "{millis}");
        }
    }

    #[test]
    fn round_values_have_no_trailing_zeros() {
        assert_eq!([0.0, 250.0, 2_500.0, 150_000.0].map(round_latency), ["0", "250 ms", "2.5 s", "2.5 m"]);
        assert_eq!([0.0, 90.0, 150.0, 6_000.0].map(round_minutes), ["0", "90 min", "2.5 h", "4.2 d"]);
    }

    #[test]
    fn small_costs_have_more_decimals() {
        for (dollars, text) in [
            (0.0, "$0"),
            (1234.5, "$1,234.50"),
            (0.999, "$1.00"),
            (0.25, "$0.250"),
            (0.0679, "$0.068"),
            (0.00299, "$0.0030"),
            (0.000_01, "<$0.0001"),
        ] {
            assert_eq!(cost(dollars), text, "{dollars}");
        }
    }

    #[test]
    fn numbers_round_half_away_from_zero() {
        assert_eq!(
            [12_345.678, -0.04, -7.25, 0.5].map(|value| rounded(value, 1)),
            ["12345.7", "0.0", "-7.3", "0.5"]
        );
        assert_eq!([0.0, 28.0, 99.6].map(|value| rounded(value, 0)), ["0", "28", "100"]);
        assert_eq!([-1_234.0, -999.0, -123_456.7].map(exact), ["-1,234", "-999", "-123,456.7"]);
    }

    #[test]
    fn prices_have_no_commas_and_no_trailing_zeros() {
        let prices = [0.0, 2.5, 0.075, 0.000_000_1, 999_999.999_999, 15.0];
        assert_eq!(prices.map(price), ["$0", "$2.5", "$0.075", "$0.0000001", "$999999.999999", "$15"]);
    }

    #[test]
    fn a_decimal_is_parsed_exactly_and_must_be_finite() {
        for digits in ["0", "10", "2.50", "0.075", ".5", "5.", "0.0000001", "123456789.123456", "-1.25"] {
            assert_eq!(decimal(digits), digits.parse().ok(), "{digits}");
        }
        for invalid in ["", ".", "one", "1.-5", "NaN", "inf", "-infinity"] {
            assert_eq!(decimal(invalid), None, "{invalid}");
        }
    }

    #[test]
    fn changes_have_a_sign() {
        assert_eq!(change(12.5), "+12.5%");
        assert_eq!(change(-5.2), "-5.2%");
        assert_eq!(change(0.0), "0%");
        assert_eq!(change(10_000.0), "+10,000%");
        assert_eq!(change(-0.01), "0%");
    }

    #[test]
    fn percentages_below_one_have_two_decimals() {
        assert_eq!(percent(2.44), "2.4%");
        assert_eq!(percent(0.05), "0.05%");
        assert_eq!(percent(100.0), "100%");
        assert_eq!([2.5, 0.075, 15.0].map(exact), ["2.5", "0.075", "15"]);
    }

    #[test]
    fn ages_have_their_largest_unit() {
        let now = Timestamp::from_millis(10_000_000_000);
        let before = |seconds| now - Duration::from_secs(seconds);
        for (seconds, text) in
            [(0, "just now"), (59, "59 s ago"), (60, "1 min ago"), (7_199, "1 h ago"), (200_000, "2 d ago")]
        {
            assert_eq!(ago(before(seconds), now), text);
        }
        assert_eq!(ago(now + Duration::from_secs(5), now), "just now", "clocks may differ");
    }

    #[test]
    fn minutes_have_all_their_units() {
        assert_eq!(
            [0.0, 5.0, 60.0, 90.4, 1440.0, 10_080.0, 1505.0].map(minutes),
            ["0 min", "5 min", "1 h", "1 h 30 min", "1 d", "7 d", "1 d 1 h 5 min"]
        );
    }

    #[test]
    fn steps_have_their_largest_unit() {
        assert_eq!(step(Duration::from_secs(300)), "5 min");
        assert_eq!(step(Duration::from_secs(86_400)), "1 d");
    }

    #[test]
    fn identifiers_become_words() {
        assert_eq!(words("trace_ingested"), "Trace ingested");
    }

    #[test]
    fn units_format_values_and_axis_labels() {
        for (unit, value, text, axis) in [
            (Unit::Count, 1_500.0, "1,500", "1.5k"),
            (Unit::Latency, 2_500.0, "2.50 s", "2.5 s"),
            (Unit::Percent, 12.34, "12.3%", "12.3%"),
            (Unit::Cost, 0.5, "$0.500", "$0.50"),
            (Unit::Cost, 20.0, "$20.00", "$20"),
            (Unit::Score, 63.25, "63.3", "63.25"),
            (Unit::Change, 50.0, "+50%", "+50%"),
            (Unit::Minutes, 150.0, "2 h 30 min", "2.5 h"),
        ] {
            assert_eq!((unit.text(value), unit.axis_text(value)), (text.to_owned(), axis.to_owned()));
        }
    }
}
