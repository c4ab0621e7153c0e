//! Sessions and end users: the lists, the pages, and the links between them.

use std::time::Duration;

use serde_json::{Value, json};

use crate::stage::browse;
use test_support::{
    page::{Page, button, heading, link, region, text},
    sample::trace,
    server::{Member, PASSWORD, Server},
};

const TRACES: &str = "//ol[@class='session-traces']/li";
/// A session id may contain any character.
const SESSION: &str = "chat 1/2?";
const SESSION_PATH: &str = "/sessions/chat%201%2F2%3F";

/// Returns the trace of one turn of a conversation. Its input contains all earlier messages.
fn turn(number: u64, server: &Server) -> Value {
    let mut messages: Vec<Value> = (0..number)
        .flat_map(|before| {
            [
                json!({"role": "user", "content": format!("question {before}")}),
                json!({"role": "assistant", "content": format!("answer {before}")}),
            ]
        })
        .collect();
    messages.push(json!({"role": "user", "content": format!("question {number}")}));
    let more = json!({
        "session_id": SESSION, "user_id": "ada@example.com", "tokens_input": 10, "tokens_output": 5, "cost_usd": 0.25,
        "input": {"messages": messages}, "output": format!("answer {number}"),
        "status": if number == 1 { "error" } else { "success" },
    });
    let ago = Duration::from_secs(60 * (100 - number));
    trace(&format!("turn-{number}"), server.clock.now() - ago, more)
}

/// Ingests a conversation of `turns` traces and a trace without a session, and opens `path`.
async fn conversation(page: &Page, server: &Server, turns: u64, path: &str) -> Member {
    let member = server.member("ada").await;
    let mut traces: Vec<_> = (0..turns).map(|number| turn(number, server)).collect();
    traces.push(trace("alone", server.clock.now(), json!({})));
    member.ingest(&traces).await;
    page.open(path).await;
    page.log_in(&member.user.email, PASSWORD).await;
    page.expect_path(path).await;
    member
}

/// Returns the XPath of a total's value.
fn total(label: &str) -> String {
    format!("{}//dt[.='{label}']/following-sibling::dd/*[1]", region("Totals"))
}

#[tokio::test]
async fn trace_links_to_its_session_which_shows_the_conversation() {
    browse(async |page, server| {
        conversation(page, server, 3, "/traces/turn-2").await;
        page.click(&link(SESSION)).await;
        page.expect_path(SESSION_PATH).await;
        page.find(&heading(SESSION)).await;
        for (label, value) in [("Traces", "3"), ("Errors", "1"), ("Tokens", "45"), ("Cost", "$0.750")] {
            page.expect_text(&total(label), value).await;
        }
        page.expect_count(TRACES, 3).await;
        // The messages are in chronological order, each of them once.
        for number in 0..3 {
            let item = format!("{TRACES}[{}]", number + 1);
            for message in [format!("question {number}"), format!("answer {number}")] {
                page.find(&format!("{item}{}", text(&message))).await;
            }
        }
        page.click(&format!("{TRACES}[3]{}", text("4 earlier messages"))).await;
        page.find(&format!("{TRACES}[3]{}", text("question 0"))).await;

        page.click(&format!("({TRACES}{})[1]", link("ada@example.com"))).await;
        page.expect_path("/users/ada%40example.com").await;
        page.expect_count(TRACES, 3).await;
        // The traces of an end user are sorted newest first.
        page.find(&format!("{TRACES}[1]{}", text("question 2"))).await;
        page.click(&format!("({TRACES}{})[1]", link(SESSION))).await;
        page.expect_path(SESSION_PATH).await;
        page.click(&format!("({TRACES}{})[1]", link("support-bot"))).await;
        page.expect_path("/traces/turn-0").await;
    })
    .await;
}

#[tokio::test]
async fn long_session_loads_more_traces_on_demand() {
    browse(async |page, server| {
        conversation(page, server, 23, SESSION_PATH).await;
        page.expect_count(TRACES, 20).await;
        page.find(&text("20 of 23")).await;
        page.click(&button("Load more")).await;
        page.expect_count(TRACES, 23).await;
        page.find(&format!("{TRACES}[23]{}", text("answer 22"))).await;
        page.expect_absent(&button("Load more")).await;
    })
    .await;
}

#[tokio::test]
async fn lists_link_to_sessions_and_end_users_and_explain_empty_states() {
    browse(async |page, server| {
        let member = server.member("ada").await;
        page.open("/sessions").await;
        page.log_in(&member.user.email, PASSWORD).await;
        page.find(&text("No sessions in this range")).await;
        page.find("//code[.='session.id']").await;
        page.click(&link("End users")).await;
        page.find(&text("No end users in this range")).await;
        page.find("//code[.='user.id']").await;

        member.ingest(&[turn(0, server), turn(1, server)]).await;
        page.click(&button("Refresh")).await;
        page.click(&format!("//tbody{}", link("ada@example.com"))).await;
        page.expect_path("/users/ada%40example.com").await;
        page.click(&link("Sessions")).await;
        page.expect_path("/sessions").await;
        page.find("//tbody/tr[td[@data-label='Traces'][.='2']][td[@data-label='Errors'][.='1']]").await;
        page.click(&format!("//tbody{}", link(SESSION))).await;
        page.expect_path(SESSION_PATH).await;
    })
    .await;
}

#[tokio::test]
async fn session_filter_of_the_trace_list_can_be_removed() {
    browse(async |page, server| {
        conversation(page, server, 2, SESSION_PATH).await;
        page.click(&link("View traces")).await;
        page.expect_count("//tbody/tr", 2).await;
        page.find(&link(SESSION)).await;
        page.click(&button(&format!("Remove filter: Session {SESSION}"))).await;
        page.expect_path("/traces?range=30d").await;
        page.expect_count("//tbody/tr", 3).await;
    })
    .await;
}

#[tokio::test]
async fn shows_that_a_session_does_not_exist() {
    browse(async |page, server| {
        conversation(page, server, 1, "/sessions/unknown").await;
        page.find(&text("Session not found")).await;
        page.expect_console_errors("404").await;
        page.click(&link("All sessions")).await;
        page.find(&format!("//tbody{}", link(SESSION))).await;
    })
    .await;
}
