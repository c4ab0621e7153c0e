//! The resources that all roles use: stores, the cache, the connection to Redis and the JWT secret. They use the configured
//! servers, or are embedded in the process if none are configured.

use domain::{error::chain, secret::Secret};
use store::{account::AccountStore, trace::TraceStore};

use super::error::StartError;
use crate::{
    auth::secret,
    cache::{Cache, MemoryCache, RedisCache},
    clock::Clock,
    config::{Config, DataDir},
    limit::{EmailLimit, LoginLimit, RateLimit},
    processing::{group_writer::GroupWriter, memory, worker::Worker},
    queue::{Consumer, MemoryQueue, QUEUE_BYTES, Queue, QueueLimits, RedisQueue},
    redis::{Redis, RedisFailure, RedisUrl},
    role::Role,
    telemetry::metrics::Metrics,
};

/// Resources that are opened once and shared by the roles of the process.
pub(super) struct Resources<'a> {
    pub(super) config: &'a Config,
    pub(super) clock: Clock,
    pub(super) metrics: Metrics,
    pub(super) redis: Option<Redis>,
    pub(super) cache: Cache,
}

/// The task that writes queued records, until the process stops.
pub(super) enum QueueWriter {
    /// Ends when the sending side of the queue is dropped.
    Memory(tokio::task::JoinHandle<()>),
    /// Reads the queue until it is stopped.
    Redis(Worker),
}

impl<'a> Resources<'a> {
    pub(super) async fn open(config: &'a Config, clock: Clock) -> Result<Self, StartError> {
        let metrics = Metrics::new()?;
        let redis = connect(config, Redis::for_cache).await?;
        let ttls = config.cache_ttls.clone();
        let cache = match &redis {
            Some(redis) => Cache::Redis(RedisCache::new(redis.clone(), ttls, metrics.clone())),
            None => Cache::Memory(MemoryCache::new(ttls)),
        };
        Ok(Self { config, clock, metrics, redis, cache })
    }

    pub(super) async fn accounts(&self) -> Result<AccountStore, StartError> {
        match &self.config.servers.postgres_url {
            Some(url) => Ok(AccountStore::open_postgres(&self.config.servers.postgres(url)).await?),
            None => Ok(AccountStore::open_sqlite(&self.data_dir()?.accounts()).await?),
        }
    }

    pub(super) async fn traces(&self) -> Result<TraceStore, StartError> {
        let servers = &self.config.servers;
        match &servers.timescale_url {
            Some(url) => {
                let settings = servers.postgres(url);
                // Only the processing role manages retention policies: the others may lack its settings.
                Ok(if self.config.role.is_none_or(|role| role == Role::Processing) {
                    TraceStore::open_postgres(&settings, &servers.lifecycle()).await?
                } else {
                    TraceStore::open_postgres_without_maintenance(&settings).await?
                })
            }
            None => Ok(TraceStore::open_sqlite(&self.data_dir()?.traces()).await?),
        }
    }

    pub(super) fn jwt_secret(&self) -> Result<Secret, StartError> {
        match &self.config.jwt_secret {
            Some(secret) => Ok(secret.clone()),
            None => Ok(secret::load_or_create(&self.data_dir()?.jwt_secret())?),
        }
    }

    pub(super) fn rate_limit(&self) -> RateLimit {
        let (per_minute, clock) = (self.config.rate_limit_per_minute, self.clock.clone());
        match &self.redis {
            Some(redis) => RateLimit::redis(redis.clone(), per_minute, clock, self.metrics.clone()),
            None => RateLimit::memory(per_minute, clock),
        }
    }

    pub(super) fn login_limit(&self) -> LoginLimit {
        match &self.redis {
            Some(redis) => LoginLimit::redis(redis, &self.clock, &self.metrics),
            None => LoginLimit::memory(&self.clock),
        }
    }

    pub(super) fn email_limit(&self) -> EmailLimit {
        match &self.redis {
            Some(redis) => EmailLimit::redis(redis, &self.clock, &self.metrics),
            None => EmailLimit::memory(&self.clock),
        }
    }

    /// Returns the sending side of the queue in Redis, or `None` without Redis.
    pub(super) async fn redis_queue(&self) -> Result<Option<Queue>, StartError> {
        Ok(connect(self.config, Redis::for_queue)
            .await?
            .map(|redis| Queue::Redis(RedisQueue::new(redis, self.queue_limits()))))
    }

    /// Starts to write queued records with `writer`. Without Redis, creates the queue and returns its sending side.
    pub(super) async fn start_queue_writer(
        &self,
        writer: GroupWriter,
    ) -> Result<(QueueWriter, Option<Queue>), StartError> {
        if let Some(redis) = connect(self.config, Redis::for_queue).await? {
            let consumer = Consumer::new(redis, self.queue_limits(), Consumer::LEASE);
            return Ok((QueueWriter::Redis(Worker::start(consumer, writer, self.metrics.clone())), None));
        }
        let (queue, requests) = MemoryQueue::new(QUEUE_BYTES);
        Ok((QueueWriter::Memory(memory::start(writer, requests)), Some(Queue::Memory(queue))))
    }

    fn queue_limits(&self) -> QueueLimits {
        let servers = &self.config.servers;
        QueueLimits {
            streams: servers.queue_streams,
            bytes: servers.queue_max_bytes,
            ..QueueLimits::default()
        }
    }

    /// Returns the data directory, and creates it if necessary. Called only if a file will be stored in it.
    fn data_dir(&self) -> Result<&DataDir, StartError> {
        let directory = &self.config.data_dir;
        directory.create().map_err(|source| StartError::Io {
            what: format!("cannot create {}", directory.path().display()),
            source,
        })?;
        Ok(directory)
    }
}

/// Connects to Redis, if it is configured. Sends a command at the start: a connection that a server thread opens ends with that
/// thread.
async fn connect(
    config: &Config,
    open: fn(&RedisUrl) -> Result<Redis, RedisFailure>,
) -> Result<Option<Redis>, StartError> {
    let redis = config.servers.redis_url.as_ref().map(open).transpose()?;
    if let Some(redis) = &redis
        && let Err(failure) = redis.ping().await
    {
        tracing::warn!(error = chain(&failure), "Redis is not reachable yet");
    }
    Ok(redis)
}
