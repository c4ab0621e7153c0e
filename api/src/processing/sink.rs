//! The writer: one task through which all writes go. While one group is being committed the next gathers, so that many
//! small requests share a transaction and none waits for a timer. What waits is bounded in bytes.

use std::sync::Arc;

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot},
    task::JoinHandle,
};
use uuid::Uuid;

use crate::{
    cache::Invalidator,
    error::{ApiError, chain},
    store::trace::{
        StoreError, TraceStore,
        record::{NewScore, NewTrace},
    },
    telemetry::metrics::Metrics,
};

/// Bytes of traces that may wait or be written at once, by default.
pub const QUEUE_BYTES: usize = 64 * 1024 * 1024;
/// A group takes no further request once it has so many traces: a larger transaction is not written faster.
const GROUP_TRACES: usize = 8192;
/// While one group has the store's one writing connection, the next is made ready: its payloads are compressed.
const GROUPS_AT_ONCE: usize = 2;

/// Where to hand in what is to be written. Clones share the queue.
#[derive(Clone, Debug)]
pub struct Writer {
    jobs: mpsc::UnboundedSender<Job>,
    room: Arc<Semaphore>,
}

enum Job {
    Traces(Vec<NewTrace>, Waiting),
    Score(NewScore, Waiting),
}

/// Who waits for a write, and the room it takes up until it is done.
struct Waiting {
    reply: oneshot::Sender<Result<(), String>>,
    _room: OwnedSemaphorePermit,
}

impl Writer {
    /// Starts the task. It ends, with everything written, when the last clone of the writer is dropped.
    #[must_use]
    pub fn start(
        store: TraceStore,
        invalidator: Invalidator,
        metrics: Metrics,
        queue_bytes: usize,
    ) -> (Self, JoinHandle<()>) {
        // The room bounds what is sent, so the channel itself need not.
        let (jobs, queue) = mpsc::unbounded_channel();
        let worker = Worker { sink: Sink { store, invalidator, metrics }, queue };
        let room = Arc::new(Semaphore::new(queue_bytes.min(Semaphore::MAX_PERMITS)));
        (Self { jobs, room }, tokio::spawn(worker.run()))
    }

    /// Writes one workspace's traces and answers when they are on the disk.
    ///
    /// # Errors
    /// [`ApiError::QueueFull`] where too much is waiting; [`ApiError::Unavailable`] where the store does not write.
    pub async fn write(&self, traces: Vec<NewTrace>) -> Result<(), ApiError> {
        if traces.is_empty() {
            return Ok(());
        }
        let bytes = traces.iter().map(NewTrace::bytes).sum();
        self.hand_in(bytes, |waiting| Job::Traces(traces, waiting)).await
    }

    /// Writes a score and answers when it is on the disk.
    ///
    /// # Errors
    /// As [`Writer::write`].
    pub async fn score(&self, score: NewScore) -> Result<(), ApiError> {
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

struct Worker {
    sink: Sink,
    queue: mpsc::UnboundedReceiver<Job>,
}

impl Worker {
    async fn run(mut self) {
        let turns = Arc::new(Semaphore::new(GROUPS_AT_ONCE));
        // The turn is waited for before the group is gathered: while the store is busy, the group grows.
        while let Ok(turn) = Arc::clone(&turns).acquire_owned().await {
            let Some(job) = self.queue.recv().await else { break };
            let mut group = Vec::new();
            let score = self.gather(job, &mut group);
            let sink = self.sink.clone();
            tokio::spawn(async move {
                if !group.is_empty() {
                    sink.commit(group).await;
                }
                if let Some((score, waiting)) = score {
                    let result = sink.store.score(&score).await;
                    sink.finish(score.workspace_id, waiting, result);
                }
                drop(turn);
            });
        }
        // All turns are back when everything is written; nobody closes them.
        let _ = turns.acquire_many(GROUPS_AT_ONCE as u32).await;
    }

    /// Moves what is waiting into a group, up to the first score, which stays behind the traces before it.
    fn gather(
        &mut self,
        first: Job,
        group: &mut Vec<(Vec<NewTrace>, Waiting)>,
    ) -> Option<(NewScore, Waiting)> {
        let mut next = Some(first);
        let mut traces = 0;
        while let Some(job) = next {
            match job {
                Job::Score(score, waiting) => return Some((score, waiting)),
                Job::Traces(new, waiting) => {
                    traces += new.len();
                    group.push((new, waiting));
                }
            }
            next = if traces < GROUP_TRACES { self.queue.try_recv().ok() } else { None };
        }
        None
    }
}

/// Where groups go.
#[derive(Clone)]
struct Sink {
    store: TraceStore,
    invalidator: Invalidator,
    metrics: Metrics,
}

impl Sink {
    async fn commit(&self, group: Vec<(Vec<NewTrace>, Waiting)>) {
        let all: Vec<&NewTrace> = group.iter().flat_map(|(traces, _)| traces).collect();
        let written = self.metrics.time_write(all.len(), self.store.write(&all)).await;
        if let Err(error) = &written {
            tracing::warn!(
                error = chain(error),
                requests = group.len(),
                "a group was not written, trying each request by itself"
            );
        }
        for (traces, waiting) in group {
            let result = match &written {
                Ok(_) => Ok(()),
                // One request's traces must not fail another's.
                Err(_) => self.store.write(&traces.iter().collect::<Vec<_>>()).await.map(|_| ()),
            };
            if let Some(trace) = traces.first() {
                self.finish(trace.workspace_id, waiting, result);
            }
        }
    }

    fn finish(&self, workspace_id: Uuid, waiting: Waiting, result: Result<(), StoreError>) {
        if result.is_ok() {
            self.invalidator.written(workspace_id);
        }
        // Nobody listens any more where the client went away; what it sent is written all the same.
        let _ = waiting.reply.send(result.map_err(|error| chain(&error)));
    }
}
