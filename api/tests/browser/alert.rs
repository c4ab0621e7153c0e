//! Alerts on the alerts page and on the dashboard.

use shared::alert::Severity;

use crate::stage::{browse, member_on};
use test_support::{
    page::{button, link, region, text},
    sample::trace,
    server::alert,
};

#[tokio::test]
async fn lists_alerts_and_filters_them_by_severity() {
    browse(async |page, server| {
        let member = member_on(page, server, "/settings/profile").await;
        let alerts = Severity::ALL.map(|severity| {
            let title = format!("A {} alert", severity.as_str());
            alert(member.user.workspace_id, &title, severity, server.clock.now())
        });
        server.insert_alerts(&alerts).await;
        member.ingest(&[trace("run", server.clock.now(), serde_json::json!({}))]).await;

        page.open("/dashboard").await;
        page.expect_count(&format!("{}//li", region("Alerts")), 3).await;
        page.click(&link("All alerts")).await;
        page.expect_path("/alerts").await;
        page.expect_count("//main//li", 3).await;
        page.click(&button("Critical")).await;
        page.expect_path("/alerts?severity=critical").await;
        page.expect_count("//main//li", 1).await;
        page.find("//main//li[contains(., 'A critical alert')]").await;
        page.chromium.client.back().await.unwrap();
        page.expect_count("//main//li", 3).await;
    })
    .await;
}

#[tokio::test]
async fn shows_an_empty_state_without_alerts() {
    browse(async |page, server| {
        member_on(page, server, "/alerts").await;
        page.find(&text("No active alerts")).await;
    })
    .await;
}
