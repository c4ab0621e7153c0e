//! The queue in this process: one task through which all writes go, and each request waits for its commit. While one
//! group is being committed the next gathers, so that many small requests share a transaction and none waits for a
//! timer. What waits is bounded in bytes.

use std::sync::Arc;

use domain::{
    error::chain,
    trace::record::{IncomingSpan, NewScore, NewTrace},
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot},
    task::JoinHandle,
};

use crate::{
    error::ApiError,
    processing::sink::{GROUP_TRACES, Record, Sink},
};

/// Bytes of traces that may wait or be written at once, by default.
pub const QUEUE_BYTES: usize = 64 * 1024 * 1024;
/// While one group has the store's one writing connection, the next is made ready: its payloads are compressed.
const GROUPS_AT_ONCE: usize = 2;

/// Where to hand in what is to be written. Clones share the queue.
#[derive(Clone, Debug)]
pub struct MemoryQueue {
    jobs: mpsc::UnboundedSender<Job>,
    room: Arc<Semaphore>,
}

enum Job {
    Traces(Vec<NewTrace>, Waiting),
    Spans(Vec<IncomingSpan>, Waiting),
    Score(NewScore, Waiting),
}

/// Who waits for a write, and the room it takes up until it is done.
struct Waiting {
    reply: oneshot::Sender<Result<(), String>>,
    _room: OwnedSemaphorePermit,
}

impl MemoryQueue {
    /// Starts the task that writes to `sink`. It ends, with everything written, when the last clone of the queue is
    /// dropped. At most `bytes` of traces wait.
    #[must_use]
    pub fn start(sink: Sink, bytes: usize) -> (Self, JoinHandle<()>) {
        // The room bounds what is sent, so the channel itself need not.
        let (jobs, queue) = mpsc::unbounded_channel();
        let room = Arc::new(Semaphore::new(bytes.min(Semaphore::MAX_PERMITS)));
        (Self { jobs, room }, tokio::spawn(Writer { sink, queue }.run()))
    }

    pub(super) async fn push(&self, traces: Vec<NewTrace>) -> Result<(), ApiError> {
        let bytes = traces.iter().map(NewTrace::bytes).sum();
        self.hand_in(bytes, |waiting| Job::Traces(traces, waiting)).await
    }

    pub(super) async fn push_spans(&self, spans: Vec<IncomingSpan>) -> Result<(), ApiError> {
        let bytes = spans.iter().map(IncomingSpan::bytes).sum();
        self.hand_in(bytes, |waiting| Job::Spans(spans, waiting)).await
    }

    pub(super) async fn score(&self, score: NewScore) -> Result<(), ApiError> {
        self.hand_in(size_of::<NewScore>(), |waiting| Job::Score(score, waiting)).await
    }

    async fn hand_in(&self, bytes: usize, job: impl FnOnce(Waiting) -> Job) -> Result<(), ApiError> {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        let room = Arc::clone(&self.room).try_acquire_many_owned(bytes).map_err(|_| ApiError::QueueFull)?;
        let (reply, answer) = oneshot::channel();
        let gone = || ApiError::Unavailable("the writer has stopped".into());
        self.jobs.send(job(Waiting { reply, _room: room })).map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?.map_err(|cause| ApiError::Unavailable(cause.into()))
    }
}

struct Writer {
    sink: Sink,
    queue: mpsc::UnboundedReceiver<Job>,
}

impl Writer {
    async fn run(mut self) {
        let turns = Arc::new(Semaphore::new(GROUPS_AT_ONCE));
        // The turn is waited for before the group is gathered: while the store is busy, the group grows.
        while let Ok(turn) = Arc::clone(&turns).acquire_owned().await {
            let Some(job) = self.queue.recv().await else { break };
            let (mut traces, mut spans) = (Part::default(), Part::default());
            let score = self.gather(job, &mut traces, &mut spans);
            let sink = self.sink.clone();
            tokio::spawn(async move {
                traces.commit(&sink).await;
                spans.commit(&sink).await;
                if let Some((score, waiting)) = score {
                    waiting.answer(sink.score(&score).await.map_err(|error| chain(&error)));
                }
                drop(turn);
            });
        }
        // All turns are back when everything is written; nobody closes them.
        let _ = turns.acquire_many(GROUPS_AT_ONCE as u32).await;
    }

    /// Moves what is waiting into a group, up to the first score, which stays behind what was sent before it.
    fn gather(
        &mut self,
        first: Job,
        traces: &mut Part<NewTrace>,
        spans: &mut Part<IncomingSpan>,
    ) -> Option<(NewScore, Waiting)> {
        let mut next = Some(first);
        let mut count = 0;
        while let Some(job) = next {
            match job {
                Job::Score(score, waiting) => return Some((score, waiting)),
                Job::Traces(new, who) => count += traces.add(new, who),
                Job::Spans(new, who) => count += spans.add(new, who),
            }
            next = if count < GROUP_TRACES { self.queue.try_recv().ok() } else { None };
        }
        None
    }
}

/// What one transaction writes: requests, and who waits for each.
struct Part<T> {
    requests: Vec<Vec<T>>,
    waiting: Vec<Waiting>,
}

impl<T> Default for Part<T> {
    fn default() -> Self {
        Self { requests: Vec::new(), waiting: Vec::new() }
    }
}

impl<T: Record> Part<T> {
    fn add(&mut self, request: Vec<T>, waiting: Waiting) -> usize {
        let count = request.len();
        self.requests.push(request);
        self.waiting.push(waiting);
        count
    }

    async fn commit(self, sink: &Sink) {
        let Self { requests, waiting } = self;
        if requests.is_empty() {
            return;
        }
        let written = async { sink.write(&sink.priced(requests).await?).await };
        match written.await {
            Ok(results) => {
                for (waiting, result) in waiting.into_iter().zip(results) {
                    waiting.answer(result.map_err(|error| chain(&error)));
                }
            }
            Err(error) => {
                let cause = chain(&error);
                waiting.into_iter().for_each(|waiting| waiting.answer(Err(cause.clone())));
            }
        }
    }
}

impl Waiting {
    /// Nobody listens any more where the client went away; what it sent is written all the same.
    fn answer(self, result: Result<(), String>) {
        let _ = self.reply.send(result);
    }
}
