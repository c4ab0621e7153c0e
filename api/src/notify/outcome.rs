//! The result of a delivery attempt.

use std::time::Duration;

use super::text;

/// The maximum length of a quoted response.
const QUOTE_CHARS: usize = 200;

/// A successful delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivered {
    /// The HTTP or SMTP status of the response.
    pub status_code: u16,
    /// The recipients that were not reached, with the reasons, for the owner of the channel.
    pub missed: Option<String>,
}

/// A failed delivery attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The HTTP or SMTP status of the response.
    pub status_code: Option<u16>,
    /// What went wrong, for the owner of the channel.
    pub error: String,
    /// Whether a retry cannot succeed.
    pub is_final: bool,
    /// How long the recipient asked to wait.
    pub retry_after: Option<Duration>,
}

impl Failure {
    /// Creates a failure that may not occur on a retry.
    pub(super) fn temporary(status_code: Option<u16>, error: impl Into<String>) -> Self {
        Self { status_code, error: error.into(), is_final: false, retry_after: None }
    }

    /// Creates a failure that a retry cannot fix.
    pub(super) fn permanent(status_code: Option<u16>, error: impl Into<String>) -> Self {
        Self { is_final: true, ..Self::temporary(status_code, error) }
    }
}

/// Shortens a response to one line.
pub(super) fn quote(text: &str) -> String {
    let words = text.split(|char: char| char.is_whitespace() || char.is_control());
    let line = words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    text::cut(&line, QUOTE_CHARS)
}
