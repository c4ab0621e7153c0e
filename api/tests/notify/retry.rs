//! Retries of failed deliveries: back-off, order, expiry.

use std::{sync::Arc, time::Duration};

use api::processing::deliver::{BACK_OFF, MAX_AGE, RETENTION};
use domain::alert::record::DeliveryFilter;
use shared::alert_channel::{AlertEvent, DeliveryState};
use tokio::sync::Semaphore;

use crate::stage::{Stage, local, on_every_store};
use test_support::receiver::{Receiver, Reply};

const MICROSECOND: Duration = Duration::from_micros(1);

async fn a_failed_delivery_is_retried_with_back_off_until_it_succeeds(stage: Stage) {
    let down = Reply::Status(503, "", "down for\n maintenance");
    let receiver = Receiver::start(vec![down; 3]).await;
    let channel = stage.webhook(receiver.url()).await;
    let id = stage.notify(&channel, AlertEvent::Firing, Some(&stage.alert())).await;
    let _delivering = stage.deliverer().await;
    for (before, pause) in BACK_OFF.into_iter().take(3).enumerate() {
        let delivery = stage.after_attempts(&channel, id, before as u64 + 1).await;
        let next = stage.clock.now() + pause;
        assert_eq!((delivery.state, delivery.next_attempt_at), (DeliveryState::Pending, Some(next)));
        assert_eq!(delivery.status_code, Some(503));
        assert_eq!(delivery.error.as_deref(), Some("responded 503 Service Unavailable"));
        stage.clock.advance(pause - MICROSECOND);
        stage.delivery_pass().await;
        assert_eq!(receiver.count(), before + 1, "no attempt before the back-off has passed");
        stage.clock.advance(MICROSECOND);
    }
    let delivery = stage.finished(&channel, id).await;
    assert_eq!((delivery.state, delivery.attempts), (DeliveryState::Delivered, 4));
    assert_eq!((delivery.status_code, delivery.error), (Some(200), None));
    assert_eq!(delivery.finished_at, Some(stage.clock.now()));
    let received = receiver.received();
    assert!(received.iter().all(|one| one.id() == id.to_string() && one.body == received[0].body));
    let seconds: Vec<i64> =
        received.iter().map(|one| one.headers["webhook-timestamp"].parse().unwrap()).collect();
    assert_eq!(seconds.iter().map(|at| at - seconds[0]).collect::<Vec<_>>(), [0, 10, 40, 160]);
}

async fn a_delivery_fails_after_its_last_attempt(stage: Stage) {
    let receiver = Receiver::start(vec![Reply::Status(500, "", ""); 20]).await;
    let channel = stage.webhook(receiver.url()).await;
    let id = stage.send_test(&channel).await;
    let _delivering = stage.deliverer().await;
    for (before, pause) in BACK_OFF.into_iter().enumerate() {
        stage.after_attempts(&channel, id, before as u64 + 1).await;
        stage.clock.advance(pause);
    }
    let delivery = stage.finished(&channel, id).await;
    assert_eq!((delivery.state, delivery.attempts), (DeliveryState::Failed, 9));
    assert_eq!((delivery.next_attempt_at, delivery.finished_at), (None, Some(stage.clock.now())));
    let since = stage.clock.now().since(delivery.created_at);
    assert!(since > Duration::from_secs(7 * 3600) && since < Duration::from_secs(9 * 3600), "{since:?}");
    stage.clock.advance(Duration::from_secs(86_400));
    stage.delivery_pass().await;
    assert_eq!(receiver.count(), 9);
    let metrics = String::from_utf8(stage.metrics.text().unwrap()).unwrap();
    for (outcome, count) in [("retried", 8), ("given_up", 1), ("delivered", 1)] {
        let line = format!(
            r#"agent_obs_alert_delivery_attempts_total{{kind="webhook",outcome="{outcome}"}} {count}"#
        );
        assert!(metrics.contains(&line), "{line} is missing in {metrics}");
    }
}

