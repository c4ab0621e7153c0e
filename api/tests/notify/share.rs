//! Several who deliver from one store: each delivery is one's, and what the dead had under way is another's.

use std::{collections::BTreeSet, time::Duration};

use api::processing::deliver::LEASE;
use shared::alert_channel::{AlertEvent, DeliveryState};

use crate::stage::{Stage, on_every_store};
use test_support::{
    receiver::{Answer, Receiver},
    wait::eventually,
};

async fn two_who_share_make_each_delivery_once_and_four_of_a_channel_at_a_time(stage: Stage) {
    let receiver = Receiver::start([]).await;
    let mut channels = Vec::new();
    for _ in 0..4 {
        channels.push(stage.webhook(receiver.url()).await);
    }
    let busy = Receiver::start([]).await;
    let alone = stage.webhook(busy.url()).await;
    let mut told = BTreeSet::new();
    for n in 0..200_usize {
        let channel = if n < 100 { &alone } else { &channels[n % 4] };
        told.insert(stage.tell(channel, AlertEvent::Firing, Some(&stage.alert())).await.to_string());
    }
    let _both = (stage.deliverer().await, stage.deliverer().await);
    eventually("all of them", || async { receiver.count() + busy.count() >= 200 }).await;
    stage.looked().await;
    let received = [receiver.received(), busy.received()].concat();
    assert_eq!(received.len(), 200);
    assert_eq!(received.iter().map(super::receiver::Received::id).collect::<BTreeSet<_>>(), told);
    assert!((1..=4).contains(&busy.most()), "{} at once", busy.most());
}

async fn what_the_dead_had_under_way_is_made_by_another_once_its_lease_is_over(stage: Stage) {
    let receiver = Receiver::start([Answer::Silence]).await;
    let channel = stage.webhook(receiver.url()).await;
    let id = stage.test(&channel).await;
    let dies = stage.deliverer().await;
    eventually("the first attempt", || async { receiver.count() == 1 }).await;
    drop(dies);

    let _lives = stage.deliverer().await;
    stage.clock.advance(LEASE - Duration::from_micros(1));
    stage.looked().await;
    assert_eq!(receiver.count(), 1, "it may still be made by the first");
    stage.clock.advance(Duration::from_micros(1));
    let delivery = stage.finished(&channel, id).await;
    assert_eq!((delivery.state, delivery.attempts), (DeliveryState::Delivered, 1));
    let received = receiver.received();
    assert_eq!(received.len(), 2);
    assert!(received.iter().all(|one| one.id() == id.to_string()), "whoever got it twice can tell");
}

async fn what_is_kept_for_a_channel_that_is_gone_is_gone_too(stage: Stage) {
    let receiver = Receiver::start([]).await;
    let channel = stage.webhook(receiver.url()).await;
    assert!(stage.alerts.delete_channel(stage.workspace_id, channel.id).await.unwrap());
    stage.tell(&channel, AlertEvent::Firing, Some(&stage.alert())).await;
    let _delivering = stage.deliverer().await;
    stage.looked().await;
    let of = domain::alert::record::DeliveriesOf::Channel(channel.id);
    assert_eq!(stage.alerts.list_deliveries(stage.workspace_id, of, 10).await.unwrap().total, 0);
    assert_eq!(receiver.count(), 0);
}

on_every_store!(
    what_is_kept_for_a_channel_that_is_gone_is_gone_too,
    two_who_share_make_each_delivery_once_and_four_of_a_channel_at_a_time,
    what_the_dead_had_under_way_is_made_by_another_once_its_lease_is_over,
);
