//! A store with a workspace, its channels and a deliverer.

use std::time::Duration;

use api::{
    clock::Clock,
    config::Notify,
    job::Jobs,
    limit::EmailLimit,
    notify::{Notifier, PrivateTargets, signature::new_secret},
    processing::deliver::{Deliverer, DeliveryRetention},
    telemetry::metrics::Metrics,
};
use domain::alert::record::{
    DeliveryFilter, NewDelivery, Notification, NotifiedGroup, Recipient, address_key,
};
use shared::{
    Timestamp,
    alert::{Alert, AlertState, AlertTraces, Severity},
    alert_channel::{
        AlertChannel, AlertChannelRequest, AlertDelivery, AlertEvent, ChannelTarget, DeliveryState,
    },
    alert_rule::AlertMetric,
    trace::TraceStatus,
};
use store::alert::AlertStore;
use uuid::Uuid;

use test_support::{database::Database, receiver::Receiver, wait::eventually};

/// The time at which tests begin.
pub const START: Timestamp = Timestamp::from_millis(1_700_000_000_000);
/// Timeout for receivers in tests that do not test the timeout.
const TIMEOUT: Duration = Duration::from_secs(20);

pub struct Stage {
    pub database: Database,
    pub alerts: AlertStore,
    pub clock: Clock,
    pub metrics: Metrics,
    pub workspace_id: Uuid,
}

/// The running deliverer of a process. If it is dropped, it ends at once, as in a process that is killed.
pub struct RunningDeliverer(Jobs);

impl RunningDeliverer {
    /// Stops after the attempts in flight.
    pub async fn stop(self) {
        self.0.stop(TIMEOUT).await;
    }
}

impl Stage {
    pub async fn on(database: Database) -> Self {
        let alerts = AlertStore::new(database.traces().await.database());
        Self {
            database,
            alerts,
            clock: Clock::manual(START),
            metrics: Metrics::new().unwrap(),
            workspace_id: Uuid::new_v4(),
        }
    }

    /// Opens a stage with the system clock, for tests that run the server as a process.
    pub async fn with_system_clock(database: Database) -> Self {
        Self { clock: Clock::system(), ..Self::on(database).await }
    }

    /// Opens a stage for tests that do not depend on the kind of store.
    pub async fn new() -> Self {
        Self::on(test_support::database::open_sqlite().await).await
    }

    /// Creates a channel whose recipients have confirmed, and returns it with its secret.
    pub async fn create_channel(&self, channel: AlertChannelRequest) -> AlertChannel {
        if let ChannelTarget::Email { to } = &channel.target {
            let confirmed = |address: &String| Recipient {
                address: address_key(address),
                created_at: START,
                confirmed_at: Some(START),
            };
            let recipients: Vec<_> = to.iter().map(confirmed).collect();
            self.alerts.create_recipients(self.workspace_id, &recipients).await.unwrap();
        }
        self.unconfirmed_channel(channel).await
    }

    /// Creates a channel and returns it with its secret.
    pub async fn unconfirmed_channel(&self, channel: AlertChannelRequest) -> AlertChannel {
        let channel = AlertChannel {
            id: Uuid::new_v4(),
            channel,
            created_at: START,
            updated_at: START,
            recipients: Vec::new(),
            last_delivery: None,
            secret: Some(new_secret().unwrap()),
        };
        self.alerts.create_channels(self.workspace_id, std::slice::from_ref(&channel)).await.unwrap();
        channel
    }

    /// Creates a webhook channel for a URL.
    pub async fn webhook(&self, url: impl Into<String>) -> AlertChannel {
        let target = ChannelTarget::Webhook { url: url.into() };
        self.create_channel(AlertChannelRequest::new("ops", target)).await
    }

    /// Creates a Slack channel for a URL.
    pub async fn slack(&self, url: impl Into<String>) -> AlertChannel {
        let target = ChannelTarget::Slack { url: url.into() };
        self.create_channel(AlertChannelRequest::new("ops", target)).await
    }

    /// Creates a delivery of an event at the current time and returns its id.
    pub async fn notify(&self, channel: &AlertChannel, event: AlertEvent, alert: Option<&Alert>) -> Uuid {
        let id = Uuid::new_v4();
        let notification = Notification {
            workspace_id: self.workspace_id,
            event,
            at: self.clock.now(),
            alert: alert.cloned(),
            group: None,
            recipient: None,
        };
        self.alerts.create_delivery(&NewDelivery { id, channel_id: channel.id, notification }).await.unwrap();
        id
    }

