//! Adds messages to the streams in Redis. The workspace determines the stream, so that its messages keep their order. One
//! script adds the message if there is room.

use std::sync::LazyLock;

use redis::Script;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{
    key,
    message::{Encoded, Message},
};
use crate::{error::ApiError, redis::Redis};

static ADD: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("script/add.lua")));

/// The approximate size of a message in Redis without its data.
const OVERHEAD_BYTES: usize = 128;
/// Larger messages are encoded on a blocking thread.
const ENCODE_INLINE_BYTES: usize = 256 * 1024;

/// The number of streams and the maximum size of the queue. All processes must use the same values.
#[derive(Clone, Copy, Debug)]
pub struct QueueLimits {
    /// The number of streams, and therefore the maximum number of active consumers. Change it only while the queue is empty.
    pub streams: usize,
    /// The maximum size of all messages in bytes; a single stream uses at most half of it.
    pub bytes: usize,
    /// The maximum number of messages of a stream.
    pub messages: usize,
}

impl Default for QueueLimits {
    fn default() -> Self {
        Self { streams: 8, bytes: 512 * 1024 * 1024, messages: 500_000 }
    }
}

/// The sending side of the queue in Redis. Clones share the connection.
#[derive(Clone, Debug)]
pub struct RedisQueue {
    redis: Redis,
    limits: QueueLimits,
}

impl RedisQueue {
    /// Creates the queue in `redis`.
    #[must_use]
    pub fn new(redis: Redis, limits: QueueLimits) -> Self {
        Self { redis, limits: QueueLimits { streams: limits.streams.max(1), ..limits } }
    }

    pub(super) async fn send(&self, workspace_id: Uuid, message: Message) -> Result<(), ApiError> {
        let encoded = if message.bytes() <= ENCODE_INLINE_BYTES {
            message.encode()
        } else {
            let encoding = tokio::task::spawn_blocking(move || message.encode());
            encoding.await.map_err(ApiError::internal)?
        };
        self.add(workspace_id, &encoded.map_err(ApiError::internal)?).await
    }

    /// Adds an encoded message. If Redis does not respond in time, the message may be in its stream nevertheless. The client
    /// sends it again then, and the store recognises traces by their ids, unless the id was generated on arrival.
    async fn add(&self, workspace_id: Uuid, message: &Encoded) -> Result<(), ApiError> {
        let stream = stream_of(workspace_id, self.limits.streams);
        let mut script = ADD.prepare_invoke();
        script.key(key::stream(stream)).key(key::BYTES).arg(stream).arg(size(&message.data));
        script.arg(self.limits.bytes).arg(self.limits.messages).arg(message.traces).arg(message.raw);
        script.arg(message.data.as_slice());
        match self.redis.run(&script).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(ApiError::QueueFull),
            Err(failure) => Err(ApiError::Unavailable(failure.into())),
        }
    }
}

/// Returns the size of a message with this data in bytes.
pub(super) fn size(data: &[u8]) -> usize {
    data.len() + OVERHEAD_BYTES
}

/// Returns the stream of a workspace, by a hash that is the same in every version and on every machine.
fn stream_of(workspace_id: Uuid, streams: usize) -> usize {
    let digest = Sha256::digest(workspace_id.as_bytes());
    let hash = digest.iter().take(size_of::<u64>()).fold(0, |hash, &byte| hash << 8 | u64::from(byte));
    // The remainder is below the number of streams, so it fits into usize.
    usize::try_from(hash % streams as u64).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distributes_workspaces_evenly_and_permanently() {
        let mut counts = [0; 8];
        for number in 0..8000_u128 {
            counts[stream_of(Uuid::from_u128(number), 8)] += 1;
        }
        assert!(counts.iter().all(|count| (800..1200).contains(count)), "{counts:?}");
        assert_eq!(stream_of(Uuid::from_u128(1), 8), 3, "the stream is the same in every version");
    }
}
