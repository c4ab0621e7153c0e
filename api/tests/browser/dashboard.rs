//! The dashboard: KPIs, time ranges, and links to traces.

use std::time::Duration;

use serde_json::json;

use crate::stage::{browse, member_on};
use test_support::{
    page::{button, link, region, text},
    sample::{full, trace},
};

/// Returns the XPath of a KPI's value.
pub fn kpi(label: &str) -> String {
    format!("//article[@aria-label='{label}']/h2/following-sibling::p[1]")
}

#[tokio::test]
async fn shows_a_new_trace_after_a_refresh_and_opens_it() {
    browse(async |page, server| {
        let member = server.member("ada").await;
        member.ingest(&[trace("old", server.clock.now(), json!({}))]).await;
        page.open("/dashboard").await;
        page.log_in(&member.user.email, test_support::server::PASSWORD).await;
        page.expect_text(&kpi("Requests"), "1").await;

        member.ingest(&[full("new/run 1", server.clock.now(), "x1")]).await;
        page.click(&button("Refresh")).await;
        page.expect_text(&kpi("Requests"), "2").await;
        page.expect_text(&kpi("Error rate"), "50%").await;
        let activity = region("Activity");
        page.click(&format!("{activity}{}", link("support-bot-x1"))).await;
        page.expect_path("/traces/new%2Frun%201").await;
        page.find(&format!("{}//*[contains(., 'question x1')]", region("Input"))).await;
        page.find(&format!("{}//*[contains(., 'answer x1')]", region("Output"))).await;
        // The trace and its two spans.
        page.expect_count("//*[@role='treeitem']", 3).await;
    })
    .await;
}

#[tokio::test]
async fn filters_by_time_range_and_stores_it_in_the_url() {
    browse(async |page, server| {
        let member = server.member("ada").await;
        let now = server.clock.now();
        let before = now - Duration::from_secs(3 * 86_400);
        member.ingest(&[trace("now", now, json!({}))]).await;
        member.ingest(&[trace("before", before, json!({"latency_ms": 300}))]).await;
        page.open("/dashboard").await;
        page.log_in(&member.user.email, test_support::server::PASSWORD).await;
        page.expect_text(&kpi("Requests"), "1").await;
        page.click(&button("Last 7 days")).await;
        page.expect_path("/dashboard?range=7d").await;
        page.expect_text(&kpi("Requests"), "2").await;
        page.expect_text(&kpi("Average latency"), "200 ms").await;
        page.find("//article[@aria-label='Requests'][contains(., 'vs last 7d')]").await;

        page.open("/dashboard?range=7d").await;
        page.expect_text(&kpi("Requests"), "2").await;
        page.find("//button[.='Last 7 days'][@aria-pressed='true']").await;
        page.click(&format!("{}{}", region("Top agents"), link("support-bot"))).await;
        page.expect_path("/traces?range=7d&agent_id=support-bot").await;
        page.expect_count("//tbody/tr", 2).await;
    })
    .await;
}

#[tokio::test]
async fn opens_the_first_trace_of_an_empty_workspace() {
    browse(async |page, server| {
        page.speed_up_polling().await;
        let member = member_on(page, server, "/dashboard").await;
        page.find(&region("Send your first trace")).await;
        member.ingest(&[trace("first", server.clock.now(), json!({}))]).await;
        page.find(&text("Your first trace has arrived.")).await;
        page.expect_path("/traces/first").await;
        page.click(&link("Dashboard")).await;
        page.expect_text(&kpi("Requests"), "1").await;
        page.expect_absent(&region("Send your first trace")).await;
    })
    .await;
}
