//! The position of a stored payload.

/// The frame and the line in which the payload of a trace or a span is stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PayloadRef {
    /// The id of the stored frame, or the index of the frame in a batch that is not stored yet.
    pub frame: i64,
    /// The index of the line in the frame.
    pub line: i64,
}
