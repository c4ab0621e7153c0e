//! Times of OTLP, in nanoseconds since 1970.

use shared::Timestamp;

/// Nanoseconds per microsecond.
pub(super) const NANOS_PER_MICRO: u64 = 1000;

/// Converts nanoseconds since 1970, rounded down to microseconds.
pub(super) fn from_unix_nanos(nanos: u64) -> Timestamp {
    // 64 bits of nanoseconds are fewer microseconds than an i64 holds.
    Timestamp::from_micros(i64::try_from(nanos / NANOS_PER_MICRO).unwrap_or(i64::MAX))
}
