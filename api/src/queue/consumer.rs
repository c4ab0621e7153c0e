//! Taking messages out of Redis' streams: reading, taking over, acknowledging, putting aside. Each is one script. What
//! the messages say, and in which order to do these things, is the worker's.

use std::{collections::BTreeMap, sync::LazyLock, time::Duration};

use redis::Script;
use uuid::Uuid;

use super::{
    key,
    producer::{Shape, size},
};
use crate::{
    redis::{Redis, RedisFailure},
    telemetry::queue_metrics::QueueLoad,
};

static TAKE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("script/take.lua")));
static CLAIM: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("script/claim.lua")));
static ACK: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("script/ack.lua")));
static HAND_BACK: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("script/hand_back.lua")));
static BURY: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("script/bury.lua")));

/// Messages in one script: nobody else is served while Redis runs a script.
const SCRIPT_MESSAGES: usize = 500;
/// Bytes of dead letters that are kept.
const DEAD_BYTES: usize = 64 * 1024 * 1024;
/// A message that was delivered so often already is taken over alone.
const ALONE: u32 = 2;

/// One of those who share the streams. Clones are the same one.
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
    /// The stream it is from.
    pub stream: usize,
    /// Its id there.
    pub id: String,
    /// How often it was delivered before.
    pub delivered: u32,
    /// Its bytes.
    pub data: Vec<u8>,
}

/// How much to read at once.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    /// Traces, or up to one message more.
    pub traces: usize,
    /// Bytes when they are unpacked, or up to one message more.
    pub raw: usize,
    /// Messages.
    pub messages: usize,
}

/// What was taken over of a stream.
#[derive(Debug)]
pub struct Claimed {
    /// Whether anything was pending: if so there may be more.
    pub pending: bool,
    /// The messages.
    pub deliveries: Vec<Delivery>,
}

impl Consumer {
    /// A consumer with a name of its own, that holds its streams for `lease` after each sign of life.
    #[must_use]
    pub fn new(redis: Redis, shape: Shape, lease: Duration) -> Self {
        let name = format!("consumer-{}", Uuid::new_v4().simple());
        Self { redis, name, streams: shape.streams.max(1), lease }
    }

    /// What the others know it by.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many streams there are.
    #[must_use]
    pub fn streams(&self) -> usize {
        self.streams
    }

    /// Makes the group on every stream, from the first message on: those that are done are not there any more.
    ///
    /// # Errors
    /// Where Redis fails.
    pub async fn prepare(&self) -> Result<(), RedisFailure> {
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

    /// Reads new messages of these streams, where this consumer holds them.
    ///
    /// # Errors
    /// Where Redis fails; messages may have been delivered all the same, to be taken over.
    pub async fn take(&self, streams: &[usize], room: Room) -> Result<Vec<Delivery>, RedisFailure> {
        let mut script = TAKE.prepare_invoke();
        streams.iter().for_each(|&stream| _ = script.key(key::stream(stream)));
        streams.iter().for_each(|&stream| _ = script.key(key::lease(stream)));
        script.arg(key::GROUP).arg(&self.name).arg(room.traces).arg(room.raw).arg(room.messages);
        let taken: Vec<(usize, String, Vec<u8>)> = self.redis.run(&script).await?;
        let delivery = |(number, id, data): (usize, String, Vec<u8>)| {
            let stream = *streams.get(number.wrapping_sub(1))?;
            Some(Delivery { stream, id, delivered: 0, data })
        };
        Ok(taken.into_iter().filter_map(delivery).collect())
    }

    /// Takes over what was delivered in a stream and not acknowledged, the oldest first. To be called while this consumer
    /// has nothing of that stream in hand.
    ///
    /// # Errors
    /// Where Redis fails.
    pub async fn claim(&self, stream: usize, room: Room) -> Result<Claimed, RedisFailure> {
        let mut script = CLAIM.key(key::stream(stream));
        script.arg(key::GROUP).arg(&self.name).arg(room.traces).arg(room.raw).arg(room.messages).arg(ALONE);
        let (pending, taken): (usize, Vec<(String, u32, Vec<u8>)>) = self.redis.run(&script).await?;
        let delivery = |(id, delivered, data)| Delivery { stream, id, delivered, data };
        Ok(Claimed { pending: pending > 0, deliveries: taken.into_iter().map(delivery).collect() })
    }

    /// Takes messages out for good.
    ///
    /// # Errors
    /// Where Redis fails; some may be out, and doing it again does no harm.
    pub async fn ack(&self, deliveries: &[&Delivery]) -> Result<(), RedisFailure> {
        for (stream, piece) in by_stream(deliveries) {
            let mut script = ACK.key(key::stream(stream));
            script.key(key::BYTES).arg(key::GROUP).arg(stream);
            piece.iter().for_each(|delivery| _ = script.arg(&delivery.id).arg(size(&delivery.data)));
            self.redis.run::<()>(&script).await?;
        }
        Ok(())
    }

    /// Leaves messages to the next consumer, as if they had not been delivered to this one.
    ///
    /// # Errors
    /// Where Redis fails; they are left all the same, and counted as delivered.
    pub async fn hand_back(&self, deliveries: &[&Delivery]) -> Result<(), RedisFailure> {
        for (stream, piece) in by_stream(deliveries) {
            let mut script = HAND_BACK.key(key::stream(stream));
            script.arg(key::GROUP).arg(&self.name);
            piece.iter().for_each(|delivery| _ = script.arg(&delivery.id).arg(delivery.delivered));
            self.redis.run::<()>(&script).await?;
        }
        Ok(())
    }

    /// Moves a message to the dead letters; answers how many old ones had to go for it.
    ///
    /// # Errors
    /// Where Redis fails.
    pub async fn bury(&self, delivery: &Delivery, reason: &str) -> Result<u64, RedisFailure> {
        let mut script = BURY.key(key::stream(delivery.stream));
        script.key(key::BYTES).key(key::DEAD).arg(key::GROUP).arg(delivery.stream).arg(&delivery.id);
        script.arg(size(&delivery.data)).arg(reason).arg(delivery.data.as_slice()).arg(DEAD_BYTES);
        self.redis.run(&script).await
    }

    /// How much is in the queue.
    ///
    /// # Errors
    /// Where Redis fails.
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

/// The deliveries in pieces of one stream each, none too large for a script.
fn by_stream<'a>(deliveries: &[&'a Delivery]) -> Vec<(usize, Vec<&'a Delivery>)> {
    let mut streams: BTreeMap<usize, Vec<&Delivery>> = BTreeMap::new();
    deliveries.iter().for_each(|delivery| streams.entry(delivery.stream).or_default().push(delivery));
    let pieces = streams.into_iter().flat_map(|(stream, deliveries)| {
        let pieces: Vec<_> =
            deliveries.chunks(SCRIPT_MESSAGES).map(|piece| (stream, piece.to_vec())).collect();
        pieces
    });
    pieces.collect()
}
