//! Alert channels over HTTP: kept, changed, removed, tried, and what they were told.

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

async fn kept(client: &Client, channel: &Value) -> Value {
    client.post(CHANNELS, channel).await.expect(201).json()
}

#[tokio::test]
async fn a_channel_is_kept_shown_changed_and_removed_and_its_secret_is_shown_once() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    assert_eq!(ada.get(CHANNELS).await.expect(200).json(), json!({"items": [], "total": 0}));
    let sent = merged(webhook(), json!({"name": " On call ", "min_severity": "warning"}));
    let answer = ada.post(CHANNELS, &sent).await.expect(201);
    assert_eq!(answer.header("cache-control"), "no-store");
    let made = answer.json();
    let secret = made["secret"].as_str().unwrap();
    assert!(secret.starts_with("whsec_") && secret.len() == 50, "{secret}");
    let shown = json!({
        "id": made["id"], "name": "On call", "kind": "webhook", "url": "https://example.com/hook?a=b",
        "min_severity": "warning", "enabled": true, "created_at": noon(), "updated_at": noon(),
    });
    assert_eq!(made, merged(shown.clone(), json!({"secret": secret})));
    assert_eq!(ada.get(&path(&made)).await.expect(200).json(), shown);
    assert_eq!(ada.get(CHANNELS).await.expect(200).json(), json!({"items": [shown], "total": 1}));

    server.clock.advance(Duration::from_secs(10));
    let change = json!({"enabled": false, "min_severity": null, "url": "https://example.org/"});
    let changed = ada.patch(&path(&made), &change).await.expect(200).json();
    let expected = merged(
        shown,
        json!({"enabled": false, "min_severity": "info", "url": "https://example.org/",
        "updated_at": noon() + Duration::from_secs(10)}),
    );
    assert_eq!(changed, expected);
    assert_eq!(ada.get(&path(&made)).await.expect(200).json(), expected);

    assert_eq!(ada.delete(&path(&made)).await.expect(204).text, "");
    for what in ["", "/deliveries"] {
        ada.get(&format!("{}{what}", path(&made))).await.expect_error(404, "not_found");
    }
    ada.delete(&path(&made)).await.expect_error(404, "not_found");
    ada.patch(&path(&made), &json!({})).await.expect_error(404, "not_found");
    ada.post(&format!("{}/test", path(&made)), &json!(null)).await.expect_error(404, "not_found");
    ada.get(&format!("{CHANNELS}/nonsense")).await.expect_error(404, "not_found");
}

#[tokio::test]
async fn slack_and_email_have_no_secret() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    let slack = json!({"name": "chat", "kind": "slack", "url": "https://hooks.slack.com/services/T0/B0/xyz"});
    let email = json!({"name": "mail", "kind": "email", "to": ["ops@example.com", "ada@example.com"]});
    for sent in [slack, email] {
        let made = kept(&ada, &sent).await;
        assert!(made.get("secret").is_none(), "{made}");
        for (field, value) in sent.as_object().unwrap() {
            assert_eq!(&made[field], value);
        }
        let answer = ada.patch(&path(&made), &json!({"kind": "webhook"})).await;
        assert_eq!(answer.expect_error(422, "validation_failed").fields(), ["kind"]);
    }
}

#[tokio::test]
async fn a_channel_that_cannot_be_is_refused_with_the_field() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    let made = kept(&ada, &webhook()).await;
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
        let answer = ada.post(CHANNELS, &merged(webhook(), json!({field: value}))).await;
        let answer = answer.expect_error(422, "validation_failed");
        assert_eq!(answer.fields(), [field], "{value}: {}", answer.text);
        let answer = ada.patch(&path(&made), &json!({field: value})).await;
        let answer = answer.expect_error(422, "validation_failed");
        assert_eq!(answer.fields(), [field], "{value}: {}", answer.text);
    }
    let answer = ada.patch(&path(&made), &json!({"url": null})).await;
    assert_eq!(answer.expect_error(422, "validation_failed").fields(), ["url"]);
    let mail = |to| json!({"name": "mail", "kind": "email", "to": to});
    for wrong in ["nobody", "a..b@example.com", "", "b b@example.com"] {
        let answer = ada.post(CHANNELS, &mail(["a@b.c", wrong])).await;
        assert_eq!(answer.expect_error(422, "validation_failed").fields(), ["to[1]"], "{wrong}");
    }
    let spaced = kept(&ada, &mail([" a@b.c", "d@e.f\n"])).await;
    assert_eq!(spaced["to"], json!(["a@b.c", "d@e.f"]));
    ada.delete(&path(&spaced)).await.expect(204);
    assert_eq!(ada.get(CHANNELS).await.expect(200).json()["total"], 1);
}

