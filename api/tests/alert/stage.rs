//! A workspace on a manual clock, with its alerts and notifications as lines of text.

use std::time::Duration;

use api::{
    cache::{Cache, Invalidator, MemoryCache},
    clock::Clock,
    config::CacheTtls,
    processing::alert::Evaluator,
    telemetry::metrics::Metrics,
};
use domain::{
    alert::{
        record::{AlertFilter, Attempt, DeliveryFilter},
        share::DeliveryLimits,
    },
    trace::record::NewTrace,
};
use shared::{
    Timestamp,
    alert::{Alert, Severity},
    alert_channel::{AlertChannel, AlertChannelRequest, ChannelTarget},
    alert_rule::{AlertRule, AlertRuleRequest},
    trace::TraceStatus,
};
use store::{alert::AlertStore, trace::TraceStore};
use uuid::Uuid;

use test_support::{
    database::Database,
    store_sample::{MINUTE, START, plain},
};

/// The evaluation interval of rules.
pub const INTERVAL: Duration = Duration::from_secs(60);
/// The time at which scenarios begin.
pub const NOON: i64 = START + 12 * 60 * MINUTE;

pub struct Stage {
    pub store: TraceStore,
    pub alerts: AlertStore,
    pub clock: Clock,
    pub workspace_id: Uuid,
    evaluator: Evaluator,
    sent: u64,
}

impl Stage {
    pub async fn on(database: &Database) -> Self {
        let store = database.traces().await;
        let clock = Clock::manual(Timestamp::from_micros(NOON));
        let evaluator = evaluator(&store, &clock);
        let alerts = AlertStore::new(store.database());
        Self { store, alerts, clock, workspace_id: Uuid::new_v4(), evaluator, sent: 0 }
    }

    /// Returns the evaluator of a process that has just started.
    pub fn evaluator(&self) -> Evaluator {
        evaluator(&self.store, &self.clock)
    }

    /// Replaces the evaluating process with a new one.
    pub fn restart(&mut self) {
        self.evaluator = self.evaluator();
    }

    /// Creates a rule at the current time and returns its id.
    pub async fn create_rule(&self, rule: AlertRuleRequest) -> Uuid {
        assert_eq!(rule.validate(), []);
        let now = self.clock.now();
        let (id, evaluated_at) = (Uuid::new_v4(), None);
        let rule = AlertRule { id, rule, created_at: now, updated_at: now, evaluated_at, open_alerts: 0 };
        assert!(self.alerts.create_rule(self.workspace_id, &rule).await.unwrap());
        id
    }

    /// Updates a rule at the current time.
    pub async fn update_rule(&self, id: Uuid, change: impl Fn(&mut AlertRuleRequest)) {
        let (mut rule, version) = self.alerts.get_rule(self.workspace_id, id).await.unwrap().unwrap();
        change(&mut rule.rule);
        let now = self.clock.now();
        let updated = self.alerts.update_rule(self.workspace_id, id, version, &rule.rule, now).await;
        assert!(updated.unwrap());
    }

    /// Creates a channel at the current time and returns its id.
    pub async fn create_channel(&self, name: &str, min_severity: Severity) -> Uuid {
        let now = self.clock.now();
        let channel = AlertChannel {
            id: Uuid::new_v4(),
            channel: AlertChannelRequest {
                min_severity,
                ..AlertChannelRequest::new(
                    name,
                    ChannelTarget::Webhook { url: "https://example.com/hook".to_owned() },
                )
            },
            created_at: now,
            updated_at: now,
            recipients: Vec::new(),
            last_delivery: None,
            secret: Some("whsec_".to_owned()),
        };
        let id = channel.id;
        assert_eq!(self.alerts.create_channels(self.workspace_id, &[channel]).await.unwrap(), 1);
        id
    }

    /// Stores traces of an agent that start in the current minute.
    pub async fn send(&mut self, agent_id: &str, good: u64, failed: u64) {
        let now = self.clock.now().as_micros();
        self.send_at(agent_id, now, good, failed).await;
    }

    /// Stores traces of an agent that start in the minute beginning at `start` (microseconds).
    pub async fn send_at(&mut self, agent_id: &str, start: i64, good: u64, failed: u64) {
        let traces: Vec<NewTrace> = (0..good + failed)
            .map(|number| NewTrace {
                agent_id: agent_id.to_owned(),
                status: if number < good { TraceStatus::Success } else { TraceStatus::Error },
                ..self.trace(start + i64::try_from(number).unwrap() * 1_000)
            })
            .collect();
        self.write(&traces).await;
    }

    /// Returns a plain trace of this workspace.
    pub fn trace(&mut self, timestamp: i64) -> NewTrace {
        self.sent += 1;
        plain(self.workspace_id, format!("t{}-{}", self.sent, Uuid::new_v4()), timestamp)
    }

