//! Middleware of every handler: rate limits, CORS, security headers, and request ids.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use test_support::{
    response::Response,
    sample::trace,
    server::{builder, noon, spawn},
};

fn rate(response: &Response) -> (&str, &str) {
    (response.header("ratelimit-limit"), response.header("ratelimit-remaining"))
}

#[tokio::test]
async fn workspace_above_its_rate_limit_gets_429_and_others_do_not() {
    let server = builder().with("RATE_LIMIT_PER_MINUTE", "5").spawn().await;
    let (ada, bob) = (server.member("ada").await, server.member("bob").await);
    for remaining in ["4", "3", "2", "1", "0"] {
        let response = ada.get("/api/v1/auth/me").await.expect(200);
        assert_eq!(rate(&response), ("5", remaining));
        assert_eq!(response.header("ratelimit-reset"), "4", "noon() is 3.211 s before the minute's end");
    }
    for path in ["/api/v1/auth/me", "/api/v1/traces", "/api/v1/metrics/home-kpis"] {
        let rejected = ada.get(path).await.expect_error(429, "rate_limited");
        assert_eq!(rate(&rejected), ("5", "0"));
        let (wait, reset) = (rejected.header("retry-after"), rejected.header("ratelimit-reset"));
        assert!(wait.parse::<u64>().unwrap() >= 1 && wait == reset, "{wait} {reset}");
    }
    assert_eq!(rate(&bob.get("/api/v1/auth/me").await.expect(200)), ("5", "4"));
    let wait: u64 = ada.get("/api/v1/auth/me").await.header("retry-after").parse().unwrap();
    server.clock.advance(Duration::from_secs(wait));
    ada.get("/api/v1/auth/me").await.expect(200);
}

#[tokio::test]
async fn the_api_keys_of_a_workspace_share_a_rate_limit_and_each_person_has_another() {
    let server = builder().with("RATE_LIMIT_PER_MINUTE", "3").spawn().await;
    let ada = server.member("ada").await;
    let (_, one) = server.key_of(&ada).await;
    let (_, two) = server.key_of(&ada).await;
    for (agent, id) in [(&one, "a"), (&two, "b"), (&one, "c")] {
        agent.send_trace(&trace(id, noon(), json!({}))).await.expect(202);
    }
    let rejected = two.send_trace(&trace("d", noon(), json!({}))).await.expect_error(429, "rate_limited");
    assert_eq!(rate(&rejected), ("3", "0"));
    ada.get("/api/v1/auth/me").await.expect(200);
    ada.get("/api/v1/auth/me").await.expect_error(429, "rate_limited");
    // Requests without a workspace are not counted.
    server.anonymous_client().get("/health").await.expect(200);
    let stranger = server.anonymous_client().get("/api/v1/auth/me").await.expect_error(401, "unauthorized");
    assert_eq!(rate(&stranger), ("", ""));
}

#[tokio::test]
async fn rate_limit_of_zero_is_disabled() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    assert_eq!(rate(&ada.get("/api/v1/auth/me").await.expect(200)), ("", ""));
}

#[tokio::test]
async fn only_configured_origins_may_call_the_api() {
    let (one, two, other) = ("https://app.example.com", "http://localhost:8080", "https://evil.example");
    let configured = builder().with("CORS_ALLOWED_ORIGINS", &format!("{one}, {two}")).spawn().await;
    let closed = spawn().await;
    for (server, origin, allowed) in [
        (&configured, one, true),
        (&configured, two, true),
        (&configured, other, false),
        (&configured, "https://app.example.com.evil.example", false),
        (&configured, "http://app.example.com", false),
        (&configured, "null", false),
        (&closed, one, false),
        (&closed, other, false),
    ] {
        let ada = server.anonymous_client();
        let preflight = ada
            .request(Method::OPTIONS, "/api/v1/traces")
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "authorization,content-type");
        let preflight = ada.send(preflight).await;
        let response = ada.send(ada.request(Method::GET, "/api/v1/auth/me").header("origin", origin)).await;
        let expected = if allowed { origin } else { "" };
        assert_eq!(preflight.header("access-control-allow-origin"), expected, "{origin}: {preflight:?}");
        assert_eq!(response.header("access-control-allow-origin"), expected, "{origin}: {response:?}");
        assert_eq!(
            preflight.header("access-control-allow-credentials"),
            "",
            "tokens are sent in the authorization header, not in cookies"
        );
        if allowed {
            assert_eq!(preflight.status, 200);
            let headers = preflight.header("access-control-allow-headers").to_ascii_lowercase();
            assert!(headers.contains("authorization") && headers.contains("content-type"), "{headers}");
            let methods = preflight.header("access-control-allow-methods");
            assert!(
                ["GET", "POST", "PATCH", "DELETE"].iter().all(|name| methods.contains(name)),
                "{methods}"
            );
            let exposed = response.header("access-control-expose-headers").to_ascii_lowercase();
            assert!(
                ["x-cache", "retry-after", "x-request-id"].iter().all(|name| exposed.contains(name)),
                "{exposed}"
            );
        }
    }
}

