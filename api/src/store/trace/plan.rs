//! How a window is answered exactly: whole days, hours and minutes from the rollups, and raw rows only for the ragged
//! ends that no whole bucket covers.

use std::time::Duration;

use shared::{Timestamp, time_range::Window};

/// Where a part of a window is read, coarsest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// A rollup of UTC days.
    Daily,
    /// A rollup of hours.
    Hourly,
    /// A rollup of minutes; only the totals have one.
    Minutely,
    /// The traces themselves.
    Raw,
}

impl Source {
    /// The rollups of all traces together.
    pub const TOTALS: &'static [Self] = &[Self::Daily, Self::Hourly, Self::Minutely];
    /// The rollups by agent and model.
    pub const GROUPS: &'static [Self] = &[Self::Daily, Self::Hourly];

    /// How long a bucket is; a raw row stands for its moment.
    #[must_use]
    pub const fn bucket(self) -> Duration {
        match self {
            Self::Daily => Duration::from_secs(86_400),
            Self::Hourly => Duration::from_secs(3600),
            Self::Minutely => Duration::from_secs(60),
            Self::Raw => Duration::from_micros(1),
        }
    }
}

/// A part of a window and where to read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Where it is read.
    pub source: Source,
    /// Its first moment: the start of a bucket of its source.
    pub start: Timestamp,
    /// The first moment after it: the start of another.
    pub end: Timestamp,
}

/// Cuts a window into segments, in the order of time, each read from the coarsest of `rollups` that fits.
#[must_use]
pub fn segments(window: Window, rollups: &[Source]) -> Vec<Segment> {
    let mut found = Vec::new();
    cut(window.start, window.end, rollups, &mut found);
    found
}

fn cut(start: Timestamp, end: Timestamp, rollups: &[Source], found: &mut Vec<Segment>) {
    if start >= end {
        return;
    }
    let Some((&source, finer)) = rollups.split_first() else {
        return found.push(Segment { source: Source::Raw, start, end });
    };
    let (first, last) = (start.ceil(source.bucket()), end.floor(source.bucket()));
    if first < last {
        cut(start, first, finer, found);
        found.push(Segment { source, start: first, end: last });
        cut(last, end, finer, found);
    } else {
        cut(start, end, finer, found);
    }
}

/// The same window, its end moved up to the end of the coarsest bucket that holds nothing between the two. `next` is
/// when the first trace at or after the window's end starts: usually there is none, since the window ends now, and the
/// bucket that is being filled can be read whole instead of row by row.
#[must_use]
pub fn round_up_end(window: Window, next: Option<Timestamp>, rollups: &[Source]) -> Window {
    let end = rollups
        .iter()
        .map(|source| window.end.ceil(source.bucket()))
        .find(|&end| next.is_none_or(|next| next >= end))
        .unwrap_or(window.end);
    Window { start: window.start, end }
}

/// The rollups whose buckets do not cross a multiple of `step`.
#[must_use]
pub fn within_step(rollups: &[Source], step: Duration) -> Vec<Source> {
    rollups
        .iter()
        .copied()
        .filter(|source| step.as_micros().is_multiple_of(source.bucket().as_micros()))
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MINUTE: i64 = 60_000_000;

    fn window(start: i64, end: i64) -> Window {
        Window { start: Timestamp::from_micros(start), end: Timestamp::from_micros(end) }
    }

    proptest! {
        #[test]
        fn segments_cover_the_window_without_gap_or_overlap(start in 0_i64..100_000 * MINUTE, length in 1_i64..20_000 * MINUTE) {
            let window = window(start, start + length);
            for rollups in [Source::TOTALS, Source::GROUPS, &[]] {
                let segments = segments(window, rollups);
                prop_assert_eq!(segments[0].start, window.start);
                prop_assert_eq!(segments[segments.len() - 1].end, window.end);
                for pair in segments.windows(2) {
                    prop_assert_eq!(pair[0].end, pair[1].start);
                }
                for segment in segments {
                    prop_assert_eq!(segment.start.floor(segment.source.bucket()), segment.start);
                    prop_assert_eq!(segment.end.floor(segment.source.bucket()), segment.end);
                    prop_assert!(segment.start < segment.end);
                }
            }
        }

        #[test]
        fn raw_rows_are_read_for_less_than_two_minutes(start in 0_i64..100_000 * MINUTE, length in 1_i64..20_000 * MINUTE) {
            let raw: i64 = segments(window(start, start + length), Source::TOTALS)
                .iter()
                .filter(|segment| segment.source == Source::Raw)
                .map(|segment| segment.end.as_micros() - segment.start.as_micros())
                .sum();
            prop_assert!(raw < 2 * MINUTE);
        }
    }

    #[test]
    fn the_end_moves_up_as_far_as_nothing_lies_between() {
        let end_after = |next: Option<i64>| {
            let rounded =
                round_up_end(window(0, 90 * MINUTE + 1), next.map(Timestamp::from_micros), Source::TOTALS);
            rounded.end.as_micros() / MINUTE
        };
        assert_eq!(end_after(None), 24 * 60);
        assert_eq!(end_after(Some(120 * MINUTE)), 120);
        assert_eq!(end_after(Some(91 * MINUTE)), 91);
        assert_eq!(round_up_end(window(0, 1), Some(Timestamp::from_micros(1)), Source::TOTALS), window(0, 1));
    }

    #[test]
    fn a_step_of_an_hour_may_be_read_from_hours_and_minutes() {
        assert_eq!(
            within_step(Source::TOTALS, Duration::from_secs(3600)),
            [Source::Hourly, Source::Minutely]
        );
        assert_eq!(within_step(Source::GROUPS, Duration::from_secs(60)), []);
        assert_eq!(within_step(Source::TOTALS, Duration::from_millis(500)), []);
        assert_eq!(within_step(Source::TOTALS, Duration::from_millis(90_000)), []);
    }
}
