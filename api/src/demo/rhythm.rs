//! The activity of agents by hour, weekday and season, all in UTC and by the calendar, so that the traffic of a
//! moment never depends on when it is generated.

use serde::Deserialize;
use shared::Timestamp;

/// Minutes in a day.
pub const DAY: i64 = 1_440;
/// Minutes in a week.
pub const WEEK: i64 = 7 * DAY;
/// Microseconds in a minute.
const MINUTE_MICROS: i64 = 60_000_000;

/// A minute since the epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Minute(pub i64);

impl Minute {
    /// Midnight of the first Monday; the epoch is a Thursday.
    pub const EPOCH_MONDAY: i64 = 4 * DAY;

    /// Returns the minute that contains `moment`.
    pub fn of(moment: Timestamp) -> Self {
        Self(moment.as_micros().div_euclid(MINUTE_MICROS))
    }

    /// Returns its start.
    pub fn start(self) -> Timestamp {
        Timestamp::from_micros(self.0.saturating_mul(MINUTE_MICROS))
    }

    /// Returns the minutes since midnight.
    pub fn of_day(self) -> i64 {
        self.0.rem_euclid(DAY)
    }

    /// Returns the minutes since midnight on Monday.
    pub fn of_week(self) -> i64 {
        (self.0 - Self::EPOCH_MONDAY).rem_euclid(WEEK)
    }
}

/// The distribution of an agent's traffic over the day.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rhythm {
    /// Office hours in Europe and on the American east coast.
    Office,
    /// Customers: all day, more in the evening, also on weekends.
    Customers,
    /// A batch job shortly after midnight, with little traffic otherwise.
    Nightly,
}

impl Rhythm {
    /// Weights of the 24 hours, and of the weekdays from Monday on; only their proportions matter.
    const fn weights(self) -> ([u8; 24], [u8; 7]) {
        match self {
            Self::Office => (
                [2, 1, 1, 1, 1, 3, 10, 30, 62, 84, 92, 88, 70, 86, 100, 98, 90, 74, 52, 36, 22, 12, 7, 4],
                [96, 108, 106, 102, 86, 24, 20],
            ),
            Self::Customers => (
                [
                    18, 13, 10, 8, 9, 14, 26, 44, 62, 74, 80, 82, 80, 78, 82, 86, 90, 94, 100, 98, 88, 68,
                    46, 28,
                ],
                [100, 98, 96, 96, 98, 70, 62],
            ),
            Self::Nightly => (
                [30, 100, 96, 48, 12, 5, 4, 6, 10, 12, 12, 11, 9, 11, 12, 12, 10, 8, 6, 4, 4, 4, 6, 12],
                [60, 100, 102, 100, 98, 88, 30],
            ),
        }
    }

    /// Returns the activity at `minute`, relative to the yearly average of 1.
    pub fn at(self, minute: Minute) -> f64 {
        let (hours, days) = self.weights();
        let days = days.map(f64::from);
        let day = usize::try_from(minute.of_week() / DAY).unwrap_or(0);
        let of_week = days[day % 7] * 7.0 / days.iter().sum::<f64>();
        of_week * of_day(hours.map(f64::from), minute.of_day()) * season(minute)
    }
}

/// Interpolates between the middles of hours, so that charts have no steps.
fn of_day(hours: [f64; 24], minute: i64) -> f64 {
    let from_middle = (minute + DAY - 30) % DAY;
    let before = usize::try_from(from_middle / 60).unwrap_or(0) % 24;
    #[expect(clippy::cast_precision_loss, reason = "less than 60")]
    let share = (from_middle % 60) as f64 / 60.0;
    let weight = hours[before] * (1.0 - share) + hours[(before + 1) % 24] * share;
    weight * 24.0 / hours.iter().sum::<f64>()
}

/// Activity grows from summer to the end of the year and then declines, by a seventh each way.
#[expect(clippy::cast_precision_loss, reason = "minutes of a year")]
fn season(minute: Minute) -> f64 {
    const YEAR: f64 = 365.25 * 1_440.0;
    /// The middle of December, in minutes since New Year.
    const HIGH: f64 = 348.0 * 1_440.0;
    1.0 + 0.15 * (std::f64::consts::TAU * ((minute.0 as f64) - HIGH) / YEAR).cos()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn minute(text: &str) -> Minute {
        Minute::of(text.parse().unwrap())
    }

    #[test]
    fn weeks_begin_on_monday_at_midnight() {
        assert_eq!(minute("2025-10-20T00:00:59Z").of_week(), 0);
        assert_eq!(minute("2025-10-21T14:00:00Z").of_week(), DAY + 14 * 60);
        assert_eq!(minute("1969-12-29T00:00:00Z").of_week(), 0);
    }

    #[test]
    fn every_rhythm_averages_1_over_a_year() {
        for rhythm in [Rhythm::Office, Rhythm::Customers, Rhythm::Nightly] {
            let minutes = 52 * WEEK;
            let sum: f64 = (0..minutes).map(|offset| rhythm.at(Minute(29_000_000 + offset))).sum();
            #[expect(clippy::cast_precision_loss, reason = "half a million")]
            let mean = sum / minutes as f64;
            assert!((mean - 1.0).abs() < 0.01, "{rhythm:?}: {mean}");
        }
    }

    #[test]
    fn office_hours_are_busy_on_tuesday_afternoon_and_quiet_at_night_and_on_sunday() {
        let busy = Rhythm::Office.at(minute("2025-10-21T14:30:00Z"));
        assert!(busy > 2.5, "{busy}");
        assert!(Rhythm::Office.at(minute("2025-10-21T02:30:00Z")) < busy / 20.0);
        assert!(Rhythm::Office.at(minute("2025-10-26T14:30:00Z")) < busy / 4.0);
    }
}
