//! Polling: pages refresh while visible, pause while hidden, and keep the latest data if the server is down.

use serde_json::{Value, json};

use crate::{
    dashboard::kpi,
    stage::{browse, browse_until_stopped},
};
use test_support::{
    page::{Page, link, region},
    sample::trace,
    server::{Member, PASSWORD, Server},
};

/// Opens the dashboard of a workspace with one trace, with fast polling.
async fn fast_dashboard(page: &Page, server: &Server) -> Member {
    page.speed_up_polling().await;
    let member = server.member("ada").await;
    member.ingest(&[trace("first", server.clock.now(), json!({}))]).await;
    page.open("/dashboard").await;
    page.log_in(&member.user.email, PASSWORD).await;
    page.expect_text(&kpi("Requests"), "1").await;
    page.find(&in_activity("support-bot")).await;
    member
}

fn in_activity(agent: &str) -> String {
    format!("{}{}", region("Activity"), link(agent))
}

#[tokio::test]
async fn shows_a_new_trace_without_a_refresh() {
    browse(async |page, server| {
        let member = fast_dashboard(page, server).await;
        member.ingest(&[trace("second", server.clock.now(), json!({"agent_id": "latecomer"}))]).await;
        page.find(&in_activity("latecomer")).await;
        page.expect_text(&kpi("Requests"), "2").await;
    })
    .await;
}

#[tokio::test]
async fn hidden_page_pauses_and_refreshes_when_visible() {
    browse(async |page, server| {
        let member = fast_dashboard(page, server).await;
        page.run(
            "window.isHidden = true;
            Object.defineProperty(document, 'hidden', {get: () => window.isHidden});
            const fetch = window.fetch;
            window.requests = 0;
            window.fetch = (...request) => { window.requests += 1; return fetch(...request); };
            window.ticks = 0;
            setInterval(() => { window.ticks += 1; }, 30_000);",
        )
        .await;
        member.ingest(&[trace("second", server.clock.now(), json!({"agent_id": "latecomer"}))]).await;
        page.expect_script(
            "three polling intervals of the activity stream have passed",
            "return window.ticks >= 3",
        )
        .await;
        assert_eq!(
            page.run("return window.requests").await,
            Value::from(0),
            "a hidden page sends no requests"
        );
        page.expect_count(&in_activity("latecomer"), 0).await;

        page.run("window.isHidden = false; document.dispatchEvent(new Event('visibilitychange'));").await;
        page.find(&in_activity("latecomer")).await;
    })
    .await;
}

#[tokio::test]
async fn keeps_the_latest_data_with_a_notice_if_the_server_is_down() {
    browse_until_stopped(async |page, server| {
        fast_dashboard(page, &server).await;
        server.stop();
        for part in ["Activity", "Alerts"] {
            let notice = "//*[@role='status'][contains(., 'Failed to refresh.')]";
            page.find(&format!("{}{notice}", region(part))).await;
        }
        page.find(&in_activity("support-bot")).await;
        page.expect_text(&kpi("Requests"), "1").await;
        assert!(page.token().await.is_some(), "an outage does not log out");
        page.expect_console_errors("net::ERR_").await;
    })
    .await;
}
