//! Recent alerts over HTTP.

use std::time::Duration;

use serde_json::json;
use shared::alert::{Alert, Severity};
use uuid::Uuid;

use crate::server::{Member, noon, spawn};

fn alert(of: &Member, minutes_ago: u64, severity: Severity) -> Alert {
    Alert {
        id: Uuid::new_v4(),
        workspace_id: of.user.workspace_id,
        title: format!("{minutes_ago} minutes ago"),
        description: "The error rate was 12 %.".to_owned(),
        severity,
        metric_value: Some(12.5),
        created_at: noon() - Duration::from_secs(60 * minutes_ago),
    }
}

#[tokio::test]
async fn the_newest_ten_alerts_come_first() {
    let server = spawn().await;
    let (ada, bob) = (server.member("ada").await, server.member("bob").await);
    let mut alerts: Vec<_> = (0..15).map(|i| alert(&ada, i * 7 % 15, Severity::Info)).collect();
    server.keep_alerts(&alerts).await;
    let list = ada.get("/api/v1/alerts/recent").await.expect(200).json();
    alerts.sort_by_key(|alert| std::cmp::Reverse(alert.created_at));
    assert_eq!(list, json!({"items": alerts[..10], "total": 15}));
    let empty = bob.get("/api/v1/alerts/recent").await.expect(200).json();
    assert_eq!(empty, json!({"items": [], "total": 0}), "another workspace's are not shown");
}

#[tokio::test]
async fn alerts_are_filtered_by_severity_and_bounded_by_the_limit() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    let alerts: Vec<_> =
        (0..9).map(|i| alert(&ada, i, Severity::ALL[usize::try_from(i).unwrap() % 3])).collect();
    server.keep_alerts(&alerts).await;
    for severity in Severity::ALL {
        let path = format!("/api/v1/alerts/recent?limit=2&severity={}", severity.as_str());
        let list = ada.get(&path).await.expect(200).json();
        let items = list["items"].as_array().unwrap();
        assert_eq!((items.len(), &list["total"]), (2, &json!(3)));
        assert!(items.iter().all(|item| item["severity"] == severity.as_str()), "{list}");
    }
    for query in ["limit=0", "limit=101"] {
        let answer = ada.get(&format!("/api/v1/alerts/recent?{query}")).await;
        assert_eq!(answer.expect_error(422, "validation_failed").fields(), ["limit"]);
    }
    ada.get("/api/v1/alerts/recent?severity=fatal").await.expect_error(400, "bad_request");
}
