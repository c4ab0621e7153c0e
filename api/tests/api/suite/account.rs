//! Accounts over HTTP: registration, login, token refresh, and rate limits on guessing.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;

use test_support::server::{PASSWORD, builder, spawn};

#[tokio::test]
async fn register_returns_201_with_the_account_and_login_returns_a_token() {
    let server = spawn().await;
    let anonymous = server.anonymous_client();
    let body = json!({"email": " Ada@Example.COM ", "password": PASSWORD, "full_name": " Ada Lovelace ",
                      "workspace_name": "Engines"});
    let registered = anonymous.post("/api/v1/auth/register", &body).await.expect(201);
    let user = registered.json();
    assert_eq!((&user["email"], &user["full_name"]), (&json!("ada@example.com"), &json!("Ada Lovelace")));
    assert_eq!(user["workspace_name"], "Engines");
    assert!(!registered.text.contains(PASSWORD) && !registered.text.contains("$2"), "{}", registered.text);

    let login = anonymous.login("ADA@example.com", PASSWORD).await.expect(200);
    let token = login.json();
    assert_eq!((&token["token_type"], &token["expires_in"]), (&json!("bearer"), &json!(86_400)));
    assert_eq!(login.header("cache-control"), "no-store");
    let ada = anonymous.with_token(token["access_token"].as_str().unwrap());
    assert_eq!(ada.get("/api/v1/auth/me").await.expect(200).json(), user);
}

#[tokio::test]
async fn register_returns_409_when_the_email_is_taken_in_any_case() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    for email in ["ada@example.com", "ADA@EXAMPLE.com", " Ada@example.com "] {
        server.anonymous_client().register(email, PASSWORD).await.expect_error(409, "email_taken");
    }
    assert_eq!(ada.get("/api/v1/auth/me").await.expect(200).json()["id"], json!(ada.user.id));
}

#[tokio::test]
async fn login_with_a_nul_byte_in_the_email_returns_401() {
    let server = spawn().await;
    server
        .anonymous_client()
        .login("ada\0@example.com", PASSWORD)
        .await
        .expect_error(401, "invalid_credentials");
}

#[tokio::test]
async fn concurrent_registrations_with_one_email_create_one_account() {
    let server = spawn().await;
    let anonymous = server.anonymous_client();
    let (one, two) =
        tokio::join!(anonymous.register("a@b.c", PASSWORD), anonymous.register("A@b.c", PASSWORD));
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409]);
}

#[tokio::test]
async fn register_returns_422_and_names_every_invalid_field() {
    let server = spawn().await;
    let anonymous = server.anonymous_client();
    let good =
        json!({"email": "ada@example.com", "password": PASSWORD, "full_name": "Ada", "workspace_name": "W"});
    let all = json!({"email": "ada", "password": "short", "full_name": " ", "workspace_name": ""});
    let response = anonymous.post("/api/v1/auth/register", &all).await.expect_error(422, "validation_failed");
    assert_eq!(response.fields(), ["full_name", "email", "workspace_name", "password"]);
    let long = "x".repeat(1025);
    for (field, value) in [
        ("email", "a@b@c"),
        ("email", "a b@c.d"),
        ("password", long.as_str()),
        ("password", "with\0nul and more"),
        ("password", "Password1"),
        ("email", "a\u{200b}da@example.com"),
        ("email", "\u{430}da@example.com"),
        ("full_name", "two\nlines"),
        ("workspace_name", "\u{7}"),
    ] {
        let mut body = good.clone();
        body[field] = json!(value);
        let response =
            anonymous.post("/api/v1/auth/register", &body).await.expect_error(422, "validation_failed");
        assert_eq!(response.fields(), [field], "{value:?}");
        assert!(
            field != "password" || !response.text.contains(value),
            "the response does not contain the password"
        );
    }
    for missing in ["email", "password", "full_name", "workspace_name"] {
        let mut body = good.clone();
        body.as_object_mut().unwrap().remove(missing);
        let response =
            anonymous.post("/api/v1/auth/register", &body).await.expect_error(422, "validation_failed");
        assert!(response.text.contains(missing), "{}", response.text);
    }
    anonymous.post_text("/api/v1/auth/register", "{\"email\":").await.expect_error(400, "bad_request");
}

