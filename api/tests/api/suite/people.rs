//! Registration policies, invitations, workspaces, login sessions, passwords, and the end of an account over HTTP.

use std::time::Duration;

use serde_json::{Value, json};
use shared::access::Role;
use test_support::{
    client::Client,
    sample::trace,
    server::{Member, PASSWORD, Server, builder, noon, spawn},
};

const DAY: Duration = Duration::from_secs(86_400);
const NEW_PASSWORD: &str = "a new and better passphrase";

async fn invite(owner: &Client, body: &Value) -> String {
    let created = owner.post("/api/v1/invitations", body).await.expect(201).json();
    let token = created["token"].as_str().unwrap();
    assert_eq!(created["url"], format!("/invitation?token={token}"));
    token.to_owned()
}

async fn register(server: &Server, email: &str, invitation: &str) -> test_support::response::Response {
    let body = json!({"email": email, "password": PASSWORD, "full_name": "New", "invitation": invitation});
    server.anonymous_client().post("/api/v1/auth/register", &body).await
}

async fn log_in(server: &Server, email: &str, password: &str) -> Client {
    let anonymous = server.anonymous_client();
    let token = anonymous.login(email, password).await.expect(200).json();
    anonymous.with_token(token["access_token"].as_str().unwrap())
}

async fn actions(owner: &Client) -> Vec<String> {
    let events = owner.get("/api/v1/audit?range=30d&limit=100").await.expect(200).json();
    let action = |event: &Value| event["action"].as_str().unwrap().to_owned();
    events["items"].as_array().unwrap().iter().map(action).collect()
}

#[tokio::test]
async fn by_default_only_the_first_person_registers_without_an_invitation() {
    let server = builder().with("REGISTRATION", "").spawn().await;
    let anonymous = server.anonymous_client();
    let options = async || anonymous.get("/api/v1/auth/options").await.expect(200).json();
    assert_eq!(options().await["registration"], "open");
    let (one, two) =
        tokio::join!(anonymous.register("a@b.c", PASSWORD), anonymous.register("b@b.c", PASSWORD));
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 403]);
    assert_eq!(options().await["registration"], "invite");
    anonymous.register("c@b.c", PASSWORD).await.expect_error(403, "registration_closed");
}

#[tokio::test]
async fn an_invited_person_registers_once_as_a_member_of_the_workspace() {
    let server = builder().with("REGISTRATION", "invite").spawn().await;
    let ada = server.member("ada").await;
    ada.ingest(&[trace("shared", noon(), json!({}))]).await;
    let token = invite(&ada, &json!({"role": "viewer", "email": "Bob@Example.com"})).await;
    let anonymous = server.anonymous_client();
    let path = format!("/api/v1/invitations/lookup?token={token}");
    let offer = anonymous.get(&path).await.expect(200).json();
    assert_eq!(
        offer,
        json!({"workspace_name": "ada's", "role": "viewer", "email": "bob@example.com", "has_account": false})
    );
    register(&server, "eve@example.com", &token).await.expect_error(403, "forbidden");
    let user = register(&server, "bob@example.com", &token).await.expect(201).json();
    assert_eq!((&user["workspace_id"], &user["role"]), (&json!(ada.user.workspace_id), &json!("viewer")));
    register(&server, "bob2@example.com", &token).await.expect_error(410, "link_expired");
    anonymous.get(&path).await.expect_error(410, "link_expired");
    register(&server, "bob2@example.com", "unknown").await.expect_error(404, "not_found");
    let bob = log_in(&server, "bob@example.com", PASSWORD).await;
    bob.trace("shared").await;
    let members = ada.get("/api/v1/members").await.expect(200).json();
    assert_eq!(members["total"], 2);
    assert_eq!(members["items"][1]["email"], "bob@example.com");
}

