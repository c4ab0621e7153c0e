//! Numbers and spans of time as text. Pure: the same everywhere, whatever the browser. Dates are `intl`'s.

use std::time::Duration;

use shared::Timestamp;

/// What stands where there is no value.
pub const NONE: &str = "–";

/// `1234567` as `1,234,567`.
pub fn integer(value: u64) -> String {
    group(&value.to_string())
}

/// A number of things: whole up to 99,999, then `123k`, `1.23M`, `1.23B`.
pub fn count(value: f64) -> String {
    if value.abs() < 99_999.5 { fixed(value, 0) } else { compact(value) }
}

/// Three digits and a unit: `950`, `1.2k`, `12k`, `1.23M`.
pub fn compact(value: f64) -> String {
    let (scaled, unit) = match value.abs() {
        size if size >= 999_500_000.0 => (value / 1e9, "B"),
        size if size >= 999_500.0 => (value / 1e6, "M"),
        size if size >= 1e3 => (value / 1e3, "k"),
        _ => return trim(&fixed(value, if value.fract() == 0.0 { 0 } else { 2 })),
    };
    let decimals = if scaled.abs() >= 100.0 {
        0
    } else if scaled.abs() >= 10.0 {
        1
    } else {
        2
    };
    format!("{}{unit}", trim(&fixed(scaled, decimals)))
}

/// Milliseconds as `0.4 ms`, `845 ms`, `1.23 s`, `2 m 05 s`, `1 h 02 m`.
pub fn latency(millis: f64) -> String {
    match millis {
        ms if ms < 9.95 => format!("{} ms", trim(&fixed(ms, 1))),
        ms if ms < 999.5 => format!("{} ms", fixed(ms, 0)),
        ms if ms < 9_995.0 => format!("{} s", fixed(ms / 1e3, 2)),
        ms if ms < 59_950.0 => format!("{} s", fixed(ms / 1e3, 1)),
        ms => {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "saturates, and is positive here"
            )]
            let seconds = (ms / 1e3).round() as u64;
            if seconds < 3600 {
                format!("{} m {:02} s", seconds / 60, seconds % 60)
            } else {
                format!("{} h {:02} m", seconds / 3600, seconds % 3600 / 60)
            }
        }
    }
}

/// A round number of milliseconds, as short as can be: `0`, `250 ms`, `2.5 s`, `2 m`.
pub fn round_latency(millis: f64) -> String {
    match millis {
        0.0 => "0".to_owned(),
        ms if ms < 1e3 => format!("{} ms", trim(&fixed(ms, 1))),
        ms if ms < 120e3 => format!("{} s", trim(&fixed(ms / 1e3, 2))),
        ms => format!("{} m", trim(&fixed(ms / 60e3, 1))),
    }
}

/// A round number of minutes, as short as can be: `0`, `90 min`, `2.5 h`, `4 d`.
pub fn round_minutes(minutes: f64) -> String {
    match minutes {
        0.0 => "0".to_owned(),
        minutes if minutes < 120.0 => format!("{} min", trim(&fixed(minutes, 1))),
        minutes if minutes < 2880.0 => format!("{} h", trim(&fixed(minutes / 60.0, 1))),
        minutes => format!("{} d", trim(&fixed(minutes / 1440.0, 1))),
    }
}

/// US dollars: cents from a dollar up, else as many decimals as tell it apart from nothing.
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

/// As many decimals as there are, up to four.
pub fn exact(value: f64) -> String {
    trim(&fixed(value, 4))
}

/// A price, to the billionth of a dollar.
pub fn price(dollars: f64) -> String {
    format!("${}", trim(&plain(dollars, 9)))
}

/// `2.4%`.
pub fn percent(value: f64) -> String {
    format!("{}%", trim(&fixed(value, if value.abs() < 0.995 { 2 } else { 1 })))
}

/// A change with its sign: `+12.5%`, `-5.2%`, `0%`.
pub fn change(value: f64) -> String {
    let sign = if value > 0.0 { "+" } else { "" };
    format!("{sign}{}%", trim(&fixed(value, 1)))
}

