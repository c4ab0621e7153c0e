//! Which consumer reads which stream: shared out evenly, anew whenever one comes or goes. A lease keeps the work from
//! being done twice; that a trace done twice counts once is the store's doing.

use std::{sync::LazyLock, time::Duration};

use redis::Script;

use super::{consumer::Consumer, key};
use crate::redis::RedisFailure;

static LEASE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("script/lease.lua")));
static RELEASE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("script/release.lua")));
static TIDY: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("script/tidy.lua")));

/// The streams that a consumer holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Leases {
    /// To be read.
    pub kept: Vec<usize>,
    /// More than its share: to be released once nothing of them is in hand.
    pub beyond: Vec<usize>,
}

impl Consumer {
    /// How long its leases hold after each [`Consumer::renew`].
    pub const LEASE: Duration = Duration::from_secs(5);

    /// Says that this consumer lives, renews its leases and takes what is free up to its share.
    ///
    /// # Errors
    /// Where Redis fails.
    pub async fn renew(&self) -> Result<Leases, RedisFailure> {
        let mut script = LEASE.key(key::CONSUMERS);
        (0..self.streams).for_each(|stream| _ = script.key(key::lease(stream)));
        let ttl = u64::try_from(self.lease.as_millis()).unwrap_or(u64::MAX);
        let (kept, beyond) = self.redis.run(script.arg(&self.name).arg(ttl)).await?;
        Ok(Leases { kept, beyond })
    }

    /// How long to wait between two renewals.
    #[must_use]
    pub fn renew_every(&self) -> Duration {
        self.lease / 5
    }

    /// Lets others have these streams.
    ///
    /// # Errors
    /// Where Redis fails; the leases run out by themselves then.
    pub async fn release(&self, streams: &[usize]) -> Result<(), RedisFailure> {
        let mut script = RELEASE.prepare_invoke();
        streams.iter().for_each(|&stream| _ = script.key(key::lease(stream)));
        self.redis.run(script.arg(&self.name)).await
    }

    /// Forgets the stream's dead consumers that have nothing left.
    ///
    /// # Errors
    /// Where Redis fails.
    pub async fn tidy(&self, stream: usize) -> Result<(), RedisFailure> {
        self.forget(stream, "").await
    }

    /// Gives everything up, and its name where nothing is left under it; the others find the rest.
    ///
    /// # Errors
    /// Where Redis fails; the others find out by themselves then, after some seconds.
    pub async fn leave(&self) -> Result<(), RedisFailure> {
        self.redis.query::<()>(redis::cmd("ZREM").arg(key::CONSUMERS).arg(&self.name)).await?;
        self.release(&(0..self.streams).collect::<Vec<_>>()).await?;
        for stream in 0..self.streams {
            self.forget(stream, &self.name).await?;
        }
        Ok(())
    }

    async fn forget(&self, stream: usize, name: &str) -> Result<(), RedisFailure> {
        let mut script = TIDY.key(key::stream(stream));
        self.redis.run(script.key(key::CONSUMERS).arg(key::GROUP).arg(name)).await
    }
}
