//! Scores: the mean on the trace and in every rollup, in any order of arrival.

use std::{collections::BTreeMap, time::Duration};

use domain::{
    rollup::sums::Sums,
    trace::record::{NewScore, NewTrace},
};
use proptest::{prelude::*, sample::Index};
use shared::{Timestamp, metric::Dimension};
use store::trace::{TraceStore, list::ListRequest};
use uuid::Uuid;

use test_support::property::check;
use test_support::{
    oracle,
    store_sample::{self, HOUR, MINUTE, START, always, plain, window},
};

const NAMES: [&str; 4] = ["quality", "helpfulness", "tone", "Quality"];

/// The next step: a trace is sent, or a score for a trace that may not be stored yet.
#[derive(Clone, Debug)]
enum Event {
    Trace(Index),
    Score(Index, &'static str, i64),
}

fn event() -> impl Strategy<Value = Event> {
    let points = prop_oneof![Just(0_i64), Just(100_000_000), 0_i64..=100_000_000];
    prop_oneof![
        1 => any::<Index>().prop_map(Event::Trace),
        2 => (any::<Index>(), prop::sample::select(NAMES.to_vec()), points)
            .prop_map(|(index, name, score)| Event::Score(index, name, score)),
    ]
}

fn score(workspace_id: Uuid, trace_id: &str, name: &str, score: i64) -> NewScore {
    let (trace_id, name) = (trace_id.to_owned(), name.to_owned());
    let timestamp = Timestamp::from_micros(START + score);
    NewScore { workspace_id, trace_id, name, score, comment: Some(format!("worth {score}")), timestamp }
}

/// The mean of the scores and of the quality in the trace, unless a score of that name replaced it. Rounded half up to
/// millionths.
fn mean(sent: Option<i64>, scores: Option<&BTreeMap<&str, i64>>) -> Option<i64> {
    let mut all: BTreeMap<&str, i64> = sent.map(|sent| ("quality", sent)).into_iter().collect();
    all.extend(scores.into_iter().flatten());
    let (count, sum) = (all.len() as i64, all.values().sum::<i64>());
    (count > 0).then(|| (2 * sum + count) / (2 * count))
}

pub async fn scores_and_traces_in_any_order_give_the_mean_everywhere(store: &TraceStore) {
    let cuts = prop::collection::vec(store_sample::cut(), 6);
    let inputs = (store_sample::traces(1..=16), prop::collection::vec(event(), 1..60), cuts);
    check(32, &inputs, async |(traces, events, cuts)| {
        let workspace_id = Uuid::new_v4();
        let traces = store_sample::named(traces, workspace_id);
        let mut stored: Vec<NewTrace> = Vec::new();
        let mut scores: BTreeMap<&str, BTreeMap<&str, i64>> = BTreeMap::new();
        for event in &events {
            match event {
                Event::Trace(index) => {
                    let trace = index.get(&traces);
                    if store_sample::write(store, std::slice::from_ref(trace), 1).await == 1 {
                        stored.push(trace.clone());
                    }
                }
                Event::Score(index, name, value) => {
                    let trace_id = &index.get(&traces).trace_id;
                    store.score(&score(workspace_id, trace_id, name, *value)).await.unwrap();
                    // A higher score has a later timestamp, and the latest score counts in any order of arrival.
                    let latest = scores.entry(trace_id).or_default().entry(name).or_insert(*value);
                    *latest = (*latest).max(*value);
                }
            }
        }
        for trace in &mut stored {
            trace.quality = mean(trace.quality, scores.get(trace.trace_id.as_str()));
            let detail = store.detail(workspace_id, &trace.trace_id).await.unwrap();
            let detail = detail.ok_or_else(|| TestCaseError::fail("a stored trace has no detail"))?;
            prop_assert_eq!(&detail.trace, &oracle::shown(trace));
            let given = scores.get(trace.trace_id.as_str()).into_iter().flatten();
            let given: Vec<_> = given.map(|(&name, &value)| (name.to_owned(), value as f64 / 1e6)).collect();
            prop_assert_eq!(
                detail.scores.into_iter().map(|score| (score.name, score.score)).collect::<Vec<_>>(),
                given
            );
        }
        for window in cuts.iter().map(|cut| cut.window(&traces)).chain([always()]) {
            let found = store.sums(workspace_id, &[window]).await.unwrap();
            prop_assert_eq!(found, [oracle::sums(oracle::inside(&stored, window))], "{:?}", window);
            for group in [Dimension::Agent, Dimension::Model] {
                let found = store.sums_by_group(workspace_id, window, None, Some(group)).await.unwrap();
                oracle::assert_groups(&found, &stored, window, None, Some(group))?;
            }
        }
        Ok(())
    });
}

pub async fn a_score_replaced_a_hundred_times_leaves_no_drift(store: &TraceStore) {
    let workspace_id = Uuid::new_v4();
    let sent = Some(33_333_333);
    let mut trace = NewTrace { quality: sent, ..plain(workspace_id, "t", START + MINUTE + 1) };
    store_sample::write(store, std::slice::from_ref(&trace), 1).await;
    let windows = [
        always(),
        window(START, START + HOUR),
        window(START + MINUTE, START + 2 * MINUTE),
        window(START + MINUTE + 1, START + MINUTE + 2),
    ];
    let mut scores = BTreeMap::new();
    for round in 0..100_i64 {
        let (name, value) = (NAMES[(round % 3) as usize], (round * 7_654_321) % 100_000_001);
        scores.insert(name, value);
        let timestamp = Timestamp::from_micros(START + round);
        store.score(&NewScore { timestamp, ..score(workspace_id, "t", name, value) }).await.unwrap();
        trace.quality = mean(sent, Some(&scores));
        let expected = oracle::sums([&trace]);
        assert_eq!(store.sums(workspace_id, &windows).await.unwrap(), [expected; 4], "after {round}");
    }
    let hours = store.sums_by_step(workspace_id, always(), Duration::from_secs(3600)).await.unwrap();
    assert_eq!(hours, [(Timestamp::from_micros(START), oracle::sums([&trace]))]);
    let detail = store.detail(workspace_id, "t").await.unwrap().unwrap();
    let quality = detail.scores.iter().find(|score| score.name == "quality").unwrap();
    assert_eq!(quality.comment, Some(format!("worth {}", scores["quality"])));
    assert_eq!(quality.timestamp, Timestamp::from_micros(START + 99));
}

pub async fn a_score_without_a_trace_is_not_returned(store: &TraceStore) {
    let (mine, other) = (Uuid::new_v4(), Uuid::new_v4());
    store_sample::write(store, &[plain(other, "t", START)], 1).await;
    store.score(&score(mine, "t", "quality", 5_000_000)).await.unwrap();
    assert_eq!(store.sums(mine, &[always()]).await.unwrap(), [Sums::default()]);
    assert!(store.detail(mine, "t").await.unwrap().is_none());
    let others = store.list(&ListRequest::first(other, always(), 10)).await.unwrap();
    assert_eq!(others.items[0].quality_score, None, "a score stays in its workspace");
    assert!(store.detail(other, "t").await.unwrap().unwrap().scores.is_empty());
}

pub async fn restoring_scores_replaces_missing_and_older_ones_without_duplicates(store: &TraceStore) {
    let workspace_id = Uuid::new_v4();
    let [before, after] = ["before", "after"]
        .map(|id| NewTrace { quality: Some(40_000_000), ..plain(workspace_id, id, START + MINUTE) });
    store_sample::write(store, &[before], 1).await;
    // A higher score has a later timestamp.
    store.score(&score(workspace_id, "before", "tone", 50_000_000)).await.unwrap();
    let restored = [
        score(workspace_id, "after", "quality", 10_000_000),
        score(workspace_id, "before", "quality", 20_000_000),
        score(workspace_id, "before", "tone", 30_000_000),
        score(workspace_id, "never", "tone", 1),
    ];
    assert_eq!(store.restore_scores(&restored).await.unwrap(), 3, "a newer score is stored");
    assert_eq!(store.restore_scores(&restored).await.unwrap(), 0);
    assert_eq!(store.restore_scores(&[]).await.unwrap(), 0);
    store_sample::write(store, &[after], 1).await;
    let newer = [score(workspace_id, "before", "tone", 60_000_000)];
    assert_eq!(store.restore_scores(&newer).await.unwrap(), 1);

    let quality = async |id: &str| {
        let detail = store.detail(workspace_id, id).await.unwrap().unwrap();
        (detail.trace.quality_score, detail.scores.len())
    };
    assert_eq!(quality("before").await, (Some(40.0), 2));
    assert_eq!(quality("after").await, (Some(10.0), 1));
    let sums = store.sums(workspace_id, &[always()]).await.unwrap();
    assert_eq!((sums[0].scored, sums[0].quality), (2, 50_000_000));
}