#[tokio::test]
async fn login_returns_the_same_error_for_an_unknown_email_and_a_wrong_password() {
    let server = spawn().await;
    server.member("ada").await;
    let anonymous = server.anonymous_client();
    let wrong =
        anonymous.login("ada@example.com", "not the password").await.expect_error(401, "invalid_credentials");
    let unknown = anonymous.login("eve@example.com", PASSWORD).await.expect_error(401, "invalid_credentials");
    let empty = anonymous.login("ada@example.com", "").await.expect_error(401, "invalid_credentials");
    let long =
        anonymous.login("ada@example.com", &"x".repeat(1025)).await.expect_error(401, "invalid_credentials");
    for other in [&unknown, &empty, &long] {
        assert_eq!(other.text, wrong.text);
        let names = |response: &test_support::response::Response| {
            response
                .headers
                .keys()
                .map(|name| name.as_str().to_owned())
                .collect::<std::collections::BTreeSet<_>>()
        };
        assert_eq!(names(other), names(&wrong));
    }
    anonymous.login("ada@example.com", PASSWORD).await.expect(200);
}

#[tokio::test]
async fn expired_token_returns_401_with_code_token_expired() {
    let server = builder().with("JWT_TTL_SECONDS", "60").spawn().await;
    let ada = server.member("ada").await;
    server.clock.advance(Duration::from_secs(59));
    ada.get("/api/v1/auth/me").await.expect(200);
    server.clock.advance(Duration::from_secs(1));
    ada.get("/api/v1/auth/me").await.expect_error(401, "token_expired");
    ada.post("/api/v1/auth/refresh", &json!(null)).await.expect_error(401, "token_expired");
}

#[tokio::test]
async fn refresh_returns_a_token_that_outlives_the_old_one() {
    let server = builder().with("JWT_TTL_SECONDS", "60").spawn().await;
    let ada = server.member("ada").await;
    server.clock.advance(Duration::from_secs(50));
    let response = ada.post("/api/v1/auth/refresh", &json!(null)).await.expect(200).json();
    assert_eq!(response["expires_in"], 60);
    let renewed = ada.with_token(response["access_token"].as_str().unwrap());
    server.clock.advance(Duration::from_secs(30));
    ada.get("/api/v1/auth/me").await.expect_error(401, "token_expired");
    assert_eq!(renewed.get("/api/v1/auth/me").await.expect(200).json()["email"], "ada@example.com");
    renewed.get("/api/v1/metrics/home-kpis").await.expect(200);
}

#[tokio::test]
async fn ten_failed_logins_rate_limit_an_email() {
    let server = spawn().await;
    server.member("ada").await;
    let anonymous = server.anonymous_client();
    for _ in 0..10 {
        anonymous.login("ada@example.com", "wrong password").await.expect_error(401, "invalid_credentials");
    }
    // The limit also applies to the right password and to other spellings of the e-mail.
    for email in ["ada@example.com", " ADA@Example.com"] {
        let rejected = anonymous.login(email, PASSWORD).await.expect_error(429, "rate_limited");
        assert!(rejected.header("retry-after").parse::<u64>().unwrap() > 0);
    }
    let rejected = anonymous.login("ada@example.com", PASSWORD).await;
    let wait: u64 = rejected.header("retry-after").parse().unwrap();
    server.member("bob").await;
    anonymous.login("bob@example.com", PASSWORD).await.expect(200);
    server.clock.advance(Duration::from_secs(wait));
    anonymous.login("ada@example.com", PASSWORD).await.expect(200);
}

#[tokio::test]
async fn ten_failed_logins_rate_limit_an_unknown_email() {
    let server = spawn().await;
    let anonymous = server.anonymous_client();
    for _ in 0..10 {
        anonymous.login("nobody@example.com", "").await.expect_error(401, "invalid_credentials");
    }
    anonymous.login("nobody@example.com", PASSWORD).await.expect_error(429, "rate_limited");
}

#[tokio::test]
async fn successful_login_resets_the_failure_count() {
    let server = spawn().await;
    server.member("ada").await;
    let anonymous = server.anonymous_client();
    for _ in 0..2 {
        for _ in 0..9 {
            anonymous.login("ada@example.com", "").await.expect_error(401, "invalid_credentials");
        }
        anonymous.login("ada@example.com", PASSWORD).await.expect(200);
    }
}

#[tokio::test]
async fn one_address_can_register_twenty_accounts_an_hour() {
    let server = spawn().await;
    let anonymous = server.anonymous_client();
    // Invalid registrations do not count.
    for _ in 0..30 {
        anonymous.register("no e-mail", PASSWORD).await.expect_error(422, "validation_failed");
    }
    let (anonymous, emails) = (&anonymous, (0..25).map(|i| format!("user{i}@example.com")));
    let responses = join_all(emails.map(async |email| anonymous.register(&email, PASSWORD).await)).await;
    let created = responses.iter().filter(|response| response.status == 201).count();
    assert_eq!(created, 20);
    let rejected = responses.into_iter().find(|response| response.status != 201).unwrap();
    let wait: u64 = rejected.expect_error(429, "rate_limited").header("retry-after").parse().unwrap();
    server.clock.advance(Duration::from_secs(wait));
    anonymous.register("late@example.com", PASSWORD).await.expect(201);
}
