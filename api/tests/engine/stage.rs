//! A queue and its store, for tests that send traces and read them back.

use std::time::Duration;

use api::{
    cache::{Cache, Invalidator, MemoryCache},
    clock::Clock,
    config::CacheTtls,
    pricer::Pricer,
    processing::{group_writer::GroupWriter, memory, worker::Worker},
    queue::{Consumer, MemoryQueue, QUEUE_BYTES, Queue, QueueLimits, RedisQueue},
    redis::Redis,
    telemetry::metrics::Metrics,
};
use shared::time_range::Window;
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use store::{price::PriceStore, trace::TraceStore};
use tempfile::TempDir;
use uuid::Uuid;

use crate::{engine::Engine, sample::START};
use test_support::{
    redis::{RedisOptions, RedisServer},
    wait::eventually,
};

/// Duration of leases in tests: after it, other workers take over the messages of a dead worker.
const LEASE: Duration = Duration::from_millis(500);

/// A store of traces, and workers that write to it.
pub struct Stage {
    limits: QueueLimits,
    directory: TempDir,
    /// For reading what was written.
    pub store: TraceStore,
}

/// A worker and its metrics.
pub struct RunningWorker {
    pub worker: Worker,
    pub metrics: Metrics,
}

impl Stage {
    pub async fn new() -> Self {
        Self::with_limits(QueueLimits::default()).await
    }

    pub async fn with_limits(limits: QueueLimits) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store = TraceStore::open_sqlite(&directory.path().join("traces.db")).await.unwrap();
        Self { limits, directory, store }
    }

    /// Returns the queue of `engine`, and the worker that empties it if the engine needs one.
    pub async fn queue(&self, engine: &Engine) -> (Queue, Option<RunningWorker>) {
        match engine {
            Engine::Memory => {
                let (writer, _) = self.writer().await;
                let (queue, requests) = MemoryQueue::new(QUEUE_BYTES);
                drop(memory::start(writer, requests));
                (Queue::Memory(queue), None)
            }
            Engine::Redis(server) => (self.producer(server), Some(self.worker(server).await)),
        }
    }

    /// Returns the queue in Redis, as ingestion uses it.
    pub fn producer(&self, server: &RedisServer) -> Queue {
        Queue::Redis(RedisQueue::new(connect(server), self.limits))
    }

    /// Returns a consumer of the queue in Redis.
    pub fn consumer(&self, server: &RedisServer) -> Consumer {
        Consumer::new(connect(server), self.limits, LEASE)
    }

    /// Starts a worker that empties the queue in Redis, with its own connection to the store.
    pub async fn worker(&self, server: &RedisServer) -> RunningWorker {
        let (writer, metrics) = self.writer().await;
        RunningWorker { worker: Worker::start(self.consumer(server), writer, metrics.clone()), metrics }
    }

    async fn writer(&self) -> (GroupWriter, Metrics) {
        let metrics = Metrics::new().unwrap();
        let cache = Cache::Memory(MemoryCache::new(CacheTtls::default()));
        let store = TraceStore::open_sqlite(&self.directory.path().join("traces.db")).await.unwrap();
        let pricer = Pricer::new(PriceStore::new(store.database()), &[]);
        let invalidator = Invalidator::new(cache, Clock::system());
        let clock = Clock::system();
        (GroupWriter::new(store, pricer, invalidator, metrics.clone(), clock), metrics)
    }

    /// Returns the number of written traces of a workspace, from the rollups.
    pub async fn count(&self, workspace_id: Uuid) -> i64 {
        let day = Duration::from_secs(86_400);
        let window = Window { start: START - day, end: START + day };
        self.store.sums(workspace_id, &[window]).await.unwrap()[0].requests
    }

    /// Waits until exactly `count` traces of a workspace are written.
    pub async fn wait_for_traces(&self, workspace_id: Uuid, count: i64) {
        eventually("all traces are written", || async { self.count(workspace_id).await == count }).await;
    }

    /// Waits until the queue is empty and counts no bytes.
    pub async fn wait_until_drained(&self, server: &RedisServer) {
        let consumer = self.consumer(server);
        eventually("the queue is drained", || async {
            consumer.load().await.is_ok_and(|load| (load.messages, load.pending, load.bytes) == (0, 0, 0))
        })
        .await;
    }

    /// Locks the store for all other writers until the lock is released.
    pub async fn lock_store(&self) -> StoreLock {
        let options = SqliteConnectOptions::new().filename(self.directory.path().join("traces.db"));
        let mut other = SqliteConnection::connect_with(&options).await.unwrap();
        sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
        StoreLock(other)
    }
}

/// A write lock on the store.
pub struct StoreLock(SqliteConnection);

impl StoreLock {
    pub async fn release(mut self) {
        sqlx::query("ROLLBACK").execute(&mut self.0).await.unwrap();
        self.0.close().await.unwrap();
    }
}

/// Starts a Redis that keeps its data across restarts.
pub fn durable() -> RedisServer {
    RedisServer::start_with(RedisOptions { append_only: true, ..RedisOptions::default() })
}

fn connect(server: &RedisServer) -> Redis {
    Redis::for_queue(&server.url().parse().unwrap()).unwrap()
}
