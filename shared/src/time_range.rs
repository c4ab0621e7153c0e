//! Time ranges: `1h`, `24h`, `7d`, `30d`, or `custom` with a start and an end.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{Timestamp, limit};

/// The time range of a query.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams), into_params(parameter_in = Query, style = Form))]
pub struct TimeRangeQuery {
    /// `1h`, `24h`, `7d`, `30d` or `custom`. Default: `24h`.
    #[cfg_attr(feature = "openapi", param(pattern = "^(1h|24h|7d|30d|custom)$"))]
    pub range: Option<String>,
    /// The start of a custom range, in RFC 3339.
    #[cfg_attr(feature = "openapi", param(format = DateTime))]
    pub start: Option<String>,
    /// The end of a custom range, exclusive, in RFC 3339.
    #[cfg_attr(feature = "openapi", param(format = DateTime))]
    pub end: Option<String>,
}

/// A time range: relative to now, or custom.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TimeRange {
    /// The last hour.
    Hour,
    /// The last 24 hours.
    #[default]
    Day,
    /// The last 7 days.
    Week,
    /// The last 30 days.
    Month,
    /// The range `[start, end)`.
    Custom {
        /// The start.
        start: Timestamp,
        /// The end, exclusive.
        end: Timestamp,
    },
}

/// An absolute window: `[start, end)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Window {
    /// The start.
    pub start: Timestamp,
    /// The end, exclusive.
    pub end: Timestamp,
}

impl Window {
    /// Returns the length of the window.
    #[must_use]
    pub fn length(self) -> Duration {
        self.end.since(self.start)
    }

    /// Returns the window of the same length just before this one.
    #[must_use]
    pub fn previous(self) -> Self {
        Self { start: self.start - self.length(), end: self.start }
    }

    /// Returns whether the window contains `moment`.
    #[must_use]
    pub fn contains(self, moment: Timestamp) -> bool {
        self.start <= moment && moment < self.end
    }
}

impl TimeRange {
    /// The relative ranges, the shortest first.
    pub const NAMED: [Self; 4] = [Self::Hour, Self::Day, Self::Week, Self::Month];

    /// Parses the time range of a query.
    ///
    /// # Errors
    /// Returns [`InvalidTimeRange`] if the name is unknown, a custom bound is absent or not in RFC 3339, the start is not
    /// before the end, or the range is longer than [`limit::RANGE_DAYS`].
    pub fn from_query(query: &TimeRangeQuery) -> Result<Self, InvalidTimeRange> {
        let name = query.range.as_deref().unwrap_or("24h");
        if let Some(named) = Self::NAMED.into_iter().find(|range| range.name() == name) {
            return if query.start.is_some() || query.end.is_some() {
                Err(InvalidTimeRange(format!("start and end require range=custom, not {name}")))
            } else {
                Ok(named)
            };
        }
        if name != "custom" {
            return Err(InvalidTimeRange(name.to_owned()));
        }
        let bound = |field: &str, text: &Option<String>| {
            let text = text.as_deref().ok_or_else(|| InvalidTimeRange(format!("custom requires {field}")))?;
            text.parse::<Timestamp>().map_err(|error| InvalidTimeRange(format!("{field}={text}: {error}")))
        };
        Self::custom(bound("start", &query.start)?, bound("end", &query.end)?)
    }

    /// Creates the range from `start` to `end`.
    ///
    /// # Errors
    /// Returns [`InvalidTimeRange`] if the start is not before the end, or the range is longer than [`limit::RANGE_DAYS`].
    pub fn custom(start: Timestamp, end: Timestamp) -> Result<Self, InvalidTimeRange> {
        if start >= end {
            return Err(InvalidTimeRange("start must be before end".to_owned()));
        }
        if end.since(start) > Duration::from_secs(limit::RANGE_DAYS * 86_400) {
            return Err(InvalidTimeRange(format!("at most {} days", limit::RANGE_DAYS)));
        }
        Ok(Self::Custom { start, end })
    }

    /// Returns the name in queries.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Hour => "1h",
            Self::Day => "24h",
            Self::Week => "7d",
            Self::Month => "30d",
            Self::Custom { .. } => "custom",
        }
    }

    /// Returns the label of the comparison with the previous window, such as `vs last 24h`.
    #[must_use]
    pub fn change_label(&self) -> String {
        match self {
            Self::Custom { .. } => "vs previous period".to_owned(),
            named => format!("vs last {}", named.name()),
        }
    }

    /// Returns the window of this range at the time `now`.
    #[must_use]
    pub fn window(&self, now: Timestamp) -> Window {
        let hours = match self {
            Self::Hour => 1,
            Self::Day => 24,
            Self::Week => 7 * 24,
            Self::Month => 30 * 24,
            Self::Custom { start, end } => return Window { start: *start, end: *end },
        };
        Window { start: now - Duration::from_secs(hours * 3600), end: now }
    }

    /// Returns the query that [`TimeRange::from_query`] parses to this range.
    #[must_use]
    pub fn to_query(&self) -> TimeRangeQuery {
        let (start, end) = match self {
            Self::Custom { start, end } => (Some(start.to_string()), Some(end.to_string())),
            _ => (None, None),
        };
        TimeRangeQuery { range: Some(self.name().to_owned()), start, end }
    }
}

/// The time range is invalid. The text is the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidTimeRange(pub String);

impl fmt::Display for InvalidTimeRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Invalid time range: {} (expected 1h, 24h, 7d, 30d, or custom with start and end)", self.0)
    }
}

impl std::error::Error for InvalidTimeRange {}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn query(range: &str, start: Option<&str>, end: Option<&str>) -> TimeRangeQuery {
        TimeRangeQuery {
            range: Some(range.to_owned()),
            start: start.map(ToOwned::to_owned),
            end: end.map(ToOwned::to_owned),
        }
    }

    #[test]
    fn the_default_is_the_last_day() {
        assert_eq!(TimeRange::from_query(&TimeRangeQuery::default()), Ok(TimeRange::Day));
    }

    #[test]
    fn the_error_contains_an_unknown_name() {
        let error = TimeRange::from_query(&query("5y", None, None)).unwrap_err();
        assert!(error.to_string().starts_with("Invalid time range: 5y"));
    }

    #[test]
    fn a_custom_range_needs_ordered_bounds_within_the_limit() {
        let (a, b, far) = ("2025-01-01T00:00:00Z", "2025-01-02T00:00:00Z", "2027-01-02T00:00:00Z");
        assert!(TimeRange::from_query(&query("custom", Some(a), Some(b))).is_ok());
        for (start, end) in
            [(Some(a), None), (None, Some(b)), (Some(b), Some(a)), (Some(a), Some(a)), (Some(a), Some(far))]
        {
            assert!(TimeRange::from_query(&query("custom", start, end)).is_err(), "{start:?} {end:?}");
        }
    }

    #[test]
    fn every_range_survives_the_query() {
        let custom = TimeRange::custom(Timestamp::EPOCH, Timestamp::from_millis(1)).unwrap();
        for range in TimeRange::NAMED.into_iter().chain([custom]) {
            assert_eq!(TimeRange::from_query(&range.to_query()), Ok(range));
        }
    }

    #[test]
    fn the_previous_window_ends_at_the_start() {
        let window = TimeRange::Hour.window(Timestamp::from_millis(10_000_000));
        assert_eq!(window.previous().end, window.start);
        assert_eq!(window.previous().length(), window.length());
    }
}
