//! Webhooks to private networks are rejected, for addresses, names and resolved names.

use std::time::Duration;

use api::config::Notify;
use shared::alert_channel::DeliveryState;

use crate::stage::{Stage, local};
use test_support::receiver::Receiver;

const TIMEOUT: Duration = Duration::from_secs(20);

#[tokio::test]
async fn every_spelling_of_a_loopback_address_is_rejected_unless_allowed() {
    let stage = Stage::new().await;
    let receiver = Receiver::start([]).await;
    let port = receiver.port;
    let hosts =
        ["127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "[::ffff:127.0.0.1]", "localhost"];
    let mut deliveries = Vec::new();
    for host in hosts {
        for channel in [
            stage.webhook(format!("http://{host}:{port}/")).await,
            stage.slack(format!("http://{host}:{port}/")).await,
        ] {
            let id = stage.send_test(&channel).await;
            deliveries.push((channel, id));
        }
    }
    let delivering = stage.deliverer_with(Notify::default(), TIMEOUT).await;
    for (channel, id) in &deliveries {
        let delivery = stage.finished(channel, *id).await;
        assert_eq!((delivery.state, delivery.attempts), (DeliveryState::Failed, 1));
        let error = delivery.error.unwrap();
        assert!(error.contains("WEBHOOK_ALLOW_PRIVATE=true"), "{error}");
    }
    delivering.stop().await;
    assert_eq!(receiver.count(), 0);

    let _delivering = stage.deliverer_with(local(), TIMEOUT).await;
    for (channel, _) in &deliveries {
        let id = stage.send_test(channel).await;
        let delivery = stage.finished(channel, id).await;
        assert_eq!(
            delivery.state,
            DeliveryState::Delivered,
            "{:?} {:?}",
            channel.channel.target,
            delivery.error
        );
    }
    assert_eq!(receiver.count(), deliveries.len());
}
