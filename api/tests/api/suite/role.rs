//! Roles and scopes: the table in `docs/access.md` is compared with the OpenAPI document, and with the server for every
//! operation and kind of caller.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Method;
use serde_json::{Value, json};
use shared::access::Role;
use test_support::{
    client::Client,
    server::{Member, Server, spawn},
};

/// The callers, in the order of the columns.
const CALLERS: [&str; 7] = ["owner", "member", "viewer", "ingest", "read", "manage", "anonymous"];
/// Operations that end the caller's session or membership: each needs a caller of its own.
const ENDING: [&str; 3] = ["login_session_end", "login_session_end_all", "member_leave"];

/// An operation in the table.
struct Row {
    id: String,
    method: Method,
    path: String,
    /// The callers that may call it.
    permitted: BTreeSet<&'static str>,
}

/// Reads the table: `| id | METHOD path | yes or – of each caller |`.
fn table() -> Vec<Row> {
    let rows = include_str!("../../../../docs/access.md").lines().filter(|line| line.starts_with("| `"));
    let row = |line: &str| {
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        assert_eq!(cells.len(), 2 + CALLERS.len(), "{line}");
        let (method, path) = cells[1].trim_matches('`').split_once(' ').unwrap();
        let permitted = CALLERS.into_iter().zip(&cells[2..]).filter(|(_, cell)| match **cell {
            "yes" => true,
            "–" => false,
            other => panic!("{other:?} in {line}"),
        });
        Row {
            id: cells[0].trim_matches('`').to_owned(),
            method: method.parse().unwrap(),
            path: path.to_owned(),
            permitted: permitted.map(|(caller, _)| caller).collect(),
        }
    };
    rows.map(row).collect()
}

async fn key(server: &Server, owner: &Member, scope: &str) -> Client {
    let body = json!({"name": scope, "scopes": [scope]});
    let created = owner.post("/api/v1/api-keys", &body).await.expect(201).json();
    server.anonymous_client().with_token(created["key"].as_str().unwrap())
}

#[tokio::test]
async fn the_table_lists_the_operations_of_the_openapi_document_with_their_roles_and_scopes() {
    let server = spawn().await;
    let document = server.anonymous_client().get("/openapi.json").await.expect(200).json();
    let mut described = BTreeMap::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if !path.starts_with("/api/") && !path.starts_with("/v1/") {
                continue;
            }
            let permitted: BTreeSet<&str> = match operation["security"].as_array() {
                None => CALLERS.into(),
                Some(security) => security
                    .iter()
                    .flat_map(|requirement| requirement.as_object().unwrap().values())
                    .flat_map(|names| names.as_array().unwrap().iter().filter_map(Value::as_str))
                    .collect(),
            };
            let id = operation["operationId"].as_str().unwrap().to_owned();
            described.insert(id, (method.to_uppercase(), path.clone(), permitted));
        }
    }
    for row in table() {
        let (method, path, permitted) = described.remove(&row.id).unwrap_or_else(|| panic!("{}", row.id));
        assert_eq!((method.as_str(), &path), (row.method.as_str(), &row.path), "{}", row.id);
        assert_eq!(permitted, row.permitted, "{}", row.id);
    }
    assert_eq!(described, BTreeMap::new(), "operations that docs/access.md lacks");
}

#[tokio::test]
async fn every_operation_permits_exactly_the_callers_of_the_table() {
    let server = spawn().await;
    let owner = server.member("owner").await;
    let member = server.member_of(&owner, "member", Role::Member).await;
    let viewer = server.member_of(&owner, "viewer", Role::Viewer).await;
    let keys = [
        key(&server, &owner, "ingest").await,
        key(&server, &owner, "read").await,
        key(&server, &owner, "manage").await,
    ];
    let anonymous = server.anonymous_client();
    for row in table() {
        for caller in CALLERS {
            let throwaway = match caller {
                "owner" | "member" | "viewer" if ENDING.contains(&row.id.as_str()) => {
                    let name = format!("{}-{caller}", row.id.replace('_', "-"));
                    Some(server.member_of(&owner, &name, Role::parse(caller).unwrap()).await)
                }
                _ => None,
            };
            let client: &Client = match (&throwaway, caller) {
                (Some(member), _) => member,
                (None, "owner") => &owner,
                (None, "member") => &member,
                (None, "viewer") => &viewer,
                (None, "ingest") => &keys[0],
                (None, "read") => &keys[1],
                (None, "manage") => &keys[2],
                (None, _) => &anonymous,
            };
            // Objects that do not exist, and no body: a permitted request fails later.
            let path = row
                .path
                .replace("{trace_id}", "nothing")
                .replace("{span_id}", "nothing")
                .replace("{session_id}", "nothing");
            let user_id = if row.path.starts_with("/api/v1/users/") { "nothing" } else { NO_ID };
            let path = path.replace("{user_id}", user_id).replace("{id}", NO_ID);
            let response = client.send(client.request(row.method.clone(), &path)).await;
            let shown = format!("{} by {caller}: {} {}", row.id, response.status, response.text);
            if row.permitted.contains(caller) {
                assert!(!matches!(response.status, 401 | 403 | 405), "{shown}");
            } else {
                assert_eq!(response.status, if caller == "anonymous" { 401 } else { 403 }, "{shown}");
            }
        }
    }
}

