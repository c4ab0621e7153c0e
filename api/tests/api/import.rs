//! `agent-obs import` and `healthcheck`: the binary against a real server.

use std::{
    io::Write,
    process::{Command, Output, Stdio},
};

use serde_json::{Value, json};
use shared::Timestamp;

use test_support::{
    client::Client,
    sample,
    server::{self, Server},
};

/// Runs the binary with `input` on its standard input.
async fn agent_obs(arguments: &[&str], key: &Client, input: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_agent-obs"));
    command.args(arguments).env_clear().env("AGENT_OBS_API_KEY", key.token());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let input = input.to_owned();
    let run = move || {
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    };
    tokio::task::spawn_blocking(run).await.unwrap()
}

fn lines(traces: impl IntoIterator<Item = Value>) -> String {
    traces.into_iter().map(|trace| format!("{trace}\n")).collect()
}

fn traces(server: &Server, count: usize) -> impl Iterator<Item = Value> {
    let now: Timestamp = server.clock.now();
    (0..count).map(move |number| sample::trace(&format!("run-{number}"), now, json!({"cost_usd": 0.001})))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test]
async fn repeated_import_counts_each_trace_once() {
    let server = server::spawn().await;
    let member = server.member("ada").await;
    let (_, key) = server.key_of(&member).await;
    let input = lines(traces(&server, 1_234));
    for _ in 0..2 {
        let output = agent_obs(&["import", "-", "--url", &server.url, "--batch", "100"], &key, &input).await;
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        assert!(text(&output.stdout).starts_with("1,234 traces accepted"), "{}", text(&output.stdout));
    }
    // The end of a window is exclusive.
    server.clock.advance(std::time::Duration::from_secs(1));
    assert_eq!(member.kpis("24h").await["total_requests"]["value"], 1_234.0);
}

#[tokio::test]
async fn import_reports_invalid_lines_by_number_and_stores_the_rest() {
    let server = server::spawn().await;
    let member = server.member("ada").await;
    let (_, key) = server.key_of(&member).await;
    let mut input = lines(traces(&server, 3));
    input.push_str("\n{\"agent_id\":\n{\"agent_id\":\"a\",\"status\":\"meh\",\"latency_ms\":1}\n");
    let without_id =
        json!({"agent_id": "a", "status": "success", "latency_ms": 1, "timestamp": server.clock.now()});
    input.push_str(&lines([without_id.clone(), without_id]));
    let output = agent_obs(&["import", "-", "--url", &server.url], &key, &input).await;
    let errors = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{errors}");
    assert!(errors.contains("line 5: is not valid JSON") && errors.contains("line 6: status"), "{errors}");
    assert!(text(&output.stdout).contains("5 traces accepted, 2 invalid lines"), "{}", text(&output.stdout));
    server.clock.advance(std::time::Duration::from_secs(1));
    let (ids, total) = member.all_trace_ids().await;
    assert_eq!((ids.iter().filter(|id| id.starts_with("import-")).count(), total), (2, 5));
}

#[tokio::test]
async fn import_with_an_invalid_key_exits_with_2() {
    let server = server::spawn().await;
    let stranger = server.anonymous_client().with_token("ao_0123456789012345678901234567890123456789012");
    let output =
        agent_obs(&["import", "-", "--url", &server.url], &stranger, &lines(traces(&server, 1))).await;
    let errors = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{errors}");
    assert!(errors.contains("the API key was rejected") && !errors.contains(stranger.token()), "{errors}");
}

#[tokio::test]
async fn healthcheck_lists_dependencies_and_fails_without_a_server() {
    let server = server::spawn().await;
    let up = agent_obs(&["healthcheck", "--url", &server.url], &server.anonymous_client(), "").await;
    assert_eq!(up.status.code(), Some(0), "{}", text(&up.stderr));
    assert!(text(&up.stdout).contains("accounts: up\ntraces: up\n"), "{}", text(&up.stdout));
    let url = server.url.clone();
    let anonymous = server.anonymous_client();
    server.stop();
    let down = agent_obs(&["healthcheck", "--url", &url], &anonymous, "").await;
    assert_eq!(down.status.code(), Some(1));
    assert!(text(&down.stderr).contains("does not respond"), "{}", text(&down.stderr));
}
