//! Failed exports: the exporter sees the error and retries if it should, and spans that arrive twice count once.

use serde_json::json;

use crate::{
    proxy::Proxy,
    script::{Run, Script},
    stage::Stage,
};
use test_support::server::{self, Member, Server, eventually};

/// Returns the trace ids of a run, sorted.
fn traces_of(run: &Run) -> Vec<String> {
    let mut ids: Vec<String> = run.roots().map(|root| root.trace_id.clone()).collect();
    ids.sort();
    ids
}

/// Asserts that the workspace contains exactly what the script sent: each trace once, with each span once.
async fn assert_stored_once(stage: &Stage, run: &Run) {
    let (mut ids, total) = stage.member.all_trace_ids().await;
    ids.sort();
    assert_eq!((ids.clone(), total), (traces_of(run), ids.len() as u64));
    let mut spans = 0;
    for id in &ids {
        spans += stage.member.trace(id).await["spans"].as_array().unwrap().len();
    }
    assert_eq!(spans, run.spans.len());
    let counted = stage.member.kpis("24h").await["total_requests"]["value"].clone();
    assert_eq!(counted, json!(ids.len() as f64), "the rollups count each trace once");
}

/// Returns a client that retries longer than the default of ten seconds: a server may start slowly on a busy machine.
fn retrying(proxy: &Proxy, protocol: &str, key: &str) -> Script {
    Script::python("by_hand")
        .sending_to(&proxy.url(), protocol, &format!("x-api-key={key}"))
        .with("OTEL_EXPORTER_OTLP_TIMEOUT", "40")
}

/// Returns the endpoint of each protocol.
fn endpoints(server: &Server) -> [(&'static str, &str); 2] {
    [("http/protobuf", &server.url), ("grpc", &server.grpc)]
}

#[tokio::test(flavor = "multi_thread")]
async fn exporter_reports_a_wrong_key_and_nothing_is_stored() {
    let stage = Stage::new().await;
    let headers = "Authorization=Bearer%20ao_0123456789012345678901234567890123456789012";
    for ((protocol, url), word) in endpoints(&stage.server).into_iter().zip(["401", "UNAUTHENTICATED"]) {
        let run = Script::python("by_hand").sending_to(url, protocol, headers).run().await;
        assert!(run.errors.contains(word), "{protocol}: {}", run.errors);
    }
    let node = Script::node("by_hand").sending_to(&stage.server.url, "http/json", headers).run().await;
    assert!(node.errors.contains("401") || node.errors.contains("Unauthorized"), "{}", node.errors);
    assert_eq!(stage.member.traces("range=24h").await["total"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn spans_sent_during_an_outage_arrive_when_the_server_is_back() {
    // Keys and traces survive the restart of the server.
    let directory = tempfile::tempdir().unwrap();
    let start = || server::builder().with_system_clock().in_directory(&directory).spawn();
    for at in 0..2 {
        let stage = Stage::on(start().await, &format!("ada{at}")).await;
        let (protocol, _) = endpoints(&stage.server)[at];
        let (key, member) = (stage.key.clone(), stage.member.clone());
        stage.server.stop();

        let proxy = Proxy::without_server().await;
        let running = retrying(&proxy, protocol, &key).start();
        eventually("the exporter fails to connect", || async { proxy.refused() > 0 }).await;
        let server = start().await;
        proxy.forward_to(endpoints(&server)[at].1);
        let run = running.end().await;

        let client = server.anonymous_client().with_token(member.token());
        let stage = Stage { server, member: Member { client, ..member }, key };
        assert_stored_once(&stage, &run).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn retry_after_a_lost_response_counts_once() {
    let stage = Stage::new().await;
    let mut sent = Run::default();
    for (protocol, url) in endpoints(&stage.server) {
        let proxy = Proxy::to(url).await;
        proxy.drop_responses();
        let running = retrying(&proxy, protocol, &stage.key).start();
        let stored = sent.roots().count() as u64;
        let is_stored = || async { stage.member.traces("range=24h").await["total"].as_u64() > Some(stored) };
        eventually("the server has written the spans", is_stored).await;
        proxy.reset();
        let run = running.end().await;
        assert!(proxy.forwarded() > 1, "{protocol}: the exporter did not retry: {}", run.errors);
        sent.spans.extend(run.spans);
        assert_stored_once(&stage, &sent).await;
    }
}
