//! Several deliverers on one store: each delivery has one owner, and expired leases are taken over.

use std::{collections::BTreeSet, time::Duration};

use api::processing::deliver::{LEASE, MAX_IN_FLIGHT_PER_WORKSPACE};
use shared::alert_channel::{AlertEvent, DeliveryState};
use uuid::Uuid;

use crate::stage::{Stage, on_every_store};
use test_support::{
    receiver::{Receiver, Reply},
    wait::eventually,
};

async fn two_deliverers_make_each_delivery_once_and_four_per_channel_at_a_time(stage: Stage) {
    let receiver = Receiver::start([]).await;
    let mut channels = Vec::new();
    for _ in 0..4 {
        channels.push(stage.webhook(receiver.url()).await);
    }
    let busy = Receiver::start([]).await;
    let busy_channel = stage.webhook(busy.url()).await;
    let mut sent = BTreeSet::new();
    for n in 0..200_usize {
        let channel = if n < 100 { &busy_channel } else { &channels[n % 4] };
        sent.insert(stage.notify(channel, AlertEvent::Firing, Some(&stage.alert())).await.to_string());
    }
    let _deliverers = (stage.deliverer().await, stage.deliverer().await);
    eventually("all deliveries", || async { receiver.count() + busy.count() >= 200 }).await;
    stage.delivery_pass().await;
    let received = [receiver.received(), busy.received()].concat();
    assert_eq!(received.len(), 200);
    assert_eq!(received.iter().map(test_support::receiver::Received::id).collect::<BTreeSet<_>>(), sent);
    assert!((1..=4).contains(&busy.max_concurrent()), "{} at once", busy.max_concurrent());
}

async fn hanging_webhooks_of_a_workspace_do_not_delay_another(mut stage: Stage) {
    let hanging = Receiver::start(vec![Reply::NoResponse; 1000]).await;
    for _ in 0..50 {
        let channel = stage.webhook(hanging.url()).await;
        for _ in 0..10 {
            stage.notify(&channel, AlertEvent::Firing, Some(&stage.alert())).await;
        }
    }
    // All of them fit into this process, if there were no limit of the workspace.
    let _delivering = stage.deliverer().await;
    let limit = usize::try_from(MAX_IN_FLIGHT_PER_WORKSPACE).unwrap();
    eventually("the attempts", || async { hanging.count() >= limit }).await;
    stage.workspace_id = Uuid::new_v4();
    for _ in 0..3 {
        stage.delivery_pass().await;
    }
    assert_eq!(hanging.max_concurrent(), limit);
}

async fn another_deliverer_takes_over_when_a_lease_expires(stage: Stage) {
    let receiver = Receiver::start([Reply::NoResponse]).await;
    let channel = stage.webhook(receiver.url()).await;
    let id = stage.send_test(&channel).await;
    let crashed = stage.deliverer().await;
    eventually("the first attempt", || async { receiver.count() == 1 }).await;
    drop(crashed);

    let _delivering = stage.deliverer().await;
    stage.clock.advance(LEASE - Duration::from_micros(1));
    stage.delivery_pass().await;
    assert_eq!(receiver.count(), 1, "the lease of the first deliverer is still valid");
    stage.clock.advance(Duration::from_micros(1));
    let delivery = stage.finished(&channel, id).await;
    assert_eq!((delivery.state, delivery.attempts), (DeliveryState::Delivered, 1));
    let received = receiver.received();
    assert_eq!(received.len(), 2);
    assert!(received.iter().all(|one| one.id() == id.to_string()), "both attempts carry the same id");
}

async fn a_deleted_channel_gets_no_deliveries(stage: Stage) {
    let receiver = Receiver::start([]).await;
    let channel = stage.webhook(receiver.url()).await;
    assert!(stage.alerts.delete_channel(stage.workspace_id, channel.id).await.unwrap());
    stage.notify(&channel, AlertEvent::Firing, Some(&stage.alert())).await;
    let _delivering = stage.deliverer().await;
    stage.delivery_pass().await;
    let of = domain::alert::record::DeliveryFilter::Channel(channel.id);
    assert_eq!(stage.alerts.list_deliveries(stage.workspace_id, of, 10).await.unwrap().total, 0);
    assert_eq!(receiver.count(), 0);
}

on_every_store!(
    a_deleted_channel_gets_no_deliveries,
    two_deliverers_make_each_delivery_once_and_four_per_channel_at_a_time,
    hanging_webhooks_of_a_workspace_do_not_delay_another,
    another_deliverer_takes_over_when_a_lease_expires,
);
