//! The example's recordings, sent to a real server: the dashboard's figures are those that the rule gives when they are
//! reckoned straight from the file. `TAU_BENCH_FILE` names the published recordings, to check with them as well.

use std::time::Duration;

use serde_json::{Value, json};

use crate::server;

#[path = "../../../examples/tau_bench/expect.rs"]
mod expect;
#[path = "../../../examples/tau_bench/rule.rs"]
mod rule;

#[tokio::test]
async fn key_figures_of_the_sample_equal_what_the_rule_gives() {
    check(include_str!("../../../examples/tau_bench/sample.json")).await;
}

#[tokio::test]
async fn key_figures_of_the_published_recordings_equal_what_the_rule_gives() {
    // They are not part of this repository.
    if let Some(file) = std::env::var_os("TAU_BENCH_FILE") {
        check(&std::fs::read_to_string(file).unwrap()).await;
    }
}

async fn check(recordings: &str) {
    let recordings: Vec<rule::Recording> = serde_json::from_str(recordings).unwrap();
    let expected = expect::expected(&recordings);
    let server = server::spawn().await;
    let member = server.member("ada").await;
    let traces = rule::traces(&recordings, server.clock.now(), Duration::from_secs(86_400));
    for trace in &traces {
        member.send_trace(&json!(trace)).await.expect(202);
    }
    let kpis = member.kpis("24h").await;
    let value = |name: &str| kpis[name]["value"].as_f64().unwrap();
    let nanos = |dollars: f64| (dollars * 1e9).round() as u64;
    assert_eq!(value("total_requests"), expected.traces as f64);
    assert_eq!(nanos(value("total_cost_usd")), expected.cost_nano_usd);
    assert_eq!(value("avg_latency_ms"), expected.avg_latency_ms);
    assert_eq!(value("error_rate"), expected.error_rate);
    assert_eq!(value("avg_quality_score"), expected.avg_quality_score);
    let (mut tools, mut calls, mut tokens_in, mut tokens_out) = (0, 0, 0, 0);
    for trace in &traces {
        let detail = member.trace(trace.trace_id.as_deref().unwrap()).await;
        let of_kind = |kind: &str| {
            detail["spans"].as_array().unwrap().iter().filter(|span| span["kind"] == kind).count()
        };
        tools += of_kind("tool") as u64;
        calls += of_kind("llm") as u64;
        let tokens = |value: &Value| value.as_u64().unwrap();
        tokens_in += tokens(&detail["tokens_input"]);
        tokens_out += tokens(&detail["tokens_output"]);
    }
    assert_eq!((tools, calls), (expected.tool_spans, expected.llm_spans));
    assert_eq!((tokens_in, tokens_out), (expected.tokens_input, expected.tokens_output));
}
