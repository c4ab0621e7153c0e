//! Recipients of e-mails: only those who have confirmed receive notifications, and a limited number.

use std::time::Duration;

use api::auth::key;
use domain::alert::record::{NewDelivery, Notification, Recipient};
use shared::alert_channel::{AlertChannel, AlertChannelRequest, AlertEvent, ChannelTarget, DeliveryState};
use uuid::Uuid;

use crate::{
    email::{TIMEOUT, settings_for},
    smtp::{Mail, MailServer, Replies},
    stage::{START, Stage, local},
};

const DAY: Duration = Duration::from_secs(86_400);

/// Creates an e-mail channel whose recipients have not confirmed.
async fn unconfirmed(stage: &Stage, to: &[&str]) -> AlertChannel {
    let to: Vec<_> = to.iter().map(|&to| to.to_owned()).collect();
    let pending =
        |address: &String| Recipient { address: address.clone(), created_at: START, confirmed_at: None };
    let recipients: Vec<_> = to.iter().map(pending).collect();
    stage.alerts.create_recipients(stage.workspace_id, &recipients).await.unwrap();
    stage.unconfirmed_channel(AlertChannelRequest::new("ops", ChannelTarget::Email { to })).await
}

/// Creates the delivery of a link to a recipient.
async fn send_link(stage: &Stage, channel: &AlertChannel, address: &str) -> Uuid {
    let id = Uuid::new_v4();
    let notification = Notification {
        workspace_id: stage.workspace_id,
        event: AlertEvent::Confirmation,
        at: stage.clock.now(),
        alert: None,
        group: None,
        recipient: Some(address.to_owned()),
    };
    stage.alerts.create_delivery(&NewDelivery { id, channel_id: channel.id, notification }).await.unwrap();
    id
}

/// Returns the token in the link of an e-mail.
fn token_in(mail: &Mail) -> String {
    let text = mail.text.replace("=\r\n", "").replace("=3D", "=");
    let (_, rest) = text.split_once("https://example.com/obs/confirm-recipient#").unwrap();
    rest.chars().take_while(|char| char.is_ascii_alphanumeric() || matches!(char, '-' | '_')).collect()
}

#[tokio::test]
async fn a_recipient_receives_notifications_only_after_confirming_by_link() {
    let stage = Stage::new().await;
    let server = MailServer::start(Replies::default()).await;
    let channel = unconfirmed(&stage, &["ada@example.com", "bob@example.com"]).await;
    let _delivering = stage.deliverer_with(settings_for(&server), TIMEOUT).await;
    let id = stage.notify(&channel, AlertEvent::Firing, Some(&stage.alert())).await;
    let delivery = stage.finished(&channel, id).await;
    assert_eq!(delivery.state, DeliveryState::Failed);
    assert_eq!(
        delivery.error.as_deref(),
        Some("ada@example.com has not confirmed; bob@example.com has not confirmed")
    );
    assert_eq!(server.mails().len(), 0);

    let id = send_link(&stage, &channel, "ada@example.com").await;
    assert_eq!(stage.finished(&channel, id).await.state, DeliveryState::Delivered);
    let mail = server.mails().remove(0);
    assert_eq!(mail.to, ["ada@example.com"]);
    assert_eq!(mail.header("Subject").unwrap(), "[confirm] Agent Observability: alert notifications");
    let hash = key::hash(&token_in(&mail));
    assert!(!stage.alerts.confirm_recipient(&key::hash("another"), stage.clock.now()).await.unwrap());
    assert!(stage.alerts.confirm_recipient(&hash, stage.clock.now()).await.unwrap());
    assert!(!stage.alerts.confirm_recipient(&hash, stage.clock.now()).await.unwrap(), "a link is used once");

    let id = stage.notify(&channel, AlertEvent::Firing, Some(&stage.alert())).await;
    let delivery = stage.finished(&channel, id).await;
    assert_eq!(delivery.state, DeliveryState::Delivered);
    assert_eq!(
        delivery.error.as_deref(),
        Some("not sent to all recipients: bob@example.com has not confirmed")
    );
    assert_eq!(server.mails()[1].to, ["ada@example.com"]);
    // No further link is sent.
    let id = send_link(&stage, &channel, "ada@example.com").await;
    let delivery = stage.finished(&channel, id).await;
    assert_eq!(delivery.error.as_deref(), Some("ada@example.com has confirmed already"));
}

