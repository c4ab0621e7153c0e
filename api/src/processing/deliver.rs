//! Tells channels of alerts: takes deliveries whose turn it is, tries several at once, and notes what came of each. Nobody
//! waits for it, the evaluation of rules least of all. What a process that dies had under way is another's once its lease
//! is over; a webhook then sees the same id twice.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use domain::{
    alert::record::{Attempt, DueDelivery},
    error::chain,
};
use shared::Timestamp;
use store::{StoreError, alert::AlertStore};
use tokio::{
    sync::watch,
    task::{JoinHandle, JoinSet},
    time::{MissedTickBehavior, interval, sleep},
};
use uuid::Uuid;

use crate::{
    clock::Clock,
    notify::{Delivered, Failure, Notifier},
    telemetry::{delivery_metrics::DeliveryOutcome, metrics::Metrics},
};

/// How often something to do is looked for.
const LOOK: Duration = Duration::from_secs(1);
/// How long a delivery is somebody's: longer than an attempt takes.
pub const LEASE: Duration = Duration::from_secs(60);
/// Deliveries of this process at once, and of one channel among all processes.
const AT_ONCE: usize = 64;
const PER_CHANNEL: u32 = 4;
/// How long after an attempt the next one is; after the last of these it is given up.
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
/// How old something is told at most: afterwards it is no news, and what came after it waits.
pub const OLDEST: Duration = Duration::from_secs(86_400);
/// How long the log of deliveries reaches back, and how often it is cut.
pub const KEPT: Duration = Duration::from_secs(30 * 86_400);
const FORGET: Duration = Duration::from_secs(3600);
/// How long to wait before noting again what could not be noted.
const PAUSE: Duration = Duration::from_secs(1);

/// Who delivers in this process.
#[derive(Clone, Debug)]
pub struct Deliverer {
    alerts: AlertStore,
    notifier: Arc<Notifier>,
    metrics: Metrics,
    clock: Clock,
    look: Duration,
}

/// Somebody delivers. Dropped without [`Delivering::stop`] it ends where it stands, as a killed process does.
#[derive(Debug)]
pub struct Delivering {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

/// Deliveries that were taken together, and until when they are.
#[derive(Clone, Copy, Debug)]
struct Turn {
    worker: Uuid,
    until: Timestamp,
}

impl Delivering {
    /// Takes nothing more, and ends once what is under way has ended.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        // It ends by itself; a panic in it was logged where it happened. Whoever does not wait so long drops this.
        let _ = (&mut self.task).await;
    }
}

impl Drop for Delivering {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Deliverer {
    /// Takes deliveries from `alerts` and makes them by `notifier`.
    #[must_use]
    pub fn new(alerts: AlertStore, notifier: Notifier, metrics: Metrics, clock: Clock) -> Self {
        Self { alerts, notifier: Arc::new(notifier), metrics, clock, look: LOOK }
    }

    /// Looks for something to do so often, where nothing is under way.
    #[must_use]
    pub fn looking_every(self, look: Duration) -> Self {
        Self { look, ..self }
    }

    /// Starts delivering.
    #[must_use]
    pub fn start(self) -> Delivering {
        let (stop, stopped) = watch::channel(false);
        Delivering { stop, task: tokio::spawn(self.run(stopped)) }
    }

    async fn run(self, mut stop: watch::Receiver<bool>) {
        let (mut looks, mut cuts) = (interval(self.look), interval(FORGET));
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut under_way = JoinSet::new();
        loop {
            tokio::select! {
                biased;
                () = told(&mut stop) => break,
                _ = cuts.tick() => self.forget().await,
                _ = looks.tick() => {}
                // There is room again, and the channel may be told the next thing.
                Some(_) = under_way.join_next() => {}
            }
            while under_way.try_join_next().is_some() {}
            if let Err(error) = self.take(&mut under_way).await {
                tracing::warn!(error = chain(&error), "channels are not told of alerts, trying again later");
            }
        }
        while under_way.join_next().await.is_some() {}
    }

    /// Begins whatever is to be done, as far as there is room.
    async fn take(&self, under_way: &mut JoinSet<()>) -> Result<(), StoreError> {
        let room = AT_ONCE.saturating_sub(under_way.len());
        if room == 0 {
            return Ok(());
        }
        let now = self.clock.now();
        // Each turn is a worker of its own: an attempt that outlives its lease is told from the one that came after it.
        let turn = Turn { worker: Uuid::new_v4(), until: now + LEASE };
        let most = u32::try_from(room).unwrap_or(u32::MAX);
        for delivery in self.alerts.lease_deliveries(turn.worker, now, turn.until, most, PER_CHANNEL).await? {
            under_way.spawn(self.clone().attempt(turn, delivery));
        }
        Ok(())
    }

    async fn attempt(self, turn: Turn, delivery: DueDelivery) {
        let start = Instant::now();
        let now = self.clock.now();
        let result = if now.since(delivery.notification.at) > OLDEST {
            let error = "it is more than a day old".to_owned();
            Err(Failure { status_code: None, error, is_final: true, retry_after: None })
        } else {
            self.notifier.deliver(&delivery, now).await
        };
        let attempt = judge(result, delivery.attempts, self.clock.now());
        let outcome = match (attempt.delivered, attempt.next_attempt_at) {
            (true, _) => DeliveryOutcome::Delivered,
            (false, Some(_)) => DeliveryOutcome::Retried,
            (false, None) => DeliveryOutcome::GivenUp,
        };
        let kind = delivery.channel.kind;
        self.metrics.delivery_attempted(kind, outcome, start.elapsed());
        if outcome == DeliveryOutcome::GivenUp {
            // Why is for the delivery's own log: it may say what the other side answered.
            tracing::warn!(
                delivery_id = %delivery.id,
                workspace_id = %delivery.notification.workspace_id,
                kind = kind.as_str(),
                status = attempt.status_code,
                "a channel could not be told of an alert, and is not tried again"
            );
        }
        self.note(turn, delivery.id, &attempt).await;
    }

    /// Notes what came of it, again and again while the delivery is nobody else's: otherwise it would be made twice.
    async fn note(&self, turn: Turn, id: Uuid, attempt: &Attempt) {
        while let Err(error) = self.alerts.finish_attempt(turn.worker, id, attempt).await {
            if self.clock.now() >= turn.until {
                tracing::warn!(error = chain(&error), delivery_id = %id, "what came of a delivery is not known");
                return;
            }
            sleep(PAUSE).await;
        }
    }

    async fn forget(&self) {
        if let Err(error) = self.alerts.delete_deliveries_before(self.clock.now() - KEPT).await {
            tracing::warn!(error = chain(&error), "old deliveries were not forgotten, trying again later");
        }
    }
}

/// Waits until it is told to stop, or nobody is left who could.
async fn told(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

/// What is noted of an attempt before which there were so many.
fn judge(result: Result<Delivered, Failure>, before: u64, at: Timestamp) -> Attempt {
    let failure = match result {
        Ok(arrived) => {
            return Attempt {
                next_attempt_at: None,
                at,
                delivered: true,
                status_code: Some(arrived.status_code),
                error: arrived.missed,
            };
        }
        Err(failure) => failure,
    };
    let pause = usize::try_from(before).ok().and_then(|before| BACK_OFF.get(before)).copied();
    let pause = pause
        .filter(|_| !failure.is_final)
        .map(|pause| failure.retry_after.map_or(pause, |rest| rest.max(pause)));
    Attempt {
        next_attempt_at: pause.map(|pause| at + pause),
        at,
        delivered: false,
        status_code: failure.status_code,
        error: Some(failure.error),
    }
}
