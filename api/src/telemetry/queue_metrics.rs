//! Metrics of the Redis queue. Without Redis they remain zero.

use prometheus::{Error, IntCounter, IntGauge};

use super::registrar::Registrar;

/// The load of the queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueueLoad {
    /// Messages in all streams.
    pub messages: i64,
    /// Their bytes.
    pub bytes: i64,
    /// How many of them were delivered and not yet acknowledged.
    pub pending: i64,
    /// Messages that could not be processed.
    pub dead: i64,
}

/// Metrics of the Redis queue.
#[derive(Debug)]
pub struct QueueMetrics {
    messages: IntGauge,
    bytes: IntGauge,
    pending: IntGauge,
    dead: IntGauge,
    dead_letters: IntCounter,
    dropped: IntCounter,
    redelivered: IntCounter,
    groups: IntCounter,
}

impl QueueMetrics {
    pub(super) fn new(registrar: &Registrar) -> Result<Self, Error> {
        Ok(Self {
            messages: registrar.gauge("agent_obs_queue_messages", "Messages in the queue")?,
            bytes: registrar.gauge("agent_obs_queue_bytes", "Bytes of the messages in the queue")?,
            pending: registrar
                .gauge("agent_obs_queue_pending_messages", "Messages delivered but not yet acknowledged")?,
            dead: registrar.gauge(
                "agent_obs_queue_dead_letters",
                "Messages that could not be processed and are stored as dead letters",
            )?,
            dead_letters: registrar.counter(
                "agent_obs_queue_dead_letters_total",
                "Messages that this process moved to the dead letters",
            )?,
            dropped: registrar.counter(
                "agent_obs_queue_dead_letters_dropped_total",
                "Dead letters that this process dropped for newer ones",
            )?,
            redelivered: registrar.counter("agent_obs_queue_redeliveries_total", "Redelivered messages")?,
            groups: registrar
                .counter("agent_obs_queue_groups_total", "Groups of messages written and acknowledged")?,
        })
    }

    /// Sets the gauges.
    pub fn set_load(&self, load: QueueLoad) {
        self.messages.set(load.messages);
        self.bytes.set(load.bytes);
        self.pending.set(load.pending);
        self.dead.set(load.dead);
    }

    /// Counts redelivered messages.
    pub fn record_redeliveries(&self, messages: usize) {
        self.redelivered.inc_by(messages as u64);
    }

    /// Counts a group of messages that was written and acknowledged, and how many of them became dead letters.
    pub fn record_group(&self, dead: usize) {
        self.groups.inc();
        self.dead_letters.inc_by(dead as u64);
    }

    /// Counts dead letters that were dropped for newer ones.
    pub fn record_dropped_dead_letters(&self, letters: u64) {
        self.dropped.inc_by(letters);
    }
}
