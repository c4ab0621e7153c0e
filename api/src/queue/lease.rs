//! Leases of consumers on streams, distributed evenly among the consumers that are alive. They keep the order of a
//! workspace's messages, so that a later score replaces an earlier one, and avoid duplicate work. Counts do not depend on
//! them: the store counts a trace that is written twice once.

use std::{sync::LazyLock, time::Duration};

use redis::Script;

use super::{consumer::Consumer, key};
use crate::redis::RedisFailure;

static LEASE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("script/lease.lua")));
static RELEASE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("script/release_streams.lua")));
static DELETE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("script/delete_consumers.lua")));

/// The streams that are leased to a consumer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Leases {
    /// Streams within its share, which it reads.
    pub streams: Vec<usize>,
    /// Streams beyond its share, which it releases once none of their messages is in flight.
    pub excess: Vec<usize>,
}

impl Consumer {
    /// The duration of a lease.
    pub const LEASE: Duration = Duration::from_secs(5);

    /// Registers the consumer as alive, renews its leases, and leases free streams up to its share.
    ///
    /// # Errors
    /// Returns an error if Redis fails.
    pub async fn renew_leases(&self) -> Result<Leases, RedisFailure> {
        let mut script = LEASE.key(key::CONSUMERS);
        (0..self.streams).for_each(|stream| _ = script.key(key::lease(stream)));
        let ttl = u64::try_from(self.lease.as_millis()).unwrap_or(u64::MAX);
        let (streams, excess) = self.redis.run(script.arg(&self.name).arg(ttl)).await?;
        Ok(Leases { streams, excess })
    }

    /// Returns the time between two renewals.
    #[must_use]
    pub fn renew_every(&self) -> Duration {
        self.lease / 5
    }

    /// Releases the leases on streams.
    ///
    /// # Errors
    /// Returns an error if Redis fails; the leases expire then.
    pub async fn release_streams(&self, streams: &[usize]) -> Result<(), RedisFailure> {
        let mut script = RELEASE.prepare_invoke();
        streams.iter().for_each(|&stream| _ = script.key(key::lease(stream)));
        self.redis.run(script.arg(&self.name)).await
    }

    /// Deletes dead consumers of a stream that have no pending messages.
    ///
    /// # Errors
    /// Returns an error if Redis fails.
    pub async fn delete_dead_consumers(&self, stream: usize) -> Result<(), RedisFailure> {
        self.delete_consumers(stream, "").await
    }

    /// Releases all leases, and deletes the consumer from streams in which it has no pending messages. Other consumers
    /// claim the pending ones.
    ///
    /// # Errors
    /// Returns an error if Redis fails; the consumer counts as dead after the duration of a lease then.
    pub async fn deregister(&self) -> Result<(), RedisFailure> {
        self.redis.query::<()>(redis::cmd("ZREM").arg(key::CONSUMERS).arg(&self.name)).await?;
        self.release_streams(&(0..self.streams).collect::<Vec<_>>()).await?;
        for stream in 0..self.streams {
            self.delete_consumers(stream, &self.name).await?;
        }
        Ok(())
    }

    async fn delete_consumers(&self, stream: usize, name: &str) -> Result<(), RedisFailure> {
        let mut script = DELETE.key(key::stream(stream));
        self.redis.run(script.key(key::CONSUMERS).arg(key::GROUP).arg(name)).await
    }
}
