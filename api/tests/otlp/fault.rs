//! When sending fails: what the exporter is told, that it comes again where it should, and that what came twice counts once.

use serde_json::json;

use crate::{
    gate::Gate,
    library::{Library, Run},
    stage::Stage,
};
use test_support::server::{self, Member, Server, eventually};

/// The trace ids of a run, sorted.
fn traces_of(run: &Run) -> Vec<String> {
    let mut ids: Vec<String> = run.roots().map(|root| root.trace_id.clone()).collect();
    ids.sort();
    ids
}

/// Fails unless the workspace holds just what the script sent: each trace once, with each span once.
async fn holds_once(stage: &Stage, run: &Run) {
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

/// A client that tries longer than the usual ten seconds: a busy machine's server may need them to start.
fn patient(gate: &Gate, protocol: &str, key: &str) -> Library {
    Library::python("by_hand")
        .sending_to(&gate.url(), protocol, &format!("x-api-key={key}"))
        .with("OTEL_EXPORTER_OTLP_TIMEOUT", "40")
}

/// Where each protocol goes to.
fn ways(server: &Server) -> [(&'static str, &str); 2] {
    [("http/protobuf", &server.url), ("grpc", &server.grpc)]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_key_is_reported_by_the_exporter_and_nothing_is_kept() {
    let stage = Stage::new().await;
    let headers = "Authorization=Bearer%20ao_0123456789012345678901234567890123456789012";
    for ((protocol, url), word) in ways(&stage.server).into_iter().zip(["401", "UNAUTHENTICATED"]) {
        let run = Library::python("by_hand").sending_to(url, protocol, headers).run().await;
        assert!(run.errors.contains(word), "{protocol}: {}", run.errors);
    }
    let node = Library::node("by_hand").sending_to(&stage.server.url, "http/json", headers).run().await;
    assert!(node.errors.contains("401") || node.errors.contains("Unauthorized"), "{}", node.errors);
    assert_eq!(stage.member.traces("range=24h").await["total"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_while_the_server_is_away_arrives_once_it_is_back() {
    // Keys and traces outlive the server.
    let folder = tempfile::tempdir().unwrap();
    let start = || server::builder().live().in_folder(&folder).spawn();
    for at in 0..2 {
        let stage = Stage::on(start().await, &format!("ada{at}")).await;
        let (protocol, _) = ways(&stage.server)[at];
        let (key, member) = (stage.key.clone(), stage.member.clone());
        stage.server.stop();

        let gate = Gate::closed().await;
        let running = patient(&gate, protocol, &key).start();
        eventually("the exporter tries in vain", || async { gate.turned_away() > 0 }).await;
        let server = start().await;
        gate.open(ways(&server)[at].1);
        let run = running.end().await;

        let client = server.anyone().with_token(member.token());
        let stage = Stage { server, member: Member { client, ..member }, key };
        holds_once(&stage, &run).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_again_because_the_answer_was_lost_counts_once() {
    let stage = Stage::new().await;
    let mut sent = Run::default();
    for (protocol, url) in ways(&stage.server) {
        let gate = Gate::before(url).await;
        gate.keep_answers();
        let running = patient(&gate, protocol, &stage.key).start();
        let kept = sent.roots().count() as u64;
        let is_kept = || async { stage.member.traces("range=24h").await["total"].as_u64() > Some(kept) };
        eventually("the server has written the spans", is_kept).await;
        gate.lose_answers();
        let run = running.end().await;
        assert!(gate.let_through() > 1, "{protocol}: it did not come again: {}", run.errors);
        sent.spans.extend(run.spans);
        holds_once(&stage, &sent).await;
    }
}
