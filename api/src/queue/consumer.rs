//! Reads messages from the streams in Redis, claims, acknowledges and releases them, and moves them to the dead
//! letters, each in one script. Independent of the contents of messages and the order of these steps, which belong to
//! the worker.

use std::{collections::BTreeMap, sync::LazyLock, time::Duration};

use redis::Script;
use uuid::Uuid;

use super::{
    key,
    producer::{QueueLimits, size},
};
use crate::{
    redis::{Redis, RedisFailure},
    telemetry::queue_metrics::QueueLoad,
};

static READ: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("script/read.lua")));
static CLAIM: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("script/claim.lua")));
static ACKNOWLEDGE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("script/acknowledge.lua")));
static RELEASE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("script/release_messages.lua")));
static DEAD_LETTER: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("script/dead_letter.lua")));

/// The maximum number of messages of a script: Redis serves no other client while it runs one.
const MAX_SCRIPT_MESSAGES: usize = 500;
/// The maximum size of the dead letters in bytes.
const MAX_DEAD_LETTER_BYTES: usize = 64 * 1024 * 1024;
/// The number of deliveries from which a message is claimed alone.
const ISOLATION_DELIVERIES: u32 = 2;

/// A consumer of the streams. Clones are the same consumer.
#[derive(Clone, Debug)]
pub struct Consumer {
    pub(super) redis: Redis,
    pub(super) name: String,
    pub(super) streams: usize,
    pub(super) lease: Duration,
}

/// A message that was delivered.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The stream.
    pub stream: usize,
    /// The id in the stream.
    pub id: String,
    /// The number of earlier deliveries.
    pub delivered: u32,
    /// The encoded message.
    pub data: Vec<u8>,
}

/// The limits of one read. The last message may exceed the number of traces and bytes.
#[derive(Clone, Copy, Debug)]
pub struct ReadLimits {
    /// The number of traces.
    pub traces: usize,
    /// The uncompressed size in bytes.
    pub raw: usize,
    /// The number of messages.
    pub messages: usize,
}

/// Messages that were claimed in a stream.
#[derive(Debug)]
pub struct Claimed {
    /// Whether messages were pending, in which case there may be more.
    pub pending: bool,
    /// The claimed messages.
    pub deliveries: Vec<Delivery>,
}

impl Consumer {
    /// Creates a consumer with a unique name, whose leases expire after `lease` without renewal.
    #[must_use]
    pub fn new(redis: Redis, limits: QueueLimits, lease: Duration) -> Self {
        let name = format!("consumer-{}", Uuid::new_v4().simple());
        Self { redis, name, streams: limits.streams.max(1), lease }
    }

    /// Returns the name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the number of streams.
    #[must_use]
    pub fn streams(&self) -> usize {
        self.streams
    }

    /// Creates the consumer group of every stream unless it exists. It begins with the first message, since acknowledged
    /// messages are deleted.
    ///
    /// # Errors
    /// Returns an error if Redis fails.
    pub async fn create_groups(&self) -> Result<(), RedisFailure> {
        for stream in 0..self.streams {
            let mut command = redis::cmd("XGROUP");
            command.arg("CREATE").arg(key::stream(stream)).arg(key::GROUP).arg("0").arg("MKSTREAM");
            match self.redis.query::<()>(&command).await {
                Err(RedisFailure::Failed(error)) if error.code() == Some("BUSYGROUP") => {}
                result => result?,
            }
        }
        Ok(())
    }

    /// Reads new messages of those of `streams` that are leased to this consumer.
    ///
    /// # Errors
    /// Returns an error if Redis fails; messages may have been delivered nevertheless, and have to be claimed.
    pub async fn read(&self, streams: &[usize], limits: ReadLimits) -> Result<Vec<Delivery>, RedisFailure> {
        let mut script = READ.prepare_invoke();
        streams.iter().for_each(|&stream| _ = script.key(key::stream(stream)));
        streams.iter().for_each(|&stream| _ = script.key(key::lease(stream)));
        script.arg(key::GROUP).arg(&self.name).arg(limits.traces).arg(limits.raw).arg(limits.messages);
        let read: Vec<(usize, String, Vec<u8>)> = self.redis.run(&script).await?;
        let delivery = |(number, id, data): (usize, String, Vec<u8>)| {
            let stream = *streams.get(number.wrapping_sub(1))?;
            Some(Delivery { stream, id, delivered: 0, data })
        };
        Ok(read.into_iter().filter_map(delivery).collect())
    }