#[tokio::test]
async fn an_invitation_expires_after_seven_days_and_can_be_revoked() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    let (one, two) =
        (invite(&ada, &json!({"role": "member"})).await, invite(&ada, &json!({"role": "owner"})).await);
    let listed = ada.get("/api/v1/invitations").await.expect(200).json();
    assert_eq!(listed["total"], 2);
    let roles: Vec<_> = listed["items"].as_array().unwrap().iter().map(|item| &item["role"]).collect();
    let revoked = roles.iter().position(|role| **role == "owner").unwrap();
    let id = listed["items"][revoked]["id"].as_str().unwrap();
    ada.delete(&format!("/api/v1/invitations/{id}")).await.expect(204);
    ada.delete(&format!("/api/v1/invitations/{id}")).await.expect_error(404, "not_found");
    register(&server, "bob@example.com", &two).await.expect_error(404, "not_found");
    server.clock.advance(7 * DAY);
    register(&server, "bob@example.com", &one).await.expect_error(410, "link_expired");
}

#[tokio::test]
async fn closed_registration_refuses_invitations_of_owners() {
    let server = builder().with("REGISTRATION", "closed").spawn().await;
    let ada = server.member("ada").await;
    let token = invite(&ada, &json!({"role": "member"})).await;
    register(&server, "bob@example.com", &token).await.expect_error(403, "registration_closed");
    server.anonymous_client().register("b@c.d", PASSWORD).await.expect_error(403, "registration_closed");
    // An existing account can still join.
    let bob = server.member("bob").await;
    bob.post("/api/v1/invitations/accept", &json!({"token": token})).await.expect(200);
}

#[tokio::test]
async fn an_existing_account_joins_and_switches_between_workspaces() {
    let server = spawn().await;
    let (ada, bob) = (server.member("ada").await, server.member("bob").await);
    ada.ingest(&[trace("ada's", noon(), json!({}))]).await;
    let token = invite(&ada, &json!({"role": "member", "email": "bob@example.com"})).await;
    let lookup = format!("/api/v1/invitations/lookup?token={token}");
    assert_eq!(server.anonymous_client().get(&lookup).await.expect(200).json()["has_account"], true);
    let joined = bob.post("/api/v1/invitations/accept", &json!({"token": token})).await.expect(200).json();
    let in_ada = bob.with_token(joined["access_token"].as_str().unwrap());
    in_ada.trace("ada's").await;
    bob.get("/api/v1/traces/ada's").await.expect_error(404, "not_found");
    let me = in_ada.get("/api/v1/auth/me").await.expect(200).json();
    assert_eq!((&me["role"], me["workspaces"].as_array().unwrap().len()), (&json!("member"), 2));
    let back = json!({"workspace_id": bob.user.workspace_id});
    let back = in_ada.post("/api/v1/auth/switch", &back).await.expect(200).json();
    let back = bob.with_token(back["access_token"].as_str().unwrap());
    assert_eq!(back.get("/api/v1/auth/me").await.expect(200).json()["role"], "owner");
    let foreign = json!({"workspace_id": uuid::Uuid::from_u128(7)});
    bob.post("/api/v1/auth/switch", &foreign).await.expect_error(404, "not_found");
    // The next login enters the last workspace.
    let next = log_in(&server, "bob@example.com", PASSWORD).await;
    assert_eq!(next.get("/api/v1/auth/me").await.expect(200).json()["workspace_name"], "bob's");
}

#[tokio::test]
async fn an_account_has_at_most_ten_workspaces_and_owners_rename_them() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    for number in 2..=10 {
        let created =
            ada.post("/api/v1/workspaces", &json!({"name": format!("W{number}")})).await.expect(201);
        assert_eq!(created.json()["role"], "owner");
    }
    ada.post("/api/v1/workspaces", &json!({"name": "W11"})).await.expect_error(422, "validation_failed");
    assert_eq!(ada.get("/api/v1/workspaces").await.expect(200).json()["total"], 10);
    let own = format!("/api/v1/workspaces/{}", ada.user.workspace_id);
    ada.patch(&own, &json!({"name": "Renamed"})).await.expect(200);
    assert_eq!(ada.get("/api/v1/auth/me").await.expect(200).json()["workspace_name"], "Renamed");
    let other = server.member("bob").await.user.workspace_id;
    ada.patch(&format!("/api/v1/workspaces/{other}"), &json!({"name": "Mine"}))
        .await
        .expect_error(404, "not_found");
}

