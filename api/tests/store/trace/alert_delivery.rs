//! Deliveries: creation, leases, attempts and retention.

use domain::alert::{
    record::{Attempt, DeliveryFilter, DueDelivery, NewDelivery, Notification, NotifiedGroup},
    share::DeliveryLimits,
};
use shared::{
    alert::Severity,
    alert_channel::{AlertChannel, AlertEvent, DeliveryState},
};
use store::alert::AlertStore;
use uuid::Uuid;

use super::{
    alert::{NO_IDS, alert, at},
    alert_rule::channel,
};

async fn create_channel(store: &AlertStore, workspace_id: Uuid) -> AlertChannel {
    let channel = channel("ops");
    store.create_channels(workspace_id, std::slice::from_ref(&channel)).await.unwrap();
    channel
}

/// Creates a delivery of a test message to a channel.
async fn create_test(
    store: &AlertStore,
    workspace_id: Uuid,
    channel: &AlertChannel,
    seconds: i64,
) -> NewDelivery {
    let notification = Notification {
        workspace_id,
        event: AlertEvent::Test,
        at: at(seconds),
        alert: None,
        group: None,
        recipient: None,
    };
    create(store, NewDelivery { id: Uuid::new_v4(), channel_id: channel.id, notification }).await
}

async fn create(store: &AlertStore, delivery: NewDelivery) -> NewDelivery {
    store.create_delivery(&delivery).await.unwrap();
    delivery
}

/// Limits of deliveries in flight that only limit those to a channel.
fn limits(per_channel: u64) -> DeliveryLimits {
    DeliveryLimits { new: 100, per_workspace: 100, per_channel }
}

async fn lease(store: &AlertStore, worker: Uuid, seconds: i64, per_channel: u64) -> Vec<DueDelivery> {
    store.lease_deliveries(worker, at(seconds), at(seconds + 60), limits(per_channel)).await.unwrap()
}

