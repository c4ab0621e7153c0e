//! Metrics of the Redis queue. Without Redis they remain zero.

use prometheus::{IntCounter, IntGauge, Registry};

/// How much is in the queue.
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

#[derive(Debug)]
pub(super) struct QueueMetrics {
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
    pub(super) fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        let gauge = |name: &str, help: &str| {
            let gauge = IntGauge::new(name, help)?;
            registry.register(Box::new(gauge.clone()))?;
            Ok::<_, prometheus::Error>(gauge)
        };
        let counter = |name: &str, help: &str| {
            let counter = IntCounter::new(name, help)?;
            registry.register(Box::new(counter.clone()))?;
            Ok::<_, prometheus::Error>(counter)
        };
        Ok(Self {
            messages: gauge("agent_obs_queue_messages", "Messages in the queue")?,
            bytes: gauge("agent_obs_queue_bytes", "Bytes of the messages in the queue")?,
            pending: gauge(
                "agent_obs_queue_pending_messages",
                "Messages delivered but not yet acknowledged",
            )?,
            dead: gauge(
                "agent_obs_queue_dead_letters",
                "Messages that could not be processed and are stored as dead letters",
            )?,
            dead_letters: counter(
                "agent_obs_queue_dead_letters_total",
                "Messages that this process moved to the dead letters",
            )?,
            dropped: counter(
                "agent_obs_queue_dead_letters_dropped_total",
                "Dead letters that this process dropped for newer ones",
            )?,
            redelivered: counter("agent_obs_queue_redeliveries_total", "Redelivered messages")?,
            groups: counter("agent_obs_queue_groups_total", "Groups of messages written and acknowledged")?,
        })
    }

    pub(super) fn holds(&self, load: QueueLoad) {
        self.messages.set(load.messages);
        self.bytes.set(load.bytes);
        self.pending.set(load.pending);
        self.dead.set(load.dead);
    }

    pub(super) fn redelivered(&self, messages: usize) {
        self.redelivered.inc_by(messages as u64);
    }

    pub(super) fn group_written(&self, dead: usize) {
        self.groups.inc();
        self.dead_letters.inc_by(dead as u64);
    }

    pub(super) fn dead_letters_dropped(&self, letters: u64) {
        self.dropped.inc_by(letters);
    }
}
