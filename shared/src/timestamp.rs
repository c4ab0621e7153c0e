//! Points in time: microseconds since the Unix epoch, and RFC 3339 in UTC as text.

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

// The page has its own parser and formatter: jiff adds a fifth to its size, and the `Date` of the browser has no microseconds.
#[cfg(any(target_arch = "wasm32", test))]
mod rfc3339;

/// A point in time with microsecond precision; RFC 3339 (`2025-10-22T10:35:22.120Z`) in JSON.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// 1970-01-01T00:00:00Z.
    pub const EPOCH: Self = Self(0);

    /// Creates a timestamp from microseconds since the Unix epoch.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Creates a timestamp from milliseconds since the Unix epoch.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis.saturating_mul(1000))
    }

    /// Returns the microseconds since the Unix epoch.
    #[must_use]
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Returns the milliseconds since the Unix epoch, rounded down, as JavaScript uses them.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// Returns the time since `earlier`; zero if `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// Rounds down to a multiple of `step` since the epoch.
    #[must_use]
    pub fn floor(self, step: Duration) -> Self {
        let step = micros(step).max(1);
        Self(self.0.div_euclid(step).saturating_mul(step))
    }

    /// Rounds up to a multiple of `step` since the epoch.
    #[must_use]
    pub fn ceil(self, step: Duration) -> Self {
        let down = self.floor(step);
        if down == self { self } else { down + step }
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

impl std::ops::Add<Duration> for Timestamp {
    type Output = Self;
    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(micros(duration)))
    }
}

impl std::ops::Sub<Duration> for Timestamp {
    type Output = Self;
    fn sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(micros(duration)))
    }
}

#[cfg(target_arch = "wasm32")]
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        rfc3339::write(self.0, f)
    }
}

#[cfg(not(target_arch = "wasm32"))]
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(timestamp) => timestamp.fmt(f),
            Err(_) => write!(f, "out of range ({} µs)", self.0),
        }
    }
}

/// The text is not in RFC 3339.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseTimestampError;

impl fmt::Display for ParseTimestampError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected a time in RFC 3339, such as 2025-10-22T10:35:22.120Z")
    }
}

impl std::error::Error for ParseTimestampError {}

impl FromStr for Timestamp {
    type Err = ParseTimestampError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        #[cfg(target_arch = "wasm32")]
        return rfc3339::read(text).map(Self).ok_or(ParseTimestampError);
        #[cfg(not(target_arch = "wasm32"))]
        text.parse()
            .map(|timestamp: jiff::Timestamp| Self(timestamp.as_microsecond()))
            .map_err(|_| ParseTimestampError)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Timestamp;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a time in RFC 3339, such as 2025-10-22T10:35:22.120Z")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Timestamp, E> {
                text.parse().map_err(|_| E::invalid_value(serde::de::Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_str(Visitor)
    }
}

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for Timestamp {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .examples(["2025-10-22T10:35:22.120Z"])
            .into()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for Timestamp {}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes_rfc_3339_in_utc() {
        let timestamp: Timestamp = "2025-10-22T12:35:22.120+02:00".parse().unwrap();
        assert_eq!(timestamp.to_string(), "2025-10-22T10:35:22.12Z");
        assert_eq!(serde_json::to_string(&timestamp).unwrap(), "\"2025-10-22T10:35:22.12Z\"");
    }

    #[test]
    fn rejects_a_time_without_a_zone() {
        assert_eq!("2025-10-22T12:35:22".parse::<Timestamp>(), Err(ParseTimestampError));
    }

    #[test]
    fn rounds_to_whole_steps_on_both_sides_of_the_epoch() {
        let hour = Duration::from_secs(3600);
        let one = Timestamp::EPOCH + hour;
        assert_eq!((one + Duration::from_micros(1)).floor(hour), one);
        assert_eq!((one + Duration::from_micros(1)).ceil(hour), one + hour);
        assert_eq!(one.ceil(hour), one);
        assert_eq!((Timestamp::EPOCH - Duration::from_micros(1)).floor(hour), Timestamp::EPOCH - hour);
    }

    #[test]
    fn browser_and_server_read_and_write_the_same_texts() {
        struct InBrowser(i64);
        impl fmt::Display for InBrowser {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                rfc3339::write(self.0, f)
            }
        }
        // From year 1 to 9998, in steps without a common divisor with days, hours or seconds, so that every field has many
        // values.
        let first = -62_135_596_800_000_000_i64;
        let moments = (0..39_838).map(|step| first + step * 7_919_000_011_113).chain([
            -1,
            0,
            1,
            1_000_000,
            951_782_400_000_000,
        ]);
        for moment in moments {
            let server = Timestamp(moment).to_string();
            assert_eq!(InBrowser(moment).to_string(), server);
            assert_eq!(rfc3339::read(&server), Some(moment), "{server}");
        }
        for text in
            ["2025-10-22T12:35:22.120+02:00", "2024-02-29T23:59:59.123456-05:30", "2025-10-22t10:35:22z"]
        {
            assert_eq!(
                rfc3339::read(text),
                text.parse::<Timestamp>().ok().map(Timestamp::as_micros),
                "{text}"
            );
        }
        for text in
            ["", "2025-10-22", "2025-10-22T12:35:22", "2025-13-01T00:00:00Z", "2025-02-29T00:00:00Z", "now"]
        {
            assert_eq!(rfc3339::read(text), None, "{text}");
            assert!(text.parse::<Timestamp>().is_err(), "{text}");
        }
    }
}
