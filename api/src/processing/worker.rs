//! The consumer of the Redis queue. It has three tasks: one renews the leases, one reads and decodes messages, and one
//! writes them to the store, so that the next group is read while one is written. After a panic of a task all three are
//! restarted; messages that were in flight are claimed like those of a dead consumer.

use std::{sync::Arc, time::Duration};

use domain::error::chain;
use tokio::{
    sync::{mpsc, watch},
    task::{JoinError, JoinHandle, JoinSet},
};

use super::{
    group::GroupContext, group_writer::GroupWriter, in_flight::MessagesInFlight, lease_keeper, reader,
    worker_state::WorkerState, writer,
};
use crate::{job::StopSignal, queue::Consumer, telemetry::metrics::Metrics};

/// The delay before the tasks are restarted.
const RESTART_DELAY: Duration = Duration::from_secs(1);

/// A running consumer. If it is dropped without [`Worker::stop`], it ends at once, as in a process that is killed.
#[derive(Debug)]
pub struct Worker {
    signal: StopSignal,
    task: JoinHandle<()>,
}

impl Worker {
    /// Starts to read messages and to write them with `writer`. Redis need not be reachable yet.
    #[must_use]
    pub fn start(consumer: Consumer, writer: GroupWriter, metrics: Metrics) -> Self {
        let signal = StopSignal::default();
        let context = GroupContext { consumer, writer, metrics, stop: signal.subscribe() };
        Self { signal, task: tokio::spawn(run(context)) }
    }

    /// Finishes the messages in flight, releases the streams, deregisters the consumer, and ends. If the store or Redis is
    /// unavailable, unfinished messages stay in the queue for the next worker.
    pub async fn stop(mut self) {
        self.signal.request();
        // A panic of the task was logged when it happened. If the caller stops waiting, `drop` aborts the task, which must
        // not write to a closed store.
        let _ = (&mut self.task).await;
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn run(context: GroupContext) {
    while !context.stop.is_requested() {
        if let Err(error) = run_once(&context).await {
            tracing::error!(error = chain(&error), "queue worker failed, restarting");
            context.stop.unless_requested(tokio::time::sleep(RESTART_DELAY)).await;
        }
    }
    if let Err(failure) = context.consumer.deregister().await {
        tracing::warn!(error = chain(&failure), "failed to deregister queue consumer");
    }
}

async fn run_once(context: &GroupContext) -> Result<(), JoinError> {
    let shared = WorkerState {
        context: context.clone(),
        in_flight: MessagesInFlight::new(context.consumer.streams()),
        leases: watch::Sender::default(),
        unclaimed: Arc::default(),
    };
    // One group waits while others are written.
    let (sender, receiver) = mpsc::channel(1);
    let mut tasks = JoinSet::new();
    tasks.spawn(lease_keeper::run(shared.clone()));
    tasks.spawn(reader::run(shared.clone(), sender));
    tasks.spawn(writer::run(shared, receiver));
    // The reader ends when a stop is requested, and the writer when it has written what was read. The lease keeper is
    // aborted afterwards.
    for _ in 0..2 {
        if let Some(ended) = tasks.join_next().await {
            ended?;
        }
    }
    Ok(())
}
