//! Delivers notifications to channels: leases due deliveries, fairly between workspaces, attempts several at once, and stores
//! the result of each attempt. Independent of the evaluation of rules, which does not wait for it. If the process dies during an attempt,
//! another process repeats the attempt once the lease expires; a webhook then receives the same id twice.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use domain::{
    alert::{
        record::{Attempt, DueDelivery},
        share::DeliveryLimits,
    },
    error::chain,
};
use shared::Timestamp;
use store::{StoreError, alert::AlertStore};
use tokio::{task::JoinSet, time::sleep};
use uuid::Uuid;

use super::recipient::Recipients;
use crate::{
    clock::Clock,
    job::{Job, Lease, Stop},
    limit::EmailLimit,
    notify::{Failure, Notifier, Receipt},
    telemetry::{delivery_metrics::DeliveryOutcome, metrics::Metrics},
};

/// The time between two checks for due deliveries.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// The duration of a lease on a delivery, which is longer than an attempt.
pub const LEASE: Duration = Duration::from_secs(60);
/// The maximum number of attempts in flight in this process.
const MAX_IN_FLIGHT: u64 = 128;
/// The maximum number of attempts in flight of a workspace in all processes.
pub const MAX_IN_FLIGHT_PER_WORKSPACE: u64 = 16;
/// The maximum number of attempts in flight to a channel in all processes.
const MAX_IN_FLIGHT_PER_CHANNEL: u64 = 4;
/// The delays between attempts. A delivery fails permanently after the attempt that follows the last delay.
pub const BACK_OFF: [Duration; 8] = [
    Duration::from_secs(10),
    Duration::from_secs(30),
    Duration::from_secs(2 * 60),
    Duration::from_secs(10 * 60),
    Duration::from_secs(30 * 60),
    Duration::from_secs(3600),
    Duration::from_secs(2 * 3600),
    Duration::from_secs(4 * 3600),
];
/// The maximum age of a notification. Older ones fail, since the later notifications of the alert wait for them.
pub const MAX_AGE: Duration = Duration::from_secs(86_400);
/// The retention of finished deliveries.
pub const RETENTION: Duration = Duration::from_secs(30 * 86_400);
/// The time between two deletions of old deliveries.
const DELETE_INTERVAL: Duration = Duration::from_secs(3600);
/// The delay before the result of an attempt is stored again after a failure.
const RETRY_DELAY: Duration = Duration::from_secs(1);

/// Delivers due notifications.
#[derive(Clone, Debug)]
pub struct Deliverer {
    alerts: AlertStore,
    recipients: Recipients,
    metrics: Metrics,
    clock: Clock,
    poll_interval: Duration,
}

/// Deletes old deliveries.
#[derive(Clone, Debug)]
pub struct DeliveryRetention {
    /// The store of deliveries.
    pub alerts: AlertStore,
    /// The clock.
    pub clock: Clock,
}

impl Job for Deliverer {
    const NAME: &'static str = "notification_delivery";

    fn interval(&self) -> Duration {
        self.poll_interval
    }

    /// Attempts due deliveries until none is due or in flight.
    async fn run(&self, stop: &Stop) -> Result<(), StoreError> {
        let mut in_flight = JoinSet::new();
        while !stop.is_requested() {
            while in_flight.try_join_next().is_some() {}
            match self.start_attempts(&mut in_flight).await {
                result if in_flight.is_empty() => return result,
                // The attempts in flight must not end with this run, so it continues.
                Err(error) => tracing::warn!(error = chain(&error), "failed to lease deliveries"),
                Ok(()) => {}
            }
            tokio::select! {
                biased;
                () = stop.requested() => {}
                () = sleep(self.poll_interval) => {}
                // There is room again, and the channel may receive its next notification.
                _ = in_flight.join_next() => {}
            }
        }
        while in_flight.join_next().await.is_some() {}
        Ok(())
    }
}

impl Deliverer {
    /// Creates a deliverer of the deliveries in `alerts`. `limit` counts the e-mails.
    #[must_use]
    pub fn new(
        alerts: AlertStore,
        notifier: Notifier,
        limit: EmailLimit,
        metrics: Metrics,
        clock: Clock,
    ) -> Self {
        let (notifier, limit) = (Arc::new(notifier), Arc::new(limit));
        let recipients = Recipients { alerts: alerts.clone(), notifier, limit };
        Self { alerts, recipients, metrics, clock, poll_interval: POLL_INTERVAL }
    }

