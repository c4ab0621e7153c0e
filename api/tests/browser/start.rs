//! Getting started, from an empty workspace to the page of its first trace.

use serde_json::json;
use shared::api_key::PREFIX;

use crate::{
    settings::run_in_shell,
    stage::{browse, member_on},
};
use test_support::{
    page::{button, heading, link, region, text},
    sample::trace,
};

const COMMAND: &str = "//pre[@aria-label='curl command']";
const KEY: &str = "//*[@role='status']//code";

#[tokio::test]
async fn opens_the_trace_that_the_curl_command_sends() {
    browse(async |page, server| {
        page.speed_up_polling().await;
        member_on(page, server, "/start").await;
        page.find(&heading("Send your first trace")).await;
        page.click(&button("curl")).await;
        let before = page.find(COMMAND).await.text().await.unwrap();
        assert!(before.contains("YOUR_API_KEY"), "{before}");
        page.click(&button("Create key")).await;
        let key = page.find(KEY).await.text().await.unwrap();
        assert!(key.starts_with(PREFIX), "{key}");

        let command = page.find(COMMAND).await.text().await.unwrap();
        run_in_shell(server, &command).await;
        page.find(&text("Your first trace has arrived.")).await;
        page.expect_script("the trace is open", "return location.pathname.startsWith('/traces/')").await;
        page.find(&heading("getting-started")).await;
        page.find(&format!("{}//*[contains(., 'Where is my parcel?')]", region("Input"))).await;

        // The key is not stored: after a return, a new one has to be created.
        page.chromium.client.back().await.unwrap();
        page.expect_path("/start").await;
        page.find(&button("Create key")).await;
        page.open("/settings/keys").await;
        page.find("//tr[th[normalize-space()='Getting started']]").await;
    })
    .await;
}

#[tokio::test]
async fn every_example_contains_the_new_key_and_the_server_url() {
    browse(async |page, server| {
        member_on(page, server, "/start").await;
        page.click(&button("Create key")).await;
        let key = page.find(KEY).await.text().await.unwrap();
        for integration in ["Python", "OpenInference", "OpenLLMetry", "TypeScript", "Vercel AI SDK"] {
            page.click(&button(integration)).await;
            page.find(&format!("//button[.='{integration}'][@aria-pressed='true']")).await;
            let settings = "//pre[@aria-label='setup commands']";
            let settings = page.find(settings).await.text().await.unwrap();
            let endpoint = format!("OTEL_EXPORTER_OTLP_ENDPOINT=\"{}\"", server.url);
            assert!(settings.contains(&endpoint), "{integration}: {settings}");
            assert!(settings.contains(&format!("x-api-key={key}")), "{integration}: {settings}");
            page.find("//pre[@aria-label='program']").await;
        }
    })
    .await;
}

#[tokio::test]
async fn mentions_existing_traffic_without_opening_it() {
    browse(async |page, server| {
        page.speed_up_polling().await;
        let member = server.member("ada").await;
        member.ingest(&[trace("old", server.clock.now(), json!({}))]).await;
        page.open("/start").await;
        page.log_in(&member.user.email, test_support::server::PASSWORD).await;
        page.find(&text("Waiting for your trace. It opens as soon as it arrives.")).await;
        member.ingest(&[trace("more", server.clock.now(), json!({"agent_id": "router"}))]).await;
        page.find("//*[@role='status'][contains(., 'New trace from router.')]").await;
        page.expect_path("/start").await;
        page.click(&link("Open trace")).await;
        page.expect_path("/traces/more").await;
    })
    .await;
}
