//! The consumer of the queue in Redis: a keeper that renews the leases, a reader that takes messages and unpacks them,
//! and a writer that puts them into the store, so that the next group is read while one is written. What breaks is begun
//! anew; what was in hand then is taken over like a dead consumer's.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use domain::error::chain;
use tokio::{
    sync::{Mutex, mpsc, watch},
    task::{JoinError, JoinHandle, JoinSet},
};

use super::{group::Tools, hand::Hand, keeper, reader, sink::Sink, writer};
use crate::{
    queue::{Consumer, Leases},
    telemetry::metrics::Metrics,
};

/// How long to wait before beginning anew.
const PAUSE: Duration = Duration::from_secs(1);

/// A running consumer. Dropped without [`Worker::stop`] it ends where it stands, as a killed process does.
#[derive(Debug)]
pub struct Worker {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

/// What the three tasks share.
#[derive(Clone, Debug)]
pub(super) struct Shared {
    pub(super) tools: Tools,
    pub(super) hand: Hand,
    pub(super) leases: watch::Sender<Leases>,
    /// Streams in which something may have been delivered that nobody has in hand.
    pub(super) unswept: Arc<Mutex<BTreeSet<usize>>>,
}

impl Worker {
    /// Starts taking messages off the queue and writing them to `sink`. Redis need not be there yet.
    #[must_use]
    pub fn start(consumer: Consumer, sink: Sink, metrics: Metrics) -> Self {
        let (stop, stopped) = watch::channel(false);
        let tools = Tools { consumer, sink, metrics, stop: stopped };
        Self { stop, task: tokio::spawn(run(tools)) }
    }

    /// Finishes what is in hand, gives up its streams and its name, and ends. What cannot be finished, because the store
    /// or Redis is away, stays in the queue for the next worker.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        // It ends by itself; a panic in it was logged where it happened. Whoever does not wait so long drops this, and the
        // task ends with it: it must not go on writing to a store that is being closed.
        let _ = (&mut self.task).await;
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    /// What `work` gives, or nothing where the worker is told to stop first.
    pub(super) async fn unless_stopped<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let mut stop = self.tools.stop.clone();
        tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => None,
            done = work => Some(done),
        }
    }
}

async fn run(tools: Tools) {
    let mut stop = tools.stop.clone();
    while !*stop.borrow() {
        if let Err(error) = run_once(&tools).await {
            tracing::error!(error = chain(&error), "the worker broke and begins anew");
            tokio::select! {
                () = tokio::time::sleep(PAUSE) => {}
                _ = stop.wait_for(|stop| *stop) => {}
            }
        }
    }
    if let Err(failure) = tools.consumer.leave().await {
        tracing::warn!(error = chain(&failure), "the queue does not know yet that this worker has stopped");
    }
}

async fn run_once(tools: &Tools) -> Result<(), JoinError> {
    let shared = Shared {
        tools: tools.clone(),
        hand: Hand::new(tools.consumer.streams()),
        leases: watch::Sender::default(),
        unswept: Arc::default(),
    };
    // One group waits while others are written.
    let (groups, waiting) = mpsc::channel(1);
    let mut tasks = JoinSet::new();
    tasks.spawn(keeper::run(shared.clone()));
    tasks.spawn(reader::run(shared.clone(), groups));
    tasks.spawn(writer::run(shared, waiting));
    // The reader ends when it is told to, the writer when it has written what was read; then nobody needs the keeper.
    for _ in 0..2 {
        if let Some(ended) = tasks.join_next().await {
            ended?;
        }
    }
    Ok(())
}
