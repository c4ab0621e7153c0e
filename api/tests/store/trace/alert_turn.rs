//! Whose turn it is to evaluate a rule, and what came of it.

use std::collections::BTreeSet;

use domain::alert::record::{
    AlertFilter, AlertRecord, DeliveriesOf, DueRule, Evaluation, NewDelivery, Notification,
};
use shared::{
    alert::{Alert, Severity},
    alert_channel::AlertEvent,
};
use store::alert::AlertStore;
use uuid::Uuid;

use super::{
    alert::{NOBODY, alert, at, of_rule, resolved},
    alert_rule::{channel, rule},
};

/// An evaluation at some second that changed nothing, and after which the rule is due ten seconds later.
fn nothing(due: &DueRule, seconds: i64) -> Evaluation {
    Evaluation {
        rule_id: due.id,
        version: due.version,
        state: format!("at {seconds}"),
        evaluated_at: at(seconds),
        due_at: Some(at(seconds + 10)),
        alerts: Vec::new(),
        deliveries: Vec::new(),
        deletes_rule: false,
    }
}

fn told(record: &AlertRecord, channel_id: Uuid, event: AlertEvent, seconds: i64) -> NewDelivery {
    let (workspace_id, at, alert) = (record.alert.workspace_id, at(seconds), Some(record.alert.clone()));
    NewDelivery {
        id: Uuid::new_v4(),
        channel_id,
        notification: Notification { workspace_id, event, at, alert },
    }
}

/// Takes the one rule there is to take.
async fn take_one(store: &AlertStore, worker: Uuid, seconds: i64) -> DueRule {
    let mut taken = store.lease_rules(worker, at(seconds), at(seconds + 60), 10).await.unwrap();
    assert_eq!(taken.len(), 1, "{taken:?}");
    taken.remove(0)
}

async fn takes_nothing(store: &AlertStore, worker: Uuid, seconds: i64) {
    assert_eq!(store.lease_rules(worker, at(seconds), at(seconds + 60), 10).await.unwrap(), []);
}

pub async fn a_rule_is_one_workers_until_its_lease_is_over_or_it_was_evaluated(store: &AlertStore) {
    let workspace_id = Uuid::new_v4();
    let (first, second) = (Uuid::new_v4(), Uuid::new_v4());
    let kept = rule("kept");
    store.create_rule(workspace_id, &kept).await.unwrap();
    takes_nothing(store, first, -1).await;
    let due = take_one(store, first, 0).await;
    let expected = DueRule {
        id: kept.id,
        workspace_id,
        rule: kept.rule.clone(),
        version: 1,
        is_deleted: false,
        state: String::new(),
        evaluated_at: None,
        open: Vec::new(),
    };
    assert_eq!(due, expected);
    takes_nothing(store, second, 59).await;
    let over = take_one(store, second, 60).await;
    assert_eq!(over, expected);
    // The first one wakes up: it is not its turn any more.
    assert_eq!(store.commit_evaluations(first, &[nothing(&due, 61)]).await.unwrap(), NOBODY);
    assert_eq!(store.commit_evaluations(second, &[nothing(&over, 62)]).await.unwrap(), [kept.id]);
    assert_eq!(store.commit_evaluations(second, &[nothing(&over, 63)]).await.unwrap(), NOBODY, "once");
    takes_nothing(store, first, 71).await;
    let next = take_one(store, first, 72).await;
    assert_eq!((next.state.as_str(), next.evaluated_at), ("at 62", Some(at(62))));
    let shown = store.get_rule(workspace_id, kept.id).await.unwrap().unwrap().0;
    assert_eq!(shown.evaluated_at, Some(at(62)));
    let never = Evaluation { due_at: None, ..nothing(&next, 73) };
    assert_eq!(store.commit_evaluations(first, &[never]).await.unwrap(), [kept.id]);
    takes_nothing(store, first, 1_000_000).await;
}

