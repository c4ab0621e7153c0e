//! API keys over HTTP: create, list, use, revoke, and isolation between workspaces.

use std::time::Duration;

use serde_json::{Value, json};

use test_support::{
    client::Client,
    sample::trace,
    server::{builder, noon, spawn},
};

const KEYS: &str = "/api/v1/api-keys";

async fn list(client: &Client) -> Value {
    client.get(KEYS).await.expect(200).json()
}

#[tokio::test]
async fn key_is_shown_once_and_listed_only_with_its_prefix() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    assert_eq!(list(&ada).await, json!({"items": [], "total": 0}));
    let created = ada.post(KEYS, &json!({"name": " production "})).await.expect(201);
    assert_eq!(created.header("cache-control"), "no-store");
    let mut created = created.json();
    let key = created.as_object_mut().unwrap().remove("key").unwrap();
    let key = key.as_str().unwrap();
    assert!(key.starts_with("ao_") && key.len() == 46, "{key}");
    let expected = json!({"id": created["id"], "name": "production", "prefix": key[..10], "created_at": noon(),
                          "last_used_at": null, "created_by": ada.user.id, "scopes": ["ingest"],
                          "expires_at": null, "rate_limit": null});
    assert_eq!(created, expected);
    let listed = ada.get(KEYS).await.expect(200);
    assert_eq!(listed.json(), json!({"items": [created], "total": 1}));
    assert!(!listed.text.contains(&key[10..]), "{}", listed.text);
}

#[tokio::test]
async fn key_authenticates_ingestion_as_bearer_token_or_in_x_api_key() {
    let server = spawn().await;
    let (ada, bob) = (server.member("ada").await, server.member("bob").await);
    let (_, agent) = server.key_of(&ada).await;
    agent.ingest(&[trace("bearer", noon(), json!({}))]).await;
    let header = server
        .anonymous_client()
        .request(reqwest::Method::POST, "/api/v1/traces")
        .header("X-API-Key", agent.token());
    agent.send(header.json(&trace("header", noon(), json!({})))).await.expect(202);
    agent.score("bearer", &json!({"score": 50})).await.expect(202);
    for id in ["bearer", "header"] {
        ada.trace(id).await;
        bob.get(&format!("/api/v1/traces/{id}")).await.expect_error(404, "not_found");
    }
}

#[tokio::test]
async fn list_shows_when_a_key_was_last_used() {
    let directory = tempfile::tempdir().unwrap();
    let server = builder().in_directory(&directory).spawn().await;
    let ada = server.member("ada").await;
    let (used, agent) = server.key_of(&ada).await;
    server.key_of(&ada).await;
    server.clock.advance(Duration::from_secs(600));
    agent.ingest(&[trace("run", noon(), json!({}))]).await;
    let token = ada.token().to_owned();
    // Uses are stored in batches, at the latest when the server stops.
    server.stop();
    let server = builder().in_directory(&directory).spawn().await;
    let keys = list(&server.anonymous_client().with_token(&token)).await;
    let times: Vec<_> = keys["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| (key["id"] == json!(used), key["last_used_at"].clone()))
        .collect();
    let at = json!(noon() + Duration::from_secs(600));
    assert!(times.contains(&(true, at)) && times.contains(&(false, json!(null))), "{times:?}");
}

#[tokio::test]
async fn revoked_key_is_rejected_at_once() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    let (id, agent) = server.key_of(&ada).await;
    let (_, other) = server.key_of(&ada).await;
    // The first use caches the key in the server.
    agent.ingest(&[trace("before", noon(), json!({}))]).await;
    let revoked = ada.delete(&format!("{KEYS}/{id}")).await.expect(204);
    assert_eq!(revoked.text, "");
    agent.send_trace(&trace("after", noon(), json!({}))).await.expect_error(401, "unauthorized");
    other.ingest(&[trace("other", noon(), json!({}))]).await;
    ada.delete(&format!("{KEYS}/{id}")).await.expect_error(404, "not_found");
    assert_eq!(list(&ada).await["total"], 1);
    ada.get("/api/v1/traces/after").await.expect_error(404, "not_found");
}

#[tokio::test]
async fn key_can_neither_read_data_nor_manage_keys() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    let (id, agent) = server.key_of(&ada).await;
    agent.ingest(&[trace("run", noon(), json!({}))]).await;
    for path in [KEYS, "/api/v1/auth/me", "/api/v1/traces", "/api/v1/traces/run", "/api/v1/metrics/home-kpis"]
    {
        agent.get(path).await.expect_error(403, "forbidden");
    }
    agent.post(KEYS, &json!({"name": "mine"})).await.expect_error(403, "forbidden");
    agent.post("/api/v1/auth/refresh", &json!(null)).await.expect_error(403, "forbidden");
    agent.delete(&format!("{KEYS}/{id}")).await.expect_error(403, "forbidden");
    assert_eq!(list(&ada).await["total"], 1);
}

#[tokio::test]
async fn key_of_another_workspace_cannot_be_revoked() {
    let server = spawn().await;
    let (ada, bob) = (server.member("ada").await, server.member("bob").await);
    let (id, agent) = server.key_of(&ada).await;
    bob.delete(&format!("{KEYS}/{id}")).await.expect_error(404, "not_found");
    agent.ingest(&[trace("run", noon(), json!({}))]).await;
    assert_eq!(list(&bob).await["total"], 0);
    for id in ["00000000-0000-0000-0000-000000000000", "nonsense", "%00"] {
        ada.delete(&format!("{KEYS}/{id}")).await.expect_error(404, "not_found");
    }
}

#[tokio::test]
async fn key_requires_a_name_and_a_workspace_has_at_most_100_keys() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    for name in ["", "  ", "two\nlines", &"x".repeat(257)] {
        let response = ada.post(KEYS, &json!({"name": name})).await.expect_error(422, "validation_failed");
        assert_eq!(response.fields(), ["name"]);
    }
    ada.post(KEYS, &json!({})).await.expect_error(422, "validation_failed");
    for number in 0..100 {
        ada.post(KEYS, &json!({"name": number.to_string()})).await.expect(201);
    }
    ada.post(KEYS, &json!({"name": "one more"})).await.expect_error(422, "validation_failed");
    let keys = list(&ada).await;
    ada.delete(&format!("{KEYS}/{}", keys["items"][0]["id"].as_str().unwrap())).await.expect(204);
    ada.post(KEYS, &json!({"name": "one more"})).await.expect(201);
}
