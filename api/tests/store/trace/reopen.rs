//! Closing and reopening a store.

use domain::trace::record::{NewScore, NewTrace};
use serde_json::json;
use shared::Timestamp;
use store::trace::{TraceStore, list::ListRequest};
use uuid::Uuid;

use test_support::database::Database;
use test_support::{
    oracle,
    store_sample::{self, MINUTE, START, always, plain},
};

pub async fn keeps_all_data_after_close_and_reopen(database: &Database) {
    let workspace_id = Uuid::new_v4();
    let mut traces: Vec<_> = (0..150)
        .map(|n| NewTrace {
            payload: json!({"input": n}).to_string(),
            ..plain(workspace_id, format!("t{n}"), START + n * MINUTE)
        })
        .collect();
    for half in 0..2 {
        let store = database.traces().await;
        // The ids of rows and payloads continue after reopening.
        let half = &traces[half * 75..(half + 1) * 75];
        assert_eq!(store_sample::write(&store, half, 20).await, 75);
        store.close().await;
    }
    let store = database.traces().await;
    let score = |trace_id: &str| NewScore {
        workspace_id,
        trace_id: trace_id.to_owned(),
        name: "quality".to_owned(),
        score: 70_000_000,
        comment: None,
        timestamp: Timestamp::from_micros(START),
    };
    for trace_id in ["t1", "late"] {
        store.score(&score(trace_id)).await.unwrap();
    }
    store.close().await;

    let store = database.traces().await;
    assert_eq!(store_sample::write(&store, &traces, 150).await, 0);
    store_sample::write(&store, &[plain(workspace_id, "late", START + 200 * MINUTE)], 1).await;
    traces.push(plain(workspace_id, "late", START + 200 * MINUTE));
    for scored in [1, 150] {
        traces[scored].quality = Some(70_000_000);
    }
    assert_eq!(store.sums(workspace_id, &[always()]).await.unwrap(), [oracle::sums(&traces)]);
    let page = store.list(&ListRequest::first(workspace_id, always(), 1000)).await.unwrap();
    assert_eq!(page.items, traces.iter().rev().map(oracle::shown).collect::<Vec<_>>());
    for number in 0..150 {
        let detail = store.detail(workspace_id, &format!("t{number}")).await.unwrap().unwrap();
        assert_eq!(detail.input, Some(json!(number)));
    }
    store.close().await;
}

pub async fn reopening_runs_no_migrations(database: &Database) {
    database.traces().await.close().await;
    let migrations = database.trace_migrations().await;
    assert!(migrations > 0);
    let (one, two) = (database.traces().await, database.traces().await);
    one.ping().await.unwrap();
    two.ping().await.unwrap();
    one.close().await;
    two.close().await;
    assert_eq!(database.trace_migrations().await, migrations);
}

pub async fn a_closed_store_fails_its_ping(store: &TraceStore) {
    store.ping().await.unwrap();
    store.close().await;
    assert!(store.ping().await.is_err());
}