    /// Sets the time between two checks for due deliveries.
    #[must_use]
    pub fn with_poll_interval(self, poll_interval: Duration) -> Self {
        Self { poll_interval, ..self }
    }

    /// Starts attempts of due deliveries, up to the limit of attempts in flight.
    async fn start_attempts(&self, in_flight: &mut JoinSet<()>) -> Result<(), StoreError> {
        let limits = DeliveryLimits {
            new: MAX_IN_FLIGHT.saturating_sub(in_flight.len() as u64),
            per_workspace: MAX_IN_FLIGHT_PER_WORKSPACE,
            per_channel: MAX_IN_FLIGHT_PER_CHANNEL,
        };
        if limits.new == 0 {
            return Ok(());
        }
        let now = self.clock.now();
        // Each lease has its own worker id, so that the result of an attempt that outlived its lease is rejected.
        let lease = Lease::new(Uuid::new_v4(), now, LEASE);
        for delivery in self.alerts.lease_deliveries(lease.worker, now, lease.until, limits).await? {
            in_flight.spawn(self.clone().attempt(lease, delivery));
        }
        Ok(())
    }

    async fn attempt(self, lease: Lease, delivery: DueDelivery) {
        let start = Instant::now();
        let now = self.clock.now();
        let result = if now.since(delivery.notification.at) > MAX_AGE {
            let error = "it is more than a day old".to_owned();
            Err(Failure { status_code: None, error, is_final: true, retry_after: None })
        } else {
            self.recipients.deliver(delivery.clone(), now).await
        };
        let attempt = finished_attempt(result, delivery.attempts, self.clock.now());
        let outcome = match (attempt.delivered, attempt.next_attempt_at) {
            (true, _) => DeliveryOutcome::Delivered,
            (false, Some(_)) => DeliveryOutcome::Retried,
            (false, None) => DeliveryOutcome::GivenUp,
        };
        let kind = delivery.channel.target.kind();
        self.metrics.deliveries.record_attempt(kind, outcome, start.elapsed());
        if outcome == DeliveryOutcome::GivenUp {
            // The log omits the error, which may contain the response of the channel. The stored delivery contains it.
            tracing::warn!(
                delivery.id = %delivery.id,
                workspace.id = %delivery.notification.workspace_id,
                channel.kind = kind.as_str(),
                status_code = attempt.status_code,
                "notification delivery failed permanently"
            );
        }
        self.store_attempt(lease, delivery.id, &attempt).await;
    }

    /// Stores the result of an attempt. Retries until the lease expires, since the delivery would be repeated otherwise.
    async fn store_attempt(&self, lease: Lease, id: Uuid, attempt: &Attempt) {
        while let Err(error) = self.alerts.finish_attempt(lease.worker, id, attempt).await {
            if lease.has_expired(self.clock.now()) {
                tracing::warn!(
                    error = chain(&error),
                    delivery.id = %id,
                    "failed to store result of delivery attempt"
                );
                return;
            }
            sleep(RETRY_DELAY).await;
        }
    }
}

impl Job for DeliveryRetention {
    const NAME: &'static str = "delivery_retention";

    fn interval(&self) -> Duration {
        DELETE_INTERVAL
    }

    async fn run(&self, _: &Stop) -> Result<(), StoreError> {
        self.alerts.delete_deliveries_before(self.clock.now() - RETENTION).await.map(drop)
    }
}

/// Returns what is stored of an attempt that ended at `at`, after `before` earlier attempts.
fn finished_attempt(result: Result<Receipt, Failure>, before: u64, at: Timestamp) -> Attempt {
    let failure = match result {
        Ok(receipt) => {
            return Attempt {
                next_attempt_at: None,
                at,
                delivered: true,
                status_code: Some(receipt.status_code),
                error: receipt.failed_recipients,
            };
        }
        Err(failure) => failure,
    };
    let delay = usize::try_from(before).ok().and_then(|before| BACK_OFF.get(before)).copied();
    let delay = delay
        .filter(|_| !failure.is_final)
        .map(|delay| failure.retry_after.map_or(delay, |requested| requested.max(delay)));
    Attempt {
        next_attempt_at: delay.map(|delay| at + delay),
        at,
        delivered: false,
        status_code: failure.status_code,
        error: Some(failure.error),
    }
}