#[tokio::test]
async fn a_member_of_no_workspace_logs_in_only_with_an_invitation() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    let bob = server.member_of(&ada, "bob", Role::Viewer).await;
    bob.delete("/api/v1/members/me").await.expect(204);
    let anonymous = server.anonymous_client();
    anonymous.login("bob@example.com", PASSWORD).await.expect_error(403, "no_workspace");
    let token = invite(&ada, &json!({"role": "member"})).await;
    let body = json!({"email": "bob@example.com", "password": PASSWORD, "invitation": token});
    anonymous.post("/api/v1/auth/login", &body).await.expect(200);
}

#[tokio::test]
async fn logout_and_ended_sessions_reject_their_tokens() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    let [one, two, three] = [
        log_in(&server, "ada@example.com", PASSWORD).await,
        log_in(&server, "ada@example.com", PASSWORD).await,
        log_in(&server, "ada@example.com", PASSWORD).await,
    ];
    one.post("/api/v1/auth/logout", &json!(null)).await.expect(204);
    one.get("/api/v1/traces").await.expect_error(401, "unauthorized");
    let sessions = two.get("/api/v1/auth/sessions").await.expect(200).json();
    assert_eq!(sessions["total"], 3);
    let current = |of: bool| {
        let items = sessions["items"].as_array().unwrap();
        items.iter().find(|item| item["is_current"] == of).unwrap()["id"].as_str().unwrap().to_owned()
    };
    let bob = server.member("bob").await;
    bob.delete(&format!("/api/v1/auth/sessions/{}", current(true))).await.expect_error(404, "not_found");
    two.delete(&format!("/api/v1/auth/sessions/{}", current(true))).await.expect(204);
    two.get("/api/v1/traces").await.expect_error(401, "unauthorized");
    ada.post("/api/v1/auth/logout-all", &json!(null)).await.expect(204);
    for client in [&ada as &Client, &three] {
        client.get("/api/v1/traces").await.expect_error(401, "unauthorized");
        client.post("/api/v1/auth/refresh", &json!(null)).await.expect_error(401, "unauthorized");
    }
    bob.get("/api/v1/traces").await.expect(200);
}

#[tokio::test]
async fn a_session_ends_after_thirty_days_of_refreshing() {
    let server = builder().with("JWT_TTL_SECONDS", "864000").spawn().await;
    server.member("ada").await;
    let mut client = log_in(&server, "ada@example.com", PASSWORD).await;
    for expected in [864_000, 864_000, 864_000 - 3 * 3600] {
        server.clock.advance(9 * DAY + Duration::from_secs(3600));
        let token = client.post("/api/v1/auth/refresh", &json!(null)).await.expect(200).json();
        assert!(token["expires_in"].as_u64().unwrap() <= expected, "{token}");
        client = client.with_token(token["access_token"].as_str().unwrap());
    }
    server.clock.advance(3 * DAY);
    client.get("/api/v1/auth/me").await.expect_error(401, "token_expired");
}

#[tokio::test]
async fn changing_the_password_ends_the_other_sessions() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    let other = log_in(&server, "ada@example.com", PASSWORD).await;
    let change = |current: &str, new: &str| json!({"current_password": current, "new_password": new});
    let wrong = ada.post("/api/v1/auth/password", &change("wrong", NEW_PASSWORD)).await;
    assert_eq!(wrong.expect_error(422, "validation_failed").fields(), ["current_password"]);
    for weak in ["short", "password123", "PASSWORD123"] {
        let weak = ada.post("/api/v1/auth/password", &change(PASSWORD, weak)).await;
        assert_eq!(weak.expect_error(422, "validation_failed").fields(), ["new_password"]);
    }
    ada.post("/api/v1/auth/password", &change(PASSWORD, NEW_PASSWORD)).await.expect(204);
    ada.get("/api/v1/auth/me").await.expect(200);
    other.get("/api/v1/auth/me").await.expect_error(401, "unauthorized");
    server
        .anonymous_client()
        .login("ada@example.com", PASSWORD)
        .await
        .expect_error(401, "invalid_credentials");
    log_in(&server, "ada@example.com", NEW_PASSWORD).await;
}

