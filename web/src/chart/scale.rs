//! The ticks of an axis. Pure functions.

use std::time::Duration;

use shared::Timestamp;

/// Returns about `wanted` round values from at most `lowest` to at least `highest`, 0 included.
pub fn value_ticks(lowest: f64, highest: f64, wanted: u32) -> Vec<f64> {
    let (lowest, highest) = (lowest.min(0.0), highest.max(0.0));
    let span = highest - lowest;
    if !span.is_finite() || span <= 0.0 {
        return vec![0.0, 1.0];
    }
    let rough = span / f64::from(wanted.max(1));
    let magnitude = 10_f64.powf(rough.log10().floor());
    let step =
        [1.0, 2.0, 2.5, 5.0, 10.0].map(|factor| factor * magnitude).into_iter().find(|step| *step >= rough);
    let step = step.unwrap_or(magnitude * 10.0);
    // The tolerance accepts a value that misses a tick by a rounding error.
    let steps = |reach: f64| (reach / step - 0.000_001).ceil().max(0.0);
    let mut ticks = vec![-steps(-lowest)];
    while let Some(last) = ticks.last().filter(|last| **last < steps(highest)) {
        ticks.push(last + 1.0);
    }
    ticks.into_iter().map(|tick| tick * step).collect()
}

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
const STEPS: [u64; 15] = [
    5 * MINUTE,
    10 * MINUTE,
    15 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
    3 * HOUR,
    4 * HOUR,
    6 * HOUR,
    12 * HOUR,
    DAY,
    2 * DAY,
    7 * DAY,
    14 * DAY,
    30 * DAY,
];

/// Returns at most `max` round times in `[start, end]`, and whether they are whole days. `offset_minutes` is the offset of
/// the local time zone from UTC.
pub fn time_ticks(
    start: Timestamp,
    end: Timestamp,
    max: usize,
    offset_minutes: i64,
) -> (Vec<Timestamp>, bool) {
    let length = end.since(start).as_secs();
    let max = u64::try_from(max.max(1)).unwrap_or(1);
    let step =
        STEPS.into_iter().find(|step| length / step <= max).unwrap_or_else(|| length.div_ceil(max).max(1));
    // Midnight is a multiple of a day only in local time.
    let offset = offset_minutes * 60_000_000;
    let step_length = Duration::from_secs(step);
    let mut tick = Timestamp::from_micros(start.as_micros() + offset).ceil(step_length);
    let mut ticks = Vec::new();
    loop {
        let moment = Timestamp::from_micros(tick.as_micros() - offset);
        if moment > end {
            return (ticks, step >= DAY);
        }
        ticks.push(moment);
        tick = tick + step_length;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn value_ticks_are_round_and_include_the_highest_value() {
        assert_eq!(value_ticks(0.0, 97.0, 4), [0.0, 25.0, 50.0, 75.0, 100.0]);
        assert_eq!(value_ticks(0.0, 3.0, 4), [0.0, 1.0, 2.0, 3.0]);
        assert_eq!(value_ticks(0.0, 0.0, 4), [0.0, 1.0]);
        assert!(value_ticks(0.0, 0.0123, 4).last().is_some_and(|last| *last >= 0.0123));
    }

    #[test]
    fn value_ticks_include_negative_values() {
        assert_eq!(value_ticks(-40.0, 60.0, 4), [-50.0, -25.0, 0.0, 25.0, 50.0, 75.0]);
        assert_eq!(value_ticks(-100.0, 0.0, 4), [-100.0, -75.0, -50.0, -25.0, 0.0]);
        assert_eq!(value_ticks(-100.0, -20.0, 2), [-100.0, -50.0, 0.0]);
    }

    #[test]
    fn time_ticks_are_at_local_midnights() {
        let start = Timestamp::EPOCH + Duration::from_secs(HOUR);
        let (ticks, days) = time_ticks(start, start + Duration::from_secs(7 * DAY), 8, 120);
        assert!(days);
        let first = ticks.first().copied().unwrap_or_default();
        assert_eq!(
            first,
            Timestamp::EPOCH + Duration::from_secs(DAY - 2 * HOUR),
            "midnight in a time zone two hours ahead of UTC"
        );
        assert_eq!(ticks.len(), 7);
    }

    #[test]
    fn every_range_has_a_readable_number_of_ticks() {
        for hours in [1, 24, 100, 24 * 30, 24 * 366] {
            let (ticks, _) =
                time_ticks(Timestamp::EPOCH, Timestamp::EPOCH + Duration::from_secs(hours * HOUR), 6, 0);
            assert!((2..=8).contains(&ticks.len()), "{hours} h: {}", ticks.len());
        }
    }
}
