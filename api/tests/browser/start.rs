//! Getting started: from a workspace without anything to the page of its first trace.

use serde_json::json;
use shared::api_key::PREFIX;

use crate::{
    page::{button, heading, link, region, text},
    sample::trace,
    settings::run_in_shell,
    stage::{browse, member_on},
};

const COMMAND: &str = "//pre[@aria-label='curl command']";
const KEY: &str = "//*[@role='status']//code";

#[tokio::test]
async fn a_key_a_pasted_command_and_the_page_turns_to_the_trace() {
    browse(async |page, server| {
        page.hurry().await;
        member_on(page, server, "/start").await;
        page.find(&heading("Send your first trace")).await;
        page.click(&button("curl")).await;
        let before = page.find(COMMAND).await.text().await.unwrap();
        assert!(before.contains("YOUR_API_KEY"), "{before}");
        page.click(&button("Create a key")).await;
        let key = page.find(KEY).await.text().await.unwrap();
        assert!(key.starts_with(PREFIX), "{key}");

        let command = page.find(COMMAND).await.text().await.unwrap();
        run_in_shell(server, &command).await;
        page.find(&text("Your first trace is here.")).await;
        page.expect_script("a trace is shown", "return location.pathname.startsWith('/traces/')").await;
        page.find(&heading("getting-started")).await;
        page.find(&format!("{}//*[contains(., 'Where is my parcel?')]", region("Input"))).await;

        // The key is kept nowhere: who comes back makes another.
        page.chromium.client.back().await.unwrap();
        page.expect_path("/start").await;
        page.find(&button("Create a key")).await;
        page.open("/settings").await;
        page.find("//tr[th[normalize-space()='Getting started']]").await;
    })
    .await;
}

#[tokio::test]
async fn every_snippet_holds_the_fresh_key_and_the_address_of_the_page() {
    browse(async |page, server| {
        member_on(page, server, "/start").await;
        page.click(&button("Create a key")).await;
        let key = page.find(KEY).await.text().await.unwrap();
        for way in ["Python", "OpenInference", "OpenLLMetry", "TypeScript", "Vercel AI SDK"] {
            page.click(&button(way)).await;
            page.find(&format!("//button[.='{way}'][@aria-pressed='true']")).await;
            let settings = "//pre[@aria-label='installation and settings']";
            let settings = page.find(settings).await.text().await.unwrap();
            let endpoint = format!("OTEL_EXPORTER_OTLP_ENDPOINT=\"{}\"", server.url);
            assert!(settings.contains(&endpoint), "{way}: {settings}");
            assert!(settings.contains(&format!("x-api-key={key}")), "{way}: {settings}");
            page.find("//pre[@aria-label='program']").await;
        }
    })
    .await;
}

#[tokio::test]
async fn traffic_that_goes_on_is_said_and_turns_nobody_away() {
    browse(async |page, server| {
        page.hurry().await;
        let member = server.member("ada").await;
        member.ingest(&[trace("old", server.clock.now(), json!({}))]).await;
        page.open("/start").await;
        page.log_in(&member.user.email, crate::server::PASSWORD).await;
        page.find(&text("Waiting. This page turns to the trace as soon as it arrives.")).await;
        member.ingest(&[trace("more", server.clock.now(), json!({"agent_id": "router"}))]).await;
        page.find("//*[@role='status'][contains(., 'A trace of router has come in.')]").await;
        page.expect_path("/start").await;
        page.click(&link("Open it")).await;
        page.expect_path("/traces/more").await;
    })
    .await;
}
