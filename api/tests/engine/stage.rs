//! A queue with a store behind it: where tests send traces and look for them.

use std::time::Duration;

use api::{
    cache::{Cache, Invalidator, MemoryCache, Ttls},
    clock::Clock,
    pricer::Pricer,
    processing::{group_writer::GroupWriter, memory, worker::Worker},
    queue::{Consumer, MemoryQueue, QUEUE_BYTES, Queue, RedisQueue, Shape},
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

/// How long leases hold in tests: what is left by the dead is taken over after that.
const LEASE: Duration = Duration::from_millis(500);

/// A store of traces, and workers that write to it.
pub struct Stage {
    shape: Shape,
    folder: TempDir,
    /// For looking at what is written.
    pub store: TraceStore,
}

/// A process that writes, and what it counts.
pub struct Running {
    pub worker: Worker,
    pub metrics: Metrics,
}

impl Stage {
    pub async fn new() -> Self {
        Self::shaped(Shape::default()).await
    }

    pub async fn shaped(shape: Shape) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = TraceStore::open_sqlite(&folder.path().join("traces.db")).await.unwrap();
        Self { shape, folder, store }
    }

    /// The queue of `engine`, and the process that empties it where that is another one.
    pub async fn queue(&self, engine: &Engine) -> (Queue, Option<Running>) {
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

    /// The queue in Redis, as ingestion has it.
    pub fn producer(&self, server: &RedisServer) -> Queue {
        Queue::Redis(RedisQueue::new(patient(server), self.shape))
    }

    /// One of those who share the queue in Redis.
    pub fn consumer(&self, server: &RedisServer) -> Consumer {
        Consumer::new(patient(server), self.shape, LEASE)
    }

    /// A process that empties the queue in Redis, with a connection to the store of its own.
    pub async fn worker(&self, server: &RedisServer) -> Running {
        let (writer, metrics) = self.writer().await;
        Running { worker: Worker::start(self.consumer(server), writer, metrics.clone()), metrics }
    }

    async fn writer(&self) -> (GroupWriter, Metrics) {
        let metrics = Metrics::new().unwrap();
        let cache = Cache::Memory(MemoryCache::new(Ttls::default()));
        let store = TraceStore::open_sqlite(&self.folder.path().join("traces.db")).await.unwrap();
        {
            let pricer = Pricer::new(PriceStore::new(store.database()), &[]);
            let invalidator = Invalidator::new(cache, Clock::system());
            let clock = Clock::system();
            (GroupWriter::new(store, pricer, invalidator, metrics.clone(), clock), metrics)
        }
    }

    /// How many traces of a workspace are written, by the rollups.
    pub async fn count(&self, workspace_id: Uuid) -> i64 {
        let day = Duration::from_secs(86_400);
        let window = Window { start: START - day, end: START + day };
        self.store.sums(workspace_id, &[window]).await.unwrap()[0].requests
    }

    /// Waits until so many are written, and nothing is left in the queue.
    pub async fn written(&self, workspace_id: Uuid, count: i64) {
        eventually("the last trace", || async { self.count(workspace_id).await == count }).await;
    }

    /// Waits until the queue is empty to the last byte.
    pub async fn drained(&self, server: &RedisServer) {
        let consumer = self.consumer(server);
        eventually("the end of the queue", || async {
            consumer.load().await.is_ok_and(|load| (load.messages, load.pending, load.bytes) == (0, 0, 0))
        })
        .await;
    }

    /// Keeps all others from writing to the store until it is released.
    pub async fn hold_the_store(&self) -> Held {
        let options = SqliteConnectOptions::new().filename(self.folder.path().join("traces.db"));
        let mut other = SqliteConnection::connect_with(&options).await.unwrap();
        sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
        Held(other)
    }
}

/// Holds the store until it is released.
pub struct Held(SqliteConnection);

impl Held {
    pub async fn release(mut self) {
        sqlx::query("ROLLBACK").execute(&mut self.0).await.unwrap();
        self.0.close().await.unwrap();
    }
}

/// A Redis whose data outlive it.
pub fn durable() -> RedisServer {
    RedisServer::start_with(RedisOptions { append_only: true, ..RedisOptions::default() })
}

fn patient(server: &RedisServer) -> Redis {
    Redis::patient(&server.url().parse().unwrap()).unwrap()
}
