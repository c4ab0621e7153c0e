//! Alert rules over HTTP: create, list, update, delete, and preview.

use std::time::Duration;

use domain::alert::default::default_rules;
use serde_json::{Value, json};
use shared::{alert_rule::AlertRule, limit};
use uuid::Uuid;

use test_support::{
    client::Client,
    sample::merged,
    server::{noon, spawn},
};

const RULES: &str = "/api/v1/alert-rules";

fn rule() -> Value {
    json!({"name": "errors", "warning": 5})
}

fn path(rule: &Value) -> String {
    format!("{RULES}/{}", rule["id"].as_str().unwrap())
}

async fn create(client: &Client, rule: &Value) -> Value {
    client.post(RULES, rule).await.expect(201).json()
}

async fn channel(client: &Client) -> Value {
    let channel = json!({"name": "ops", "url": "https://example.com/hook"});
    client.post("/api/v1/alert-channels", &channel).await.expect(201).json()["id"].clone()
}

#[tokio::test]
async fn new_workspace_has_default_rules_that_can_be_deleted() {
    let server = spawn().await;
    let (ada, bob) = (server.member("ada").await, server.member("bob").await);
    let list = ada.get(RULES).await.expect(200).json();
    let rules: Vec<AlertRule> = serde_json::from_value(list["items"].clone()).unwrap();
    assert_eq!((rules.len(), &list["total"]), (default_rules().len(), &json!(rules.len())));
    assert_eq!(rules.iter().map(|rule| rule.rule.clone()).collect::<Vec<_>>(), default_rules());
    for rule in &rules {
        ada.delete(&format!("{RULES}/{}", rule.id)).await.expect(204);
    }
    // Deleted default rules are not created again.
    assert_eq!(ada.get(RULES).await.expect(200).json(), json!({"items": [], "total": 0}));
    assert_eq!(bob.get(RULES).await.expect(200).json()["total"], rules.len());
}

#[tokio::test]
async fn rule_is_created_updated_and_deleted() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    let before = ada.get(RULES).await.expect(200).json()["total"].as_u64().unwrap();
    server.clock.advance(Duration::from_secs(10));
    let first = create(
        &ada,
        &json!({"name": "  Cost of the bot ", "metric": "cost_usd", "critical": 20, "agent_id": "bot"}),
    )
    .await;
    let expected = json!({
        "id": first["id"], "name": "Cost of the bot", "metric": "cost_usd", "agent_id": "bot", "window_minutes": 30,
        "baseline": "none", "side": "above", "critical": 20.0, "min_traces": 0, "hysteresis_percent": 10,
        "for_minutes": 0, "enabled": true, "created_at": noon() + Duration::from_secs(10),
        "updated_at": noon() + Duration::from_secs(10), "evaluated_at": null, "open_alerts": 0,
    });
    assert_eq!(first, expected);
    assert_eq!(ada.get(&path(&first)).await.expect(200).json(), expected);
    let list = ada.get(RULES).await.expect(200).json();
    assert_eq!(
        (&list["total"], list["items"].as_array().unwrap().last()),
        (&json!(before + 1), Some(&expected))
    );

    server.clock.advance(Duration::from_secs(10));
    let change = json!({"warning": 10, "agent_id": null, "muted_until": "2026-04-01T00:00:00.000Z"});
    let updated = ada.patch(&path(&first), &change).await.expect(200).json();
    let mut expected =
        merged(expected, json!({"warning": 10.0, "updated_at": noon() + Duration::from_secs(20)}));
    expected.as_object_mut().unwrap().remove("agent_id");
    expected["muted_until"] = updated["muted_until"].clone();
    assert_eq!(updated, expected);
    assert!(updated["muted_until"].as_str().unwrap().starts_with("2026-04-01T00:00:00"), "{updated}");
    assert_eq!(ada.get(&path(&first)).await.expect(200).json(), expected);

    assert_eq!(ada.delete(&path(&first)).await.expect(204).text, "");
    ada.get(&path(&first)).await.expect_error(404, "not_found");
    ada.delete(&path(&first)).await.expect_error(404, "not_found");
    ada.patch(&path(&first), &json!({})).await.expect_error(404, "not_found");
    ada.get(&format!("{RULES}/nonsense")).await.expect_error(404, "not_found");
    assert_eq!(ada.get(RULES).await.expect(200).json()["total"], before);
}

#[tokio::test]
async fn rejects_an_invalid_rule_and_names_the_field() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    let first = create(&ada, &rule()).await;
    for (field, value) in [
        ("treshold", json!(5)),
        ("id", json!(Uuid::nil())),
        ("name", json!("")),
        ("name", json!("a\u{0}b")),
        ("metric", json!("speed")),
        ("agent_id", json!("")),
        ("group_by", json!("user")),
        ("window_minutes", json!(7)),
        ("window_minutes", json!(0)),
        ("window_minutes", json!(-5)),
        ("window_minutes", json!("30")),
        ("baseline", json!("yesterday")),
        ("side", json!("beside")),
        ("warning", json!("5")),
        ("warning", json!(101)),
        ("critical", json!(5)),
        ("min_traces", json!(1_000_001)),
        ("hysteresis_percent", json!(91)),
        ("for_minutes", json!(1441)),
        ("renotify_minutes", json!(4)),
        ("enabled", json!("yes")),
        ("muted_until", json!("tomorrow")),
        ("channel_ids", json!("all")),
        ("channel_ids[0]", json!([Uuid::new_v4()])),
    ] {
        let name = field.trim_end_matches("[0]");
        let sent = merged(rule(), json!({name: value}));
        let response = ada.post(RULES, &sent).await.expect_error(422, "validation_failed");
        assert_eq!(response.fields(), [field], "{value}: {}", response.text);
        let response = ada.patch(&path(&first), &json!({name: value})).await;
        let response = response.expect_error(422, "validation_failed");
        assert_eq!(response.fields(), [field], "{value}: {}", response.text);
    }
    let response =
        ada.post(RULES, &json!({"name": "no threshold"})).await.expect_error(422, "validation_failed");
    assert_eq!(response.fields(), ["warning"]);
    let response = ada.patch(&path(&first), &json!({"warning": null})).await;
    assert_eq!(response.expect_error(422, "validation_failed").fields(), ["warning"]);
    for body in ["{", "{\"warning\": 1e999}"] {
        ada.post_text(RULES, body).await.expect_error(400, "bad_request");
    }
    for body in ["[]", "7", "null"] {
        ada.post_text(RULES, body).await.expect_error(422, "validation_failed");
    }
    assert_eq!(ada.get(&path(&first)).await.expect(200).json(), first);
}

