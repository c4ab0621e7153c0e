//! How a response was obtained, and the result of an invalidation.

use std::time::Duration;

/// How a response was obtained: the `X-Cache` header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// From the cache.
    Hit,
    /// Computed, then cached.
    Miss,
    /// Computed because the request asked for it (then cached), or because the cache is unavailable.
    Bypass,
}

impl Outcome {
    /// Returns the value in the header and in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Miss => "miss",
            Self::Bypass => "bypass",
        }
    }
}

/// The result of an invalidation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Invalidation {
    /// The responses are invalidated.
    Done,
    /// Another process invalidated them a moment ago; retry after this time.
    Wait(Duration),
}
