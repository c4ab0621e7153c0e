//! Metrics of notification deliveries.

use std::time::Duration;

use prometheus::{Error, HistogramVec, IntCounter, IntCounterVec};
use shared::alert_channel::ChannelKind;

use super::registrar::Registrar;

/// The outcome of a delivery attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryOutcome {
    /// The notification was delivered.
    Delivered,
    /// The delivery will be retried.
    Retried,
    /// The delivery has failed permanently.
    GivenUp,
}

impl DeliveryOutcome {
    const ALL: [Self; 3] = [Self::Delivered, Self::Retried, Self::GivenUp];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Retried => "retried",
            Self::GivenUp => "given_up",
        }
    }
}

/// Metrics of notification deliveries.
#[derive(Debug)]
pub struct DeliveryMetrics {
    attempts: IntCounterVec,
    durations: HistogramVec,
    dropped: IntCounter,
}

impl DeliveryMetrics {
    pub(super) fn new(registrar: &Registrar) -> Result<Self, Error> {
        let attempts = registrar.counters(
            "agent_obs_alert_delivery_attempts_total",
            "Delivery attempts of notifications by kind of channel and outcome (delivered, retried or given_up)",
            &["kind", "outcome"],
        )?;
        let durations = registrar.histograms(
            "agent_obs_alert_delivery_duration_seconds",
            "Duration of delivery attempts of notifications by kind of channel",
            &["kind"],
            (0.005, 2.0, 13),
        )?;
        // Combinations that have not occurred yet are zero, not absent.
        for kind in ChannelKind::ALL {
            for outcome in DeliveryOutcome::ALL {
                attempts.with_label_values(&[kind.as_str(), outcome.as_str()]);
            }
        }
        let dropped = registrar.counter(
            "agent_obs_alert_deliveries_dropped_total",
            "Notifications that were not delivered because their workspace had too many pending deliveries",
        )?;
        Ok(Self { attempts, durations, dropped })
    }

    /// Records a delivery attempt of a notification.
    pub fn record_attempt(&self, kind: ChannelKind, outcome: DeliveryOutcome, took: Duration) {
        self.attempts.with_label_values(&[kind.as_str(), outcome.as_str()]).inc();
        self.durations.with_label_values(&[kind.as_str()]).observe(took.as_secs_f64());
    }

    /// Counts deliveries that were dropped because their workspace had too many pending ones.
    pub fn record_dropped(&self, deliveries: u64) {
        self.dropped.inc_by(deliveries);
    }
}