async fn leased_ids(store: &AlertStore, worker: Uuid, seconds: i64, per_channel: u64) -> Vec<Uuid> {
    lease(store, worker, seconds, per_channel).await.into_iter().map(|delivery| delivery.id).collect()
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

fn delivered(seconds: i64) -> Attempt {
    Attempt { next_attempt_at: None, at: at(seconds), delivered: true, status_code: Some(204), error: None }
}

pub async fn leases_a_delivery_until_it_succeeds_or_fails(store: &AlertStore) {
    let workspace_id = Uuid::new_v4();
    let channel = create_channel(store, workspace_id).await;
    let first = create_test(store, workspace_id, &channel, 0).await;
    let worker = Uuid::new_v4();
    assert_eq!(lease(store, worker, -1, 9).await, []);
    let due = lease(store, worker, 0, 9).await;
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
    let of = DeliveryFilter::Channel(channel.id);
    let seen = log(of).await.unwrap().items.remove(0);
    assert_eq!((seen.state, seen.attempts, seen.next_attempt_at), (DeliveryState::Pending, 1, Some(at(11))));
    assert_eq!((seen.status_code, seen.error.as_deref()), (Some(503), Some("it said no")));
    assert_eq!(lease(store, worker, 10, 9).await, []);
    let again = lease(store, Uuid::new_v4(), 11, 9).await;
    assert_eq!((again.len(), again[0].attempts), (1, 1));
    // The previous worker has lost its lease.
    assert!(!store.finish_attempt(worker, first.id, &delivered(12)).await.unwrap());
    assert_eq!(
        leased_ids(store, worker, 71, 9).await,
        [first.id],
        "the lease of the worker that tried it has expired"
    );
    assert!(store.finish_attempt(worker, first.id, &delivered(72)).await.unwrap());
    let seen = log(of).await.unwrap().items.remove(0);
    assert_eq!((seen.state, seen.attempts, seen.next_attempt_at), (DeliveryState::Delivered, 2, None));
    assert_eq!((seen.finished_at, seen.status_code, seen.error), (Some(at(72)), Some(204), None));
    assert_eq!(lease(store, worker, 1_000_000, 9).await, []);

    let second = create_test(store, workspace_id, &channel, 80).await;
    assert_eq!(leased_ids(store, worker, 80, 9).await, [second.id]);
    assert!(store.finish_attempt(worker, second.id, &failed(81, None)).await.unwrap());
    let seen = log(of).await.unwrap();
    assert_eq!((seen.items[0].id, seen.items[0].state, seen.total), (second.id, DeliveryState::Failed, 2));
}

pub async fn delivers_the_events_of_an_alert_in_order_per_channel(store: &AlertStore) {
    let workspace_id = Uuid::new_v4();
    let (one, two) = (create_channel(store, workspace_id).await, create_channel(store, workspace_id).await);
    let [mine, other] = [0, 1].map(|age| alert(workspace_id, Severity::Info, age).alert);
    let new_delivery = |channel: &AlertChannel, alert: &shared::alert::Alert, event, seconds| NewDelivery {
        id: Uuid::new_v4(),
        channel_id: channel.id,
        notification: Notification {
            workspace_id,
            event,
            at: at(seconds),
            alert: Some(alert.clone()),
            group: None,
            recipient: None,
        },
    };
    let firing = create(store, new_delivery(&one, &mine, AlertEvent::Firing, 0)).await;
    let resolved = create(store, new_delivery(&one, &mine, AlertEvent::Resolved, 1)).await;
    let elsewhere = create(store, new_delivery(&two, &mine, AlertEvent::Resolved, 1)).await;
    let of_other = create(store, new_delivery(&one, &other, AlertEvent::Firing, 2)).await;
    let worker = Uuid::new_v4();
    let mut expected = [firing.id, elsewhere.id, of_other.id];
    expected.sort();
    let mut leased = leased_ids(store, worker, 5, 9).await;
    leased.sort();
    assert_eq!(leased, expected);
    store.finish_attempt(worker, firing.id, &failed(6, Some(100))).await.unwrap();
    assert_eq!(leased_ids(store, worker, 50, 9).await, NO_IDS, "resolved is delivered after firing");
    store.finish_attempt(worker, elsewhere.id, &delivered(7)).await.unwrap();
    store.finish_attempt(worker, of_other.id, &delivered(7)).await.unwrap();
    assert_eq!(leased_ids(store, worker, 100, 9).await, [firing.id]);
    store.finish_attempt(worker, firing.id, &failed(101, None)).await.unwrap();
    assert_eq!(
        leased_ids(store, worker, 101, 9).await,
        [resolved.id],
        "resolved is delivered after firing has failed"
    );
    let log = store.list_deliveries(workspace_id, DeliveryFilter::Alert(mine.id), 2).await.unwrap();
    assert_eq!(log.total, 3);
    assert!(
        log.items.iter().all(|delivery| delivery.alert_id == Some(mine.id) && delivery.created_at == at(1))
    );
    let other_workspace =
        store.list_deliveries(Uuid::new_v4(), DeliveryFilter::Alert(mine.id), 10).await.unwrap();
    assert_eq!((other_workspace.items, other_workspace.total), (vec![], 0));
}

pub async fn limits_the_deliveries_in_flight_per_channel_oldest_first(store: &AlertStore) {
    let workspace_id = Uuid::new_v4();
    let (slow, quick) =
        (create_channel(store, workspace_id).await, create_channel(store, workspace_id).await);
    let mut waiting = Vec::new();
    for second in [3, 1, 0, 2, 4] {
        waiting.push((second, create_test(store, workspace_id, &slow, second).await.id));
    }
    waiting.sort();
    let waiting: Vec<_> = waiting.into_iter().map(|(_, id)| id).collect();
    let other = create_test(store, workspace_id, &quick, 9).await.id;
    let [first, second] = [Uuid::new_v4(), Uuid::new_v4()];
    assert_eq!(leased_ids(store, first, 10, 2).await, [waiting[0], waiting[1], other]);
    assert_eq!(leased_ids(store, second, 11, 2).await, NO_IDS, "the limit applies to all workers together");
    store.finish_attempt(first, waiting[1], &delivered(12)).await.unwrap();
    assert_eq!(leased_ids(store, second, 12, 2).await, [waiting[2]]);
    // A delivery that waits for its next attempt does not block others.
    store.finish_attempt(first, waiting[0], &failed(13, Some(1_000))).await.unwrap();
    assert_eq!(leased_ids(store, second, 13, 2).await, [waiting[3]]);
    let few = store
        .lease_deliveries(first, at(100), at(200), DeliveryLimits { new: 1, ..limits(9) })
        .await
        .unwrap();
    assert_eq!(few.len(), 1, "no more than the requested number is leased");
}

pub async fn concurrent_workers_lease_each_delivery_once(store: &AlertStore) {
    let workspace_id = Uuid::new_v4();
    let mut all = Vec::new();
    for _ in 0..4 {
        let channel = create_channel(store, workspace_id).await;
        for second in 0..5 {
            all.push(create_test(store, workspace_id, &channel, second).await.id);
        }
    }
    let workers: Vec<_> = (0..6)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move {
                let mut mine = Vec::new();
                // A worker that loses a race leases nothing and tries again.
                for _ in 0..20 {
                    let worker = Uuid::new_v4();
                    let limits = DeliveryLimits { new: 3, ..limits(5) };
                    let leased = store.lease_deliveries(worker, at(9), at(69), limits).await.unwrap();
                    mine.extend(leased.into_iter().map(|delivery| delivery.id));
                }
                mine
            })
        })
        .collect();
    let mut leased = Vec::new();
    for worker_task in workers {
        leased.extend(worker_task.await.unwrap());
    }
    leased.sort();
    all.sort();
    assert_eq!(leased, all, "each delivery is leased once");
}

