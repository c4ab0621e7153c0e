//! Alerts: listing, reading and acknowledging.

use domain::alert::record::{AlertFilter, AlertRecord};
use shared::{
    Timestamp,
    alert::{Alert, AlertChange, AlertState, AlertTraces, Resolution, Severity},
    alert_rule::AlertMetric,
    metric::Dimension,
    trace::TraceStatus,
};
use store::alert::AlertStore;
use uuid::Uuid;

use test_support::store_sample::START;

/// An empty list of ids.
pub const NO_IDS: [Uuid; 0] = [];

pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(START + seconds * 1_000_000)
}

/// Returns an open alert without a rule, created `age` seconds before the start.
pub fn alert(workspace_id: Uuid, severity: Severity, age: i64) -> AlertRecord {
    let alert = Alert {
        id: Uuid::new_v4(),
        workspace_id,
        title: "Errors above 5 %".to_owned(),
        description: "7.5 % of the last hour's traces failed.".to_owned(),
        severity,
        metric_value: (age % 2 == 0).then_some(7.5),
        created_at: at(-age),
        state: AlertState::Firing,
        rule_id: None,
        metric: None,
        is_change: false,
        threshold: None,
        worst_value: None,
        agent_id: None,
        model: None,
        changes: Vec::new(),
        traces: None,
        acknowledged_at: None,
        acknowledged_by: None,
        resolved_at: None,
        resolution: None,
    };
    AlertRecord { alert, group_key: String::new() }
}

/// Assigns an alert to a rule and one of its groups.
pub fn of_rule(record: AlertRecord, rule_id: Uuid, group_key: &str) -> AlertRecord {
    let alert = Alert { rule_id: Some(rule_id), ..record.alert };
    AlertRecord { alert, group_key: group_key.to_owned() }
}

/// Resolves an alert.
pub fn resolved(record: AlertRecord, seconds: i64) -> AlertRecord {
    let (state, resolution) = (AlertState::Resolved, Some(Resolution::Recovered));
    AlertRecord {
        alert: Alert { state, resolved_at: Some(at(seconds)), resolution, ..record.alert },
        ..record
    }
}

fn shown<'a>(records: impl IntoIterator<Item = &'a AlertRecord>) -> Vec<Alert> {
    records.into_iter().map(|record| record.alert.clone()).collect()
}

fn of_severity(severity: Severity) -> AlertFilter {
    AlertFilter { severity: Some(severity), ..AlertFilter::default() }
}

pub async fn lists_alerts_newest_first_by_workspace_and_severity(store: &AlertStore) {
    let (mine, other) = (Uuid::new_v4(), Uuid::new_v4());
    let alerts: Vec<_> = (0..30).map(|age| alert(mine, Severity::ALL[(age % 3) as usize], age)).collect();
    let mut shuffled = alerts.clone();
    shuffled.rotate_left(11);
    shuffled.push(alert(other, Severity::Critical, 0));
    store.insert_alerts(&shuffled).await.unwrap();

    let all = store.list_alerts(mine, AlertFilter::default(), 0, 100).await.unwrap();
    assert_eq!((all.items, all.total), (shown(&alerts), 30));
    let some = store.list_alerts(mine, AlertFilter::default(), 0, 4).await.unwrap();
    assert_eq!((some.items, some.total), (shown(&alerts[..4]), 30));
    let next = store.list_alerts(mine, AlertFilter::default(), 28, 4).await.unwrap();
    assert_eq!((next.items, next.total), (shown(&alerts[28..]), 30));
    let beyond = store.list_alerts(mine, AlertFilter::default(), u64::MAX, 4).await.unwrap();
    assert_eq!((beyond.items, beyond.total), (vec![], 30));
    for severity in Severity::ALL {
        let found = store.list_alerts(mine, of_severity(severity), 0, 5).await.unwrap();
        let expected = alerts.iter().filter(|record| record.alert.severity == severity).take(5);
        assert_eq!((found.items, found.total), (shown(expected), 10));
    }
    assert_eq!(store.list_alerts(Uuid::new_v4(), AlertFilter::default(), 0, 10).await.unwrap().total, 0);
}

pub async fn any_filter_of_alerts_equals_brute_force(store: &AlertStore) {
    let workspace_id = Uuid::new_v4();
    let rules = [Uuid::new_v4(), Uuid::new_v4()];
    let mut alerts = Vec::new();
    for age in 0..72_i64 {
        let mut record = alert(workspace_id, Severity::ALL[(age % 3) as usize], age);
        if age % 4 < 2 {
            record = of_rule(record, rules[(age % 2) as usize], &format!("agent-{age}"));
        }
        if age % 5 < 2 {
            let acknowledged_by = Some("ada@example.com".to_owned());
            record.alert = Alert {
                state: AlertState::Acknowledged,
                acknowledged_at: Some(at(1)),
                acknowledged_by,
                ..record.alert
            };
        }
        alerts.push(if age % 7 < 3 { resolved(record, 2) } else { record });
    }
    store.insert_alerts(&alerts).await.unwrap();
    let either = [None, Some(true), Some(false)];
    for (is_open, is_acknowledged) in
        either.iter().flat_map(|&open| either.iter().map(move |&other| (open, other)))
    {
        for severity in [None, Some(Severity::Warning)] {
            for rule_id in [None, Some(rules[0]), Some(Uuid::new_v4())] {
                let filter = AlertFilter { is_open, is_acknowledged, severity, rule_id };
                let expected: Vec<_> = shown(&alerts)
                    .into_iter()
                    .filter(|alert| {
                        is_open.is_none_or(|open| alert.resolved_at.is_none() == open)
                            && is_acknowledged.is_none_or(|is| alert.acknowledged_at.is_some() == is)
                            && severity.is_none_or(|severity| alert.severity == severity)
                            && rule_id.is_none_or(|id| alert.rule_id == Some(id))
                    })
                    .collect();
                let found = store.list_alerts(workspace_id, filter, 0, 100).await.unwrap();
                assert_eq!((found.total, found.items), (expected.len() as u64, expected), "{filter:?}");
            }
        }
    }
}