#[tokio::test]
async fn long_passwords_differ_after_their_72nd_byte() {
    let server = spawn().await;
    let anonymous = server.anonymous_client();
    let (one, two) = ("é".repeat(37), format!("{}e", "é".repeat(36)));
    anonymous.register("ada@example.com", &one).await.expect(201);
    anonymous.login("ada@example.com", &one).await.expect(200);
    for other in [&two, &"é".repeat(36), &"é".repeat(38)] {
        anonymous.login("ada@example.com", other).await.expect_error(401, "invalid_credentials");
    }
}

#[tokio::test]
async fn emails_that_look_like_others_cannot_be_registered() {
    let server = spawn().await;
    let anonymous = server.anonymous_client();
    anonymous.register("ada@example.com", PASSWORD).await.expect(201);
    anonymous.register("ａda@example.com", PASSWORD).await.expect_error(409, "email_taken");
    for email in ["a\u{200b}da@example.com", "\u{430}da@example.com"] {
        let rejected = anonymous.register(email, PASSWORD).await.expect_error(422, "validation_failed");
        assert_eq!(rejected.fields(), ["email"]);
    }
    log_in(&server, "ＡＤＡ@example.com", PASSWORD).await;
}

#[tokio::test]
async fn deleting_an_account_ends_its_access_and_keeps_the_workspace_of_others() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    let bob = server.member_of(&ada, "bob", Role::Member).await;
    let (_, agent) = server.key_of(&bob).await;
    let delete = async |member: &Member, password: &str| {
        let request = member.request(reqwest::Method::DELETE, "/api/v1/auth/me");
        member.send(request.json(&json!({"password": password}))).await
    };
    delete(&ada, PASSWORD).await.expect_error(409, "last_owner");
    assert_eq!(delete(&bob, "wrong").await.expect_error(422, "validation_failed").fields(), ["password"]);
    delete(&bob, PASSWORD).await.expect(204);
    bob.get("/api/v1/traces").await.expect_error(401, "unauthorized");
    server
        .anonymous_client()
        .login("bob@example.com", PASSWORD)
        .await
        .expect_error(401, "invalid_credentials");
    agent.ingest(&[trace("after", noon(), json!({}))]).await;
    assert_eq!(ada.get("/api/v1/members").await.expect(200).json()["total"], 1);
    // The address can be used again, by another account.
    server.anonymous_client().register("bob@example.com", PASSWORD).await.expect(201);
    delete(&ada, PASSWORD).await.expect(204);
    agent.send_trace(&trace("late", noon(), json!({}))).await.expect_error(401, "unauthorized");
}

#[tokio::test]
async fn keys_have_scopes_an_expiry_and_a_limit_of_their_own() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    let create = async |body: Value| {
        let created = ada.post("/api/v1/api-keys", &body).await.expect(201).json();
        server.anonymous_client().with_token(created["key"].as_str().unwrap())
    };
    let reader = create(json!({"name": "grafana", "scopes": ["read"]})).await;
    reader.get("/api/v1/metrics/home-kpis").await.expect(200);
    reader.send_trace(&trace("run", noon(), json!({}))).await.expect_error(403, "forbidden");
    let both = create(json!({"name": "both", "scopes": ["read", "ingest", "read"]})).await;
    both.ingest(&[trace("run", noon(), json!({}))]).await;
    both.trace("run").await;
    let limited = create(json!({"name": "limited", "scopes": ["read"], "rate_limit": 2})).await;
    for _ in 0..2 {
        limited.get("/api/v1/traces").await.expect(200);
    }
    limited.get("/api/v1/traces").await.expect_error(429, "rate_limited");
    let expires_at = noon() + Duration::from_secs(60);
    let expiring = create(json!({"name": "expiring", "scopes": ["read"], "expires_at": expires_at})).await;
    expiring.get("/api/v1/traces").await.expect(200);
    server.clock.advance(Duration::from_secs(60));
    expiring.get("/api/v1/traces").await.expect_error(401, "unauthorized");
    for (field, body) in [
        ("scopes", json!({"name": "k", "scopes": []})),
        ("expires_at", json!({"name": "k", "expires_at": noon()})),
        ("rate_limit", json!({"name": "k", "rate_limit": 0})),
    ] {
        let rejected = ada.post("/api/v1/api-keys", &body).await.expect_error(422, "validation_failed");
        assert_eq!(rejected.fields(), [field]);
    }
    ada.post("/api/v1/api-keys", &json!({"name": "k", "scopes": ["root"]}))
        .await
        .expect_error(422, "validation_failed");
}

