//! Deliveries that fail permanently without a retry.

use shared::alert_channel::{AlertEvent, DeliveryState};

use crate::stage::Stage;
use test_support::receiver::{Receiver, Reply};

#[tokio::test]
async fn a_permanent_rejection_fails_with_the_status_of_the_receiver() {
    let stage = Stage::new().await;
    let _delivering = stage.deliverer().await;
    for (status, body, error) in [
        (400, "bad payload", "responded 400 Bad Request"),
        (401, "", "responded 401 Unauthorized"),
        (404, "no_service", "responded 404 Not Found"),
        (410, "", "responded 410 Gone"),
        (413, "", "responded 413 Payload Too Large"),
    ] {
        let receiver = Receiver::start([Reply::Status(status, "", body)]).await;
        let channel = stage.webhook(receiver.url()).await;
        let id = stage.notify(&channel, AlertEvent::Firing, Some(&stage.alert())).await;
        let delivery = stage.finished(&channel, id).await;
        assert_eq!((delivery.state, delivery.attempts), (DeliveryState::Failed, 1));
        assert_eq!(delivery.status_code, Some(u64::from(status)));
        assert_eq!((delivery.error.as_deref(), delivery.next_attempt_at), (Some(error), None));
    }
}

#[tokio::test]
async fn a_redirect_fails_and_is_not_followed() {
    let stage = Stage::new().await;
    let elsewhere = Receiver::start([]).await;
    let _delivering = stage.deliverer().await;
    for status in [301, 302, 303, 307, 308] {
        let location: &'static str = Box::leak(format!("Location: {}\r\n", elsewhere.url()).into_boxed_str());
        let receiver = Receiver::start([Reply::Status(status, location, "")]).await;
        let channel = stage.webhook(receiver.url()).await;
        let id = stage.send_test(&channel).await;
        let delivery = stage.finished(&channel, id).await;
        assert_eq!((delivery.state, delivery.status_code), (DeliveryState::Failed, Some(u64::from(status))));
        let error = delivery.error.unwrap();
        let begins = format!("responded {status}: redirects are not followed");
        assert!(error.starts_with(&begins), "{error}");
    }
    assert_eq!(elsewhere.count(), 0);
}

#[tokio::test]
async fn an_invalid_secret_fails_with_an_error_that_hides_it() {
    let stage = Stage::new().await;
    let receiver = Receiver::start([]).await;
    let mut damaged = stage.webhook(receiver.url()).await;
    damaged.id = uuid::Uuid::new_v4();
    damaged.secret = Some("whsec_!".to_owned());
    stage.alerts.create_channels(stage.workspace_id, std::slice::from_ref(&damaged)).await.unwrap();
    let id = stage.send_test(&damaged).await;
    let _delivering = stage.deliverer().await;
    let delivery = stage.finished(&damaged, id).await;
    assert_eq!((delivery.state, receiver.count()), (DeliveryState::Failed, 0));
    let error = delivery.error.unwrap();
    assert!(error.contains("secret") && !error.contains("whsec_"), "{error}");
}
