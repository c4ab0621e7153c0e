//! What somebody sees who is not logged in, or not any more.

use serde_json::json;

use crate::{
    page::{link, region, text},
    sample::trace,
    server::PASSWORD,
    stage::{browse, member_on},
};

#[tokio::test]
async fn a_page_that_needs_a_login_comes_back_after_it_with_its_query() {
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
async fn a_login_leads_to_no_other_site() {
    browse(async |page, server| {
        let member = server.member("ada").await;
        page.open("/login?next=%2F%2Fexample.com%2F").await;
        page.log_in(&member.user.email, PASSWORD).await;
        page.expect_path("/dashboard").await;
    })
    .await;
}

#[tokio::test]
async fn a_token_that_is_refused_ends_at_the_login_once_and_leads_back() {
    browse(async |page, server| {
        let member = member_on(page, server, "/alerts").await;
        page.run(
            "const kept = JSON.parse(localStorage.getItem('agent-obs.token'));
            kept.access_token = 'garbage';
            localStorage.setItem('agent-obs.token', JSON.stringify(kept));",
        )
        .await;
        // Counts how often a page goes to the login, whatever of it is loaded again.
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
        page.find(&text("Your session has ended. Log in to go on where you were.")).await;
        assert_eq!(page.token().await, None);
        page.log_in(&member.user.email, PASSWORD).await;
        page.expect_path("/dashboard?range=7d").await;
        page.find(&region("Send your first trace")).await;
        assert_eq!(page.run("return sessionStorage.logins").await, "1");
        page.expect_complaints("status of 401").await;
    })
    .await;
}

#[tokio::test]
async fn an_address_that_is_no_page_says_so_and_leads_on() {
    browse(async |page, _| {
        page.open("/nowhere/at/all").await;
        page.find(&text("There is no page at this address")).await;
        page.click(&link("Go to the dashboard")).await;
        page.expect_path("/login").await;
    })
    .await;
}