#[tokio::test]
async fn rejects_channels_of_other_workspaces_and_deleted_channels() {
    let server = spawn().await;
    let (ada, bob) = (server.member("ada").await, server.member("bob").await);
    let (ours, deleted, theirs) = (channel(&ada).await, channel(&ada).await, channel(&bob).await);
    let sent = merged(rule(), json!({"channel_ids": [ours, theirs]}));
    let response = ada.post(RULES, &sent).await.expect_error(422, "validation_failed");
    assert_eq!(response.fields(), ["channel_ids[1]"]);

    let first = create(&ada, &merged(rule(), json!({"channel_ids": [deleted, ours, deleted]}))).await;
    assert_eq!(first["channel_ids"], json!([deleted, ours]), "a repeated channel is stored once");
    ada.delete(&format!("/api/v1/alert-channels/{}", deleted.as_str().unwrap())).await.expect(204);
    let response = ada.post(RULES, &merged(rule(), json!({"channel_ids": [deleted]}))).await;
    assert_eq!(response.expect_error(422, "validation_failed").fields(), ["channel_ids[0]"]);
    // An update may repeat a channel that was deleted since the rule was read: it is removed from the rule.
    let sent_back = json!({"channel_ids": first["channel_ids"], "warning": 6});
    let updated = ada.patch(&path(&first), &sent_back).await.expect(200).json();
    assert_eq!((&updated["channel_ids"], &updated["warning"]), (&json!([ours]), &json!(6.0)));
    let no_channels = ada.patch(&path(&first), &json!({"channel_ids": []})).await.expect(200).json();
    assert_eq!(no_channels["channel_ids"], json!([]));
    let every_channel = ada.patch(&path(&first), &json!({"channel_ids": null})).await.expect(200).json();
    assert!(every_channel.get("channel_ids").is_none(), "{every_channel}");
}

#[tokio::test]
async fn concurrent_updates_are_all_applied() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    let first = create(&ada, &rule()).await;
    let changes = [json!({"warning": 6}), json!({"critical": 50}), json!({"window_minutes": 60})];
    let path = path(&first);
    let sent = changes.each_ref().map(|change| ada.patch(&path, change));
    for response in futures_util::future::join_all(sent).await {
        response.expect(200);
    }
    let rule = ada.get(&path).await.expect(200).json();
    for change in changes {
        let (field, value) = change.as_object().unwrap().iter().next().unwrap();
        assert_eq!(rule[field].as_f64(), value.as_f64(), "{rule}");
    }
}

#[tokio::test]
async fn rejects_rules_above_the_limit_of_a_workspace() {
    let server = spawn().await;
    let (ada, bob) = (server.member("ada").await, server.member("bob").await);
    let first: AlertRule = serde_json::from_value(create(&ada, &rule()).await).unwrap();
    let more: Vec<_> = (1 + default_rules().len()..limit::ALERT_RULES)
        .map(|_| AlertRule { id: Uuid::new_v4(), ..first.clone() })
        .collect();
    let workspace_id = ada.user.workspace_id;
    server
        .with_alert_store(move |store| async move { store.restore_rules(workspace_id, &more).await.unwrap() })
        .await;
    assert_eq!(ada.get(RULES).await.expect(200).json()["total"], limit::ALERT_RULES);
    let response = ada.post(RULES, &rule()).await.expect_error(422, "validation_failed");
    assert_eq!(response.fields(), ["name"]);
    create(&bob, &rule()).await;
    ada.delete(&format!("{RULES}/{}", first.id)).await.expect(204);
    create(&ada, &rule()).await;
}

#[tokio::test]
async fn preview_needs_no_name_and_stores_nothing() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    let before = ada.get(RULES).await.expect(200).json();
    let preview = ada.post(&format!("{RULES}/preview"), &json!({"metric": "requests", "warning": 1})).await;
    let preview = preview.expect(200).json();
    for field in ["start", "end", "step_seconds", "series", "groups", "alerts"] {
        assert!(preview.get(field).is_some(), "{field}: {preview}");
    }
    for (wrong, field) in [
        (json!({"metric": "requests"}), "warning"),
        (json!({"warning": 1, "treshold": 2}), "treshold"),
        (json!({"warning": 1, "window_minutes": 3}), "window_minutes"),
    ] {
        let response = ada.post(&format!("{RULES}/preview"), &wrong).await;
        assert_eq!(response.expect_error(422, "validation_failed").fields(), [field]);
    }
    ada.get(&format!("{RULES}/preview")).await.expect_error(405, "method_not_allowed");
    assert_eq!(ada.get(RULES).await.expect(200).json(), before);
}
