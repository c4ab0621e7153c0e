//! Pending traces: how long a trace waits for its root span.

use std::{collections::BTreeSet, time::Duration};

use domain::trace::record::{IncomingSpan, NewSpan};
use store::trace::TraceStore;
use tempfile::TempDir;
use uuid::Uuid;

use test_support::{
    client::trace_ids,
    server::{builder, noon},
    wait::eventually,
};

/// Writes a span whose parent never arrives, as if the span had arrived `seconds` ago.
async fn write_orphan(directory: &TempDir, workspace_id: Uuid, trace_id: &str, seconds: u64) {
    let store = TraceStore::open_sqlite(&directory.path().join("traces.db")).await.unwrap();
    let span = IncomingSpan {
        workspace_id,
        trace_id: trace_id.to_owned(),
        arrived: noon() - Duration::from_secs(seconds),
        span: NewSpan {
            span_id: "b".to_owned(),
            parent_span_id: Some("a".to_owned()),
            name: "step".to_owned(),
            timestamp: noon() - Duration::from_secs(600),
            payload: "{}".to_owned(),
            ..NewSpan::default()
        },
        ..IncomingSpan::default()
    };
    store.write_spans(&[&span]).await.unwrap();
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pending_trace_is_shown_without_its_root_span_after_the_configured_time() {
    let directory = tempfile::tempdir().unwrap();
    let server = builder().in_directory(&directory).spawn().await;
    let ada = server.member("ada").await;
    for (trace_id, seconds) in [("young", 5), ("older", 59), ("old", 61)] {
        write_orphan(&directory, ada.user.workspace_id, trace_id, seconds).await;
    }
    assert_eq!(ada.traces("").await["total"], 0);
    let token = ada.token().to_owned();
    server.stop();

    for (setting, shown) in [("60", &["old"][..]), ("30", &["old", "older"])] {
        // A server checks pending traces as soon as it starts.
        let server =
            builder().in_directory(&directory).with("TRACE_ROOT_WAIT_SECONDS", setting).spawn().await;
        let ada = server.anonymous_client().with_token(&token);
        let ids = async || {
            trace_ids(&ada.traces("").await).into_iter().map(|id| id.to_string()).collect::<BTreeSet<_>>()
        };
        let shown: BTreeSet<String> = shown.iter().map(|&id| id.to_owned()).collect();
        eventually("traces that waited long enough are listed", async || ids().await == shown).await;
        let trace = ada.trace("old").await;
        assert_eq!((&trace["incomplete"], &trace["name"]), (&true.into(), &"step".into()));
        server.stop();
    }
}
