//! The in-process queue: requests send their records to one writer and wait for the commit. Its size is limited in bytes.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use super::message::Message;
use crate::error::ApiError;

/// The default maximum size of queued and in-flight records in bytes.
pub const QUEUE_BYTES: usize = 64 * 1024 * 1024;

/// The sending side of the queue. Clones share it.
#[derive(Clone, Debug)]
pub struct MemoryQueue {
    requests: mpsc::UnboundedSender<QueuedRequest>,
    room: Arc<Semaphore>,
}

/// The receiving side of the queue, for the writer.
pub type QueuedRequests = mpsc::UnboundedReceiver<QueuedRequest>;

/// The records of one request, and the request.
pub type QueuedRequest = (Message, PendingRequest);

/// The request that waits for its records to be written, and their share of the queue's size.
#[derive(Debug)]
pub struct PendingRequest {
    reply: oneshot::Sender<Result<(), String>>,
    _room: OwnedSemaphorePermit,
}

impl MemoryQueue {
    /// Creates a queue of at most `bytes` bytes. The receiving side ends when the last clone of the sending side is dropped.
    #[must_use]
    pub fn new(bytes: usize) -> (Self, QueuedRequests) {
        // The semaphore limits what is sent, so the channel need not be bounded.
        let (requests, queue) = mpsc::unbounded_channel();
        let room = Arc::new(Semaphore::new(bytes.min(Semaphore::MAX_PERMITS)));
        (Self { requests, room }, queue)
    }

    pub(super) async fn send(&self, message: Message) -> Result<(), ApiError> {
        let bytes = u32::try_from(message.bytes()).unwrap_or(u32::MAX);
        let room = Arc::clone(&self.room).try_acquire_many_owned(bytes).map_err(|_| ApiError::QueueFull)?;
        let (reply, result) = oneshot::channel();
        let stopped = || ApiError::Unavailable("the writer has stopped".into());
        self.requests.send((message, PendingRequest { reply, _room: room })).map_err(|_| stopped())?;
        result.await.map_err(|_| stopped())?.map_err(|cause| ApiError::Unavailable(cause.into()))
    }
}

impl PendingRequest {
    /// Completes the request with the result of the write.
    pub fn reply(self, result: Result<(), String>) {
        // The client may have disconnected; its records are written nevertheless.
        let _ = self.reply.send(result);
    }
}
