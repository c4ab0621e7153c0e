//! Alert channels over HTTP: create, list, update, delete, test messages, and deliveries.

use std::time::Duration;

use domain::alert::record::{NewDelivery, Notification};
use serde_json::{Value, json};
use shared::{alert_channel::AlertEvent, limit};
use uuid::Uuid;

use test_support::{
    client::Client,
    sample::merged,
    server::{noon, spawn},
};

const CHANNELS: &str = "/api/v1/alert-channels";

fn webhook() -> Value {
    json!({"name": "ops", "url": "https://example.com/hook?a=b"})
}

fn path(channel: &Value) -> String {
    format!("{CHANNELS}/{}", channel["id"].as_str().unwrap())
}

async fn create(client: &Client, channel: &Value) -> Value {
    client.post(CHANNELS, channel).await.expect(201).json()
}

#[tokio::test]
async fn channel_is_created_updated_and_deleted_and_its_secret_is_shown_once() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    assert_eq!(ada.get(CHANNELS).await.expect(200).json(), json!({"items": [], "total": 0}));
    let sent = merged(webhook(), json!({"name": " On call ", "min_severity": "warning"}));
    let response = ada.post(CHANNELS, &sent).await.expect(201);
    assert_eq!(response.header("cache-control"), "no-store");
    let created = response.json();
    let secret = created["secret"].as_str().unwrap();
    assert!(secret.starts_with("whsec_") && secret.len() == 50, "{secret}");
    let shown = json!({
        "id": created["id"], "name": "On call", "kind": "webhook", "url": "https://example.com/hook?a=b",
        "min_severity": "warning", "enabled": true, "created_at": noon(), "updated_at": noon(),
    });
    assert_eq!(created, merged(shown.clone(), json!({"secret": secret})));
    assert_eq!(ada.get(&path(&created)).await.expect(200).json(), shown);
    assert_eq!(ada.get(CHANNELS).await.expect(200).json(), json!({"items": [shown], "total": 1}));

    server.clock.advance(Duration::from_secs(10));
    let change = json!({"enabled": false, "min_severity": null, "url": "https://example.org/"});
    let updated = ada.patch(&path(&created), &change).await.expect(200).json();
    let expected = merged(
        shown,
        json!({"enabled": false, "min_severity": "info", "url": "https://example.org/",
        "updated_at": noon() + Duration::from_secs(10)}),
    );
    assert_eq!(updated, expected);
    assert_eq!(ada.get(&path(&created)).await.expect(200).json(), expected);

    assert_eq!(ada.delete(&path(&created)).await.expect(204).text, "");
    for what in ["", "/deliveries"] {
        ada.get(&format!("{}{what}", path(&created))).await.expect_error(404, "not_found");
    }
    ada.delete(&path(&created)).await.expect_error(404, "not_found");
    ada.patch(&path(&created), &json!({})).await.expect_error(404, "not_found");
    ada.post(&format!("{}/test", path(&created)), &json!(null)).await.expect_error(404, "not_found");
    ada.get(&format!("{CHANNELS}/nonsense")).await.expect_error(404, "not_found");
}

#[tokio::test]
async fn slack_and_email_have_no_secret() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    let slack = json!({"name": "chat", "kind": "slack", "url": "https://hooks.slack.com/services/T0/B0/xyz"});
    let email = json!({"name": "mail", "kind": "email", "to": ["ops@example.com", "ada@example.com"]});
    for sent in [slack, email] {
        let created = create(&ada, &sent).await;
        assert!(created.get("secret").is_none(), "{created}");
        for (field, value) in sent.as_object().unwrap() {
            assert_eq!(&created[field], value);
        }
        let response = ada.patch(&path(&created), &json!({"kind": "webhook"})).await;
        assert_eq!(response.expect_error(422, "validation_failed").fields(), ["kind"]);
    }
}

#[tokio::test]
async fn rejects_an_invalid_channel_and_names_the_field() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    let created = create(&ada, &webhook()).await;
    for (field, value) in [
        ("name", json!("")),
        ("secret", json!("whsec_AAAA")),
        ("adress", json!("https://example.com")),
        ("url", json!("ftp://example.com")),
        ("url", json!("https://ada:hunter2@example.com")),
        ("url", json!("http://127.0.0.1:8080/")),
        ("url", json!("http://169.254.169.254/latest/meta-data/")),
        ("url", json!("http://[::ffff:10.0.0.1]/")),
        ("url", json!("http://0x7f.1/")),
        ("url", json!("https://localhost/")),
        ("url", json!(["https://example.com"])),
        ("to", json!(["a@b.c"])),
        ("min_severity", json!("fatal")),
        ("enabled", json!(1)),
    ] {
        let response = ada.post(CHANNELS, &merged(webhook(), json!({field: value}))).await;
        let response = response.expect_error(422, "validation_failed");
        assert_eq!(response.fields(), [field], "{value}: {}", response.text);
        let response = ada.patch(&path(&created), &json!({field: value})).await;
        let response = response.expect_error(422, "validation_failed");
        assert_eq!(response.fields(), [field], "{value}: {}", response.text);
    }
    let response = ada.patch(&path(&created), &json!({"url": null})).await;
    assert_eq!(response.expect_error(422, "validation_failed").fields(), ["url"]);
    let mail = |to| json!({"name": "mail", "kind": "email", "to": to});
    for wrong in ["nobody", "a..b@example.com", "", "b b@example.com"] {
        let response = ada.post(CHANNELS, &mail(["a@b.c", wrong])).await;
        assert_eq!(response.expect_error(422, "validation_failed").fields(), ["to[1]"], "{wrong}");
    }
    let spaced = create(&ada, &mail([" a@b.c", "d@e.f\n"])).await;
    assert_eq!(spaced["to"], json!(["a@b.c", "d@e.f"]));
    ada.delete(&path(&spaced)).await.expect(204);
    assert_eq!(ada.get(CHANNELS).await.expect(200).json()["total"], 1);
}