const NO_ID: &str = "00000000-0000-4000-8000-000000000000";

#[tokio::test]
async fn the_role_is_checked_before_the_body_is_read() {
    let server = spawn().await;
    let owner = server.member("ada").await;
    let viewer = server.member_of(&owner, "viewer", Role::Viewer).await;
    for path in ["/api/v1/traces", "/api/v1/traces/batch", "/api/v1/alert-rules", "/api/v1/invitations"] {
        viewer.post_text(path, "{not json").await.expect_error(403, "forbidden");
    }
}

#[tokio::test]
async fn viewers_and_read_keys_do_not_see_the_urls_of_channels() {
    let server = spawn().await;
    let owner = server.member("ada").await;
    let viewer = server.member_of(&owner, "viewer", Role::Viewer).await;
    let reader = key(&server, &owner, "read").await;
    let manager = key(&server, &owner, "manage").await;
    for url in ["https://hooks.example.com:8443/T0/secret?x=1", "https://hooks.example.com:8443?secret"] {
        let channel = json!({"name": url, "kind": "slack", "url": url});
        let created = owner.post("/api/v1/alert-channels", &channel).await.expect(201).json();
        let path = format!("/api/v1/alert-channels/{}", created["id"].as_str().unwrap());
        for client in [&viewer as &Client, &reader] {
            let shown = client.get(&path).await.expect(200).json();
            assert_eq!(shown["url"], "https://hooks.example.com:8443/…");
            let listed = client.get("/api/v1/alert-channels").await.expect(200).json();
            assert!(
                listed["items"].as_array().unwrap().iter().all(|item| item["url"] == shown["url"]),
                "{listed}"
            );
        }
        assert_eq!(manager.get(&path).await.expect(200).json()["url"], url);
    }
}

#[tokio::test]
async fn members_see_and_revoke_their_own_keys_and_owners_all() {
    let server = spawn().await;
    let owner = server.member("ada").await;
    let member = server.member_of(&owner, "bob", Role::Member).await;
    let create = async |client: &Client| {
        let created = client.post("/api/v1/api-keys", &json!({"name": "k"})).await.expect(201).json();
        created["id"].as_str().unwrap().to_owned()
    };
    let (of_owner, of_member) = (create(&owner).await, create(&member).await);
    assert_eq!(owner.get("/api/v1/api-keys").await.expect(200).json()["total"], 2);
    assert_eq!(member.get("/api/v1/api-keys").await.expect(200).json()["items"][0]["id"], json!(of_member));
    member.delete(&format!("/api/v1/api-keys/{of_owner}")).await.expect_error(404, "not_found");
    owner.delete(&format!("/api/v1/api-keys/{of_member}")).await.expect(204);
}

#[tokio::test]
async fn a_role_change_and_a_removal_take_effect_on_the_next_request() {
    let server = spawn().await;
    let owner = server.member("ada").await;
    let member = server.member_of(&owner, "bob", Role::Member).await;
    let path = format!("/api/v1/members/{}", member.user.id);
    member.post("/api/v1/api-keys", &json!({"name": "k"})).await.expect(201);
    owner.patch(&path, &json!({"role": "viewer"})).await.expect(204);
    member.post("/api/v1/api-keys", &json!({"name": "k"})).await.expect_error(403, "forbidden");
    member.get("/api/v1/traces").await.expect(200);
    owner.delete(&path).await.expect(204);
    member.get("/api/v1/traces").await.expect_error(401, "unauthorized");
    owner.delete(&path).await.expect_error(404, "not_found");
}

#[tokio::test]
async fn the_last_owner_cannot_leave_or_be_demoted() {
    let server = spawn().await;
    let owner = server.member("ada").await;
    let member = server.member_of(&owner, "bob", Role::Member).await;
    let own = format!("/api/v1/members/{}", owner.user.id);
    owner.patch(&own, &json!({"role": "viewer"})).await.expect_error(409, "last_owner");
    owner.delete(&own).await.expect_error(409, "last_owner");
    owner.delete("/api/v1/members/me").await.expect_error(409, "last_owner");
    let other = format!("/api/v1/members/{}", member.user.id);
    owner.patch(&other, &json!({"role": "owner"})).await.expect(204);
    owner.delete("/api/v1/members/me").await.expect(204);
    assert_eq!(member.get("/api/v1/members").await.expect(200).json()["total"], 1);
}
