//! The pages in Chromium, through a real nginx and four role processes: registration up to the first KPIs, login up to a
//! cached response, and the return to the requested page. Also the headers that nginx sets.

use std::{
    panic::{AssertUnwindSafe, resume_unwind},
    time::Duration,
};

use api::clock::Clock;
use futures_util::FutureExt;
use reqwest::Method;
use serde_json::json;

use crate::stack::{PASSWORD, Plan, Stack};
use test_support::{
    chromium::Chromium,
    client::Client,
    nginx::{Nginx, built_spa},
    page::{Page, button, heading, link},
    sample::{merged, trace},
    wait::eventually_within,
};

const KPIS: &str = "/api/v1/metrics/home-kpis?range=7d";

/// Runs `body` with a browser, and closes the browser even if `body` panics.
async fn browse(url: &str, body: impl AsyncFnOnce(&Page)) {
    let page = Page { url: url.to_owned(), chromium: Chromium::start().await };
    let outcome = AssertUnwindSafe(body(&page)).catch_unwind().await;
    page.chromium.end().await;
    if let Err(panic) = outcome {
        resume_unwind(panic);
    }
}

fn spa() -> std::path::PathBuf {
    let directory = built_spa();
    assert!(
        directory.join("index.html").is_file(),
        "no SPA in {}: run `make test` to build it",
        directory.display()
    );
    directory
}

#[tokio::test(flavor = "multi_thread")]
async fn three_user_flows_work_through_nginx_and_four_roles() {
    let stack = Stack::start(Plan::default().with("TRUSTED_PROXIES", "127.0.0.1")).await;
    let nginx = Nginx::start(stack.url(), &spa());
    browse(&nginx.url, async |page| {
        register_and_see_exact_kpis(page).await;
        log_out_and_return_to_the_requested_page(page).await;
        repeat_a_request_and_get_a_cached_response(page).await;
        assert_eq!(page.chromium.console_errors().await, Vec::<String>::new(), "console errors");
    })
    .await;
}

async fn register_and_see_exact_kpis(page: &Page) {
    page.open("/register").await;
    for (label, text) in [
        ("Your name", "Ada Lovelace"),
        ("E-mail", "ada@example.com"),
        ("Workspace name", "Engines"),
        ("Password", PASSWORD),
        ("Confirm password", PASSWORD),
    ] {
        page.fill(label, text).await;
    }
    page.click(&button("Create account")).await;
    page.expect_path("/dashboard").await;
    page.find(&heading("Send your first trace")).await;
    page.click(&link("Settings")).await;
    page.click(&link("API keys")).await;
    page.fill("Key name", "production").await;
    page.click(&button("Create key")).await;
    let key = page.find("//*[@role='status']//code").await.text().await.unwrap();

    let agents = Client::new(&page.url).with_token(&key);
    let run = |id: &str, latency: u32, status: &str| {
        let more = json!({"latency_ms": latency, "status": status, "cost_usd": 0.05});
        trace(id, Clock::system().now(), merged(json!({}), more))
    };
    agents.ingest(&[run("a", 400, "success"), run("b", 600, "timeout")]).await;
    let token = page.token().await.expect("registration must log in");
    let ada = Client::new(&page.url).with_token(&token);
    eventually_within(Duration::from_secs(10), "acknowledged traces are listed", || async {
        ada.get("/api/v1/traces").await.expect(200).json()["total"] == 2
    })
    .await;
    page.click(&link("Dashboard")).await;
    for (label, value) in
        [("Requests", "2"), ("Average latency", "500 ms"), ("Error rate", "50%"), ("Cost", "$0.100")]
    {
        page.find(&format!("//*[contains(., '{label}')]/descendant-or-self::*[normalize-space()='{value}']"))
            .await;
    }
}

async fn log_out_and_return_to_the_requested_page(page: &Page) {
    page.run("localStorage.clear();").await;
    page.open("/traces/a").await;
    page.log_in("ada@example.com", PASSWORD).await;
    page.expect_path("/traces/a").await;
    page.find(&heading("support-bot")).await;
}

async fn repeat_a_request_and_get_a_cached_response(page: &Page) {
    let token = page.token().await.expect("a token");
    let refreshed = page.fetch("POST", "/api/v1/auth/refresh", &token).await;
    assert_eq!(refreshed["status"], 200, "{refreshed}");
    let new = refreshed["body"]["access_token"].as_str().expect("a new token");
    let first = page.fetch("GET", KPIS, new).await;
    let second = page.fetch("GET", KPIS, new).await;
    assert_eq!((&first["status"], &second["cache"]), (&200.into(), &"hit".into()), "{first} {second}");
    assert_eq!(first["body"], second["body"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nginx_sets_headers_forwards_client_addresses_and_hides_internal_endpoints() {
    let stack = Stack::start(Plan::default().with("TRUSTED_PROXIES", "127.0.0.1")).await;
    let nginx = Nginx::start(stack.url(), &spa());
    let anonymous = Client::new(&nginx.url);
    let page = anonymous
        .send(anonymous.request(Method::GET, "/dashboard").header("accept", "text/html"))
        .await
        .expect(200);
    let policy = page.header("content-security-policy");
    assert!(
        policy.contains("script-src 'self'") && !policy.contains("script-src 'self' 'unsafe-inline'"),
        "{policy}"
    );
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "same-origin"),
    ] {
        assert_eq!(page.header(name), value, "{name}");
    }
    anonymous.get("/metrics").await.expect(404);
    anonymous.get("/ready").await.expect(200);
    let rejected = anonymous.get("/api/v1/traces").await.expect_error(401, "unauthorized");
    assert!(!rejected.header("x-request-id").is_empty());
    // Behind a trusted proxy, failures are counted per address; the client's own X-Forwarded-For header is ignored.
    for guess in 0..11 {
        let request = anonymous
            .request(Method::POST, "/api/v1/auth/login")
            .header("x-forwarded-for", format!("198.51.100.{guess}"));
        let body = json!({"email": "ada@example.com", "password": "a wrong one"});
        let expected = if guess < 10 { 401 } else { 429 };
        anonymous.send(request.json(&body)).await.expect(expected);
    }
}
