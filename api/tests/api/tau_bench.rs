//! Sends the recordings of the example to a real server, over REST and over OTLP, and compares the KPIs with totals
//! computed directly from the file. Set `TAU_BENCH_FILE` to the published recordings to check them, too.

use std::{collections::BTreeSet, time::Duration};

use prost::Message;
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use shared::trace::TraceInput;

use test_support::server::{self, Member};

#[path = "../../../examples/tau_bench/expect.rs"]
mod expect;
#[path = "../../../examples/tau_bench/otlp.rs"]
mod otlp;
#[path = "../../../examples/tau_bench/rule.rs"]
mod rule;

const SAMPLE: &str = include_str!("../../../examples/tau_bench/sample.json");

#[tokio::test]
async fn kpis_of_the_sample_match_the_expected_totals() {
    check(SAMPLE, Protocol::Rest).await;
}

#[tokio::test]
async fn kpis_of_the_sample_sent_as_spans_match_the_expected_totals() {
    check(SAMPLE, Protocol::Otlp).await;
}

#[tokio::test]
async fn kpis_of_the_published_recordings_match_the_expected_totals() {
    // The published recordings are not part of this repository.
    if let Some(file) = std::env::var_os("TAU_BENCH_FILE") {
        let recordings = std::fs::read_to_string(file).unwrap();
        check(&recordings, Protocol::Rest).await;
        check(&recordings, Protocol::Otlp).await;
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Protocol {
    Rest,
    Otlp,
}

async fn check(recordings: &str, protocol: Protocol) {
    let recordings: Vec<rule::Recording> = serde_json::from_str(recordings).unwrap();
    let expected = expect::expected(&recordings);
    let server = server::spawn().await;
    let member = server.member("ada").await;
    let traces = rule::traces(&recordings, server.clock.now(), Duration::from_secs(86_400));
    match protocol {
        Protocol::Rest => send(&member, &traces).await,
        Protocol::Otlp => send_spans(&member, &traces).await,
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
    let mut sessions = BTreeSet::new();
    for trace in &traces {
        let id = match protocol {
            Protocol::Rest => trace.trace_id.clone().unwrap(),
            Protocol::Otlp => otlp_trace_id(trace.trace_id.as_deref().unwrap()),
        };
        let detail = member.trace(&id).await;
        let of_kind = |kind: &str| {
            detail["spans"].as_array().unwrap().iter().filter(|span| span["kind"] == kind).count()
        };
        tools += of_kind("tool") as u64;
        calls += of_kind("llm") as u64;
        let tokens = |value: &Value| value.as_u64().unwrap();
        tokens_in += tokens(&detail["tokens_input"]);
        tokens_out += tokens(&detail["tokens_output"]);
        sessions.insert(detail["session_id"].as_str().unwrap().to_owned());
        for (name, sent) in [
            ("agent_id", json!(trace.agent_id)),
            ("user_id", json!(trace.user_id)),
            ("tags", json!(trace.tags)),
            ("status", json!(trace.status)),
            ("error", json!(trace.error)),
            ("input", json!(trace.input)),
            ("output", json!(trace.output)),
        ] {
            assert_eq!(detail[name], sent, "{name} of {id}");
        }
    }
    assert_eq!((tools, calls), (expected.tool_spans, expected.llm_spans));
    assert_eq!((tokens_in, tokens_out), (expected.tokens_input, expected.tokens_output));
    assert_eq!(sessions.len() as u64, expected.sessions);
}

/// Returns the trace id of a run, computed as described in `examples/README.md`.
fn otlp_trace_id(run: &str) -> String {
    Sha256::digest(run).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

async fn send(member: &Member, traces: &[TraceInput]) {
    for trace in traces {
        member.send_trace(&json!(trace)).await.expect(202);
    }
}

async fn send_spans(member: &Member, traces: &[TraceInput]) {
    for batch in otlp::requests(traces) {
        let request = member.request(Method::POST, "/v1/traces");
        let request = request.header("content-type", "application/x-protobuf").body(batch.encode_to_vec());
        let response = member.send(request).await.expect(200);
        // An empty response means that no span was rejected.
        assert_eq!(response.text, "");
    }
}