#[tokio::test]
async fn a_key_over_its_limit_can_be_revoked() {
    let server = builder().with("RATE_LIMIT_PER_MINUTE", "3").spawn().await;
    let ada = server.member("ada").await;
    let (id, agent) = server.key_of(&ada).await;
    while agent.send_trace(&trace("flood", noon(), json!({}))).await.status != 429 {}
    while ada.get("/api/v1/traces").await.status != 429 {}
    ada.delete(&format!("/api/v1/api-keys/{id}")).await.expect(204);
    agent.send_trace(&trace("after", noon(), json!({}))).await.expect_error(401, "unauthorized");
}

#[tokio::test]
async fn the_audit_log_shows_who_changed_what_to_owners() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    let bob = server.member_of(&ada, "bob", Role::Member).await;
    let manage = json!({"name": "ci", "scopes": ["manage"]});
    let key = bob.post("/api/v1/api-keys", &manage).await.expect(201).json();
    let program = server.anonymous_client().with_token(key["key"].as_str().unwrap());
    let rule = json!({"name": "errors", "warning": 5});
    server.clock.advance(Duration::from_secs(1));
    let rule = program.post("/api/v1/alert-rules", &rule).await.expect(201).json();
    server.clock.advance(Duration::from_secs(1));
    ada.patch(&format!("/api/v1/members/{}", bob.user.id), &json!({"role": "viewer"})).await.expect(204);
    ada.post("/api/v1/alert-rules", &json!({"name": "invalid"})).await.expect_error(422, "validation_failed");
    assert_eq!(actions(&ada).await, ["member.update", "alert_rule.create", "api_key.create"]);

    let of = async |query: &str| {
        ada.get(&format!("/api/v1/audit?{query}")).await.expect(200).json()["items"]
            .as_array()
            .unwrap()
            .clone()
    };
    let change = &of("action=member").await[0];
    assert_eq!(change["actor"], json!({"kind": "user", "id": ada.user.id, "email": "ada@example.com"}));
    assert_eq!(
        (&change["target"], &change["details"]),
        (&json!(bob.user.id), &json!({"from": "member", "to": "viewer"}))
    );
    assert_eq!(
        (&change["address"], &change["at"]),
        (&json!("127.0.0.1"), &json!(noon() + Duration::from_secs(2)))
    );
    let created = &of("action=alert_rule.create").await[0];
    assert_eq!(created["actor"], json!({"kind": "api_key", "id": key["id"], "email": null}));
    assert_eq!(created["target"], rule["id"]);
    assert_eq!(of("actor=bob@example.com").await.len(), 1);
    assert_eq!(of(&format!("actor={}", key["id"].as_str().unwrap())).await.len(), 1);
    assert_eq!(of("action=api").await, Vec::<Value>::new());

    let first = ada.get("/api/v1/audit?limit=2").await.expect(200).json();
    assert_eq!(first["items"].as_array().unwrap().len(), 2);
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = ada.get(&format!("/api/v1/audit?limit=2&cursor={cursor}")).await.expect(200).json();
    assert_eq!(second["items"].as_array().unwrap().len(), 1);
    assert!(second.get("next_cursor").is_none());
    ada.get("/api/v1/audit?cursor=x").await.expect_error(400, "bad_request");
    let text = ada.get("/api/v1/audit?range=30d").await.expect(200).text;
    assert!(!text.contains(key["key"].as_str().unwrap()), "the log contains no secrets");
}

#[tokio::test]
async fn forgetting_a_password_gives_the_same_response_for_all_emails() {
    let server = spawn().await;
    server.member("ada").await;
    let anonymous = server.anonymous_client();
    for email in ["ada@example.com", "nobody@example.com", "", "\0"] {
        anonymous.post("/api/v1/auth/password/forgot", &json!({"email": email})).await.expect(204);
    }
    let unknown = json!({"token": "unknown", "password": NEW_PASSWORD});
    anonymous.post("/api/v1/auth/password/reset", &unknown).await.expect_error(410, "link_expired");
}