    /// Creates a delivery of an event of several alerts and returns its id. The message lists the given alerts.
    pub async fn notify_group(
        &self,
        channel: &AlertChannel,
        event: AlertEvent,
        group: NotifiedGroup,
    ) -> Uuid {
        let id = Uuid::new_v4();
        let notification = Notification {
            workspace_id: self.workspace_id,
            event,
            at: self.clock.now(),
            alert: group.alerts.first().cloned(),
            group: Some(group),
            recipient: None,
        };
        self.alerts.create_delivery(&NewDelivery { id, channel_id: channel.id, notification }).await.unwrap();
        id
    }

    /// Creates a delivery of a test message and returns its id.
    pub async fn send_test(&self, channel: &AlertChannel) -> Uuid {
        self.notify(channel, AlertEvent::Test, None).await
    }

    /// Starts a deliverer that may reach private addresses.
    pub async fn deliverer(&self) -> RunningDeliverer {
        self.deliverer_with(local(), TIMEOUT).await
    }

    pub async fn deliverer_with(&self, settings: Notify, timeout: Duration) -> RunningDeliverer {
        let notifier = Notifier::new(&settings, timeout).unwrap();
        let alerts = AlertStore::new(self.database.traces().await.database());
        let mut jobs = Jobs::new(self.metrics.clone());
        jobs.add(DeliveryRetention { alerts: alerts.clone(), clock: self.clock.clone() });
        let deliverer = Deliverer::new(
            alerts,
            notifier,
            EmailLimit::memory(&self.clock),
            self.metrics.clone(),
            self.clock.clone(),
        );
        jobs.add(deliverer.with_poll_interval(Duration::from_millis(10)));
        jobs.start();
        RunningDeliverer(jobs)
    }

    /// Returns the current state of a delivery.
    pub async fn delivery(&self, channel: &AlertChannel, id: Uuid) -> AlertDelivery {
        let of = DeliveryFilter::Channel(channel.id);
        let list = self.alerts.list_deliveries(self.workspace_id, of, 1000).await.unwrap();
        list.items.into_iter().find(|delivery| delivery.id == id).unwrap()
    }

    /// Waits until a delivery has had exactly `attempts` attempts and returns it.
    pub async fn after_attempts(&self, channel: &AlertChannel, id: Uuid, attempts: u64) -> AlertDelivery {
        eventually("the attempt", || async { self.delivery(channel, id).await.attempts >= attempts }).await;
        let delivery = self.delivery(channel, id).await;
        assert_eq!(delivery.attempts, attempts);
        delivery
    }

    /// Waits until a delivery is finished and returns it.
    pub async fn finished(&self, channel: &AlertChannel, id: Uuid) -> AlertDelivery {
        eventually("the end of the delivery", || async {
            self.delivery(channel, id).await.state != DeliveryState::Pending
        })
        .await;
        self.delivery(channel, id).await
    }

    /// Waits until the deliverer has processed everything that was due when this was called.
    pub async fn delivery_pass(&self) {
        let receiver = Receiver::start([]).await;
        let channel = self.webhook(receiver.url()).await;
        let id = self.send_test(&channel).await;
        assert_eq!(self.finished(&channel, id).await.state, DeliveryState::Delivered);
    }

    pub fn alert(&self) -> Alert {
        Alert {
            id: Uuid::new_v4(),
            workspace_id: self.workspace_id,
            title: "High error rate: support-bot".to_owned(),
            description: "7.5 % of 200 traces failed; the threshold is 5 %.".to_owned(),
            severity: Severity::Critical,
            metric_value: Some(7.5),
            created_at: START,
            state: AlertState::Firing,
            rule_id: Some(Uuid::new_v4()),
            metric: Some(AlertMetric::ErrorRate),
            is_change: false,
            threshold: Some(5.0),
            worst_value: Some(9.25),
            agent_id: Some("support-bot".to_owned()),
            model: None,
            changes: Vec::new(),
            traces: Some(AlertTraces {
                start: START - Duration::from_secs(1800),
                end: START,
                agent_id: Some("support-bot".to_owned()),
                model: None,
                status: Some(TraceStatus::Error),
            }),
            acknowledged_at: None,
            acknowledged_by: None,
            resolved_at: None,
            resolution: None,
        }
    }
}

/// Settings that allow webhooks to private addresses.
pub fn local() -> Notify {
    Notify {
        private_targets: PrivateTargets::all(),
        public_url: Some("https://example.com/obs".to_owned()),
        smtp: None,
    }
}

/// Generates tests that run each case on SQLite and on PostgreSQL.
macro_rules! on_every_store {
    ($($test:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $test() {
                super::$test(crate::stage::Stage::on(test_support::database::open_sqlite().await).await).await;
            })+
        }
        mod postgres {
            $(#[tokio::test]
            async fn $test() {
                super::$test(crate::stage::Stage::on(test_support::database::open_postgres().await).await).await;
            })+
        }
    };
}
pub(crate) use on_every_store;
