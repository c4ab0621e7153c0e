//! The trace page: stats, steps, and their inputs and outputs.

use serde_json::json;

use crate::stage::{browse, member_on};
use test_support::{
    page::{heading, link, region, text},
    sample::{full, trace},
    server::PASSWORD,
};

#[tokio::test]
async fn shows_every_field_of_a_trace() {
    browse(async |page, server| {
        let member = member_on(page, server, "/alerts").await;
        member.ingest(&[full("run", server.clock.now(), "x1")]).await;
        page.open("/traces/run").await;
        page.find(&heading("support-bot-x1")).await;
        for (label, value) in [
            ("Latency", "1.23 s"),
            ("Cost", "$0.0030"),
            ("Tokens", "908"),
            ("Quality", "87.5"),
            ("Model", "gpt-4o-x1"),
            ("Steps", "2"),
        ] {
            page.expect_text(&format!("//dt[.='{label}']/following-sibling::dd/span[1]"), value).await;
        }
        for (label, note) in [("Tokens", "812 in · 96 out"), ("Model", "openai-x1"), ("Steps", "1 failed")] {
            page.expect_text(&format!("//dt[.='{label}']/following-sibling::dd/span[2]"), note).await;
        }
        for shown in ["session-x1", "user-x1", "prod-x1", "batch"] {
            page.find(&text(shown)).await;
        }
        page.find("//p[contains(., 'broke x1')]").await;
        page.find(&format!("{}//*[contains(., 'question x1')]", region("Input"))).await;
        page.find(&format!("{}//*[contains(., 'answer x1')]", region("Output"))).await;
        page.find(&format!("{}//*[contains(., 'eu-x1')]", region("Metadata"))).await;

        let step = region("Selected step");
        page.click("//*[@role='treeitem'][contains(., 'search x1')]").await;
        page.find(&format!("{step}{}", heading("search x1"))).await;
        for shown in ["too slow x1", "query x1"] {
            page.find(&format!("{step}//*[contains(., '{shown}')]")).await;
        }
        page.click(&format!("{step}//button[contains(., 'Attributes')]")).await;
        page.find(&format!("{step}//*[contains(., 'docs-x1')]")).await;
        page.click(&format!("{step}//button[.='Raw']")).await;
        page.find(&format!("{step}{}//*[contains(., '40.25')]", region("Raw"))).await;
        page.click(&format!("{step}//button[.='Input & output']")).await;
        page.click("//*[@role='treeitem'][contains(., 'chat')]").await;
        for shown in ["prompt x1", "completion x1", "812 in", "96 out"] {
            page.find(&format!("{step}//*[contains(., '{shown}')]")).await;
        }
    })
    .await;
}

#[tokio::test]
async fn renders_agent_data_as_text_and_not_as_html() {
    const HOSTILE: &str = "<img src=x onerror='document.title=1'>";
    browse(async |page, server| {
        let member = member_on(page, server, "/traces").await;
        let more = json!({
            "agent_id": HOSTILE, "model": HOSTILE, "error": HOSTILE, "status": "error", "tags": [HOSTILE],
            "input": HOSTILE, "output": {"messages": [{"role": "user", "content": HOSTILE}]},
            "metadata": {HOSTILE: HOSTILE},
        });
        member.ingest(&[trace(HOSTILE, server.clock.now(), more)]).await;
        for path in ["/dashboard", "/traces"] {
            page.open(path).await;
            page.find(&link(HOSTILE)).await;
            page.expect_count("//img", 0).await;
        }
        page.click(&link(HOSTILE)).await;
        page.find(&heading(HOSTILE)).await;
        page.find(&format!("{}//*[contains(., 'onerror')]", region("Output"))).await;
        page.expect_count("//img", 0).await;
        assert!(page.chromium.client.title().await.unwrap().ends_with("Agent Observability"));
    })
    .await;
}

#[tokio::test]
async fn shows_that_a_trace_does_not_exist_or_belongs_to_another_workspace() {
    browse(async |page, server| {
        let other = server.member("other").await;
        other.ingest(&[trace("theirs", server.clock.now(), json!({}))]).await;
        let member = server.member("ada").await;
        page.open("/traces/theirs").await;
        page.log_in(&member.user.email, PASSWORD).await;
        page.expect_path("/traces/theirs").await;
        for path in ["/traces/theirs", "/traces/unknown"] {
            page.open(path).await;
            page.find(&text("Trace not found")).await;
        }
        page.click(&link("All traces")).await;
        page.expect_path("/traces").await;
        page.find(&text("No traces in this range")).await;
        page.expect_console_errors("status of 404").await;
    })
    .await;
}
