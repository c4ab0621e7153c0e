//! All names that the queue uses in Redis.

/// The consumer group of the streams.
pub(super) const GROUP: &str = "processing";
/// A hash with sizes in bytes: of each stream by its number, of the dead letters (`dead`), and of all streams (`total`).
pub(super) const BYTES: &str = "traces:bytes";
/// The stream of messages that could not be processed.
pub(super) const DEAD: &str = "traces:dead";
/// A sorted set of the consumers that are alive, by the time at which they count as dead (in milliseconds of Redis' clock).
pub(super) const CONSUMERS: &str = "traces:consumers";

/// Returns the key of a stream of messages.
pub(super) fn stream(number: usize) -> String {
    format!("traces:queue:{number}")
}

/// Returns the key of the lease on a stream, whose value is the consumer that owns it.
pub(super) fn lease(number: usize) -> String {
    format!("traces:lease:{number}")
}
