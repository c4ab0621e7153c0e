//! The names that the queue has in Redis: every one of them.

/// The group that reads the streams.
pub(super) const GROUP: &str = "processing";
/// A hash: the bytes of each stream by its number, those of the dead letters (`dead`), and of all streams together
/// (`total`).
pub(super) const BYTES: &str = "traces:bytes";
/// The stream of messages that could not be processed.
pub(super) const DEAD: &str = "traces:dead";
/// A sorted set: the consumers that are alive, by when they are taken for dead (milliseconds of Redis' clock).
pub(super) const CONSUMERS: &str = "traces:consumers";

/// A stream of messages.
pub(super) fn stream(number: usize) -> String {
    format!("traces:queue:{number}")
}

/// Who reads that stream at the moment.
pub(super) fn lease(number: usize) -> String {
    format!("traces:lease:{number}")
}
