//! A store with a workspace, its channels, and somebody who delivers.

use std::time::Duration;

use api::{
    clock::Clock,
    config::Notify,
    notify::{Notifier, signature::new_secret},
    processing::deliver::{Deliverer, Delivering},
    telemetry::metrics::Metrics,
};
use domain::alert::record::{DeliveriesOf, NewDelivery, Notification};
use shared::{
    Timestamp,
    alert::{Alert, AlertState, AlertTraces, Severity},
    alert_channel::{
        AlertChannel, AlertChannelRequest, AlertDelivery, AlertEvent, ChannelKind, DeliveryState,
    },
    alert_rule::AlertMetric,
    trace::TraceStatus,
};
use store::alert::AlertStore;
use uuid::Uuid;

use test_support::{database::Database, receiver::Receiver, wait::eventually};

/// When tests begin.
pub const START: Timestamp = Timestamp::from_millis(1_700_000_000_000);
/// How long another side may take where that is not what is tested.
const PATIENCE: Duration = Duration::from_secs(20);

pub struct Stage {
    pub database: Database,
    pub alerts: AlertStore,
    pub clock: Clock,
    pub metrics: Metrics,
    pub workspace_id: Uuid,
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

    /// Where the clock is the machine's own, for a server that runs beside.
    pub async fn live(database: Database) -> Self {
        Self { clock: Clock::system(), ..Self::on(database).await }
    }

    /// Where no store matters.
    pub async fn new() -> Self {
        Self::on(test_support::database::open_sqlite().await).await
    }

    /// Keeps a channel, and answers it with its secret.
    pub async fn keep(&self, channel: AlertChannelRequest) -> AlertChannel {
        let channel = AlertChannel {
            id: Uuid::new_v4(),
            channel,
            created_at: START,
            updated_at: START,
            last_delivery: None,
            secret: Some(new_secret().unwrap()),
        };
        self.alerts.create_channels(self.workspace_id, std::slice::from_ref(&channel)).await.unwrap();
        channel
    }

    /// A webhook that leads to an address.
    pub async fn webhook(&self, url: impl Into<String>) -> AlertChannel {
        self.keep(AlertChannelRequest {
            name: "ops".to_owned(),
            url: Some(url.into()),
            ..AlertChannelRequest::default()
        })
        .await
    }

    /// Slack, at an address.
    pub async fn slack(&self, url: impl Into<String>) -> AlertChannel {
        self.keep(AlertChannelRequest {
            name: "ops".to_owned(),
            kind: ChannelKind::Slack,
            url: Some(url.into()),
            ..AlertChannelRequest::default()
        })
        .await
    }

    /// Lets a channel be told something now, and answers the delivery's id.
    pub async fn tell(&self, channel: &AlertChannel, event: AlertEvent, alert: Option<&Alert>) -> Uuid {
        let id = Uuid::new_v4();
        let notification = Notification {
            workspace_id: self.workspace_id,
            event,
            at: self.clock.now(),
            alert: alert.cloned(),
        };
        self.alerts.create_delivery(&NewDelivery { id, channel_id: channel.id, notification }).await.unwrap();
        id
    }

    /// Lets a channel be tried.
    pub async fn test(&self, channel: &AlertChannel) -> Uuid {
        self.tell(channel, AlertEvent::Test, None).await
    }

    /// A process that delivers, to this machine too.
    pub async fn deliverer(&self) -> Delivering {
        self.deliverer_with(local(), PATIENCE).await
    }

    pub async fn deliverer_with(&self, settings: Notify, patience: Duration) -> Delivering {
        let notifier = Notifier::new(&settings, patience).unwrap();
        let alerts = AlertStore::new(self.database.traces().await.database());
        Deliverer::new(alerts, notifier, self.metrics.clone(), self.clock.clone())
            .looking_every(Duration::from_millis(10))
            .start()
    }

    /// What became of a delivery.
    pub async fn delivery(&self, channel: &AlertChannel, id: Uuid) -> AlertDelivery {
        let of = DeliveriesOf::Channel(channel.id);
        let list = self.alerts.list_deliveries(self.workspace_id, of, 1000).await.unwrap();
        list.items.into_iter().find(|delivery| delivery.id == id).unwrap()
    }

    /// A delivery after so many attempts.
    pub async fn tried(&self, channel: &AlertChannel, id: Uuid, attempts: u64) -> AlertDelivery {
        eventually("the attempt", || async { self.delivery(channel, id).await.attempts >= attempts }).await;
        let delivery = self.delivery(channel, id).await;
        assert_eq!(delivery.attempts, attempts);
        delivery
    }

    /// A delivery at its end.
    pub async fn finished(&self, channel: &AlertChannel, id: Uuid) -> AlertDelivery {
        eventually("the end", || async { self.delivery(channel, id).await.state != DeliveryState::Pending })
            .await;
        self.delivery(channel, id).await
    }

    /// Waits until whoever delivers has looked for something to do since this was called, and done it.
    pub async fn looked(&self) {
        let receiver = Receiver::start([]).await;
        let channel = self.webhook(receiver.url()).await;
        let id = self.test(&channel).await;
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

/// Settings that let webhooks reach this machine.
pub fn local() -> Notify {
    Notify { allow_private: true, public_url: Some("https://example.com/obs".to_owned()), smtp: None }
}

/// Runs tests that take a stage on a store in a file and on one on a server.
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
