//! Where the payload of a trace or a span is stored.

/// Where a payload stands: the frame, and the line in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// For a new one, the frame's number in its batch; for a stored one, the row's id.
    pub frame: i64,
    /// From 0.
    pub line: i64,
}
