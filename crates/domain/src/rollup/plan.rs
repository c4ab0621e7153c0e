//! Plans how the exact sums of a window are read: whole days, hours and minutes come from the rollups, and only the
//! ends that no whole bucket covers are read row by row.

use std::{collections::BTreeSet, time::Duration};

use shared::{Timestamp, time_range::Window};

/// The source of a part of a window, coarsest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// The rollup by UTC day.
    Daily,
    /// The rollup by hour.
    Hourly,
    /// The rollup by minute, which exists for the totals only.
    Minutely,
    /// The traces themselves.
    Raw,
}

impl Source {
    /// The rollups of the totals over all traces.
    pub const TOTALS: &'static [Self] = &[Self::Daily, Self::Hourly, Self::Minutely];
    /// The rollups by agent and model.
    pub const GROUPS: &'static [Self] = &[Self::Daily, Self::Hourly];

    /// Returns the length of a bucket; 1 µs for raw rows.
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

/// A part of a window and its source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// The source.
    pub source: Source,
    /// The start, at the start of a bucket of the source.
    pub start: Timestamp,
    /// The exclusive end, at the start of another bucket.
    pub end: Timestamp,
}

/// Cuts a window into segments, sorted by time. Each uses the coarsest of `rollups` that is possible.
#[must_use]
pub fn segments(window: Window, rollups: &[Source]) -> Vec<Segment> {
    let mut found = Vec::new();
    cut(window.start, window.end, rollups, &mut found);
    found
}

/// The buckets by agent and model that the rollups do not contain yet.
#[derive(Clone, Debug, Default)]
pub struct StaleBuckets {
    /// The hours to read row by row.
    pub hours: BTreeSet<Timestamp>,
    /// Days that start here or later are read by hour; `None` if all daily buckets can be used.
    pub days_from: Option<Timestamp>,
}

impl StaleBuckets {
    fn contains(&self, bucket: Timestamp, source: Source) -> bool {
        self.hours.range(bucket..bucket + source.bucket()).next().is_some()
            || (source == Source::Daily && self.days_from.is_some_and(|from| bucket >= from))
    }
}

/// Cuts a window like [`segments`], but reads stale days by hour and stale hours row by row.
#[must_use]
pub fn segments_without_stale(window: Window, rollups: &[Source], stale: &StaleBuckets) -> Vec<Segment> {
    let mut found = Vec::new();
    for segment in segments(window, rollups) {
        push_fresh(segment, stale, &mut found);
    }
    found
}

fn push_fresh(segment: Segment, stale: &StaleBuckets, found: &mut Vec<Segment>) {
    let finer = match segment.source {
        Source::Daily => Source::Hourly,
        Source::Hourly => Source::Raw,
        Source::Minutely | Source::Raw => return push_joined(segment, found),
    };
    let mut start = segment.start;
    while start < segment.end {
        let end = start + segment.source.bucket();
        if stale.contains(start, segment.source) {
            push_fresh(Segment { source: finer, start, end }, stale, found);
        } else {
            push_joined(Segment { start, end, ..segment }, found);
        }
        start = end;
    }
}

/// Appends a segment, joining it with the previous one if both are adjacent and have the same source.
pub(super) fn push_joined(segment: Segment, found: &mut Vec<Segment>) {
    match found.last_mut() {
        Some(last) if last.source == segment.source && last.end == segment.start => last.end = segment.end,
        _ => found.push(segment),
    }
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

/// Moves the end of a window up to the end of the coarsest bucket in which no trace starts after the window. `next` is the
/// start of the first trace at or after the window's end. Most windows end now and have no such trace: the current bucket
/// is then read as a whole instead of row by row.
#[must_use]
pub fn round_up_end(window: Window, next: Option<Timestamp>, rollups: &[Source]) -> Window {
    let end = rollups
        .iter()
        .map(|source| window.end.ceil(source.bucket()))
        .find(|&end| next.is_none_or(|next| next >= end))
        .unwrap_or(window.end);
    Window { start: window.start, end }
}

/// Returns the rollups with buckets that do not cross a multiple of `step`.
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
        fn only_stale_hours_and_ragged_ends_are_read_row_by_row(
            start in 0_i64..5_000 * MINUTE, length in 1_i64..9_000 * MINUTE, hours in prop::collection::btree_set(0_i64..240, 0..6),
        ) {
            let hour = |number: i64| Timestamp::from_micros(number * 60 * MINUTE);
            let stale = StaleBuckets {
                hours: hours.iter().map(|&number| hour(number)).collect(),
                days_from: Some(hour(96)),
            };
            let window = window(start, start + length);
            let segments = segments_without_stale(window, Source::GROUPS, &stale);
            prop_assert_eq!(segments[0].start, window.start);
            prop_assert_eq!(segments[segments.len() - 1].end, window.end);
            prop_assert!(segments.windows(2).all(|pair| pair[0].end == pair[1].start));
            for segment in segments {
                let whole = |start: &&Timestamp| **start + Source::Hourly.bucket() <= segment.end;
                let stale_hours = stale.hours.range(segment.start..segment.end).filter(whole).count();
                prop_assert!(segment.source == Source::Raw || stale_hours == 0, "{:?}", segment);
                prop_assert!(segment.source != Source::Daily || segment.start < hour(96));
                let whole_hours = segment.end.floor(Source::Hourly.bucket()).since(segment.start.ceil(Source::Hourly.bucket()));
                prop_assert!(segment.source != Source::Raw || whole_hours.as_secs() == 3600 * stale_hours as u64);
            }
        }

        #[test]
        fn less_than_two_minutes_are_read_row_by_row(start in 0_i64..100_000 * MINUTE, length in 1_i64..20_000 * MINUTE) {
            let raw: i64 = segments(window(start, start + length), Source::TOTALS)
                .iter()
                .filter(|segment| segment.source == Source::Raw)
                .map(|segment| segment.end.as_micros() - segment.start.as_micros())
                .sum();
            prop_assert!(raw < 2 * MINUTE);
        }
    }

    #[test]
    fn the_end_moves_up_to_the_next_trace() {
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
    fn hourly_steps_use_hourly_and_minutely_rollups() {
        assert_eq!(
            within_step(Source::TOTALS, Duration::from_secs(3600)),
            [Source::Hourly, Source::Minutely]
        );
        assert_eq!(within_step(Source::GROUPS, Duration::from_secs(60)), []);
        assert_eq!(within_step(Source::TOTALS, Duration::from_millis(500)), []);
        assert_eq!(within_step(Source::TOTALS, Duration::from_millis(90_000)), []);
    }
}
