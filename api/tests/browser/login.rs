//! Login, logout, and renewal of the token.

use serde_json::Value;

use crate::stage::{browse, member_on};
use test_support::{
    page::{button, text},
    server::PASSWORD,
};

#[tokio::test]
async fn shows_an_error_for_a_wrong_password_and_allows_a_retry() {
    browse(async |page, server| {
        let member = server.member("ada").await;
        page.open("/login").await;
        page.log_in(&member.user.email, "not the password").await;
        let alert = page.find("//*[@role='alert']").await.text().await.unwrap();
        assert!(alert.contains("password"), "{alert}");
        assert_eq!(page.token().await, None);
        page.expect_console_errors("status of 401").await;

        page.find(&test_support::page::field("Password")).await.clear().await.unwrap();
        page.fill("Password", PASSWORD).await;
        page.click(&button("Log in")).await;
        page.expect_path("/dashboard").await;
    })
    .await;
}

#[tokio::test]
async fn accepts_a_refreshed_token_and_caches_responses() {
    const KPIS: &str = "/api/v1/metrics/home-kpis?range=7d";
    browse(async |page, server| {
        let member = member_on(page, server, "/traces").await;
        let token = page.token().await.expect("a token");
        let refreshed = page.fetch("POST", "/api/v1/auth/refresh", &token).await;
        assert_eq!(refreshed["status"], 200, "{refreshed}");
        let new = refreshed["body"]["access_token"].as_str().expect("a new token");
        for token in [&token, new] {
            let me = page.fetch("GET", "/api/v1/auth/me", token).await;
            assert_eq!(me["body"]["email"], member.user.email, "{me}");
        }
        let first = page.fetch("GET", KPIS, new).await;
        let second = page.fetch("GET", KPIS, new).await;
        assert_eq!((&first["status"], &first["cache"]), (&Value::from(200), &Value::from("miss")));
        assert_eq!((&second["status"], &second["cache"]), (&Value::from(200), &Value::from("hit")));
        assert_eq!(first["body"], second["body"]);
    })
    .await;
}

#[tokio::test]
async fn renews_a_token_after_half_of_its_lifetime() {
    browse(async |page, server| {
        member_on(page, server, "/alerts").await;
        page.run(
            "const stored = JSON.parse(localStorage.getItem('agent-obs.token'));
            stored.obtained_at = new Date(Date.now() - 20 * 3600e3).toISOString();
            stored.expires_at = new Date(Date.now() + 4 * 3600e3).toISOString();
            localStorage.setItem('agent-obs.token', JSON.stringify(stored));",
        )
        .await;
        page.open("/alerts").await;
        page.expect_script(
            "the token is valid for another day",
            "const stored = JSON.parse(localStorage.getItem('agent-obs.token'));
            return Date.parse(stored.expires_at) - Date.now() > 23 * 3600e3;",
        )
        .await;
    })
    .await;
}

#[tokio::test]
async fn logout_deletes_the_token_and_the_return_page() {
    browse(async |page, server| {
        member_on(page, server, "/settings/profile").await;
        page.click("//button[starts-with(@aria-label, 'Account:')]").await;
        page.click(&button("Log out")).await;
        page.expect_path("/login").await;
        assert_eq!(page.token().await, None);
        page.expect_absent(&text("Your session has expired. Log in to continue.")).await;
        page.open("/settings").await;
        page.expect_path("/login?next=%2Fsettings%2Fprofile").await;
    })
    .await;
}

#[tokio::test]
async fn logout_in_one_tab_logs_out_other_tabs() {
    browse(async |page, server| {
        member_on(page, server, "/settings/profile").await;
        let client = &page.chromium.client;
        let first = client.window().await.unwrap();
        let second = client.new_window(true).await.unwrap().handle;
        client.switch_to_window(second).await.unwrap();
        page.open("/alerts").await;
        page.click("//button[starts-with(@aria-label, 'Account:')]").await;
        page.click(&button("Log out")).await;
        page.expect_path("/login").await;
        client.switch_to_window(first).await.unwrap();
        page.expect_path("/login").await;
    })
    .await;
}