#[tokio::test]
async fn a_workspace_has_so_many_channels() {
    let server = spawn().await;
    let (ada, bob) = (server.member("ada").await, server.member("bob").await);
    for _ in 0..limit::ALERT_CHANNELS {
        kept(&ada, &webhook()).await;
    }
    let answer = ada.post(CHANNELS, &webhook()).await.expect_error(422, "validation_failed");
    assert_eq!(answer.fields(), ["name"]);
    kept(&bob, &webhook()).await;
}

#[tokio::test]
async fn a_test_is_told_and_seen_in_the_deliveries() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    // It leads nowhere, so that what becomes of it is the same wherever this runs.
    let made = kept(
        &ada,
        &merged(webhook(), json!({"url": "https://agent-observability.invalid/", "enabled": false})),
    )
    .await;
    let answer = ada.post(&format!("{}/test", path(&made)), &json!(null)).await.expect(202).json();
    let expected = json!({
        "id": answer["id"], "channel_id": made["id"], "alert_id": null, "event": "test", "state": "pending",
        "attempts": 0, "created_at": noon(), "next_attempt_at": noon(), "finished_at": null, "status_code": null,
        "error": null,
    });
    assert_eq!(answer, expected);
    let list = ada.get(&format!("{}/deliveries", path(&made))).await.expect(200).json();
    let told = &list["items"][0];
    assert_eq!((&list["total"], &told["id"], &told["event"]), (&json!(1), &answer["id"], &json!("test")));
    let last = ada.get(&path(&made)).await.expect(200).json()["last_delivery"].clone();
    assert_eq!((&last["id"], &last["event"]), (&answer["id"], &json!("test")));
}

#[tokio::test]
async fn tests_are_few() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    let odd = merged(webhook(), json!({"url": "https://agent-observability.invalid/"}));
    let made = kept(&ada, &odd).await;
    let tried = async |channel: &Value| ada.post(&format!("{}/test", path(channel)), &json!(null)).await;
    tried(&made).await.expect(202);
    // Other channels, and such that are removed, let nobody send whatever they like.
    for _ in 1..20 {
        let made = kept(&ada, &odd).await;
        tried(&made).await.expect(202);
        ada.delete(&path(&made)).await.expect(204);
    }
    let other = kept(&ada, &odd).await;
    tried(&other).await.expect_error(429, "rate_limited");
    let bob = server.member("bob").await;
    let own = kept(&bob, &odd).await;
    bob.post(&format!("{}/test", path(&own)), &json!(null)).await.expect(202);
}

#[tokio::test]
async fn deliveries_come_newest_first_and_are_bounded_by_the_limit() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    let made = kept(&ada, &webhook()).await;
    server.clock.advance(Duration::from_secs(1));
    let other = kept(&ada, &webhook()).await;
    let (workspace_id, channel_id) = (ada.user.workspace_id, made["id"].as_str().unwrap().parse().unwrap());
    // In the future: nobody delivers them yet.
    let told: Vec<_> = (0..5)
        .map(|hours| {
            let at = noon() + Duration::from_secs(3600 * (1 + hours));
            let notification = Notification { workspace_id, event: AlertEvent::Test, at, alert: None };
            NewDelivery { id: Uuid::new_v4(), channel_id, notification }
        })
        .collect();
    let mut expected: Vec<_> = told.iter().rev().map(|delivery| delivery.id.to_string()).collect();
    server
        .in_alert_store(|store| async move {
            for delivery in &told {
                store.create_delivery(delivery).await.unwrap();
            }
        })
        .await;
    let list = ada.get(&format!("{}/deliveries?limit=3", path(&made))).await.expect(200).json();
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
        let answer = ada.get(&format!("{}/deliveries?{query}", path(&made))).await;
        assert_eq!(answer.expect_error(422, "validation_failed").fields(), ["limit"]);
    }
}
