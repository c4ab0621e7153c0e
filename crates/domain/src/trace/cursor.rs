//! The position of a trace in a list.

use shared::Timestamp;

/// A listed trace's place in the order of lists: by start, then by arrival, newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// When it started.
    pub timestamp: Timestamp,
    /// Its number in the order of arrival.
    pub id: i64,
}

impl Cursor {
    /// What a client sends back.
    #[must_use]
    pub fn encode(self) -> String {
        format!("{:x}-{:x}", self.timestamp.as_micros(), self.id)
    }

    /// Reads what [`Cursor::encode`] wrote.
    #[must_use]
    pub fn decode(text: &str) -> Option<Self> {
        let (timestamp, id) = text.split_once('-')?;
        let timestamp = i64::from_str_radix(timestamp, 16).ok()?;
        Some(Self { timestamp: Timestamp::from_micros(timestamp), id: i64::from_str_radix(id, 16).ok()? })
    }
}