pub async fn the_rules_that_waited_longest_are_taken_first_and_many_takers_share_them(store: &AlertStore) {
    let mut ids = Vec::new();
    for age in 0..40 {
        let mut one = rule("one");
        one.created_at = at(-age);
        store.create_rule(Uuid::new_v4(), &one).await.unwrap();
        ids.push(one.id);
    }
    let first = store.lease_rules(Uuid::new_v4(), at(0), at(60), 8).await.unwrap();
    let oldest: BTreeSet<_> = ids[32..].iter().copied().collect();
    assert_eq!(first.iter().map(|due| due.id).collect::<BTreeSet<_>>(), oldest);
    let takers: Vec<_> = (0..8)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move {
                let worker = Uuid::new_v4();
                let mut mine = Vec::new();
                // Whoever finds others quicker takes nothing once, and tries again.
                for _ in 0..20 {
                    let taken = store.lease_rules(worker, at(0), at(60), 3).await.unwrap();
                    mine.extend(taken.into_iter().map(|due| due.id));
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
    let mut expected = ids[..32].to_vec();
    expected.sort();
    assert_eq!(taken, expected, "each of them once");
}

pub async fn an_evaluation_of_a_rule_that_was_changed_meanwhile_is_void(store: &AlertStore) {
    let workspace_id = Uuid::new_v4();
    let worker = Uuid::new_v4();
    let kept = rule("kept");
    store.create_rule(workspace_id, &kept).await.unwrap();
    let due = take_one(store, worker, 0).await;
    let other = rule("changed").rule;
    assert!(store.update_rule(workspace_id, kept.id, 1, &other, at(1)).await.unwrap());
    let record = of_rule(alert(workspace_id, Severity::Info, 0), kept.id, "");
    let evaluation = Evaluation {
        alerts: vec![record.clone()],
        deliveries: vec![told(&record, Uuid::new_v4(), AlertEvent::Firing, 2)],
        ..nothing(&due, 2)
    };
    assert_eq!(store.commit_evaluations(worker, &[evaluation]).await.unwrap(), NOBODY);
    assert_eq!(store.list_alerts(workspace_id, AlertFilter::default(), 0, 10).await.unwrap().total, 0);
    let told = store.list_deliveries(workspace_id, DeliveriesOf::Alert(record.alert.id), 10).await.unwrap();
    assert_eq!(told.total, 0);
    // It is due at once, for anybody, as it is now.
    let due = take_one(store, Uuid::new_v4(), 1).await;
    assert_eq!((due.version, due.rule), (2, other));

    assert!(store.delete_rule(workspace_id, kept.id, at(3)).await.unwrap());
    let due = take_one(store, worker, 3).await;
    assert_eq!((due.version, due.is_deleted), (3, true));
    let gone = Evaluation { deletes_rule: true, ..nothing(&due, 4) };
    assert_eq!(store.commit_evaluations(worker, &[gone]).await.unwrap(), [kept.id]);
    takes_nothing(store, worker, 1_000_000).await;
}

pub async fn what_came_of_an_evaluation_is_all_there_the_next_time(store: &AlertStore) {
    let workspace_id = Uuid::new_v4();
    let worker = Uuid::new_v4();
    let (kept, tell) = (rule("kept"), channel("ops"));
    store.create_channels(workspace_id, std::slice::from_ref(&tell)).await.unwrap();
    store.create_rule(workspace_id, &kept).await.unwrap();
    let due = take_one(store, worker, 0).await;
    let [all, bot] = ["", "bot"].map(|group| of_rule(alert(workspace_id, Severity::Info, 0), kept.id, group));
    let fired = Evaluation {
        alerts: vec![all.clone(), bot.clone()],
        deliveries: vec![told(&all, tell.id, AlertEvent::Firing, 1)],
        ..nothing(&due, 1)
    };
    assert_eq!(store.commit_evaluations(worker, &[fired]).await.unwrap(), [kept.id]);
    assert_eq!(store.get_rule(workspace_id, kept.id).await.unwrap().unwrap().0.open_alerts, 2);
    let log = store.list_deliveries(workspace_id, DeliveriesOf::Alert(all.alert.id), 10).await.unwrap();
    assert_eq!((log.items[0].event, log.items[0].created_at), (AlertEvent::Firing, at(1)));

    // Somebody acknowledges while it is evaluated, by what it was before.
    let mut due = take_one(store, worker, 11).await;
    due.open.sort_by(|one, other| one.group_key.cmp(&other.group_key));
    assert_eq!(due.open, [all.clone(), bot.clone()]);
    store.acknowledge_alert(workspace_id, all.alert.id, "ada@example.com", at(12)).await.unwrap();
    let worse = Alert {
        severity: Severity::Critical,
        metric_value: Some(99.0),
        worst_value: Some(99.0),
        description: "Worse.".to_owned(),
        ..all.alert.clone()
    };
    let worse = AlertRecord { alert: worse, ..all.clone() };
    let changed = Evaluation { alerts: vec![worse.clone(), resolved(bot.clone(), 13)], ..nothing(&due, 13) };
    assert_eq!(store.commit_evaluations(worker, &[changed]).await.unwrap(), [kept.id]);
    let shown = store.get_alert(workspace_id, all.alert.id).await.unwrap().unwrap();
    assert_eq!(
        (shown.acknowledged_by.as_deref(), shown.acknowledged_at),
        (Some("ada@example.com"), Some(at(12)))
    );
    assert_eq!((shown.severity, shown.worst_value), (Severity::Critical, Some(99.0)));
    assert_eq!(
        store.get_alert(workspace_id, bot.alert.id).await.unwrap(),
        Some(resolved(bot.clone(), 13).alert)
    );

    // The group may have another one in the same step in which the last one ends.
    let due = take_one(store, worker, 23).await;
    assert_eq!(due.open.iter().map(|record| record.alert.id).collect::<Vec<_>>(), [all.alert.id]);
    let again = of_rule(alert(workspace_id, Severity::Info, -23), kept.id, "");
    let next = Evaluation { alerts: vec![resolved(worse, 23), again.clone()], ..nothing(&due, 23) };
    assert_eq!(store.commit_evaluations(worker, &[next]).await.unwrap(), [kept.id]);
    let due = take_one(store, worker, 33).await;
    assert_eq!(due.open, [again]);
}

pub async fn what_cannot_be_kept_of_an_evaluation_leaves_nothing_of_it(store: &AlertStore) {
    let workspace_id = Uuid::new_v4();
    let worker = Uuid::new_v4();
    let kept = rule("kept");
    store.create_rule(workspace_id, &kept).await.unwrap();
    let due = take_one(store, worker, 0).await;
    let record = of_rule(alert(workspace_id, Severity::Info, 0), kept.id, "");
    let twice = told(&record, Uuid::new_v4(), AlertEvent::Firing, 1);
    let evaluation = Evaluation {
        alerts: vec![record.clone()],
        deliveries: vec![twice.clone(), twice],
        ..nothing(&due, 1)
    };
    store.commit_evaluations(worker, std::slice::from_ref(&evaluation)).await.unwrap_err();
    assert_eq!(store.list_alerts(workspace_id, AlertFilter::default(), 0, 10).await.unwrap().total, 0);
    let rule = store.get_rule(workspace_id, kept.id).await.unwrap().unwrap().0;
    assert_eq!((rule.evaluated_at, rule.open_alerts), (None, 0));
    // It is still this worker's, who may try again.
    let once = Evaluation { deliveries: vec![evaluation.deliveries[0].clone()], ..evaluation };
    assert_eq!(store.commit_evaluations(worker, &[once]).await.unwrap(), [kept.id]);
}
