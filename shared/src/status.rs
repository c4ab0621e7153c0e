//! The status of a trace or a span.

use serde::{Deserialize, Serialize};

/// The status of a trace or span.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum TraceStatus {
    /// It succeeded.
    #[default]
    Success,
    /// It failed.
    Error,
    /// It exceeded its time limit.
    Timeout,
}

impl TraceStatus {
    /// All statuses.
    pub const ALL: [Self; 3] = [Self::Success, Self::Error, Self::Timeout];

    /// Returns the name in JSON, in queries and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Error => "error",
            Self::Timeout => "timeout",
        }
    }
}
