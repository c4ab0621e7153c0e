//! The sums behind the KPIs and the ungrouped charts.

use std::time::Duration;

use domain::{rollup::sums::Sums, trace::record::NewTrace};
use proptest::prelude::*;
use shared::{Timestamp, time_range::TimeRange};
use store::trace::TraceStore;
use uuid::Uuid;

use test_support::property::check;
use test_support::{
    oracle,
    store_sample::{self, DAY, DAYS, MINUTE, START, always, plain, window},
};

/// The steps of the charts, in minutes.
pub const STEPS_MINUTES: [u64; 12] = [1, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 7 * 1440];

pub async fn sums_of_any_windows_equal_brute_force(store: &TraceStore) {
    let inputs = (store_sample::traces(0..=120), 1_usize..60, prop::collection::vec(store_sample::cut(), 24));
    check(40, &inputs, async |(traces, batch, cuts)| {
        let workspace_id = Uuid::new_v4();
        let traces = store_sample::named(traces, workspace_id);
        store_sample::write(store, &traces, batch).await;
        let mut windows: Vec<_> = cuts.iter().map(|cut| cut.window(&traces)).collect();
        // Named ranges that end before the last traces, as with senders whose clocks are ahead.
        windows.extend(
            TimeRange::NAMED.map(|range| range.window(window(0, START + 3 * DAY + 7 * MINUTE + 13).end)),
        );
        for window in windows {
            let found = store.sums(workspace_id, &[window, window.previous()]).await.unwrap();
            let expected =
                [window, window.previous()].map(|window| oracle::sums(oracle::inside(&traces, window)));
            prop_assert_eq!(found, expected, "{:?}", window);
        }
        Ok(())
    });
}

pub async fn an_empty_workspace_has_empty_sums(store: &TraceStore) {
    store_sample::write(store, &[plain(Uuid::new_v4(), "another's", START)], 1).await;
    let empty = Uuid::new_v4();
    assert_eq!(store.sums(empty, &[always()]).await.unwrap(), [Sums::default()]);
    assert_eq!(store.sums(empty, &[]).await.unwrap(), []);
    assert_eq!(store.sums_by_step(empty, always(), Duration::from_secs(3600)).await.unwrap(), []);
    assert!(store.sums_by_group(empty, always(), None, None).await.unwrap().is_empty());
    assert_eq!(store.newest(empty).await.unwrap(), None);
}

pub async fn sums_by_any_step_of_a_chart_equal_brute_force(store: &TraceStore) {
    let inputs = (store_sample::traces(1..=120), 1_usize..60, prop::collection::vec(store_sample::cut(), 4));
    check(24, &inputs, async |(traces, batch, cuts)| {
        let workspace_id = Uuid::new_v4();
        let traces = store_sample::named(traces, workspace_id);
        store_sample::write(store, &traces, batch).await;
        for window in cuts.iter().map(|cut| cut.window(&traces)) {
            for step in STEPS_MINUTES.map(|minutes| Duration::from_secs(minutes * 60)) {
                let found = store.sums_by_step(workspace_id, window, step).await.unwrap();
                let expected: Vec<_> = oracle::by_step(&traces, window, step)
                    .into_iter()
                    .map(|(start, traces)| (start, oracle::sums(traces)))
                    .collect();
                prop_assert_eq!(found, expected, "{:?} {:?}", window, step);
            }
        }
        Ok(())
    });
}

/// A workspace whose sums exceed 64 bits must not fail batches that contain traces of other workspaces.
pub async fn an_overflowing_sum_does_not_block_other_workspaces(store: &TraceStore) {
    let (overflowing, other) = (Uuid::new_v4(), Uuid::new_v4());
    for number in 0..4 {
        let huge = i64::MAX / 2;
        let huge_trace =
            NewTrace { latency: huge, cost: Some(huge), ..plain(overflowing, format!("b{number}"), START) };
        store_sample::write(store, &[huge_trace, plain(other, format!("h{number}"), START + DAYS)], 2).await;
    }
    let sums = store.sums(other, &[always()]).await.unwrap();
    assert_eq!((sums[0].requests, sums[0].latency), (4, 4 * 1_234_567));
}

pub async fn a_tally_counts_rows_and_sums_days(store: &TraceStore) {
    check(16, &store_sample::traces(0..=60), async |traces| {
        let workspace_id = Uuid::new_v4();
        let traces = store_sample::named(traces, workspace_id);
        store_sample::write(store, &traces, 20).await;
        for since in [0, START, START + 2 * DAY] {
            let inside: Vec<_> = oracle::inside(&traces, window(since, i64::MAX)).collect();
            let tally = store.tally(workspace_id, Timestamp::from_micros(since)).await.unwrap();
            prop_assert_eq!(tally.traces, inside.len() as u64);
            prop_assert_eq!(tally.sums(), oracle::sums(inside));
            prop_assert!(tally.days.iter().all(|(day, _)| day.as_micros() % DAY == 0));
        }
        Ok(())
    });
}