#[tokio::test]
async fn every_response_has_security_headers_and_a_request_id() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("index.html"), "<!doctype html><script>start()</script>").unwrap();
    std::fs::write(directory.path().join("app.js"), "start()").unwrap();
    let server = builder()
        .with("WEB_DIR", directory.path().to_str().unwrap())
        .with("RATE_LIMIT_PER_MINUTE", "30")
        .spawn()
        .await;
    let (ada, bob) = (server.member("ada").await, server.member("bob").await);
    for _ in 0..30 {
        bob.get("/api/v1/auth/me").await;
    }
    let html = |path: &str| ada.request(Method::GET, path).header("accept", "text/html");
    let mut responses = Vec::new();
    for (status, request) in [
        (200, ada.request(Method::GET, "/health")),
        (200, ada.request(Method::GET, "/metrics")),
        (200, ada.request(Method::GET, "/api/v1/traces")),
        (202, ada.request(Method::POST, "/api/v1/traces").json(&trace("a", noon(), json!({})))),
        (400, ada.request(Method::GET, "/api/v1/traces?range=x")),
        (401, server.anonymous_client().request(Method::GET, "/api/v1/traces")),
        (404, ada.request(Method::GET, "/api/v1/traces/nothing")),
        (404, ada.request(Method::GET, "/api/v1/nothing")),
        (404, ada.request(Method::GET, "/nothing.js")),
        (405, ada.request(Method::PUT, "/api/v1/traces")),
        (405, ada.request(Method::POST, "/health")),
        (413, ada.request(Method::POST, "/api/v1/auth/login").json(&"x".repeat(70_000))),
        (415, ada.request(Method::POST, "/api/v1/traces").header("content-type", "text/plain").body("{}")),
        (422, ada.request(Method::POST, "/api/v1/traces").json(&json!({}))),
        (429, bob.request(Method::GET, "/api/v1/auth/me")),
        (200, html("/")),
        (200, html("/traces/some-trace")),
        (200, html("/login")),
        (200, ada.request(Method::GET, "/app.js")),
        (200, ada.request(Method::GET, "/docs/")),
        (200, ada.request(Method::GET, "/docs/swagger-ui.css")),
        (404, ada.request(Method::GET, "/docs/nothing")),
        (200, ada.request(Method::GET, "/openapi.json")),
    ] {
        let shown = format!("{request:?}");
        let response = ada.send(request).await;
        assert_eq!(response.status, status, "{shown}: {}", response.text);
        responses.push((shown, response));
    }
    for (shown, response) in &responses {
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "same-origin"),
        ] {
            assert_eq!(response.header(name), value, "{shown}: {:?}", response.headers);
        }
        let policy = response.header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
            "{shown}: {policy}"
        );
        assert_eq!(response.headers.get_all("content-security-policy").iter().count(), 1, "{shown}");
        let scripts =
            policy.split(';').find(|part| part.trim().starts_with("script-src")).unwrap_or_default();
        assert!(
            !scripts.contains("unsafe-inline") && !scripts.contains("'unsafe-eval'"),
            "{shown}: {policy}"
        );
        assert_eq!(response.header("x-request-id").len(), 32, "{shown}");
    }
    let page = &responses.iter().find(|(_, response)| response.text.contains("<script>start()")).unwrap().1;
    assert!(page.header("content-security-policy").contains("'sha256-"), "{:?}", page.headers);
    let fallback = server.anonymous_client().send(html("/traces/some-trace")).await;
    assert_eq!((&fallback.text, fallback.header("cache-control")), (&page.text, "no-cache"));
}

#[tokio::test]
async fn valid_request_id_is_kept_and_an_invalid_one_is_replaced() {
    let server = spawn().await;
    let anonymous = server.anonymous_client();
    let send_id = async |id: &[u8]| {
        let id = reqwest::header::HeaderValue::from_bytes(id).unwrap();
        let request = anonymous.request(Method::GET, "/api/v1/auth/me").header("x-request-id", id);
        anonymous.send(request).await.expect_error(401, "unauthorized").header("x-request-id").to_owned()
    };
    let longest = "x".repeat(64);
    for valid in ["abc-123_DEF.4", "7", longest.as_str()] {
        assert_eq!(send_id(valid.as_bytes()).await, valid);
    }
    let too_long = "x".repeat(65);
    for invalid in ["", "a b", "a,b", "<script>", "a\"b", "line\\n", too_long.as_str(), "ü"] {
        let id = send_id(invalid.as_bytes()).await;
        assert!(id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{invalid:?}: {id}");
    }
    assert_ne!(send_id(b"").await, send_id(b"").await);
}
