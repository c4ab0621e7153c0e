//! The body and signature of webhook requests.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::Sha256;
use shared::{
    alert::{Alert, Severity},
    alert_channel::{AlertEvent, DeliveryState},
};

use crate::stage::{START, Stage, local, on_every_store};
use test_support::receiver::{Received, Receiver, Reply};

/// Verifies a signature as a receiver does, according to Standard Webhooks.
fn verify(received: &Received, secret: &str) {
    let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    let (id, at) = (&received.headers["webhook-id"], &received.headers["webhook-timestamp"]);
    mac.update([id.as_bytes(), b".", at.as_bytes(), b".", &received.body].concat().as_slice());
    let (version, signature) = received.headers["webhook-signature"].split_once(',').unwrap();
    assert_eq!(version, "v1");
    mac.verify_slice(&STANDARD.decode(signature).unwrap()).unwrap();
}

async fn a_webhook_is_signed_contains_links_and_records_the_response(stage: Stage) {
    let receiver = Receiver::start([Reply::Status(204, "", "")]).await;
    let channel = stage.webhook(receiver.url()).await;
    let alert = stage.alert();
    let id = stage.notify(&channel, AlertEvent::Firing, Some(&alert)).await;
    let _delivering = stage.deliverer().await;

    let delivery = stage.finished(&channel, id).await;
    assert_eq!((delivery.state, delivery.status_code), (DeliveryState::Delivered, Some(204)));
    assert_eq!((delivery.attempts, delivery.error.as_deref()), (1, None));
    assert_eq!((delivery.finished_at, delivery.next_attempt_at), (Some(START), None));

    let [received] = receiver.received().try_into().unwrap();
    verify(&received, channel.secret.as_deref().unwrap());
    assert_eq!(received.path, "/hook?a=b");
    assert_eq!(received.id(), id.to_string());
    assert_eq!(received.headers["webhook-timestamp"], "1700000000");
    assert_eq!(received.headers["content-type"], "application/json");
    assert!(received.headers["user-agent"].starts_with("agent-obs/"));
    let page = "https://example.com/obs";
    assert_eq!(
        received.json(),
        json!({
            "type": "alert.firing",
            "timestamp": "2023-11-14T22:13:20Z",
            "data": {
                "workspace_id": stage.workspace_id,
                "alert": alert,
                "url": format!("{page}/alerts/{}", alert.id),
                "traces_url": format!(
                    "{page}/traces?range=custom&start=2023-11-14T21%3A43%3A20Z&end=2023-11-14T22%3A13%3A20Z\
                     &agent_id=support-bot&status=error"
                ),
            },
        })
    );
}

/// Programs read webhooks: they get names unchanged, in JSON.
async fn hostile_names_reach_a_webhook_unchanged_and_add_no_headers(stage: Stage) {
    let receiver = Receiver::start([]).await;
    let channel = stage.webhook(receiver.url()).await;
    let hostile = "\"}, \"type\": \"x\r\nwebhook-id: 1 <script> @here \u{202e}\u{2028} https://evil.example";
    let alert = Alert {
        title: hostile.to_owned(),
        description: hostile.to_owned(),
        agent_id: Some(hostile.to_owned()),
        ..stage.alert()
    };
    let id = stage.notify(&channel, AlertEvent::Firing, Some(&alert)).await;
    let _delivering = stage.deliverer().await;
    assert_eq!(stage.finished(&channel, id).await.state, DeliveryState::Delivered);
    let [received] = receiver.received().try_into().unwrap();
    verify(&received, channel.secret.as_deref().unwrap());
    assert_eq!((received.id(), &received.json()["type"]), (id.to_string(), &json!("alert.firing")));
    assert_eq!(received.json()["data"]["alert"], json!(alert));
}

async fn every_event_has_its_type_and_events_of_an_alert_arrive_in_order(stage: Stage) {
    let receiver = Receiver::start([]).await;
    let channel = stage.webhook(receiver.url()).await;
    let alert = stage.alert();
    let _delivering = stage.deliverer().await;
    for event in [AlertEvent::Firing, AlertEvent::Escalated, AlertEvent::Reminder, AlertEvent::Resolved] {
        // Each delivery finishes before the next event: a reminder before the first delivery would be dropped.
        let id = stage.notify(&channel, event, Some(&alert)).await;
        stage.finished(&channel, id).await;
        stage.clock.advance(Duration::from_secs(60));
    }
    let last = stage.send_test(&channel).await;
    stage.finished(&channel, last).await;
    test_support::wait::eventually("all deliveries", || async { receiver.count() == 5 }).await;
    let mut types: Vec<_> =
        receiver.received().iter().map(|one| one.json()["type"].as_str().unwrap().to_owned()).collect();
    // A test message is not ordered with the events of an alert.
    types.retain(|kind| kind != "test");
    assert_eq!(types, ["alert.firing", "alert.escalated", "alert.reminder", "alert.resolved"]);
}

on_every_store!(
    a_webhook_is_signed_contains_links_and_records_the_response,
    hostile_names_reach_a_webhook_unchanged_and_add_no_headers,
    every_event_has_its_type_and_events_of_an_alert_arrive_in_order,
);

#[tokio::test]
async fn a_test_contains_no_alert_and_links_require_a_public_url() {
    let stage = Stage::new().await;
    let receiver = Receiver::start([]).await;
    let channel = stage.webhook(receiver.url()).await;
    let settings = api::config::Notify { public_url: None, ..local() };
    let _delivering = stage.deliverer_with(settings, Duration::from_secs(20)).await;
    let test = stage.send_test(&channel).await;
    stage.finished(&channel, test).await;
    let firing = stage.notify(&channel, AlertEvent::Firing, Some(&stage.alert())).await;
    stage.finished(&channel, firing).await;
    let received = receiver.received();
    assert_eq!(
        received[0].json(),
        json!({
            "type": "test",
            "timestamp": "2023-11-14T22:13:20Z",
            "data": { "workspace_id": stage.workspace_id },
        })
    );
    let data = &received[1].json()["data"];
    assert!(data["url"].is_null() && data["traces_url"].is_null() && data["alert"].is_object());
}

#[tokio::test]
async fn a_disabled_channel_accepts_only_tests() {
    let stage = Stage::new().await;
    let receiver = Receiver::start([]).await;
    let channel = stage
        .create_channel(shared::alert_channel::AlertChannelRequest {
            name: "ops".to_owned(),
            target: shared::alert_channel::ChannelTarget::Webhook { url: receiver.url() },
            min_severity: Severity::Info,
            enabled: false,
        })
        .await;
    let firing = stage.notify(&channel, AlertEvent::Firing, Some(&stage.alert())).await;
    let test = stage.send_test(&channel).await;
    let _delivering = stage.deliverer().await;
    let firing = stage.finished(&channel, firing).await;
    assert_eq!(firing.state, DeliveryState::Failed);
    assert!(firing.error.unwrap().contains("disabled"));
    assert_eq!(stage.finished(&channel, test).await.state, DeliveryState::Delivered);
    assert_eq!(receiver.count(), 1);
}
