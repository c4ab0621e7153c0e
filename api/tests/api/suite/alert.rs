//! Alerts over HTTP: recent alerts, the paginated list, details, acknowledgement, and deliveries.

use std::time::Duration;

use domain::alert::record::{NewDelivery, Notification};
use serde_json::{Value, json};
use shared::{
    alert::{Alert, AlertChange, AlertState, AlertTraces, Resolution, Severity},
    alert_channel::AlertEvent,
    alert_rule::AlertMetric,
    metric::Dimension,
    trace::TraceStatus,
};
use uuid::Uuid;

use test_support::server::{self, Member, noon, spawn};

fn alert(of: &Member, minutes_ago: u64, severity: Severity) -> Alert {
    let created_at = noon() - Duration::from_secs(60 * minutes_ago);
    server::alert(of.user.workspace_id, &format!("{minutes_ago} minutes ago"), severity, created_at)
}

fn resolved(alert: Alert) -> Alert {
    Alert { state: AlertState::Resolved, resolved_at: Some(noon()), ..alert }
}

fn ids(list: &Value) -> Vec<&str> {
    list["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn recent_returns_the_newest_ten_alerts() {
    let server = spawn().await;
    let (ada, bob) = (server.member("ada").await, server.member("bob").await);
    let mut alerts: Vec<_> = (0..15).map(|i| alert(&ada, i * 7 % 15, Severity::Info)).collect();
    server.insert_alerts(&alerts).await;
    let list = ada.get("/api/v1/alerts/recent").await.expect(200).json();
    alerts.sort_by_key(|alert| std::cmp::Reverse(alert.created_at));
    assert_eq!(list, json!({"items": alerts[..10], "total": 15}));
    let empty = bob.get("/api/v1/alerts/recent").await.expect(200).json();
    assert_eq!(empty, json!({"items": [], "total": 0}), "alerts of another workspace are not listed");
}

#[tokio::test]
async fn recent_filters_by_severity_and_applies_the_limit() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    let alerts: Vec<_> =
        (0..9).map(|i| alert(&ada, i, Severity::ALL[usize::try_from(i).unwrap() % 3])).collect();
    server.insert_alerts(&alerts).await;
    for severity in Severity::ALL {
        let path = format!("/api/v1/alerts/recent?limit=2&severity={}", severity.as_str());
        let list = ada.get(&path).await.expect(200).json();
        let items = list["items"].as_array().unwrap();
        assert_eq!((items.len(), &list["total"]), (2, &json!(3)));
        assert!(items.iter().all(|item| item["severity"] == severity.as_str()), "{list}");
    }
    for query in ["limit=0", "limit=101"] {
        let response = ada.get(&format!("/api/v1/alerts/recent?{query}")).await;
        assert_eq!(response.expect_error(422, "validation_failed").fields(), ["limit"]);
    }
    ada.get("/api/v1/alerts/recent?severity=fatal").await.expect_error(400, "bad_request");
}

#[tokio::test]
async fn list_paginates_and_filters_by_state_severity_and_rule() {
    let server = spawn().await;
    let (ada, bob) = (server.member("ada").await, server.member("bob").await);
    let rule_id = Uuid::new_v4();
    let firing = alert(&ada, 1, Severity::Critical);
    let acknowledged = alert(&ada, 2, Severity::Warning);
    let finished = resolved(alert(&ada, 3, Severity::Critical));
    let of_rule = resolved(Alert { rule_id: Some(rule_id), ..alert(&ada, 4, Severity::Info) });
    let all = [firing, acknowledged, finished, of_rule];
    server.insert_alerts(&all).await;
    server.insert_alerts(&[alert(&bob, 0, Severity::Critical)]).await;
    ada.post(&format!("/api/v1/alerts/{}/acknowledge", all[1].id), &json!(null)).await.expect(200);
    let rule = format!("rule_id={rule_id}&");
    for (query, found) in [
        ("", &[0, 1, 2, 3][..]),
        ("state=open&", &[0, 1]),
        ("state=firing&", &[0]),
        ("state=acknowledged&", &[1]),
        ("state=resolved&", &[2, 3]),
        ("severity=critical&", &[0, 2]),
        ("severity=critical&state=resolved&", &[2]),
        (&rule, &[3]),
        ("severity=info&state=open&", &[]),
    ] {
        let expected: Vec<_> = found.iter().map(|&index| all[index].id.to_string()).collect();
        for limit in 1..=3_usize {
            for page in 1..=found.len().div_ceil(limit) + 1 {
                let path = format!("/api/v1/alerts?{query}limit={limit}&page={page}");
                let list = ada.get(&path).await.expect(200).json();
                let of_page: Vec<_> = expected.iter().skip((page - 1) * limit).take(limit).collect();
                assert_eq!(ids(&list), of_page, "{path}");
                let [total, pages] = ["total", "total_pages"].map(|name| list[name].as_u64().unwrap());
                assert_eq!(
                    (total, pages),
                    (found.len() as u64, found.len().div_ceil(limit) as u64),
                    "{path}"
                );
            }
        }
    }
    let first = ada.get("/api/v1/alerts").await.expect(200).json();
    assert_eq!((&first["page"], &first["limit"]), (&json!(1), &json!(50)));
    for (query, field) in [("limit=0", "limit"), ("limit=101", "limit"), ("page=0", "page")] {
        let response = ada.get(&format!("/api/v1/alerts?{query}")).await;
        assert_eq!(response.expect_error(422, "validation_failed").fields(), [field]);
    }
    for query in ["state=over", "severity=fatal", "rule_id=7", "page=-1"] {
        ada.get(&format!("/api/v1/alerts?{query}")).await.expect_error(400, "bad_request");
    }
}