    /// Claims pending messages of a stream, oldest first. Call it only while this consumer has no messages of the stream in
    /// flight.
    ///
    /// # Errors
    /// Returns an error if Redis fails.
    pub async fn claim(&self, stream: usize, limits: ReadLimits) -> Result<Claimed, RedisFailure> {
        let mut script = CLAIM.key(key::stream(stream));
        script
            .arg(key::GROUP)
            .arg(&self.name)
            .arg(limits.traces)
            .arg(limits.raw)
            .arg(limits.messages)
            .arg(ISOLATION_DELIVERIES);
        let (pending, claimed): (usize, Vec<(String, u32, Vec<u8>)>) = self.redis.run(&script).await?;
        let delivery = |(id, delivered, data)| Delivery { stream, id, delivered, data };
        Ok(Claimed { pending: pending > 0, deliveries: claimed.into_iter().map(delivery).collect() })
    }

    /// Acknowledges and deletes messages.
    ///
    /// # Errors
    /// Returns an error if Redis fails; some messages may have been deleted, and the call can be repeated.
    pub async fn acknowledge(&self, deliveries: &[&Delivery]) -> Result<(), RedisFailure> {
        for (stream, part) in by_stream(deliveries) {
            let mut script = ACKNOWLEDGE.key(key::stream(stream));
            script.key(key::BYTES).arg(key::GROUP).arg(stream);
            part.iter().for_each(|delivery| _ = script.arg(&delivery.id).arg(size(&delivery.data)));
            self.redis.run::<()>(&script).await?;
        }
        Ok(())
    }

    /// Releases messages to the next consumer, and does not count their delivery to this one.
    ///
    /// # Errors
    /// Returns an error if Redis fails; the next consumer claims the messages nevertheless, but the delivery counts.
    pub async fn release_messages(&self, deliveries: &[&Delivery]) -> Result<(), RedisFailure> {
        for (stream, part) in by_stream(deliveries) {
            let mut script = RELEASE.key(key::stream(stream));
            script.arg(key::GROUP).arg(&self.name);
            part.iter().for_each(|delivery| _ = script.arg(&delivery.id).arg(delivery.delivered));
            self.redis.run::<()>(&script).await?;
        }
        Ok(())
    }

    /// Moves a message to the dead letters, and returns how many old dead letters were deleted to make room.
    ///
    /// # Errors
    /// Returns an error if Redis fails.
    pub async fn move_to_dead_letters(&self, delivery: &Delivery, reason: &str) -> Result<u64, RedisFailure> {
        let mut script = DEAD_LETTER.key(key::stream(delivery.stream));
        script.key(key::BYTES).key(key::DEAD).arg(key::GROUP).arg(delivery.stream).arg(&delivery.id);
        script.arg(size(&delivery.data)).arg(reason).arg(delivery.data.as_slice()).arg(MAX_DEAD_LETTER_BYTES);
        self.redis.run(&script).await
    }

    /// Returns how much is in the queue.
    ///
    /// # Errors
    /// Returns an error if Redis fails.
    pub async fn load(&self) -> Result<QueueLoad, RedisFailure> {
        let mut command = redis::cmd("HGET");
        let bytes: Option<i64> = self.redis.query(command.arg(key::BYTES).arg("total")).await?;
        let mut load = QueueLoad { bytes: bytes.unwrap_or(0), ..QueueLoad::default() };
        load.dead = self.redis.query(redis::cmd("XLEN").arg(key::DEAD)).await?;
        for stream in 0..self.streams {
            let stream = key::stream(stream);
            load.messages += self.redis.query::<i64>(redis::cmd("XLEN").arg(&stream)).await?;
            let summary: (i64, redis::Value, redis::Value, redis::Value) =
                self.redis.query(redis::cmd("XPENDING").arg(&stream).arg(key::GROUP)).await?;
            load.pending += summary.0;
        }
        Ok(load)
    }
}

/// Splits deliveries into parts of one stream each that are not too large for a script.
fn by_stream<'a>(deliveries: &[&'a Delivery]) -> Vec<(usize, Vec<&'a Delivery>)> {
    let mut streams: BTreeMap<usize, Vec<&Delivery>> = BTreeMap::new();
    deliveries.iter().for_each(|delivery| streams.entry(delivery.stream).or_default().push(delivery));
    let parts = streams.into_iter().flat_map(|(stream, deliveries)| {
        let parts: Vec<_> =
            deliveries.chunks(MAX_SCRIPT_MESSAGES).map(|part| (stream, part.to_vec())).collect();
        parts
    });
    parts.collect()
}
