//! Leases of rules for evaluation, and the results of evaluations.

use std::collections::BTreeSet;

use domain::alert::record::{
    AlertFilter, AlertRecord, DeliveryFilter, DueRule, Evaluation, NewDelivery, Notification,
};
use shared::{
    alert::{Alert, Severity},
    alert_channel::{AlertEvent, DeliveryState},
    limit,
};
use store::alert::{AlertStore, CommittedEvaluations};
use uuid::Uuid;

use super::{
    alert::{NO_IDS, alert, at, of_rule, resolved},
    alert_rule::{channel, rule},
};

/// Returns an evaluation without changes. The rule is due again ten seconds later.
fn no_changes(due: &DueRule, seconds: i64) -> Evaluation {
    Evaluation {
        rule_id: due.id,
        version: due.version,
        state: format!("at {seconds}"),
        evaluated_at: at(seconds),
        due_at: Some(at(seconds + 10)),
        alerts: Vec::new(),
        groups: Vec::new(),
        deliveries: Vec::new(),
        deletes_rule: false,
    }
}

fn new_delivery(record: &AlertRecord, channel_id: Uuid, event: AlertEvent, seconds: i64) -> NewDelivery {
    let (workspace_id, at, alert) = (record.alert.workspace_id, at(seconds), Some(record.alert.clone()));
    NewDelivery {
        id: Uuid::new_v4(),
        channel_id,
        notification: Notification { workspace_id, event, at, alert, group: None, recipient: None },
    }
}

/// Commits evaluations and returns the rules whose evaluations were stored.
async fn commit(store: &AlertStore, worker: Uuid, evaluations: &[Evaluation]) -> Vec<Uuid> {
    let CommittedEvaluations { rule_ids, dropped_deliveries } =
        store.commit_evaluations(worker, evaluations).await.unwrap();
    assert_eq!(dropped_deliveries, 0);
    rule_ids
}

/// Leases due rules of the `workspaces` workspaces whose rules have been due longest.
async fn lease(store: &AlertStore, worker: Uuid, seconds: i64, workspaces: usize) -> Vec<DueRule> {
    let mut leased = Vec::new();
    for workspace_id in store.list_due_workspaces(at(seconds)).await.unwrap().into_iter().take(workspaces) {
        let until = at(seconds + 60);
        leased.extend(store.lease_rules(worker, workspace_id, at(seconds), until, 10).await.unwrap());
    }
    leased
}

/// Leases the only rule that is due.
async fn lease_one(store: &AlertStore, worker: Uuid, seconds: i64) -> DueRule {
    let mut leased = lease(store, worker, seconds, 10).await;
    assert_eq!(leased.len(), 1, "{leased:?}");
    leased.remove(0)
}

async fn assert_nothing_due(store: &AlertStore, worker: Uuid, seconds: i64) {
    assert_eq!(lease(store, worker, seconds, 10).await, []);
}

pub async fn one_worker_leases_a_rule_until_it_commits_or_the_lease_expires(store: &AlertStore) {
    let workspace_id = Uuid::new_v4();
    let (first, second) = (Uuid::new_v4(), Uuid::new_v4());
    let stored = rule("stored");
    store.create_rule(workspace_id, &stored).await.unwrap();
    assert_nothing_due(store, first, -1).await;
    let due = lease_one(store, first, 0).await;
    let expected = DueRule {
        id: stored.id,
        workspace_id,
        rule: stored.rule.clone(),
        version: 1,
        is_deleted: false,
        state: String::new(),
        evaluated_at: None,
        open: Vec::new(),
    };
    assert_eq!(due, expected);
    assert_nothing_due(store, second, 59).await;
    let expired = lease_one(store, second, 60).await;
    assert_eq!(expired, expected);
    // The first worker resumes after its lease has expired.
    assert_eq!(commit(store, first, &[no_changes(&due, 61)]).await, NO_IDS);
    assert_eq!(commit(store, second, &[no_changes(&expired, 62)]).await, [stored.id]);
    assert_eq!(
        commit(store, second, &[no_changes(&expired, 63)]).await,
        NO_IDS,
        "an evaluation is committed once"
    );
    assert_nothing_due(store, first, 71).await;
    let next = lease_one(store, first, 72).await;
    assert_eq!((next.state.as_str(), next.evaluated_at), ("at 62", Some(at(62))));
    let shown = store.get_rule(workspace_id, stored.id).await.unwrap().unwrap().0;
    assert_eq!(shown.evaluated_at, Some(at(62)));
    let never = Evaluation { due_at: None, ..no_changes(&next, 73) };
    assert_eq!(commit(store, first, &[never]).await, [stored.id]);
    assert_nothing_due(store, first, 1_000_000).await;
}

