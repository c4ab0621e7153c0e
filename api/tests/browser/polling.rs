//! What the page does by itself: asks again while somebody looks, rests while nobody does, and keeps what it has when
//! nobody answers.

use serde_json::{Value, json};

use crate::{
    dashboard::figure,
    page::{Page, link, region},
    sample::trace,
    server::{Member, PASSWORD, Server},
    stage::{browse, browse_until_stopped},
};

/// Somebody with one trace, on a dashboard that asks thirty times as often.
async fn hurried_dashboard(page: &Page, server: &Server) -> Member {
    page.hurry().await;
    let member = server.member("ada").await;
    member.ingest(&[trace("first", server.clock.now(), json!({}))]).await;
    page.open("/dashboard").await;
    page.log_in(&member.user.email, PASSWORD).await;
    page.expect_text(&figure("Requests"), "1").await;
    page.find(&in_activity("support-bot")).await;
    member
}

fn in_activity(agent: &str) -> String {
    format!("{}{}", region("Activity"), link(agent))
}

#[tokio::test]
async fn a_new_trace_shows_up_by_itself() {
    browse(async |page, server| {
        let member = hurried_dashboard(page, server).await;
        member.ingest(&[trace("second", server.clock.now(), json!({"agent_id": "latecomer"}))]).await;
        page.find(&in_activity("latecomer")).await;
        page.expect_text(&figure("Requests"), "2").await;
    })
    .await;
}

#[tokio::test]
async fn a_hidden_page_rests_and_catches_up_when_it_is_seen() {
    browse(async |page, server| {
        let member = hurried_dashboard(page, server).await;
        page.run(
            "window.hides = true;
            Object.defineProperty(document, 'hidden', {get: () => window.hides});
            const fetch = window.fetch;
            window.asked = 0;
            window.fetch = (...request) => { window.asked += 1; return fetch(...request); };
            window.ticks = 0;
            setInterval(() => { window.ticks += 1; }, 30_000);",
        )
        .await;
        member.ingest(&[trace("second", server.clock.now(), json!({"agent_id": "latecomer"}))]).await;
        page.expect_script("three times the stream's interval", "return window.ticks >= 3").await;
        assert_eq!(page.run("return window.asked").await, Value::from(0), "nobody looks");
        page.expect_count(&in_activity("latecomer"), 0).await;

        page.run("window.hides = false; document.dispatchEvent(new Event('visibilitychange'));").await;
        page.find(&in_activity("latecomer")).await;
    })
    .await;
}

#[tokio::test]
async fn when_the_server_is_gone_what_was_there_stays_and_is_called_old() {
    browse_until_stopped(async |page, server| {
        hurried_dashboard(page, &server).await;
        server.stop();
        for part in ["Activity", "Alerts"] {
            let old = "//*[@role='status'][contains(., 'Could not be brought up to date.')]";
            page.find(&format!("{}{old}", region(part))).await;
        }
        page.find(&in_activity("support-bot")).await;
        page.expect_text(&figure("Requests"), "1").await;
        assert!(page.token().await.is_some(), "nobody is logged out by an outage");
        page.expect_complaints("net::ERR_").await;
    })
    .await;
}