pub async fn deletes_deliveries_with_their_channel_or_after_retention(store: &AlertStore) {
    let workspace_id = Uuid::new_v4();
    let (deleted, active) =
        (create_channel(store, workspace_id).await, create_channel(store, workspace_id).await);
    let silent = create_channel(store, workspace_id).await;
    let worker = Uuid::new_v4();
    let old = create_test(store, workspace_id, &active, 0).await;
    lease(store, worker, 0, 9).await;
    store.finish_attempt(worker, old.id, &delivered(1)).await.unwrap();
    let pending = create_test(store, workspace_id, &active, 2).await;
    let waiting = create_test(store, workspace_id, &deleted, 3).await;

    let mut last = store.list_last_deliveries(workspace_id).await.unwrap();
    last.sort_by_key(|delivery| delivery.created_at);
    assert_eq!(last.iter().map(|delivery| delivery.id).collect::<Vec<_>>(), [pending.id, waiting.id]);
    assert!(last.iter().all(|delivery| delivery.channel_id != silent.id));
    assert_eq!(store.list_last_deliveries(Uuid::new_v4()).await.unwrap(), []);

    assert!(store.delete_channel(workspace_id, deleted.id).await.unwrap());
    assert_eq!(store.delete_deliveries_before(at(1)).await.unwrap(), 0);
    assert_eq!(store.delete_deliveries_before(at(2)).await.unwrap(), 1);
    assert_eq!(store.delete_deliveries_before(at(1_000_000)).await.unwrap(), 0, "a pending delivery is kept");
    let log = store.list_deliveries(workspace_id, DeliveryFilter::Channel(active.id), 10).await.unwrap();
    assert_eq!(log.items.iter().map(|delivery| delivery.id).collect::<Vec<_>>(), [pending.id]);
    let log = store.list_deliveries(workspace_id, DeliveryFilter::Channel(deleted.id), 10).await.unwrap();
    assert_eq!(log.total, 0);
    assert_eq!(
        leased_ids(store, worker, 10, 9).await,
        [pending.id],
        "the deliveries of a deleted channel are not leased"
    );
}