#[tokio::test]
async fn rejects_channels_above_the_limit_of_a_workspace() {
    let server = spawn().await;
    let (ada, bob) = (server.member("ada").await, server.member("bob").await);
    for _ in 0..limit::ALERT_CHANNELS {
        create(&ada, &webhook()).await;
    }
    let response = ada.post(CHANNELS, &webhook()).await.expect_error(422, "validation_failed");
    assert_eq!(response.fields(), ["name"]);
    create(&bob, &webhook()).await;
}

#[tokio::test]
async fn test_message_is_queued_and_listed_in_the_deliveries() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    // The host does not resolve, so that the outcome does not depend on the network.
    let created = create(
        &ada,
        &merged(webhook(), json!({"url": "https://agent-observability.invalid/", "enabled": false})),
    )
    .await;
    let response = ada.post(&format!("{}/test", path(&created)), &json!(null)).await.expect(202).json();
    let expected = json!({
        "id": response["id"], "channel_id": created["id"], "alert_id": null, "alert_count": 0, "event": "test", "state": "pending",
        "attempts": 0, "created_at": noon(), "next_attempt_at": noon(), "finished_at": null, "status_code": null,
        "error": null,
    });
    assert_eq!(response, expected);
    let list = ada.get(&format!("{}/deliveries", path(&created))).await.expect(200).json();
    let delivery = &list["items"][0];
    assert_eq!(
        (&list["total"], &delivery["id"], &delivery["event"]),
        (&json!(1), &response["id"], &json!("test"))
    );
    let last = ada.get(&path(&created)).await.expect(200).json()["last_delivery"].clone();
    assert_eq!((&last["id"], &last["event"]), (&response["id"], &json!("test")));
}

#[tokio::test]
async fn test_messages_are_rate_limited_per_workspace() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    let unreachable = merged(webhook(), json!({"url": "https://agent-observability.invalid/"}));
    let created = create(&ada, &unreachable).await;
    let send_test = async |channel: &Value| ada.post(&format!("{}/test", path(channel)), &json!(null)).await;
    send_test(&created).await.expect(202);
    // New and deleted channels do not bypass the limit.
    for _ in 1..20 {
        let created = create(&ada, &unreachable).await;
        send_test(&created).await.expect(202);
        ada.delete(&path(&created)).await.expect(204);
    }
    let other = create(&ada, &unreachable).await;
    send_test(&other).await.expect_error(429, "rate_limited");
    let bob = server.member("bob").await;
    let own = create(&bob, &unreachable).await;
    bob.post(&format!("{}/test", path(&own)), &json!(null)).await.expect(202);
}

#[tokio::test]
async fn deliveries_are_listed_newest_first_up_to_the_limit() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    let created = create(&ada, &webhook()).await;
    server.clock.advance(Duration::from_secs(1));
    let other = create(&ada, &webhook()).await;
    let (workspace_id, channel_id) =
        (ada.user.workspace_id, created["id"].as_str().unwrap().parse().unwrap());
    // The deliveries are due in the future, so that they stay pending.
    let deliveries: Vec<_> = (0..5)
        .map(|hours| {
            let at = noon() + Duration::from_secs(3600 * (1 + hours));
            let notification = Notification {
                workspace_id,
                event: AlertEvent::Test,
                at,
                alert: None,
                group: None,
                recipient: None,
            };
            NewDelivery { id: Uuid::new_v4(), channel_id, notification }
        })
        .collect();
    let mut expected: Vec<_> = deliveries.iter().rev().map(|delivery| delivery.id.to_string()).collect();
    server
        .with_alert_store(|store| async move {
            for delivery in &deliveries {
                store.create_delivery(delivery).await.unwrap();
            }
        })
        .await;
    let list = ada.get(&format!("{}/deliveries?limit=3", path(&created))).await.expect(200).json();
    expected.truncate(3);
    let ids: Vec<_> =
        list["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap()).collect();
    assert_eq!((ids, &list["total"]), (expected.iter().map(String::as_str).collect(), &json!(5)));
    let nothing = ada.get(&format!("{}/deliveries", path(&other))).await.expect(200).json();
    assert_eq!(nothing, json!({"items": [], "total": 0}));
    let listed = ada.get(CHANNELS).await.expect(200).json();
    assert_eq!(listed["items"][0]["last_delivery"]["id"], list["items"][0]["id"]);
    assert!(listed["items"][1].get("last_delivery").is_none(), "{listed}");
    for query in ["limit=0", "limit=101"] {
        let response = ada.get(&format!("{}/deliveries?{query}", path(&created))).await;
        assert_eq!(response.expect_error(422, "validation_failed").fields(), ["limit"]);
    }
}
