//! Reads during concurrent writes.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use domain::trace::record::NewTrace;
use shared::{metric::Dimension, time_range::Window};
use store::trace::{TraceStore, list::ListRequest};
use uuid::Uuid;

use test_support::database::Database;
use test_support::{
    oracle,
    store_sample::{self, DAY, HOUR, START, always, plain, window},
};

const BATCH: usize = 40;
const BATCHES: usize = 60;

/// Returns traces with a quality. Each batch spans several days, hours and minutes.
fn sent(workspace_id: Uuid) -> Vec<NewTrace> {
    (0..BATCH * BATCHES)
        .map(|n| NewTrace {
            quality: Some(1_000_000),
            latency: 1000,
            ..plain(workspace_id, format!("t{n}"), START + (n % BATCH) as i64 * 97 * 60_000_001)
        })
        .collect()
}

pub async fn readers_see_only_complete_batches_during_writes(store: &TraceStore) {
    let workspace_id = Uuid::new_v4();
    let traces = sent(workspace_id);
    let done = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..3)
        .map(|_| {
            let (store, done) = (store.clone(), Arc::clone(&done));
            tokio::spawn(async move {
                let mut seen = 0;
                let mut reads = 0;
                while !done.load(Ordering::Acquire) || reads == 0 {
                    seen = read(&store, workspace_id, seen).await;
                    reads += 1;
                }
                reads
            })
        })
        .collect();
    store_sample::write(store, &traces, BATCH).await;
    done.store(true, Ordering::Release);
    for reader in readers {
        assert!(reader.await.unwrap() > 0);
    }
    assert_eq!(read(store, workspace_id, 0).await, BATCH * BATCHES);
    assert_eq!(store.sums(workspace_id, &[always()]).await.unwrap(), [oracle::sums(&traces)]);
}

/// Runs reads that must be consistent with each other and returns the number of traces.
async fn read(store: &TraceStore, workspace_id: Uuid, before: usize) -> usize {
    let Window { start, end } = always();
    let (start, end) = (start.as_micros(), end.as_micros());
    // Splits a minute, an hour and a day, so that all rollups and the raw rows are read.
    let middle = START + DAY + 11 * HOUR + 1_234_567;
    let windows =
        [window(start, middle), window(middle, end), always(), window(start, START), window(START, end)];
    let sums = store.sums(workspace_id, &windows).await.unwrap();
    for sums in &sums {
        assert_eq!(sums.requests, sums.scored);
        assert_eq!(sums.latency, sums.requests * 1000);
        assert_eq!(sums.quality, sums.requests * 1_000_000);
    }
    let [left, right, all, nothing, again] = sums.as_slice() else {
        panic!("expected five sums for five windows")
    };
    assert_eq!(
        (left.requests + right.requests, again.requests, nothing.requests),
        (all.requests, all.requests, 0)
    );

    let whole = |requests: i64| {
        let requests = usize::try_from(requests).unwrap();
        assert_eq!(requests % BATCH, 0, "a read returned a part of a batch");
        requests
    };
    let steps = store.sums_by_step(workspace_id, always(), Duration::from_secs(3600)).await.unwrap();
    let groups = store.sums_by_group(workspace_id, windows[0], None, Some(Dimension::Agent)).await.unwrap();
    let page = store.list(&ListRequest::first(workspace_id, always(), 100_000)).await.unwrap();
    assert_eq!(page.items.len() as u64, page.total);
    assert!(page.items.iter().all(|trace| trace.quality_score == Some(1.0)));
    let left_per_batch =
        sent(workspace_id).iter().take(BATCH).filter(|trace| windows[0].contains(trace.timestamp)).count();
    for group in groups.values().flat_map(|steps| steps.values()) {
        assert_eq!(usize::try_from(group.sums.requests).unwrap() % left_per_batch, 0);
    }
    let seen = [
        whole(all.requests),
        whole(steps.iter().map(|(_, sums)| sums.requests).sum()),
        whole(i64::try_from(page.total).unwrap()),
    ];
    assert!(before <= seen[0] && seen.is_sorted(), "a later read returned fewer traces: {before} {seen:?}");
    seen[0]
}

pub async fn two_stores_on_one_database_store_a_trace_once(database: &Database) {
    let (one, two) = (database.traces().await, database.traces().await);
    let workspace_id = Uuid::new_v4();
    let traces = sent(workspace_id);
    let (first, second) =
        tokio::join!(store_sample::write(&one, &traces, 50), store_sample::write(&two, &traces, 70));
    assert_eq!(first + second, traces.len());
    for store in [&one, &two] {
        assert_eq!(store.sums(workspace_id, &[always()]).await.unwrap(), [oracle::sums(&traces)]);
        assert_eq!(store.detail(workspace_id, "t7").await.unwrap().unwrap().trace, oracle::shown(&traces[7]));
    }
    one.close().await;
    two.close().await;
}