async fn events_of_an_alert_are_delivered_in_order_without_blocking_other_alerts(stage: Stage) {
    let down = Reply::Status(500, "", "");
    let receiver = Receiver::start(vec![down; 6]).await;
    let channel = stage.webhook(receiver.url()).await;
    let _delivering = stage.deliverer().await;
    // More deliveries than may be in flight at once, all failing.
    let mut alerts = Vec::new();
    for _ in 0..6 {
        let alert = stage.alert();
        let id = stage.notify(&channel, AlertEvent::Firing, Some(&alert)).await;
        stage.after_attempts(&channel, id, 1).await;
        alerts.push(alert);
    }
    stage.clock.advance(Duration::from_secs(5));
    let resolved = stage.notify(&channel, AlertEvent::Resolved, Some(&alerts[0])).await;
    let other = stage.notify(&channel, AlertEvent::Firing, Some(&stage.alert())).await;
    let delivery = stage.finished(&channel, other).await;
    assert_eq!(delivery.state, DeliveryState::Delivered, "waiting deliveries do not block it");
    stage.delivery_pass().await;
    assert_eq!(
        stage.delivery(&channel, resolved).await.attempts,
        0,
        "resolved must not arrive before firing"
    );
    stage.clock.advance(Duration::from_secs(5));
    stage.finished(&channel, resolved).await;
    let types: Vec<_> = receiver
        .received()
        .iter()
        .map(test_support::receiver::Received::json)
        .filter(|body| body["data"]["alert"]["id"] == alerts[0].id.to_string())
        .map(|body| body["type"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(types, ["alert.firing", "alert.firing", "alert.resolved"]);
}

async fn an_unreadable_delivery_fails_without_blocking_others(stage: Stage) {
    let receiver = Receiver::start([]).await;
    let (unknown_event, unreadable) =
        (stage.webhook(receiver.url()).await, stage.webhook(format!("{}#odd", receiver.url())).await);
    let channel = stage.webhook(receiver.url()).await;
    let lost = stage.notify(&unreadable, AlertEvent::Firing, Some(&stage.alert())).await;
    let garbled = stage.notify(&channel, AlertEvent::Firing, Some(&stage.alert())).await;
    let unknown_delivery = stage.send_test(&unknown_event).await;
    stage.clock.advance(MICROSECOND);
    let arrives = stage.notify(&channel, AlertEvent::Firing, Some(&stage.alert())).await;
    stage
        .database
        .execute_in_traces("UPDATE alert_channels SET channel = '{}x' WHERE channel LIKE '%#odd%'")
        .await;
    let first = "UPDATE alert_deliveries SET notice = '{' WHERE alert_id IS NOT NULL AND created_at = \
                 (SELECT MIN(created_at) FROM alert_deliveries)";
    stage.database.execute_in_traces(first).await;
    stage.database.execute_in_traces("UPDATE alert_deliveries SET event = 'odd' WHERE event = 'test'").await;
    let _delivering = stage.deliverer().await;
    assert_eq!(stage.finished(&channel, arrives).await.state, DeliveryState::Delivered);
    for (channel, id) in [(&unreadable, lost), (&channel, garbled)] {
        let delivery = stage.finished(channel, id).await;
        assert_eq!((delivery.state, delivery.attempts), (DeliveryState::Failed, 0));
        assert_eq!(delivery.error.as_deref(), Some("the delivery or its channel cannot be read"));
    }
    let of = DeliveryFilter::Channel(unknown_event.id);
    let log = stage.alerts.list_deliveries(stage.workspace_id, of, 9).await.unwrap();
    assert!(
        log.items.iter().all(|delivery| delivery.id != unknown_delivery),
        "an event of another release is omitted"
    );
    let mut listed = stage.alerts.list_channels(stage.workspace_id).await.unwrap();
    listed.sort_by_key(|listed| listed.id != channel.id);
    assert_eq!((listed.len(), listed[0].id), (2, channel.id), "an unreadable channel is omitted");
    assert_eq!(stage.alerts.list_last_deliveries(stage.workspace_id).await.unwrap().len(), 2);
}

async fn a_newer_notification_supersedes_reminders_and_old_notifications_expire(stage: Stage) {
    let receiver = Receiver::start([Reply::Status(500, "", "")]).await;
    let channel = stage.webhook(receiver.url()).await;
    let alert = stage.alert();
    let delivering = stage.deliverer().await;
    let firing = stage.notify(&channel, AlertEvent::Firing, Some(&alert)).await;
    stage.after_attempts(&channel, firing, 1).await;
    let log = || async {
        let of = DeliveryFilter::Channel(channel.id);
        let items = stage.alerts.list_deliveries(stage.workspace_id, of, 100).await.unwrap().items;
        items.into_iter().map(|delivery| delivery.id).collect::<Vec<_>>()
    };
    stage.notify(&channel, AlertEvent::Reminder, Some(&alert)).await;
    assert_eq!(log().await, [firing], "a reminder is not created before firing is delivered");
    let other = stage.notify(&channel, AlertEvent::Reminder, Some(&stage.alert())).await;
    stage.finished(&channel, other).await;
    stage.clock.advance(BACK_OFF[0]);
    stage.finished(&channel, firing).await;
    delivering.stop().await;

    let reminder = stage.notify(&channel, AlertEvent::Reminder, Some(&alert)).await;
    stage.clock.advance(MICROSECOND);
    stage.notify(&channel, AlertEvent::Reminder, Some(&alert)).await;
    let pending = stage.notify(&channel, AlertEvent::Escalated, Some(&alert)).await;
    assert_eq!(log().await.len(), 4);
    let superseded = stage.delivery(&channel, reminder).await;
    assert_eq!((superseded.state, superseded.attempts), (DeliveryState::Failed, 0));
    assert_eq!(superseded.error.as_deref(), Some("superseded by a newer notification"));
    stage.clock.advance(MAX_AGE + MICROSECOND);
    let resolved = stage.notify(&channel, AlertEvent::Resolved, Some(&alert)).await;
    let _delivering = stage.deliverer().await;
    assert_eq!(stage.finished(&channel, resolved).await.state, DeliveryState::Delivered);
    let old = stage.delivery(&channel, pending).await;
    assert_eq!((old.state, old.error.as_deref()), (DeliveryState::Failed, Some("it is more than a day old")));
    assert_eq!(receiver.count(), 4);
}

async fn an_unresponsive_channel_does_not_delay_others(stage: Stage) {
    let (slow, quick) = (Receiver::start(vec![Reply::NoResponse; 9]).await, Receiver::start([]).await);
    let (first, second) = (stage.webhook(slow.url()).await, stage.webhook(quick.url()).await);
    let mut waiting = Vec::new();
    for _ in 0..9 {
        waiting.push(stage.notify(&first, AlertEvent::Firing, Some(&stage.alert())).await);
    }
    let arrives = stage.notify(&second, AlertEvent::Firing, Some(&stage.alert())).await;
    let _delivering = stage.deliverer().await;
    assert_eq!(stage.finished(&second, arrives).await.state, DeliveryState::Delivered);
    stage.delivery_pass().await;
    for id in waiting {
        assert_eq!(stage.delivery(&first, id).await.attempts, 0, "no attempt has finished");
    }
    assert_eq!((slow.count(), slow.max_concurrent()), (4, 4), "a channel has four deliveries in flight");
}

async fn old_deliveries_are_deleted_from_the_log(stage: Stage) {
    let receiver = Receiver::start([]).await;
    let channel = stage.webhook(receiver.url()).await;
    let old = stage.send_test(&channel).await;
    let delivering = stage.deliverer().await;
    stage.finished(&channel, old).await;
    stage.clock.advance(RETENTION - MICROSECOND);
    let young = stage.send_test(&channel).await;
    stage.finished(&channel, young).await;
    delivering.stop().await;
    stage.clock.advance(MICROSECOND + MICROSECOND);
    let _delivering = stage.deliverer().await;
    stage.delivery_pass().await;
    let of = DeliveryFilter::Channel(channel.id);
    // Another job deletes old deliveries.
    test_support::wait::eventually("the deletion", || async {
        stage.alerts.list_deliveries(stage.workspace_id, of, 10).await.unwrap().total == 1
    })
    .await;
    let left = stage.alerts.list_deliveries(stage.workspace_id, of, 10).await.unwrap().items;
    assert_eq!(left.iter().map(|delivery| delivery.id).collect::<Vec<_>>(), [young]);
}

async fn a_stopping_deliverer_finishes_deliveries_in_flight(stage: Stage) {
    let permits = Arc::new(Semaphore::new(0));
    let receiver = Receiver::start(vec![Reply::OnPermit(permits.clone()); 20]).await;
    let channel = stage.webhook(receiver.url()).await;
    let mut ids = Vec::new();
    for _ in 0..20 {
        ids.push(stage.send_test(&channel).await);
        stage.clock.advance(MICROSECOND);
    }
    let delivering = stage.deliverer().await;
    test_support::wait::eventually("the first four deliveries", || async { receiver.count() == 4 }).await;
    // Stop is requested before the receiver responds.
    tokio::join!(delivering.stop(), async { permits.add_permits(20) });
    let mut arrived = 0;
    for &id in &ids {
        arrived += usize::from(stage.delivery(&channel, id).await.state == DeliveryState::Delivered);
    }
    assert_eq!(arrived, receiver.count(), "no delivery is left in flight");
    // The deliverer may have been leasing the next four when stop was requested.
    assert!((4..=8).contains(&arrived), "{arrived} arrived");
}

on_every_store!(
    a_failed_delivery_is_retried_with_back_off_until_it_succeeds,
    a_delivery_fails_after_its_last_attempt,
    events_of_an_alert_are_delivered_in_order_without_blocking_other_alerts,
    an_unreadable_delivery_fails_without_blocking_others,
    a_newer_notification_supersedes_reminders_and_old_notifications_expire,
    an_unresponsive_channel_does_not_delay_others,
    old_deliveries_are_deleted_from_the_log,
    a_stopping_deliverer_finishes_deliveries_in_flight,
);

#[tokio::test]
async fn retry_after_is_respected_for_at_most_an_hour() {
    let stage = Stage::new().await;
    let receiver = Receiver::start([
        Reply::Status(429, "Retry-After: 45\r\n", ""),
        Reply::Status(503, "Retry-After: 1\r\n", ""),
        Reply::Status(429, "Retry-After: 999999999999\r\n", ""),
    ])
    .await;
    let channel = stage.webhook(receiver.url()).await;
    let id = stage.send_test(&channel).await;
    let _delivering = stage.deliverer().await;
    for (attempts, seconds) in [(1, 45), (2, 30), (3, 3600)] {
        let delivery = stage.after_attempts(&channel, id, attempts).await;
        let pause = Duration::from_secs(seconds);
        assert_eq!(delivery.next_attempt_at, Some(stage.clock.now() + pause));
        stage.clock.advance(pause);
    }
    assert_eq!(stage.finished(&channel, id).await.state, DeliveryState::Delivered);
}

#[tokio::test]
async fn every_other_failure_is_retried() {
    let stage = Stage::new().await;
    let timeout = Duration::from_millis(300);
    let _delivering = stage.deliverer_with(local(), timeout).await;
    for (reply, status, error) in [
        (Reply::NoResponse, None, "no response within 0.3 s"),
        (Reply::Close, None, "no response: "),
        (Reply::EndlessBody, Some(500), "responded 500 Internal Server Error"),
        (Reply::Status(408, "", ""), Some(408), "responded 408 Request Timeout"),
        (Reply::Status(409, "", ""), Some(409), "responded 409 Conflict"),
        (Reply::Status(425, "", ""), Some(425), "responded 425 Too Early"),
    ] {
        let receiver = Receiver::start([reply]).await;
        let channel = stage.webhook(receiver.url()).await;
        let id = stage.send_test(&channel).await;
        let delivery = stage.after_attempts(&channel, id, 1).await;
        assert_eq!((delivery.state, delivery.status_code), (DeliveryState::Pending, status), "{error}");
        let found = delivery.error.unwrap();
        assert!(found.starts_with(error) && found.chars().count() <= 300, "{found}");
    }
    // The receiver no longer listens.
    let receiver = Receiver::start([]).await;
    let url = receiver.url();
    drop(receiver);
    let channel = stage.webhook(url).await;
    let id = stage.send_test(&channel).await;
    let delivery = stage.after_attempts(&channel, id, 1).await;
    assert_eq!((delivery.state, delivery.status_code), (DeliveryState::Pending, None));
    let error = delivery.error.unwrap();
    assert_eq!(error, "cannot connect: Connection refused (os error 111)");
}