#[tokio::test]
async fn detail_contains_every_field_and_unknown_alerts_return_404() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    let complete = Alert {
        rule_id: Some(Uuid::new_v4()),
        metric: Some(AlertMetric::P95LatencyMs),
        is_change: true,
        threshold: Some(100.0),
        worst_value: Some(312.5),
        agent_id: Some("support-bot".to_owned()),
        model: Some("gpt-4o".to_owned()),
        changes: vec![AlertChange { by: Dimension::Model, key: None, before: None, now: Some(1250.0) }],
        traces: Some(AlertTraces {
            start: noon() - Duration::from_secs(900),
            end: noon(),
            agent_id: Some("support-bot".to_owned()),
            model: None,
            status: Some(TraceStatus::Error),
        }),
        resolution: Some(Resolution::NothingMeasured),
        ..resolved(alert(&ada, 5, Severity::Critical))
    };
    server.insert_alerts(std::slice::from_ref(&complete)).await;
    let path = format!("/api/v1/alerts/{}", complete.id);
    let shown = ada.get(&path).await.expect(200);
    assert_eq!(shown.to::<Alert>(), complete);
    assert_eq!(
        (&shown.json()["state"], &shown.json()["resolution"], &shown.json()["metric"]),
        (&json!("resolved"), &json!("nothing_measured"), &json!("p95_latency_ms"))
    );
    for id in [Uuid::new_v4().to_string(), "nonsense".to_owned()] {
        for what in ["", "/deliveries"] {
            ada.get(&format!("/api/v1/alerts/{id}{what}")).await.expect_error(404, "not_found");
        }
        ada.post(&format!("/api/v1/alerts/{id}/acknowledge"), &json!(null))
            .await
            .expect_error(404, "not_found");
    }
}

#[tokio::test]
async fn first_acknowledgement_is_kept_and_visible_at_once() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    let (firing, finished) = (alert(&ada, 5, Severity::Critical), resolved(alert(&ada, 9, Severity::Info)));
    server.insert_alerts(&[firing.clone(), finished.clone()]).await;
    // Ingestion invalidates the cached response; the first request caches it again.
    ada.ingest(&[test_support::sample::trace("run", noon(), json!({}))]).await;
    assert_eq!(ada.get("/api/v1/alerts/recent").await.json()["items"][0]["state"], "firing");
    assert_eq!(ada.get("/api/v1/alerts/recent").await.header("x-cache"), "hit");

    let path = format!("/api/v1/alerts/{}/acknowledge", firing.id);
    // The endpoint needs no body.
    let first = ada.send(ada.request(reqwest::Method::POST, &path)).await.expect(200).to::<Alert>();
    let expected = Alert {
        state: AlertState::Acknowledged,
        acknowledged_at: Some(noon()),
        acknowledged_by: Some("ada@example.com".to_owned()),
        ..firing
    };
    assert_eq!(first, expected);
    let recent = ada.get("/api/v1/alerts/recent").await.expect(200).json();
    assert_eq!(recent["items"][0], json!(expected), "the cached response was invalidated");

    server.clock.advance(Duration::from_secs(60));
    assert_eq!(ada.post(&path, &json!(null)).await.expect(200).to::<Alert>(), expected);
    let path = format!("/api/v1/alerts/{}/acknowledge", finished.id);
    assert_eq!(
        ada.post(&path, &json!(null)).await.expect(200).to::<Alert>(),
        finished,
        "a resolved alert is not acknowledged"
    );
}

#[tokio::test]
async fn deliveries_of_an_alert_are_listed_newest_first() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    let channel = json!({"name": "ops", "url": "https://example.com/hook", "enabled": false});
    let channel = ada.post("/api/v1/alert-channels", &channel).await.expect(201).json();
    let channel_id: Uuid = channel["id"].as_str().unwrap().parse().unwrap();
    let alerts = [alert(&ada, 5, Severity::Critical), alert(&ada, 6, Severity::Info)];
    server.insert_alerts(&alerts).await;
    let new_delivery = |alert: &Alert, event, seconds: u64| NewDelivery {
        id: Uuid::new_v4(),
        channel_id,
        notification: Notification {
            workspace_id: ada.user.workspace_id,
            event,
            // The delivery is due in the future, so that it stays pending.
            at: noon() + Duration::from_secs(3600 + seconds),
            alert: Some(alert.clone()),
            group: None,
            recipient: None,
        },
    };
    let deliveries = [
        new_delivery(&alerts[0], AlertEvent::Firing, 0),
        new_delivery(&alerts[0], AlertEvent::Escalated, 60),
        new_delivery(&alerts[1], AlertEvent::Firing, 0),
    ];
    let stored = deliveries.clone();
    server
        .with_alert_store(|store| async move {
            for delivery in &stored {
                store.create_delivery(delivery).await.unwrap();
            }
        })
        .await;
    let path = format!("/api/v1/alerts/{}/deliveries", alerts[0].id);
    let list = ada.get(&path).await.expect(200).json();
    assert_eq!(
        (ids(&list), &list["total"]),
        (vec![&*deliveries[1].id.to_string(), &*deliveries[0].id.to_string()], &json!(2))
    );
    let expected = json!({
        "id": deliveries[1].id, "channel_id": channel_id, "alert_id": alerts[0].id, "alert_count": 1,
        "event": "escalated",
        "state": "pending", "attempts": 0, "created_at": deliveries[1].notification.at,
        "next_attempt_at": deliveries[1].notification.at, "finished_at": null, "status_code": null, "error": null,
    });
    assert_eq!(list["items"][0], expected);
}
