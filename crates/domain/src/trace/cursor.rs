//! The position of a trace in a list.

use shared::Timestamp;

/// The position of a trace in lists, which are sorted by start time and then by order of arrival, newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The start of the trace.
    pub timestamp: Timestamp,
    /// The number of the trace, in order of arrival.
    pub id: i64,
}

impl Cursor {
    /// Encodes the cursor for clients.
    #[must_use]
    pub fn encode(self) -> String {
        format!("{:x}-{:x}", self.timestamp.as_micros(), self.id)
    }

    /// Decodes the output of [`Cursor::encode`].
    #[must_use]
    pub fn decode(text: &str) -> Option<Self> {
        let (timestamp, id) = text.split_once('-')?;
        let timestamp = i64::from_str_radix(timestamp, 16).ok()?;
        Some(Self { timestamp: Timestamp::from_micros(timestamp), id: i64::from_str_radix(id, 16).ok()? })
    }
}
