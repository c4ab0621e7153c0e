//! Deliveries: what channels are to be told, whose turn it is to try, and what came of it.

use domain::alert::record::{Attempt, DeliveriesOf, DueDelivery, NewDelivery, Notification};
use shared::{
    alert::Severity,
    alert_channel::{AlertChannel, AlertEvent, DeliveryState},
};
use store::alert::AlertStore;
use uuid::Uuid;

use super::{
    alert::{NOBODY, alert, at},
    alert_rule::channel,
};

async fn kept_channel(store: &AlertStore, workspace_id: Uuid) -> AlertChannel {
    let channel = channel("ops");
    store.create_channels(workspace_id, std::slice::from_ref(&channel)).await.unwrap();
    channel
}

/// Keeps a test of a channel.
async fn test(store: &AlertStore, workspace_id: Uuid, channel: &AlertChannel, seconds: i64) -> NewDelivery {
    let notification = Notification { workspace_id, event: AlertEvent::Test, at: at(seconds), alert: None };
    keep(store, NewDelivery { id: Uuid::new_v4(), channel_id: channel.id, notification }).await
}

async fn keep(store: &AlertStore, delivery: NewDelivery) -> NewDelivery {
    store.create_delivery(&delivery).await.unwrap();
    delivery
}

async fn take(store: &AlertStore, worker: Uuid, seconds: i64, per_channel: u32) -> Vec<DueDelivery> {
    store.lease_deliveries(worker, at(seconds), at(seconds + 60), 100, per_channel).await.unwrap()
}

async fn taken_ids(store: &AlertStore, worker: Uuid, seconds: i64, per_channel: u32) -> Vec<Uuid> {
    take(store, worker, seconds, per_channel).await.into_iter().map(|delivery| delivery.id).collect()
}

fn failed(seconds: i64, next: Option<i64>) -> Attempt {
    Attempt {
        next_attempt_at: next.map(at),
        at: at(seconds),
        delivered: false,
        status_code: Some(503),
        error: Some("it said no".to_owned()),
    }
}

fn arrived(seconds: i64) -> Attempt {
    Attempt { next_attempt_at: None, at: at(seconds), delivered: true, status_code: Some(204), error: None }
}

pub async fn a_delivery_is_tried_until_it_arrives_or_is_given_up(store: &AlertStore) {
    let workspace_id = Uuid::new_v4();
    let channel = kept_channel(store, workspace_id).await;
    let first = test(store, workspace_id, &channel, 0).await;
    let worker = Uuid::new_v4();
    assert_eq!(take(store, worker, -1, 9).await, []);
    let due = take(store, worker, 0, 9).await;
    let expected = DueDelivery {
        id: first.id,
        channel: channel.channel.clone(),
        secret: "whsec_ops".to_owned(),
        notification: first.notification.clone(),
        attempts: 0,
    };
    assert_eq!(due, [expected]);
    assert!(store.finish_attempt(worker, first.id, &failed(1, Some(11))).await.unwrap());
    let log = |of| store.list_deliveries(workspace_id, of, 10);
    let of = DeliveriesOf::Channel(channel.id);
    let seen = log(of).await.unwrap().items.remove(0);
    assert_eq!((seen.state, seen.attempts, seen.next_attempt_at), (DeliveryState::Pending, 1, Some(at(11))));
    assert_eq!((seen.status_code, seen.error.as_deref()), (Some(503), Some("it said no")));
    assert_eq!(take(store, worker, 10, 9).await, []);
    let again = take(store, Uuid::new_v4(), 11, 9).await;
    assert_eq!((again.len(), again[0].attempts), (1, 1));
    // The one before has nothing to say of it any more.
    assert!(!store.finish_attempt(worker, first.id, &arrived(12)).await.unwrap());
    assert_eq!(taken_ids(store, worker, 71, 9).await, [first.id], "whoever tried it went away");
    assert!(store.finish_attempt(worker, first.id, &arrived(72)).await.unwrap());
    let seen = log(of).await.unwrap().items.remove(0);
    assert_eq!((seen.state, seen.attempts, seen.next_attempt_at), (DeliveryState::Delivered, 2, None));
    assert_eq!((seen.finished_at, seen.status_code, seen.error), (Some(at(72)), Some(204), None));
    assert_eq!(take(store, worker, 1_000_000, 9).await, []);

    let second = test(store, workspace_id, &channel, 80).await;
    assert_eq!(taken_ids(store, worker, 80, 9).await, [second.id]);
    assert!(store.finish_attempt(worker, second.id, &failed(81, None)).await.unwrap());
    let seen = log(of).await.unwrap();
    assert_eq!((seen.items[0].id, seen.items[0].state, seen.total), (second.id, DeliveryState::Failed, 2));
}