#[tokio::test]
async fn a_link_expires_after_seven_days_or_when_another_is_sent() {
    let stage = Stage::new().await;
    let server = MailServer::start(Replies::default()).await;
    let channel = unconfirmed(&stage, &["ada@example.com"]).await;
    let _delivering = stage.deliverer_with(settings_for(&server), TIMEOUT).await;
    for _ in 0..2 {
        let id = send_link(&stage, &channel, "ada@example.com").await;
        assert_eq!(stage.finished(&channel, id).await.state, DeliveryState::Delivered);
    }
    let [first, second] = [0, 1].map(|index| key::hash(&token_in(&server.mails()[index])));
    assert!(!stage.alerts.confirm_recipient(&first, stage.clock.now()).await.unwrap());
    let confirm = async |at| stage.alerts.confirm_recipient(&second, at).await.unwrap();
    assert!(!confirm(stage.clock.now() + DAY * 7).await);
    assert!(confirm(stage.clock.now() + DAY * 6).await);
}

#[tokio::test]
async fn links_need_a_public_url_and_are_limited_per_recipient() {
    let stage = Stage::new().await;
    let server = MailServer::start(Replies::default()).await;
    let channel = unconfirmed(&stage, &["ada@example.com"]).await;
    let settings = api::config::Notify { smtp: settings_for(&server).smtp, public_url: None, ..local() };
    let delivering = stage.deliverer_with(settings, TIMEOUT).await;
    let id = send_link(&stage, &channel, "ada@example.com").await;
    let delivery = stage.finished(&channel, id).await;
    assert_eq!(delivery.state, DeliveryState::Failed);
    assert!(delivery.error.unwrap().contains("PUBLIC_URL"));
    delivering.stop().await;

    let _delivering = stage.deliverer_with(settings_for(&server), TIMEOUT).await;
    for _ in 0..3 {
        let id = send_link(&stage, &channel, "ada@example.com").await;
        assert_eq!(stage.finished(&channel, id).await.state, DeliveryState::Delivered);
    }
    let id = send_link(&stage, &channel, "ada@example.com").await;
    let delivery = stage.after_attempts(&channel, id, 1).await;
    assert_eq!(delivery.state, DeliveryState::Pending, "it is sent later");
    assert_eq!(delivery.error.as_deref(), Some("too many e-mails with links to confirm in the last hour"));
    assert_eq!(server.mails().len(), 3);
}

#[tokio::test]
async fn a_recipient_receives_a_limited_number_of_emails_per_hour() {
    let stage = Stage::new().await;
    let server = MailServer::start(Replies::default()).await;
    let target = ChannelTarget::Email { to: vec!["ada@example.com".to_owned()] };
    let channel = stage.create_channel(AlertChannelRequest::new("ops", target)).await;
    let _delivering = stage.deliverer_with(settings_for(&server), TIMEOUT).await;
    for _ in 0..30 {
        let id = stage.send_test(&channel).await;
        assert_eq!(stage.finished(&channel, id).await.state, DeliveryState::Delivered);
    }
    let id = stage.send_test(&channel).await;
    let delivery = stage.after_attempts(&channel, id, 1).await;
    assert_eq!(delivery.state, DeliveryState::Pending, "it is sent later");
    assert_eq!(delivery.error.as_deref(), Some("ada@example.com: too many e-mails in the last hour"));
    assert_eq!(server.mails().len(), 30);
}