/// A quality score, to one decimal.
pub fn score(value: f64) -> String {
    trim(&fixed(value, 1))
}

/// How long before `now` the moment `at` was.
pub fn ago(at: Timestamp, now: Timestamp) -> String {
    let seconds = now.since(at).as_secs();
    match seconds {
        0..5 => "just now".to_owned(),
        5..60 => format!("{seconds} s ago"),
        60..3600 => format!("{} min ago", seconds / 60),
        3600..86_400 => format!("{} h ago", seconds / 3600),
        _ => format!("{} d ago", seconds / 86_400),
    }
}

/// A step of a chart: `5 min`, `1 h`, `1 d`.
pub fn step(length: Duration) -> String {
    match length.as_secs() {
        seconds @ 0..60 => format!("{seconds} s"),
        seconds @ 60..3600 => format!("{} min", seconds / 60),
        seconds @ 3600..86_400 => format!("{} h", seconds / 3600),
        seconds => format!("{} d", seconds / 86_400),
    }
}

/// So many minutes as `30 min`, `1 h`, `1 h 30 min`, `7 d`.
pub fn minutes(minutes: f64) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates, and is positive")]
    let minutes = minutes.abs().round() as u64;
    let parts = [(minutes / 1440, "d"), (minutes / 60 % 24, "h"), (minutes % 60, "min")];
    let named: Vec<String> =
        parts.iter().filter(|part| part.0 > 0).map(|(count, unit)| format!("{count} {unit}")).collect();
    if named.is_empty() { "0 min".to_owned() } else { named.join(" ") }
}

/// `gpt_4o_call` and `trace_ingested` as words: `trace ingested`, with a capital.
pub fn words(snake: &str) -> String {
    let text = snake.replace('_', " ");
    let mut letters = text.chars();
    letters
        .next()
        .map(|first| std::iter::once(first.to_ascii_uppercase()).chain(letters).collect())
        .unwrap_or_default()
}

/// `value` to so many decimals, as SVG and CSS read it. By whole numbers: what writes any `f64` weighs twelve kilobytes,
/// and nothing on a page has more than fifteen digits.
pub fn plain(value: f64, decimals: u32) -> String {
    let (sign, whole, rest) = parts(value, decimals);
    format!("{sign}{whole}{rest}")
}

/// `value` percent, as SVG and CSS read it.
pub fn css_percent(value: f64) -> String {
    plain(value, 2) + "%"
}

/// A number like `-2.50`. Reading any `f64` takes tables of ten kilobytes, which no other part of the page needs.
pub fn decimal(digits: &str) -> Option<f64> {
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let number: i64 = format!("{whole}{fraction}").parse().ok()?;
    let places = i32::try_from(fraction.len()).ok()?;
    #[expect(clippy::cast_precision_loss, reason = "nobody types 16 digits")]
    Some(number as f64 / 10_f64.powi(places))
}

fn fixed(value: f64, decimals: u32) -> String {
    let (sign, whole, rest) = parts(value, decimals);
    format!("{sign}{}{rest}", group(&whole))
}

/// Sign, digits before the point, and the point with the digits after it.
fn parts(value: f64, decimals: u32) -> (&'static str, String, String) {
    let scale = 10_u64.pow(decimals);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        clippy::cast_sign_loss,
        reason = "saturates, and is positive"
    )]
    let units = (value.abs() * scale as f64).round() as u64;
    let sign = if value < 0.0 && units > 0 { "-" } else { "" };
    let rest = if decimals > 0 { &(scale + units % scale).to_string()[1..] } else { "" };
    let point = if decimals > 0 { "." } else { "" };
    (sign, (units / scale).to_string(), format!("{point}{rest}"))
}