pub async fn of_an_alert_a_channel_is_told_one_thing_after_the_other(store: &AlertStore) {
    let workspace_id = Uuid::new_v4();
    let (one, two) = (kept_channel(store, workspace_id).await, kept_channel(store, workspace_id).await);
    let [mine, other] = [0, 1].map(|age| alert(workspace_id, Severity::Info, age).alert);
    let told = |channel: &AlertChannel, alert: &shared::alert::Alert, event, seconds| NewDelivery {
        id: Uuid::new_v4(),
        channel_id: channel.id,
        notification: Notification { workspace_id, event, at: at(seconds), alert: Some(alert.clone()) },
    };
    let firing = keep(store, told(&one, &mine, AlertEvent::Firing, 0)).await;
    let over = keep(store, told(&one, &mine, AlertEvent::Resolved, 1)).await;
    let elsewhere = keep(store, told(&two, &mine, AlertEvent::Resolved, 1)).await;
    let of_other = keep(store, told(&one, &other, AlertEvent::Firing, 2)).await;
    let worker = Uuid::new_v4();
    let mut expected = [firing.id, elsewhere.id, of_other.id];
    expected.sort();
    let mut taken = taken_ids(store, worker, 5, 9).await;
    taken.sort();
    assert_eq!(taken, expected);
    store.finish_attempt(worker, firing.id, &failed(6, Some(100))).await.unwrap();
    assert_eq!(
        taken_ids(store, worker, 50, 9).await,
        NOBODY,
        "that it is over is told once it was told that it fired"
    );
    store.finish_attempt(worker, elsewhere.id, &arrived(7)).await.unwrap();
    store.finish_attempt(worker, of_other.id, &arrived(7)).await.unwrap();
    assert_eq!(taken_ids(store, worker, 100, 9).await, [firing.id]);
    store.finish_attempt(worker, firing.id, &failed(101, None)).await.unwrap();
    assert_eq!(taken_ids(store, worker, 101, 9).await, [over.id], "or once that was given up");
    let log = store.list_deliveries(workspace_id, DeliveriesOf::Alert(mine.id), 2).await.unwrap();
    assert_eq!(log.total, 3);
    assert!(
        log.items.iter().all(|delivery| delivery.alert_id == Some(mine.id) && delivery.created_at == at(1))
    );
    let strangers = store.list_deliveries(Uuid::new_v4(), DeliveriesOf::Alert(mine.id), 10).await.unwrap();
    assert_eq!((strangers.items, strangers.total), (vec![], 0));
}