pub async fn workers_lease_the_oldest_rules_first_and_each_rule_once(store: &AlertStore) {
    let mut ids = Vec::new();
    for age in 0..40 {
        let mut one = rule("one");
        one.created_at = at(-age);
        store.create_rule(Uuid::new_v4(), &one).await.unwrap();
        ids.push(one.id);
    }
    let first = lease(store, Uuid::new_v4(), 0, 8).await;
    let oldest: BTreeSet<_> = ids[32..].iter().copied().collect();
    assert_eq!(first.iter().map(|due| due.id).collect::<BTreeSet<_>>(), oldest);
    let workers: Vec<_> = (0..8)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move {
                let worker = Uuid::new_v4();
                let mut mine = Vec::new();
                // A worker that loses a race leases nothing and tries again.
                for _ in 0..20 {
                    mine.extend(lease(&store, worker, 0, 3).await.into_iter().map(|due| due.id));
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
    let mut expected = ids[..32].to_vec();
    expected.sort();
    assert_eq!(leased, expected, "each rule is leased once");
}

pub async fn rejects_an_evaluation_of_a_rule_that_was_updated_meanwhile(store: &AlertStore) {
    let workspace_id = Uuid::new_v4();
    let worker = Uuid::new_v4();
    let stored = rule("stored");
    store.create_rule(workspace_id, &stored).await.unwrap();
    let due = lease_one(store, worker, 0).await;
    let other = rule("changed").rule;
    assert!(store.update_rule(workspace_id, stored.id, 1, &other, at(1)).await.unwrap());
    let record = of_rule(alert(workspace_id, Severity::Info, 0), stored.id, "");
    let evaluation = Evaluation {
        alerts: vec![record.clone()],
        deliveries: vec![new_delivery(&record, Uuid::new_v4(), AlertEvent::Firing, 2)],
        ..no_changes(&due, 2)
    };
    assert_eq!(commit(store, worker, &[evaluation]).await, NO_IDS);
    assert_eq!(store.list_alerts(workspace_id, AlertFilter::default(), 0, 10).await.unwrap().total, 0);
    let deliveries =
        store.list_deliveries(workspace_id, DeliveryFilter::Alert(record.alert.id), 10).await.unwrap();
    assert_eq!(deliveries.total, 0);
    // The updated rule is due immediately for any worker.
    let due = lease_one(store, Uuid::new_v4(), 1).await;
    assert_eq!((due.version, due.rule), (2, other));

    assert!(store.delete_rule(workspace_id, stored.id, at(3)).await.unwrap());
    let due = lease_one(store, worker, 3).await;
    assert_eq!((due.version, due.is_deleted), (3, true));
    let deletion = Evaluation { deletes_rule: true, ..no_changes(&due, 4) };
    assert_eq!(commit(store, worker, &[deletion]).await, [stored.id]);
    assert_nothing_due(store, worker, 1_000_000).await;
}

pub async fn the_next_lease_contains_the_results_of_the_last_evaluation(store: &AlertStore) {
    let workspace_id = Uuid::new_v4();
    let worker = Uuid::new_v4();
    let (stored, ops) = (rule("stored"), channel("ops"));
    store.create_channels(workspace_id, std::slice::from_ref(&ops)).await.unwrap();
    store.create_rule(workspace_id, &stored).await.unwrap();
    let due = lease_one(store, worker, 0).await;
    let [all, bot] =
        ["", "bot"].map(|group| of_rule(alert(workspace_id, Severity::Info, 0), stored.id, group));
    let fired = Evaluation {
        alerts: vec![all.clone(), bot.clone()],
        deliveries: vec![new_delivery(&all, ops.id, AlertEvent::Firing, 1)],
        ..no_changes(&due, 1)
    };
    assert_eq!(commit(store, worker, &[fired]).await, [stored.id]);
    assert_eq!(store.get_rule(workspace_id, stored.id).await.unwrap().unwrap().0.open_alerts, 2);
    let log = store.list_deliveries(workspace_id, DeliveryFilter::Alert(all.alert.id), 10).await.unwrap();
    assert_eq!((log.items[0].event, log.items[0].created_at), (AlertEvent::Firing, at(1)));

    // The alert is acknowledged while the rule is evaluated with the earlier state.
    let mut due = lease_one(store, worker, 11).await;
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
    let changed =
        Evaluation { alerts: vec![worse.clone(), resolved(bot.clone(), 13)], ..no_changes(&due, 13) };
    assert_eq!(commit(store, worker, &[changed]).await, [stored.id]);
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

    // A group may get a new alert in the evaluation that resolves the previous one.
    let due = lease_one(store, worker, 23).await;
    assert_eq!(due.open.iter().map(|record| record.alert.id).collect::<Vec<_>>(), [all.alert.id]);
    let again = of_rule(alert(workspace_id, Severity::Info, -23), stored.id, "");
    let next = Evaluation { alerts: vec![resolved(worse, 23), again.clone()], ..no_changes(&due, 23) };
    assert_eq!(commit(store, worker, &[next]).await, [stored.id]);
    let due = lease_one(store, worker, 33).await;
    assert_eq!(due.open, [again]);
}

pub async fn a_failed_commit_of_an_evaluation_stores_nothing(store: &AlertStore) {
    let workspace_id = Uuid::new_v4();
    let worker = Uuid::new_v4();
    let stored = rule("stored");
    store.create_rule(workspace_id, &stored).await.unwrap();
    let due = lease_one(store, worker, 0).await;
    let record = of_rule(alert(workspace_id, Severity::Info, 0), stored.id, "");
    let twice = new_delivery(&record, Uuid::new_v4(), AlertEvent::Firing, 1);
    let evaluation = Evaluation {
        alerts: vec![record.clone()],
        deliveries: vec![twice.clone(), twice],
        ..no_changes(&due, 1)
    };
    store.commit_evaluations(worker, std::slice::from_ref(&evaluation)).await.unwrap_err();
    assert_eq!(store.list_alerts(workspace_id, AlertFilter::default(), 0, 10).await.unwrap().total, 0);
    let rule = store.get_rule(workspace_id, stored.id).await.unwrap().unwrap().0;
    assert_eq!((rule.evaluated_at, rule.open_alerts), (None, 0));
    // The worker still holds the lease and may try again.
    let once = Evaluation { deliveries: vec![evaluation.deliveries[0].clone()], ..evaluation };
    assert_eq!(commit(store, worker, &[once]).await, [stored.id]);
}

pub async fn deliveries_beyond_the_limit_of_a_workspace_are_recorded_as_dropped(store: &AlertStore) {
    let workspace_id = Uuid::new_v4();
    let worker = Uuid::new_v4();
    let channels: Vec<_> = (0..3).map(|number| channel(&format!("channel {number}"))).collect();
    store.create_channels(workspace_id, &channels).await.unwrap();
    // Two rules, so that the second is stored in another transaction.
    let rules = [rule("one"), rule("two")];
    for rule in &rules {
        store.create_rule(workspace_id, rule).await.unwrap();
    }
    let due = lease(store, worker, 0, 10).await;
    let evaluations: Vec<_> = due
        .iter()
        .map(|due| {
            let alerts: Vec<_> = (0..200)
                .map(|number| {
                    of_rule(alert(workspace_id, Severity::Info, 0), due.id, &format!("bot {number}"))
                })
                .collect();
            let deliveries = alerts
                .iter()
                .flat_map(|record| {
                    channels.iter().map(|channel| new_delivery(record, channel.id, AlertEvent::Firing, 1))
                })
                .collect();
            Evaluation { alerts, deliveries, ..no_changes(due, 1) }
        })
        .collect();
    let committed = store.commit_evaluations(worker, &evaluations).await.unwrap();
    let dropped = 2 * 200 * 3 - limit::PENDING_DELIVERIES as u64;
    assert_eq!((committed.rule_ids.len(), committed.dropped_deliveries), (2, dropped));
    let mut recorded = 0;
    for channel in &channels {
        let of = DeliveryFilter::Channel(channel.id);
        let list = store.list_deliveries(workspace_id, of, 1000).await.unwrap();
        let failed: Vec<_> =
            list.items.iter().filter(|delivery| delivery.state == DeliveryState::Failed).collect();
        let error = failed[0].error.as_deref().unwrap();
        assert!(error.ends_with("the workspace has 1,000 pending deliveries"), "{error}");
        let more =
            error.strip_prefix("dropped with ").and_then(|rest| rest.split_once(" more to this channel"));
        recorded += 1 + more.unwrap().0.parse::<u64>().unwrap();
        assert_eq!((failed.len(), failed[0].attempts), (1, 0));
    }
    assert_eq!(recorded, dropped);
    // Another workspace is not affected.
    let other = Uuid::new_v4();
    let channel = channel("other");
    store.create_channels(other, std::slice::from_ref(&channel)).await.unwrap();
    let record = alert(other, Severity::Info, 0);
    assert!(store.create_delivery(&new_delivery(&record, channel.id, AlertEvent::Firing, 2)).await.unwrap());
    let record = alert(workspace_id, Severity::Info, 0);
    let more = new_delivery(&record, channels[0].id, AlertEvent::Firing, 2);
    assert!(!store.create_delivery(&more).await.unwrap());
}
