//! The list of traces: pagination and filters, which are in the URL.

use std::time::Duration;

use serde_json::json;

use crate::stage::browse;
use test_support::{
    page::{Page, button, field, link},
    sample::trace,
    server::{Member, PASSWORD, Server},
};

const ROWS: &str = "//tbody/tr";
const SHOWN: &str = "//nav[@aria-label='Pagination']/p";

/// Ingests 65 traces, a minute apart, newest first: run-0 to run-64. Even ones are of agent router, odd ones of agent
/// writer; every 13th failed: 0, 26 and 52 of router, 13 and 39 of writer. Opens the list.
async fn list_of_65(page: &Page, server: &Server) -> Member {
    let member = server.member("ada").await;
    let now = server.clock.now();
    let runs: Vec<_> = (0..65)
        .map(|number: u64| {
            let agent = if number.is_multiple_of(2) { "router" } else { "writer" };
            let status = if number.is_multiple_of(13) { "error" } else { "success" };
            let more = json!({"agent_id": agent, "status": status, "latency_ms": 1000 + number});
            trace(&format!("run-{number}"), now - Duration::from_secs(60 * number), more)
        })
        .collect();
    member.ingest(&runs).await;
    page.open("/traces").await;
    page.log_in(&member.user.email, PASSWORD).await;
    page.expect_text(SHOWN, "1–25 of 65").await;
    member
}

async fn first_row(page: &Page) -> String {
    let link = page.find(&format!("{ROWS}[1]//a")).await;
    link.attr("href").await.unwrap().unwrap_or_default()
}

#[tokio::test]
async fn pagination_updates_the_url() {
    browse(async |page, server| {
        list_of_65(page, server).await;
        assert_eq!(first_row(page).await, "/traces/run-0");
        page.find(&format!("{}[@disabled]", button("Previous"))).await;
        for (path, shown, first, rows) in [
            ("/traces?page=2", "26–50 of 65", "/traces/run-25", 25),
            ("/traces?page=3", "51–65 of 65", "/traces/run-50", 15),
        ] {
            page.click(&button("Next")).await;
            page.expect_path(path).await;
            page.expect_text(SHOWN, shown).await;
            assert_eq!(first_row(page).await, first);
            page.expect_count(ROWS, rows).await;
        }
        page.find(&format!("{}[@disabled]", button("Next"))).await;

        page.chromium.client.back().await.unwrap();
        page.expect_path("/traces?page=2").await;
        page.expect_text(SHOWN, "26–50 of 65").await;
        page.chromium.client.refresh().await.unwrap();
        page.expect_text(SHOWN, "26–50 of 65").await;
        assert_eq!(first_row(page).await, "/traces/run-25");
    })
    .await;
}

#[tokio::test]
async fn filters_combine_and_follow_the_browser_history() {
    browse(async |page, server| {
        list_of_65(page, server).await;
        page.click(&button("Next")).await;
        page.expect_path("/traces?page=2").await;
        // A changed filter starts at the first page.
        page.click(&format!("{}/option[.='Error']", field("Status"))).await;
        page.expect_path("/traces?status=error").await;
        page.expect_text(SHOWN, "1–5 of 5").await;
        page.click(&format!("{}/option[.='router']", field("Agent"))).await;
        page.expect_path("/traces?agent_id=router&status=error").await;
        page.expect_text(SHOWN, "1–3 of 3").await;
        for run in ["run-0", "run-26", "run-52"] {
            page.find(&format!("{ROWS}//a[@href='/traces/{run}']")).await;
        }

        page.chromium.client.refresh().await.unwrap();
        page.expect_text(SHOWN, "1–3 of 3").await;
        for (label, value) in [("Agent", "router"), ("Status", "error")] {
            let chosen = page.find(&field(label)).await.prop("value").await.unwrap();
            assert_eq!(chosen.as_deref(), Some(value));
        }
        page.chromium.client.back().await.unwrap();
        page.expect_path("/traces?status=error").await;
        page.expect_text(SHOWN, "1–5 of 5").await;
        let agent = page.find(&field("Agent")).await.prop("value").await.unwrap();
        assert_eq!(agent.as_deref(), Some(""), "the select follows the URL");

        page.click(&button("Clear filters")).await;
        page.expect_path("/traces").await;
        page.expect_text(SHOWN, "1–25 of 65").await;
    })
    .await;
}

#[tokio::test]
async fn offers_a_way_back_from_empty_results_and_missing_pages() {
    browse(async |page, server| {
        list_of_65(page, server).await;
        page.open("/traces?agent_id=nobody").await;
        page.find("//*[.='No traces match these filters']").await;
        page.click(&format!("//section[@aria-label='Traces']{}", button("Clear filters"))).await;
        page.expect_path("/traces").await;
        page.expect_text(SHOWN, "1–25 of 65").await;
        page.open("/traces?page=9").await;
        page.click(&button("Go to first page")).await;
        page.expect_path("/traces").await;
        page.click(&format!("({ROWS}{})[1]", link("router"))).await;
        page.expect_path("/traces/run-0").await;
    })
    .await;
}