pub async fn an_alert_inserted_twice_is_stored_once(store: &AlertStore) {
    let workspace_id = Uuid::new_v4();
    let first = alert(workspace_id, Severity::Info, 0);
    let mut duplicate = first.clone();
    duplicate.alert.title = "Something else".to_owned();
    assert_eq!(store.insert_alerts(&[]).await.unwrap(), 0);
    assert_eq!(store.insert_alerts(&[first.clone(), duplicate.clone()]).await.unwrap(), 1);
    assert_eq!(store.insert_alerts(&[duplicate]).await.unwrap(), 0);
    let found = store.list_alerts(workspace_id, AlertFilter::default(), 0, 10).await.unwrap();
    assert_eq!((found.items, found.total), (vec![first.alert], 1));
}

pub async fn a_group_of_a_rule_has_one_open_alert_and_any_number_of_resolved_ones(store: &AlertStore) {
    let (workspace_id, rule_id) = (Uuid::new_v4(), Uuid::new_v4());
    let one = |group| of_rule(alert(workspace_id, Severity::Info, 0), rule_id, group);
    let records = [one(""), one(""), one("bot"), resolved(one(""), 5), resolved(one(""), 5), one("bot")];
    assert_eq!(store.insert_alerts(&records).await.unwrap(), 4);
    let open = AlertFilter { is_open: Some(true), ..AlertFilter::default() };
    assert_eq!(store.list_alerts(workspace_id, open, 0, 10).await.unwrap().total, 2);
}

pub async fn returns_an_alert_with_all_fields_only_to_its_own_workspace(store: &AlertStore) {
    let workspace_id = Uuid::new_v4();
    let plain = resolved(of_rule(alert(workspace_id, Severity::Critical, 7), Uuid::new_v4(), "bot"), 9);
    let whole = Alert {
        metric: Some(AlertMetric::P99LatencyMs),
        is_change: true,
        threshold: Some(0.1),
        worst_value: Some(1e300),
        metric_value: Some(-0.1),
        agent_id: Some("b\u{f6}t \"1\"".to_owned()),
        model: Some("gpt-4o".to_owned()),
        changes: vec![
            AlertChange {
                by: Dimension::Agent,
                key: Some("b".to_owned()),
                before: Some(1.5),
                now: Some(2.5),
            },
            AlertChange { by: Dimension::Model, key: None, before: None, now: None },
        ],
        traces: Some(AlertTraces {
            start: at(-900),
            end: at(0),
            agent_id: None,
            model: Some("gpt-4o".to_owned()),
            status: Some(TraceStatus::Timeout),
        }),
        acknowledged_at: Some(at(3)),
        acknowledged_by: Some("ada@example.com".to_owned()),
        resolution: Some(Resolution::RuleDeleted),
        ..plain.alert
    };
    let record = AlertRecord { alert: whole.clone(), ..plain };
    store.insert_alerts(std::slice::from_ref(&record)).await.unwrap();
    assert_eq!(store.get_alert(workspace_id, whole.id).await.unwrap(), Some(whole.clone()));
    assert_eq!(store.get_alert(Uuid::new_v4(), whole.id).await.unwrap(), None);
    assert_eq!(store.get_alert(workspace_id, Uuid::new_v4()).await.unwrap(), None);
}

pub async fn only_its_own_workspace_acknowledges_an_open_alert_and_only_once(store: &AlertStore) {
    let workspace_id = Uuid::new_v4();
    let (open, closed) =
        (alert(workspace_id, Severity::Info, 1), resolved(alert(workspace_id, Severity::Info, 2), 0));
    store.insert_alerts(&[open.clone(), closed.clone()]).await.unwrap();
    let other_workspace =
        store.acknowledge_alert(Uuid::new_v4(), open.alert.id, "eve@example.com", at(5)).await.unwrap();
    assert_eq!(other_workspace, None);
    assert_eq!(store.get_alert(workspace_id, open.alert.id).await.unwrap(), Some(open.alert.clone()));

    let expected = Alert {
        state: AlertState::Acknowledged,
        acknowledged_at: Some(at(6)),
        acknowledged_by: Some("ada@example.com".to_owned()),
        ..open.alert
    };
    for (by, seconds) in [("ada@example.com", 6), ("bob@example.com", 7)] {
        let alert = store.acknowledge_alert(workspace_id, expected.id, by, at(seconds)).await.unwrap();
        assert_eq!(alert.as_ref(), Some(&expected), "{by}");
    }
    let alert =
        store.acknowledge_alert(workspace_id, closed.alert.id, "ada@example.com", at(8)).await.unwrap();
    assert_eq!(alert, Some(closed.alert));
    assert_eq!(
        store.acknowledge_alert(workspace_id, Uuid::new_v4(), "ada@example.com", at(8)).await.unwrap(),
        None
    );
}