fn group(digits: &str) -> String {
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

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
    fn counts_are_whole_and_grouped_until_they_are_large() {
        assert_eq!(count(0.0), "0");
        assert_eq!(count(12_345.0), "12,345");
        assert_eq!(count(123_456.0), "123k");
        assert_eq!(count(1_234_567.0), "1.23M");
        assert_eq!(integer(1_234_567), "1,234,567");
    }

    #[test]
    fn compact_numbers_do_not_jump_at_their_units() {
        assert_eq!(compact(999.0), "999");
        assert_eq!(compact(0.25), "0.25");
        assert_eq!(compact(1_200.0), "1.2k");
        assert_eq!(compact(999_499.0), "999k");
        assert_eq!(compact(999_500.0), "1M");
        assert_eq!(compact(2_500_000_000.0), "2.5B");
    }

    #[test]
    fn latencies_take_the_unit_that_reads_best() {
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
    fn round_latencies_carry_no_zeros() {
        assert_eq!([0.0, 250.0, 2_500.0, 150_000.0].map(round_latency), ["0", "250 ms", "2.5 s", "2.5 m"]);
        assert_eq!([0.0, 90.0, 150.0, 6_000.0].map(round_minutes), ["0", "90 min", "2.5 h", "4.2 d"]);
    }

    #[test]
    fn small_costs_stay_visible() {
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
    fn coordinates_and_prices_carry_no_commas() {
        assert_eq!(
            [12_345.678, -0.04, -7.25, 0.5].map(|value| plain(value, 1)),
            ["12345.7", "0.0", "-7.3", "0.5"]
        );
        assert_eq!([0.0, 28.0, 99.6].map(|value| plain(value, 0)), ["0", "28", "100"]);
        let prices = [0.0, 2.5, 0.075, 0.000_000_1, 999_999.999_999, 15.0];
        assert_eq!(prices.map(price), ["$0", "$2.5", "$0.075", "$0.0000001", "$999999.999999", "$15"]);
    }

    #[test]
    fn a_number_is_read_to_the_last_digit() {
        for digits in ["0", "10", "2.50", "0.075", ".5", "5.", "0.0000001", "123456789.123456", "-1.25"] {
            assert_eq!(decimal(digits), digits.parse().ok(), "{digits}");
        }
    }

    #[test]
    fn changes_carry_their_sign() {
        assert_eq!(change(12.5), "+12.5%");
        assert_eq!(change(-5.2), "-5.2%");
        assert_eq!(change(0.0), "0%");
        assert_eq!(change(10_000.0), "+10,000%");
        assert_eq!(change(-0.01), "0%");
    }

    #[test]
    fn percentages_below_one_show_two_decimals() {
        assert_eq!(percent(2.44), "2.4%");
        assert_eq!(percent(0.05), "0.05%");
        assert_eq!(percent(100.0), "100%");
        assert_eq!([2.5, 0.075, 15.0].map(exact), ["2.5", "0.075", "15"]);
    }

    #[test]
    fn the_past_is_told_in_its_largest_unit() {
        let now = Timestamp::from_millis(10_000_000_000);
        let before = |seconds| now - Duration::from_secs(seconds);
        for (seconds, text) in
            [(0, "just now"), (59, "59 s ago"), (60, "1 min ago"), (7_199, "1 h ago"), (200_000, "2 d ago")]
        {
            assert_eq!(ago(before(seconds), now), text);
        }
        assert_eq!(ago(now + Duration::from_secs(5), now), "just now", "clocks differ");
    }

    #[test]
    fn minutes_are_told_in_all_their_units() {
        assert_eq!(
            [0.0, 5.0, 60.0, 90.4, 1440.0, 10_080.0, 1505.0].map(minutes),
            ["0 min", "5 min", "1 h", "1 h 30 min", "1 d", "7 d", "1 d 1 h 5 min"]
        );
    }

    #[test]
    fn steps_and_words_read_well() {
        assert_eq!(step(Duration::from_secs(300)), "5 min");
        assert_eq!(step(Duration::from_secs(86_400)), "1 d");
        assert_eq!(words("trace_ingested"), "Trace ingested");
    }
}
