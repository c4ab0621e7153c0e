//! Putting messages into Redis' streams: the workspace picks the stream, so that its messages keep their order, and one
//! script adds the message or says that there is no room.

use std::sync::LazyLock;

use domain::trace::record::{IncomingSpan, NewScore, NewTrace};
use redis::Script;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{
    key,
    message::{Encoded, Message},
};
use crate::{error::ApiError, redis::Redis};

static ADD: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("script/add.lua")));

/// What a message takes up in Redis beside its data, about.
const OVERHEAD: usize = 128;
/// Traces of so many bytes are packed off the async threads.
const PACK_INLINE_BYTES: usize = 256 * 1024;

/// How the queue is cut and bounded: the same for all who use it.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Streams. No more consumers than that can share the work. To be changed only while the queue is empty.
    pub streams: usize,
    /// Bytes of all messages at most; one stream takes half of it at most.
    pub bytes: usize,
    /// Messages of one stream at most.
    pub messages: usize,
}

impl Default for Shape {
    fn default() -> Self {
        Self { streams: 8, bytes: 512 * 1024 * 1024, messages: 500_000 }
    }
}

/// Where messages are put into Redis.
#[derive(Clone, Debug)]
pub struct RedisQueue {
    redis: Redis,
    shape: Shape,
}

impl RedisQueue {
    /// The queue of that shape in `redis`.
    #[must_use]
    pub fn new(redis: Redis, shape: Shape) -> Self {
        Self { redis, shape: Shape { streams: shape.streams.max(1), ..shape } }
    }

    pub(super) async fn push(&self, traces: Vec<NewTrace>) -> Result<(), ApiError> {
        let Some(workspace_id) = traces.first().map(|trace| trace.workspace_id) else { return Ok(()) };
        let bytes = traces.iter().map(NewTrace::bytes).sum();
        self.pack(workspace_id, bytes, Message::Traces(traces)).await
    }

    pub(super) async fn push_spans(&self, spans: Vec<IncomingSpan>) -> Result<(), ApiError> {
        let Some(workspace_id) = spans.first().map(|span| span.workspace_id) else { return Ok(()) };
        let bytes = spans.iter().map(IncomingSpan::bytes).sum();
        self.pack(workspace_id, bytes, Message::Spans(spans)).await
    }

    /// Adds a message that takes about so many bytes in memory.
    async fn pack(&self, workspace_id: Uuid, bytes: usize, message: Message) -> Result<(), ApiError> {
        let encoded = if bytes <= PACK_INLINE_BYTES {
            message.encode()
        } else {
            let packing = tokio::task::spawn_blocking(move || message.encode());
            packing.await.map_err(|error| ApiError::Internal(error.into()))?
        };
        self.add(workspace_id, &encoded.map_err(|error| ApiError::Internal(error.into()))?).await
    }

    pub(super) async fn score(&self, score: NewScore) -> Result<(), ApiError> {
        let workspace_id = score.workspace_id;
        let encoded = Message::Score(score).encode().map_err(|error| ApiError::Internal(error.into()))?;
        self.add(workspace_id, &encoded).await
    }

    /// Where nobody answers in time the message may be in its stream all the same: the sender sends it again then, and the
    /// store knows traces that it has by their ids. An id that was made up on arrival is another one the second time.
    async fn add(&self, workspace_id: Uuid, message: &Encoded) -> Result<(), ApiError> {
        let stream = stream_of(workspace_id, self.shape.streams);
        let mut script = ADD.prepare_invoke();
        script.key(key::stream(stream)).key(key::BYTES).arg(stream).arg(size(&message.data));
        script.arg(self.shape.bytes).arg(self.shape.messages).arg(message.traces).arg(message.raw);
        script.arg(message.data.as_slice());
        match self.redis.run(&script).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(ApiError::QueueFull),
            Err(failure) => Err(ApiError::Unavailable(failure.into())),
        }
    }
}

/// Bytes that a message with this data is counted as.
pub(super) fn size(data: &[u8]) -> usize {
    data.len() + OVERHEAD
}

/// The stream of a workspace: by a hash that is the same in every version and on every machine.
fn stream_of(workspace_id: Uuid, streams: usize) -> usize {
    let digest = Sha256::digest(workspace_id.as_bytes());
    let hash = digest.iter().take(size_of::<u64>()).fold(0, |hash, &byte| hash << 8 | u64::from(byte));
    // Below the number of streams, so within usize.
    usize::try_from(hash % streams as u64).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workspaces_are_spread_over_the_streams_and_stay_where_they_are() {
        let mut counts = [0; 8];
        for number in 0..8000_u128 {
            counts[stream_of(Uuid::from_u128(number), 8)] += 1;
        }
        assert!(counts.iter().all(|count| (800..1200).contains(count)), "{counts:?}");
        assert_eq!(stream_of(Uuid::from_u128(1), 8), 3, "of every version");
    }
}
