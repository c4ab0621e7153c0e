//! The steps of a trace: keyboard navigation, search, errors, and links to a step.

use std::time::Duration;

use fantoccini::key::Key;
use serde_json::{Value, json};

use crate::stage::{browse, member_on};
use test_support::{
    page::{Page, button, heading, link, region},
    sample::{full, trace},
    server::Server,
};

const ROWS: &str = "return document.querySelectorAll('[role=treeitem]').length";

fn step(name: &str) -> String {
    format!("{}{}", region("Selected step"), heading(name))
}

fn row(name: &str) -> String {
    format!("//*[@role='treeitem'][contains(., '{name}')]")
}

async fn press(page: &Page, keys: &str) {
    page.chromium.client.active_element().await.unwrap().send_keys(keys).await.unwrap();
}

/// Opens a trace with two steps. The inner one failed.
async fn open_trace(page: &Page, server: &Server) {
    let member = member_on(page, server, "/alerts").await;
    member.ingest(&[full("run", server.clock.now(), "x1")]).await;
    page.open("/traces").await;
    page.click(&link("support-bot-x1")).await;
    page.find(&row("search x1")).await;
}

/// Opens a trace with ten thousand steps. `parent` returns the parent of each step.
async fn open_long_trace(page: &Page, server: &Server, parent: impl Fn(u64) -> Option<u64>) {
    const STEPS: u64 = 10_000;
    let member = member_on(page, server, "/alerts").await;
    let start = server.clock.now();
    let spans: Vec<Value> = (0..STEPS)
        .map(|at| {
            json!({
                "span_id": at.to_string(), "parent_span_id": parent(at).map(|parent| parent.to_string()),
                "name": format!("step {at}."), "timestamp": start + Duration::from_millis(at),
                "latency_ms": STEPS - at, "status": if at == 7_777 { "error" } else { "success" },
            })
        })
        .collect();
    member.ingest(&[trace("long", start, json!({"latency_ms": STEPS, "spans": spans}))]).await;
    page.open("/traces/long").await;
    page.find(&row("step 0.")).await;
}

#[tokio::test]
async fn steps_collapse_and_expand_by_mouse_and_keyboard() {
    browse(async |page, server| {
        open_trace(page, server).await;
        page.click(&button("Collapse all")).await;
        page.expect_absent(&row("search x1")).await;
        page.click(&row("chat")).await;
        page.find(&step("chat")).await;
        press(page, &Key::Right.to_string()).await;
        page.find(&row("search x1")).await;
        press(page, &Key::Right.to_string()).await;
        page.find(&step("search x1")).await;
        press(page, &Key::Left.to_string()).await;
        page.find(&step("chat")).await;
        press(page, &Key::Left.to_string()).await;
        page.expect_absent(&row("search x1")).await;
        page.expect_count("//*[@role='treeitem'][@aria-expanded='false']", 1).await;
        press(page, &Key::Escape.to_string()).await;
        page.find(&step("Trace overview")).await;
    })
    .await;
}

#[tokio::test]
async fn search_finds_names_inputs_and_outputs() {
    browse(async |page, server| {
        open_trace(page, server).await;
        press(page, "/").await;
        page.expect_script("the search has the focus", "return document.activeElement.id === 'span-search'")
            .await;
        press(page, "completion X1").await;
        page.find("//*[@role='status'][.='1 match']").await;
        press(page, &Key::Enter.to_string()).await;
        page.find(&step("chat")).await;
        page.click(&button("Only matches")).await;
        page.expect_absent(&row("search x1")).await;
        page.click("//input[@type='search']").await;
        press(page, &Key::Escape.to_string()).await;
        page.find(&row("search x1")).await;
        page.expect_script("the tree has the focus", "return document.activeElement.role === 'tree'").await;
    })
    .await;
}

#[tokio::test]
async fn error_button_and_shortcut_select_the_failed_step() {
    browse(async |page, server| {
        open_trace(page, server).await;
        page.click(&button("Collapse all")).await;
        page.click(&button("1 error")).await;
        page.find(&step("search x1")).await;
        page.find(&format!("{}//*[contains(., 'too slow x1')]", region("Selected step"))).await;
        page.click(&row("chat")).await;
        press(page, "e").await;
        page.find(&step("search x1")).await;
    })
    .await;
}

#[tokio::test]
async fn url_contains_the_step_without_extra_history_entries() {
    browse(async |page, server| {
        open_trace(page, server).await;
        page.click(&row("chat")).await;
        page.expect_path("/traces/run?span=llm").await;
        page.click(&row("search x1")).await;
        page.expect_path("/traces/run?span=tool").await;
        page.chromium.client.refresh().await.unwrap();
        page.find(&step("search x1")).await;
        page.chromium.client.back().await.unwrap();
        page.expect_path("/traces").await;
        page.open("/traces/run?span=unknown").await;
        page.find(&step("Trace overview")).await;
    })
    .await;
}

#[tokio::test]
async fn renders_only_visible_rows_of_ten_thousand_steps() {
    browse(async |page, server| {
        open_long_trace(page, server, |at| (at > 0).then_some(at / 50)).await;
        let few = format!("const rows = ({{ rows() {{ {ROWS} }} }}).rows(); return rows > 5 && rows < 100");
        page.expect_script("only visible rows are rendered", &few).await;
        page.click(&row("step 0.")).await;
        press(page, &Key::End.to_string()).await;
        page.expect_script(
            "the last row is visible",
            "const [row, list] = ['[aria-selected=true]', '[role=tree]'].map(it => document.querySelector(it));
            if (!row || !list.scrollTop) return false;
            const [a, b] = [row, list].map(it => it.getBoundingClientRect());
            return a.top >= b.top && a.bottom <= b.bottom + 1",
        )
        .await;
        page.expect_script("only visible rows are rendered", &few).await;
        page.click(&button("1 error")).await;
        page.find(&row("step 7777.")).await;
        page.find(&step("step 7777.")).await;
        page.click(&button("Collapse all")).await;
        page.expect_count("//*[@role='treeitem']", 2).await;
    })
    .await;
}

#[tokio::test]
async fn shows_a_chain_of_ten_thousand_steps() {
    browse(async |page, server| {
        open_long_trace(page, server, |at| at.checked_sub(1)).await;
        page.click(&row("step 0.")).await;
        press(page, &Key::End.to_string()).await;
        page.find(&step("step 9999.")).await;
        page.find("//*[@role='treeitem'][@aria-level='10001']").await;
    })
    .await;
}