pub async fn a_workspace_with_many_pending_deliveries_does_not_delay_others(store: &AlertStore) {
    let (busy, quiet) = (Uuid::new_v4(), Uuid::new_v4());
    for _ in 0..20 {
        let channel = create_channel(store, busy).await;
        for second in 0..5 {
            create_test(store, busy, &channel, second).await;
        }
    }
    let channel = create_channel(store, quiet).await;
    let newest = create_test(store, quiet, &channel, 10).await.id;
    let limits = DeliveryLimits { new: 8, per_workspace: 6, per_channel: 2 };
    let worker = Uuid::new_v4();
    let leased = store.lease_deliveries(worker, at(10), at(70), limits).await.unwrap();
    assert_eq!(leased.len(), 7, "six of the busy workspace");
    assert!(leased.iter().any(|delivery| delivery.id == newest));
    // None of the busy workspace finishes, so that it has no room, in any process.
    let next = create_test(store, quiet, &channel, 11).await.id;
    let other = Uuid::new_v4();
    let leased = store.lease_deliveries(other, at(11), at(71), limits).await.unwrap();
    assert_eq!(leased.iter().map(|delivery| delivery.id).collect::<Vec<_>>(), [next]);
}

pub async fn a_message_about_several_alerts_is_in_order_with_those_of_each(store: &AlertStore) {
    let workspace_id = Uuid::new_v4();
    let channel = create_channel(store, workspace_id).await;
    let rule_id = Some(Uuid::new_v4());
    let [one, two, other] = [0, 1, 2]
        .map(|age| shared::alert::Alert { rule_id, ..alert(workspace_id, Severity::Info, age).alert });
    let new_delivery = |alerts: &[&shared::alert::Alert], event, seconds| {
        let alerts: Vec<_> = alerts.iter().copied().cloned().collect();
        let group = (alerts.len() > 1).then(|| NotifiedGroup {
            id: Uuid::new_v4(),
            total: alerts.len() as u64,
            alerts: alerts.clone(),
        });
        let alert = alerts.into_iter().next();
        NewDelivery {
            id: Uuid::new_v4(),
            channel_id: channel.id,
            notification: Notification {
                workspace_id,
                event,
                at: at(seconds),
                alert,
                group,
                recipient: None,
            },
        }
    };
    let both = create(store, new_delivery(&[&one, &two], AlertEvent::Firing, 0)).await;
    let reminder = new_delivery(&[&two], AlertEvent::Reminder, 1);
    assert!(store.create_delivery(&reminder).await.unwrap());
    let of_two = create(store, new_delivery(&[&two], AlertEvent::Resolved, 2)).await;
    let of_other = create(store, new_delivery(&[&other], AlertEvent::Firing, 3)).await;
    let of_one = create(store, new_delivery(&[&one], AlertEvent::Resolved, 4)).await;
    let worker = Uuid::new_v4();
    assert_eq!(leased_ids(store, worker, 5, 9).await, [both.id]);
    store.finish_attempt(worker, both.id, &failed(6, Some(50))).await.unwrap();
    assert_eq!(leased_ids(store, worker, 49, 9).await, NO_IDS, "the later ones are delivered after it");
    assert_eq!(leased_ids(store, worker, 50, 9).await, [both.id]);
    store.finish_attempt(worker, both.id, &delivered(51)).await.unwrap();
    assert_eq!(leased_ids(store, worker, 51, 9).await, [of_two.id, of_other.id, of_one.id]);
    let log = store.list_deliveries(workspace_id, DeliveryFilter::Channel(channel.id), 10).await.unwrap();
    let shown: Vec<_> = log.items.iter().map(|delivery| (delivery.id, delivery.alert_count)).collect();
    assert!(shown.contains(&(both.id, 2)) && shown.contains(&(of_two.id, 1)), "{shown:?}");
    assert!(shown.iter().all(|&(id, _)| id != reminder.id), "a reminder is skipped while another is pending");
}
