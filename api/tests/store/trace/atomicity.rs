//! Atomicity: a failed write leaves nothing behind.

use domain::{
    rollup::sums::Sums,
    trace::record::{NewScore, NewSpan, NewTrace},
};
use serde_json::json;
use shared::{Timestamp, span::SpanKind};
use store::trace::{StoreError, list::ListRequest};
use uuid::Uuid;

use test_support::database::Database;
use test_support::{
    oracle,
    store_sample::{self, START, always, plain},
};

/// All tables that a write inserts into.
const TABLES: [&str; 8] = [
    "traces",
    "spans",
    "payloads",
    "totals_minutely",
    "totals_hourly",
    "totals_daily",
    "traces_hourly",
    "traces_daily",
];

fn span(id: &str) -> NewSpan {
    NewSpan {
        span_id: id.to_owned(),
        parent_span_id: None,
        name: "step".to_owned(),
        kind: SpanKind::Tool,
        timestamp: Timestamp::from_micros(START),
        latency: 1,
        payload: "{}".to_owned(),
        ..NewSpan::default()
    }
}

async fn rows(database: &Database) -> Vec<i64> {
    let mut rows = Vec::new();
    for table in TABLES {
        rows.push(database.count_in_traces(table).await);
    }
    rows
}

pub async fn a_batch_with_an_invalid_trace_stores_nothing(database: &Database) {
    let store = database.traces().await;
    let workspace_id = Uuid::new_v4();
    let score = |trace_id: &str| NewScore {
        workspace_id,
        trace_id: trace_id.to_owned(),
        name: "quality".to_owned(),
        score: 40_000_000,
        comment: None,
        timestamp: Timestamp::from_micros(START),
    };
    store.score(&score("t3")).await.unwrap();
    let mut traces: Vec<_> = (0..100)
        .map(|n| NewTrace {
            spans: vec![span("a"), span("b")],
            ..plain(workspace_id, format!("t{n}"), START + n)
        })
        .collect();
    let good = traces[70].clone();
    traces[70].spans = vec![span("twice"), span("twice")];

    for _ in 0..2 {
        let result = store.write(&traces.iter().collect::<Vec<_>>()).await;
        assert!(matches!(result, Err(StoreError::Database(_))), "{result:?}");
        assert_eq!(rows(database).await, [0; 8]);
        assert_eq!(store.sums(workspace_id, &[always()]).await.unwrap(), [Sums::default()]);
        assert_eq!(store.list(&ListRequest::first(workspace_id, always(), 10)).await.unwrap().total, 0);
        assert!(store.detail(workspace_id, "t3").await.unwrap().is_none());
    }

    // The corrected batch is stored in full, and the waiting score is applied.
    traces[70] = good;
    assert_eq!(store_sample::write(&store, &traces, 100).await, 100);
    traces[3].quality = Some(40_000_000);
    assert_eq!(store.sums(workspace_id, &[always()]).await.unwrap(), [oracle::sums(&traces)]);
    store.close().await;
}

pub async fn a_resent_batch_stores_no_payload_twice(database: &Database) {
    let store = database.traces().await;
    let workspace_id = Uuid::new_v4();
    let traces: Vec<_> = (0..300)
        .map(|n| NewTrace {
            payload: json!({"input": format!("{n} {}", "text ".repeat(100))}).to_string(),
            spans: vec![span("a")],
            ..plain(workspace_id, format!("t{n}"), START + n)
        })
        .collect();
    assert_eq!(store_sample::write(&store, &traces, 300).await, 300);
    let once = rows(database).await;
    assert_eq!(&once[..2], [300, 300]);
    assert_eq!(store_sample::write(&store, &traces, 300).await, 0);
    assert_eq!(store_sample::write(&store, &traces, 7).await, 0);
    assert_eq!(rows(database).await, once);
    store.close().await;
}