pub async fn a_channel_has_so_many_deliveries_under_way_the_oldest_first(store: &AlertStore) {
    let workspace_id = Uuid::new_v4();
    let (slow, quick) = (kept_channel(store, workspace_id).await, kept_channel(store, workspace_id).await);
    let mut waiting = Vec::new();
    for second in [3, 1, 0, 2, 4] {
        waiting.push((second, test(store, workspace_id, &slow, second).await.id));
    }
    waiting.sort();
    let waiting: Vec<_> = waiting.into_iter().map(|(_, id)| id).collect();
    let other = test(store, workspace_id, &quick, 9).await.id;
    let [first, second] = [Uuid::new_v4(), Uuid::new_v4()];
    assert_eq!(taken_ids(store, first, 10, 2).await, [waiting[0], waiting[1], other]);
    assert_eq!(taken_ids(store, second, 11, 2).await, NOBODY, "of all workers together");
    store.finish_attempt(first, waiting[1], &arrived(12)).await.unwrap();
    assert_eq!(taken_ids(store, second, 12, 2).await, [waiting[2]]);
    // What waits for its next attempt keeps nobody waiting.
    store.finish_attempt(first, waiting[0], &failed(13, Some(1_000))).await.unwrap();
    assert_eq!(taken_ids(store, second, 13, 2).await, [waiting[3]]);
    let few = store.lease_deliveries(first, at(100), at(200), 1, 9).await.unwrap();
    assert_eq!(few.len(), 1, "and no more than were asked for");
}

pub async fn many_who_deliver_share_what_there_is(store: &AlertStore) {
    let workspace_id = Uuid::new_v4();
    let mut all = Vec::new();
    for _ in 0..4 {
        let channel = kept_channel(store, workspace_id).await;
        for second in 0..5 {
            all.push(test(store, workspace_id, &channel, second).await.id);
        }
    }
    let takers: Vec<_> = (0..6)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move {
                let mut mine = Vec::new();
                // Whoever finds others quicker takes nothing once, and tries again.
                for _ in 0..20 {
                    let worker = Uuid::new_v4();
                    let taken = store.lease_deliveries(worker, at(9), at(69), 3, 5).await.unwrap();
                    mine.extend(taken.into_iter().map(|delivery| delivery.id));
                }
                mine
            })
        })
        .collect();
    let mut taken = Vec::new();
    for taker in takers {
        taken.extend(taker.await.unwrap());
    }
    taken.sort();
    all.sort();
    assert_eq!(taken, all, "each of them once");
}

pub async fn what_a_channel_was_told_is_forgotten_with_it_or_in_time(store: &AlertStore) {
    let workspace_id = Uuid::new_v4();
    let (gone, stays) = (kept_channel(store, workspace_id).await, kept_channel(store, workspace_id).await);
    let silent = kept_channel(store, workspace_id).await;
    let worker = Uuid::new_v4();
    let old = test(store, workspace_id, &stays, 0).await;
    take(store, worker, 0, 9).await;
    store.finish_attempt(worker, old.id, &arrived(1)).await.unwrap();
    let pending = test(store, workspace_id, &stays, 2).await;
    let waits = test(store, workspace_id, &gone, 3).await;

    let mut last = store.list_last_deliveries(workspace_id).await.unwrap();
    last.sort_by_key(|delivery| delivery.created_at);
    assert_eq!(last.iter().map(|delivery| delivery.id).collect::<Vec<_>>(), [pending.id, waits.id]);
    assert!(last.iter().all(|delivery| delivery.channel_id != silent.id));
    assert_eq!(store.list_last_deliveries(Uuid::new_v4()).await.unwrap(), []);

    assert!(store.delete_channel(workspace_id, gone.id).await.unwrap());
    assert_eq!(store.delete_deliveries_before(at(1)).await.unwrap(), 0);
    assert_eq!(store.delete_deliveries_before(at(2)).await.unwrap(), 1);
    assert_eq!(
        store.delete_deliveries_before(at(1_000_000)).await.unwrap(),
        0,
        "what waits is not forgotten"
    );
    let log = store.list_deliveries(workspace_id, DeliveriesOf::Channel(stays.id), 10).await.unwrap();
    assert_eq!(log.items.iter().map(|delivery| delivery.id).collect::<Vec<_>>(), [pending.id]);
    let log = store.list_deliveries(workspace_id, DeliveriesOf::Channel(gone.id), 10).await.unwrap();
    assert_eq!(log.total, 0);
    assert_eq!(taken_ids(store, worker, 10, 9).await, [pending.id], "what is gone is not tried");
}
