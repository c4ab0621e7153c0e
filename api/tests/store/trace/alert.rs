//! Alerts.

use api::store::trace::TraceStore;
use shared::{
    Timestamp,
    alert::{Alert, Severity},
};
use uuid::Uuid;

use super::sample::START;

fn alert(workspace_id: Uuid, severity: Severity, age: i64) -> Alert {
    Alert {
        id: Uuid::new_v4(),
        workspace_id,
        title: "Errors above 5 %".to_owned(),
        description: "7.5 % of the last hour's traces failed.".to_owned(),
        severity,
        metric_value: (age % 2 == 0).then_some(7.5),
        created_at: Timestamp::from_micros(START - age),
    }
}

pub async fn alerts_come_newest_first_by_workspace_and_severity(store: &TraceStore) {
    let (mine, other) = (Uuid::new_v4(), Uuid::new_v4());
    let alerts: Vec<_> = (0..30).map(|age| alert(mine, Severity::ALL[(age % 3) as usize], age)).collect();
    let mut shuffled = alerts.clone();
    shuffled.rotate_left(11);
    shuffled.push(alert(other, Severity::Critical, 0));
    store.insert_alerts(&shuffled).await.unwrap();

    let all = store.recent_alerts(mine, 100, None).await.unwrap();
    assert_eq!((all.items, all.total), (alerts.clone(), 30));
    let some = store.recent_alerts(mine, 4, None).await.unwrap();
    assert_eq!((some.items.as_slice(), some.total), (&alerts[..4], 30));
    for severity in Severity::ALL {
        let found = store.recent_alerts(mine, 5, Some(severity)).await.unwrap();
        let truth = alerts.iter().filter(|alert| alert.severity == severity).take(5).cloned();
        assert_eq!((found.items, found.total), (truth.collect(), 10));
    }
    assert_eq!(store.recent_alerts(Uuid::new_v4(), 10, None).await.unwrap().total, 0);
}

pub async fn an_alert_kept_twice_is_there_once(store: &TraceStore) {
    let workspace_id = Uuid::new_v4();
    let first = alert(workspace_id, Severity::Info, 0);
    let again = Alert { title: "Something else".to_owned(), ..first.clone() };
    store.insert_alerts(&[]).await.unwrap();
    store.insert_alerts(&[first.clone(), again.clone()]).await.unwrap();
    store.insert_alerts(&[again]).await.unwrap();
    let found = store.recent_alerts(workspace_id, 10, None).await.unwrap();
    assert_eq!((found.items, found.total), (vec![first], 1));
}
