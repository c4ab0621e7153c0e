//! Between taking traces in and writing them: what was accepted waits here, bounded in bytes. In this process the wait
//! ends with the commit; in Redis the message is safe once it is in its stream, and another process writes it.

mod consumer;
mod key;
mod lease;
mod memory;
mod message;
mod producer;

pub use self::{
    consumer::{Claimed, Consumer, Delivery, Room},
    lease::Leases,
    memory::{Job, Jobs, MemoryQueue, QUEUE_BYTES, Waiting},
    message::{Encoded, Message, MessageError},
    producer::{RedisQueue, Shape},
};
use domain::trace::record::{IncomingSpan, NewScore, NewTrace};

use crate::error::ApiError;

/// The queue, on one of the engines.
#[derive(Clone, Debug)]
pub enum Queue {
    /// In this process.
    Memory(MemoryQueue),
    /// In Redis' streams.
    Redis(RedisQueue),
}

impl Queue {
    /// Takes one workspace's traces, all or none, and answers when nothing can lose them any more.
    ///
    /// # Errors
    /// [`ApiError::QueueFull`] where too much is waiting; [`ApiError::Unavailable`] where they cannot be kept, or nobody
    /// knows whether they were: to be sent again, which counts no trace twice that has an id of its sender's.
    pub async fn push(&self, traces: Vec<NewTrace>) -> Result<(), ApiError> {
        if traces.is_empty() {
            return Ok(());
        }
        match self {
            Self::Memory(queue) => queue.push(traces).await,
            Self::Redis(queue) => queue.push(traces).await,
        }
    }

    /// Takes one workspace's spans that came by themselves, as [`Queue::push`] takes traces.
    ///
    /// # Errors
    /// As [`Queue::push`].
    pub async fn push_spans(&self, spans: Vec<IncomingSpan>) -> Result<(), ApiError> {
        if spans.is_empty() {
            return Ok(());
        }
        match self {
            Self::Memory(queue) => queue.push_spans(spans).await,
            Self::Redis(queue) => queue.push_spans(spans).await,
        }
    }

    /// Takes a score, as [`Queue::push`] takes traces.
    ///
    /// # Errors
    /// As [`Queue::push`].
    pub async fn score(&self, score: NewScore) -> Result<(), ApiError> {
        match self {
            Self::Memory(queue) => queue.score(score).await,
            Self::Redis(queue) => queue.score(score).await,
        }
    }
}
