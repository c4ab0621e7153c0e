//! Webhooks to private networks are rejected, for addresses, names and resolved names.

use std::time::Duration;

use api::config::Notify;
use shared::alert_channel::DeliveryState;

use crate::stage::{Stage, local};
use test_support::receiver::{Receiver, Reply};

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
        assert!(error.contains("to WEBHOOK_ALLOW_PRIVATE"), "{error}");
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

#[tokio::test]
async fn only_listed_networks_and_hosts_are_called() {
    let stage = Stage::new().await;
    for (list, host, is_called) in [
        ("127.0.0.0/8", "127.0.0.1", true),
        ("127.0.0.0/8,::1", "localhost", true),
        ("localhost", "localhost", true),
        ("localhost", "127.0.0.1", false),
        ("10.0.0.0/8,hooks.internal", "127.0.0.1", false),
        ("10.0.0.0/8,hooks.internal", "localhost", false),
    ] {
        let receiver = Receiver::start([]).await;
        let channel = stage.webhook(format!("http://{host}:{}/", receiver.port)).await;
        let id = stage.send_test(&channel).await;
        let settings = Notify { private_targets: list.parse().unwrap(), ..Notify::default() };
        let delivering = stage.deliverer_with(settings, TIMEOUT).await;
        let delivery = stage.finished(&channel, id).await;
        delivering.stop().await;
        let expected = if is_called { DeliveryState::Delivered } else { DeliveryState::Failed };
        assert_eq!(delivery.state, expected, "{list} {host}: {:?}", delivery.error);
        assert_eq!(receiver.count(), usize::from(is_called), "{list} {host}");
    }
}

#[tokio::test]
async fn delivery_history_shows_only_the_status_of_a_private_target() {
    let stage = Stage::new().await;
    let _delivering = stage.deliverer().await;
    for (status, headers) in [(400, ""), (302, "Location: http://inside.example/\r\n")] {
        let receiver = Receiver::start([Reply::Status(status, headers, "inside information")]).await;
        let channel = stage.webhook(receiver.url()).await;
        let id = stage.send_test(&channel).await;
        let error = stage.finished(&channel, id).await.error.unwrap();
        assert!(error.starts_with(&format!("responded {status}")) && !error.contains("inside"), "{error}");
    }
}
