//! Traces that are sent more than once.

use std::collections::HashSet;

use domain::trace::record::NewTrace;
use proptest::{prelude::*, sample::Index};
use store::trace::{
    TraceStore,
    list::{ListRequest, TraceFilter},
};
use uuid::Uuid;

use test_support::property::check;
use test_support::{
    oracle,
    store_sample::{self, START, always, plain},
};

/// One batch: the workspace, the traces (possibly with duplicates), and whether their content differs from the first time.
type BatchInput = (bool, Vec<Index>, bool);

fn batch_input() -> impl Strategy<Value = BatchInput> {
    (any::<bool>(), prop::collection::vec(any::<Index>(), 1..40), any::<bool>())
}

/// Returns the trace with the same id and other content.
fn changed(trace: &NewTrace) -> NewTrace {
    NewTrace {
        latency: trace.latency + 1,
        cost: Some(77),
        agent_id: "another agent".to_owned(),
        payload: r#"{"input":"another"}"#.to_owned(),
        ..trace.clone()
    }
}

pub async fn traces_resent_in_any_batches_count_once_and_keep_the_first_version(store: &TraceStore) {
    let inputs = (store_sample::traces(1..=60), prop::collection::vec(batch_input(), 1..12));
    check(40, &inputs, async |(traces, batches)| {
        let workspaces = [Uuid::new_v4(), Uuid::new_v4()];
        let samples = workspaces.map(|workspace_id| store_sample::named(traces.clone(), workspace_id));
        let mut stored: [Vec<NewTrace>; 2] = [Vec::new(), Vec::new()];
        let mut seen = HashSet::new();
        for (second, indexes, change) in batches {
            let workspace = usize::from(second);
            let chosen = indexes.iter().map(|index| index.get(&samples[workspace]));
            let batch: Vec<_> =
                chosen.map(|trace| if change { changed(trace) } else { trace.clone() }).collect();
            let new: Vec<_> = batch
                .iter()
                .filter(|trace| seen.insert((workspace, trace.trace_id.clone())))
                .cloned()
                .collect();
            prop_assert_eq!(store_sample::write(store, &batch, batch.len()).await, new.len());
            stored[workspace].extend(new);
        }
        for (workspace_id, stored) in workspaces.into_iter().zip(&stored) {
            let found = store.sums(workspace_id, &[always()]).await.unwrap();
            prop_assert_eq!(found, [oracle::sums(stored)]);
            let groups = store.sums_by_group(workspace_id, always(), None, None).await.unwrap();
            oracle::assert_groups(&groups, stored, always(), None, None)?;
            let list = store.list(&ListRequest::first(workspace_id, always(), 100)).await.unwrap();
            let expected = oracle::listed(stored, always(), &TraceFilter::default());
            prop_assert_eq!(list.items, expected.into_iter().map(oracle::shown).collect::<Vec<_>>());
            for trace in stored {
                let detail = store.detail(workspace_id, &trace.trace_id).await.unwrap();
                let detail = detail.ok_or_else(|| TestCaseError::fail("a stored trace has no detail"))?;
                let input = trace.payload.contains("another").then(|| "another".into());
                prop_assert_eq!((detail.trace.latency_ms, detail.input), (trace.latency as f64 / 1e3, input));
            }
        }
        Ok(())
    });
}

pub async fn traces_sent_concurrently_count_once(store: &TraceStore) {
    let workspace_id = Uuid::new_v4();
    let traces: Vec<_> = (0..200).map(|n| plain(workspace_id, format!("t{n}"), START + n)).collect();
    let senders: Vec<_> = (0..8)
        .map(|sender| {
            let (store, mut mine) = (store.clone(), traces.clone());
            mine.rotate_left(sender * 25);
            tokio::spawn(async move { store_sample::write(&store, &mine, 17 + sender).await })
        })
        .collect();
    let mut new = 0;
    for sender in senders {
        new += sender.await.unwrap();
    }
    assert_eq!(new, 200);
    assert_eq!(store.sums(workspace_id, &[always()]).await.unwrap(), [oracle::sums(&traces)]);
}
