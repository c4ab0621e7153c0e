//! Pages without a login or with an expired session.

use serde_json::json;

use crate::stage::{browse, member_on};
use test_support::{
    page::{link, region, text},
    sample::trace,
    server::PASSWORD,
};

#[tokio::test]
async fn returns_to_the_requested_page_after_the_login() {
    browse(async |page, server| {
        let member = server.member("ada").await;
        let now = server.clock.now();
        let failed = trace("failed", now, json!({"agent_id": "breaker", "status": "error"}));
        member.ingest(&[trace("fine", now, json!({})), failed]).await;
        page.open("/traces?status=error").await;
        page.expect_path("/login?next=%2Ftraces%3Fstatus%3Derror").await;
        page.log_in(&member.user.email, PASSWORD).await;
        page.expect_path("/traces?status=error").await;
        page.find(&link("breaker")).await;
        page.expect_count("//tbody/tr", 1).await;
    })
    .await;
}

#[tokio::test]
async fn does_not_redirect_to_other_sites_after_the_login() {
    browse(async |page, server| {
        let member = server.member("ada").await;
        page.open("/login?next=%2F%2Fexample.com%2F").await;
        page.log_in(&member.user.email, PASSWORD).await;
        page.expect_path("/dashboard").await;
    })
    .await;
}

#[tokio::test]
async fn redirects_to_the_login_once_if_the_token_is_rejected() {
    browse(async |page, server| {
        let member = member_on(page, server, "/alerts").await;
        page.run(
            "const stored = JSON.parse(localStorage.getItem('agent-obs.token'));
            stored.access_token = 'garbage';
            localStorage.setItem('agent-obs.token', JSON.stringify(stored));",
        )
        .await;
        // Counts the redirects to the login across page loads.
        let source = "for (const name of ['pushState', 'replaceState']) {
            const go = history[name];
            history[name] = function (state, title, url) {
                const path = new URL(url, location.href).pathname;
                if (path === '/login') sessionStorage.logins = Number(sessionStorage.logins ?? 0) + 1;
                return go.apply(this, arguments);
            };
        }";
        let hook = json!({"source": source});
        page.chromium.devtools("Page.addScriptToEvaluateOnNewDocument", hook).await;
        page.open("/dashboard?range=7d").await;
        page.expect_path("/login?next=%2Fdashboard%3Frange%3D7d").await;
        page.find(&text("Your session has expired. Log in to continue.")).await;
        assert_eq!(page.token().await, None);
        page.log_in(&member.user.email, PASSWORD).await;
        page.expect_path("/dashboard?range=7d").await;
        page.find(&region("Send your first trace")).await;
        assert_eq!(page.run("return sessionStorage.logins").await, "1");
        page.expect_console_errors("status of 401").await;
    })
    .await;
}

#[tokio::test]
async fn shows_a_not_found_page_with_a_link_to_the_dashboard() {
    browse(async |page, _| {
        page.open("/nowhere/at/all").await;
        page.find(&text("Page not found")).await;
        page.click(&link("Go to dashboard")).await;
        page.expect_path("/login").await;
    })
    .await;
}
