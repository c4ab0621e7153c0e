//! Sums and percentiles by agent and model.

use std::time::Duration;

use proptest::prelude::*;
use shared::metric::Dimension;
use store::trace::TraceStore;
use uuid::Uuid;

use super::total::STEPS_MINUTES;
use test_support::property::check;
use test_support::{oracle, store_sample};

pub async fn sums_and_percentiles_by_group_and_step_equal_brute_force(store: &TraceStore) {
    let step = prop::option::of(prop::sample::select(STEPS_MINUTES.to_vec()));
    let inputs =
        (store_sample::traces(1..=150), 1_usize..70, prop::collection::vec((store_sample::cut(), step), 6));
    check(30, &inputs, async |(traces, batch, cuts)| {
        let workspace_id = Uuid::new_v4();
        let traces = store_sample::named(traces, workspace_id);
        store_sample::write(store, &traces, batch).await;
        for (cut, minutes) in &cuts {
            let window = cut.window(&traces);
            let step = minutes.map(|minutes| Duration::from_secs(minutes * 60));
            for group in [None, Some(Dimension::Agent), Some(Dimension::Model)] {
                let found = store.sums_by_group(workspace_id, window, step, group).await.unwrap();
                oracle::assert_groups(&found, &traces, window, step, group)?;
            }
        }
        Ok(())
    });
}
