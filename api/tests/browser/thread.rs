//! Sessions and users: from a trace to its conversation, and from there to the person.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    page::{Page, button, heading, link, region, text},
    sample::trace,
    server::{Member, PASSWORD, Server},
    stage::browse,
};

const RUNS: &str = "//ol[@class='runs']/li";
/// A session's id may hold anything.
const SESSION: &str = "chat 1/2?";
const SESSION_PATH: &str = "/sessions/chat%201%2F2%3F";

/// A turn of a conversation: the input is all that was said so far.
fn turn(number: u64, server: &Server) -> Value {
    let mut said: Vec<Value> = (0..number)
        .flat_map(|before| {
            [
                json!({"role": "user", "content": format!("question {before}")}),
                json!({"role": "assistant", "content": format!("answer {before}")}),
            ]
        })
        .collect();
    said.push(json!({"role": "user", "content": format!("question {number}")}));
    let more = json!({
        "session_id": SESSION, "user_id": "ada@example.com", "tokens_input": 10, "tokens_output": 5, "cost_usd": 0.25,
        "input": {"messages": said}, "output": format!("answer {number}"),
        "status": if number == 1 { "error" } else { "success" },
    });
    let ago = Duration::from_secs(60 * (100 - number));
    trace(&format!("turn-{number}"), server.clock.now() - ago, more)
}

/// A conversation of `turns`, and a trace of nobody's.
async fn conversation(page: &Page, server: &Server, turns: u64, path: &str) -> Member {
    let member = server.member("ada").await;
    let mut runs: Vec<_> = (0..turns).map(|number| turn(number, server)).collect();
    runs.push(trace("alone", server.clock.now(), json!({})));
    member.ingest(&runs).await;
    page.open(path).await;
    page.log_in(&member.user.email, PASSWORD).await;
    page.expect_path(path).await;
    member
}

fn figure(label: &str) -> String {
    format!("{}//dt[.='{label}']/following-sibling::dd/*[1]", region("Totals"))
}

#[tokio::test]
async fn a_trace_leads_to_its_session_which_reads_as_a_conversation() {
    browse(async |page, server| {
        conversation(page, server, 3, "/traces/turn-2").await;
        page.click(&link(SESSION)).await;
        page.expect_path(SESSION_PATH).await;
        page.find(&heading(SESSION)).await;
        for (label, value) in [("Traces", "3"), ("Errors", "1"), ("Tokens", "45"), ("Cost", "$0.750")] {
            page.expect_text(&figure(label), value).await;
        }
        page.expect_count(RUNS, 3).await;
        // In the order in which it was said, each thing once.
        for number in 0..3 {
            let run = format!("{RUNS}[{}]", number + 1);
            for said in [format!("question {number}"), format!("answer {number}")] {
                page.find(&format!("{run}{}", text(&said))).await;
            }
        }
        page.click(&format!("{RUNS}[3]{}", text("4 earlier messages"))).await;
        page.find(&format!("{RUNS}[3]{}", text("question 0"))).await;

        page.click(&format!("({RUNS}{})[1]", link("ada@example.com"))).await;
        page.expect_path("/users/ada%40example.com").await;
        page.expect_count(RUNS, 3).await;
        // A person's runs: the newest first.
        page.find(&format!("{RUNS}[1]{}", text("question 2"))).await;
        page.click(&format!("({RUNS}{})[1]", link(SESSION))).await;
        page.expect_path(SESSION_PATH).await;
        page.click(&format!("({RUNS}{})[1]", link("support-bot"))).await;
        page.expect_path("/traces/turn-0").await;
    })
    .await;
}

#[tokio::test]
async fn a_long_session_loads_more_when_it_is_asked_to() {
    browse(async |page, server| {
        conversation(page, server, 23, SESSION_PATH).await;
        page.expect_count(RUNS, 20).await;
        page.find(&text("20 of 23")).await;
        page.click(&button("Load more")).await;
        page.expect_count(RUNS, 23).await;
        page.find(&format!("{RUNS}[23]{}", text("answer 22"))).await;
        page.gone(&button("Load more")).await;
    })
    .await;
}

#[tokio::test]
async fn the_lists_lead_to_each_and_say_what_makes_one() {
    browse(async |page, server| {
        let member = server.member("ada").await;
        page.open("/sessions").await;
        page.log_in(&member.user.email, PASSWORD).await;
        page.find(&text("No sessions in this range")).await;
        page.find("//code[.='session.id']").await;
        page.click(&link("Users")).await;
        page.find(&text("No users in this range")).await;
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
async fn a_session_s_traces_are_a_filter_that_can_be_taken_away() {
    browse(async |page, server| {
        conversation(page, server, 2, SESSION_PATH).await;
        page.click(&link("In the list of traces")).await;
        page.expect_count("//tbody/tr", 2).await;
        page.find(&link(SESSION)).await;
        page.click(&button(&format!("Remove the filter Session {SESSION}"))).await;
        page.expect_path("/traces?range=30d").await;
        page.expect_count("//tbody/tr", 3).await;
    })
    .await;
}

#[tokio::test]
async fn what_is_not_there_says_so() {
    browse(async |page, server| {
        conversation(page, server, 1, "/sessions/nobody-s").await;
        page.find(&text("There is no session by this name in your workspace")).await;
        page.expect_complaints("404").await;
        page.click(&link("All sessions")).await;
        page.find(&format!("//tbody{}", link(SESSION))).await;
    })
    .await;
}
