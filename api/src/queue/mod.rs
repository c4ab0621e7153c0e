//! The queue between ingestion and processing, with a maximum size in bytes. The in-process queue completes a request after
//! the commit. With Redis, a request completes once its message is in a stream, and another process writes it.

mod consumer;
mod key;
mod lease;
mod memory;
mod message;
mod producer;

pub use self::{
    consumer::{Claimed, Consumer, Delivery, ReadLimits},
    lease::Leases,
    memory::{MemoryQueue, PendingRequest, QUEUE_BYTES, QueuedRequest, QueuedRequests},
    message::{Encoded, Message, MessageError},
    producer::{QueueLimits, RedisQueue},
};
use domain::trace::record::{IncomingSpan, NewScore, NewTrace};

use crate::error::ApiError;

/// The queue, in one of two implementations.
#[derive(Clone, Debug)]
pub enum Queue {
    /// In this process.
    Memory(MemoryQueue),
    /// In streams in Redis.
    Redis(RedisQueue),
}

impl Queue {
    /// Adds the traces of one workspace, all or none, and returns once they are durable.
    ///
    /// # Errors
    /// Returns [`ApiError::QueueFull`] if there is no room, and [`ApiError::Unavailable`] if the traces were not stored or
    /// their state is unknown. The client can send them again: traces with ids of the client are counted once.
    pub async fn push(&self, traces: Vec<NewTrace>) -> Result<(), ApiError> {
        self.send(Message::Traces(traces)).await
    }

    /// Adds incoming spans of one workspace, like [`Queue::push`].
    ///
    /// # Errors
    /// Returns the errors of [`Queue::push`].
    pub async fn push_spans(&self, spans: Vec<IncomingSpan>) -> Result<(), ApiError> {
        self.send(Message::Spans(spans)).await
    }

    /// Adds a score, like [`Queue::push`].
    ///
    /// # Errors
    /// Returns the errors of [`Queue::push`].
    pub async fn score(&self, score: NewScore) -> Result<(), ApiError> {
        self.send(Message::Score(score)).await
    }

    async fn send(&self, message: Message) -> Result<(), ApiError> {
        let Some(workspace_id) = message.workspace_id() else { return Ok(()) };
        match self {
            Self::Memory(queue) => queue.send(message).await,
            Self::Redis(queue) => queue.send(workspace_id, message).await,
        }
    }
}