    pub async fn write(&self, traces: &[NewTrace]) {
        self.store.write(&traces.iter().collect::<Vec<_>>()).await.unwrap();
    }

    /// Advances the clock without evaluating.
    pub fn sleep(&self, minutes: u64) {
        self.clock.advance(Duration::from_secs(60 * minutes));
    }

    /// Advances the clock by a minute and evaluates the rules that are due.
    pub async fn advance_minute(&self) {
        self.sleep(1);
        self.evaluate().await;
    }

    /// Advances the clock minute by minute, evaluating after each.
    pub async fn advance_minutes(&self, minutes: u64) {
        for _ in 0..minutes {
            self.advance_minute().await;
        }
    }

    /// Runs one minute per entry. The entry is the number of failed traces among the ten traces of that minute.
    pub async fn failures(&mut self, agent_id: &str, failed: &[u64]) {
        for &failed in failed {
            self.send(agent_id, 10 - failed, failed).await;
            self.advance_minute().await;
        }
    }

    /// Evaluates the rules that are due and marks all pending notifications as delivered.
    pub async fn evaluate(&self) -> usize {
        let evaluated = self.evaluator.round().await.unwrap();
        let (worker, now) = (Uuid::new_v4(), self.clock.now());
        loop {
            let limits = DeliveryLimits { new: 100, per_workspace: 100, per_channel: 100 };
            let due = self.alerts.lease_deliveries(worker, now, now, limits).await.unwrap();
            if due.is_empty() {
                return evaluated;
            }
            for delivery in due {
                let (next_attempt_at, status_code, error) = (None, Some(200), None);
                let attempt = Attempt { next_attempt_at, at: now, delivered: true, status_code, error };
                self.alerts.finish_attempt(worker, delivery.id, &attempt).await.unwrap();
            }
        }
    }

    /// Returns all alerts, oldest first.
    pub async fn alerts(&self) -> Vec<Alert> {
        let found =
            self.alerts.list_alerts(self.workspace_id, AlertFilter::default(), 0, 1000).await.unwrap();
        let mut alerts = found.items;
        alerts.sort_by(|one, other| (one.created_at, &one.title).cmp(&(other.created_at, &other.title)));
        alerts
    }

    /// Returns one line per alert: the minutes since the start when it fired and was resolved, the resolution, title,
    /// severity and worst value.
    pub async fn alert_lines(&self) -> Vec<String> {
        let line = |alert: &Alert| {
            let end = alert.resolved_at.zip(alert.resolution);
            let end = end.map_or_else(String::new, |(at, why)| format!("{} {why:?}", minute_of(at)));
            let (start, title, severity) =
                (minute_of(alert.created_at), &alert.title, alert.severity.as_str());
            format!("{start}–{end} {title}, {severity}, {:.1}", alert.worst_value.unwrap())
        };
        self.alerts().await.iter().map(line).collect()
    }

    /// Returns one line per notification of a channel: the minute, the event, the title of the alert and the number of others.
    pub async fn notification_lines(&self, channel: Uuid) -> Vec<String> {
        let of = DeliveryFilter::Channel(channel);
        let deliveries = self.alerts.list_deliveries(self.workspace_id, of, 1000).await.unwrap().items;
        let alerts = self.alerts().await;
        let mut lines: Vec<_> = deliveries
            .iter()
            .map(|delivery| {
                let alert = alerts.iter().find(|alert| Some(alert.id) == delivery.alert_id).unwrap();
                let (at, event) = (minute_of(delivery.created_at), delivery.event.as_str());
                let more = match delivery.alert_count {
                    0 | 1 => String::new(),
                    count => format!(" and {} more", count - 1),
                };
                (at, format!("{at} {event}: {}{more}", alert.title))
            })
            .collect();
        lines.sort();
        lines.into_iter().map(|(_, line)| line).collect()
    }
}

fn evaluator(store: &TraceStore, clock: &Clock) -> Evaluator {
    let cache = Cache::Memory(MemoryCache::new(CacheTtls::default()));
    let invalidator = Invalidator::new(cache, clock.clone());
    Evaluator::new(store.clone(), invalidator, clock.clone(), Metrics::new().unwrap(), INTERVAL)
}

/// Returns the minutes since the start of the scenario.
pub fn minute_of(moment: Timestamp) -> i64 {
    (moment.as_micros() - NOON) / MINUTE
}

/// A rule on the error rate of the last five minutes: warning at 10%, critical at 50%.
pub fn errors() -> AlertRuleRequest {
    AlertRuleRequest {
        name: "Errors".to_owned(),
        window_minutes: 5,
        warning: Some(10.0),
        critical: Some(50.0),
        hysteresis_percent: 20,
        ..AlertRuleRequest::default()
    }
}
