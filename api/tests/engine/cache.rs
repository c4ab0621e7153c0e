//! What every cache must do.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use actix_web::web::Bytes;
use api::{
    cache::{Cache, CacheKey, Dropped, Kind, Outcome, Ttls},
    error::ApiError,
};
use futures_util::future::join_all;
use shared::time_range::TimeRange;
use tokio::sync::Notify;
use uuid::Uuid;

use crate::engine::{Engine, on_every_engine};
use test_support::wait::eventually;

on_every_engine!(
    an_answer_is_kept_and_given_again,
    asking_for_a_fresh_answer_computes_and_keeps_it,
    failures_are_not_kept,
    an_answer_ends_when_its_time_is_over,
    dropping_a_workspace_s_answers_leaves_those_of_others,
    answers_are_dropped_however_lately_they_were_where_it_is_asked,
    an_answer_computed_while_traces_were_written_is_not_kept,
    a_hundred_who_ask_the_same_at_once_make_one_computation,
);

pub fn kpis(workspace_id: Uuid) -> CacheKey {
    CacheKey::home_kpis(workspace_id, &TimeRange::Day)
}

/// What the cache answers where the database would answer `text`.
pub async fn ask(cache: &Cache, key: CacheKey, text: &'static str) -> (String, Outcome) {
    let (answer, outcome) = cache.answer(key, false, async { Ok(text.into()) }).await.unwrap();
    (String::from_utf8(answer.to_vec()).unwrap(), outcome)
}

pub async fn drop_answers(cache: &Cache, workspace_id: Uuid) {
    while let Dropped::Wait(wait) = cache.invalidate(workspace_id, Duration::from_millis(1)).await.unwrap() {
        tokio::time::sleep(wait).await;
    }
}

async fn an_answer_is_kept_and_given_again(engine: &Engine) {
    let cache = engine.cache(Ttls::default());
    let key = || kpis(Uuid::from_u128(1));
    assert_eq!(ask(&cache, key(), "1").await, ("1".to_owned(), Outcome::Miss));
    assert_eq!(ask(&cache, key(), "2").await, ("1".to_owned(), Outcome::Hit));
    let other = CacheKey::home_kpis(Uuid::from_u128(1), &TimeRange::Hour);
    assert_eq!(ask(&cache, other, "3").await, ("3".to_owned(), Outcome::Miss));
}

async fn asking_for_a_fresh_answer_computes_and_keeps_it(engine: &Engine) {
    let cache = engine.cache(Ttls::default());
    let key = || kpis(Uuid::from_u128(1));
    ask(&cache, key(), "1").await;
    let (answer, outcome) = cache.answer(key(), true, async { Ok("2".into()) }).await.unwrap();
    assert_eq!((&answer[..], outcome), (&b"2"[..], Outcome::Bypass));
    assert_eq!(ask(&cache, key(), "3").await, ("2".to_owned(), Outcome::Hit));
}

async fn failures_are_not_kept(engine: &Engine) {
    let cache = engine.cache(Ttls::default());
    let key = || kpis(Uuid::from_u128(1));
    for bypass in [false, true] {
        let failing = async { Err(ApiError::QueueFull) };
        assert!(cache.answer(key(), bypass, failing).await.is_err());
    }
    assert_eq!(ask(&cache, key(), "1").await, ("1".to_owned(), Outcome::Miss));
}

async fn an_answer_ends_when_its_time_is_over(engine: &Engine) {
    let mut ttls = Ttls::default();
    ttls.set(Kind::HomeKpis, Duration::from_millis(200));
    let cache = engine.cache(ttls);
    let key = || kpis(Uuid::from_u128(1));
    let list = || CacheKey::activity(Uuid::from_u128(1), 50);
    ask(&cache, key(), "1").await;
    ask(&cache, list(), "1").await;
    eventually("the end of the answer", || async { ask(&cache, key(), "2").await.1 == Outcome::Miss }).await;
    assert_eq!(ask(&cache, list(), "2").await.1, Outcome::Hit, "each kind has its own time");
}

async fn dropping_a_workspace_s_answers_leaves_those_of_others(engine: &Engine) {
    let cache = engine.cache(Ttls::default());
    let (ada, bob) = (Uuid::from_u128(1), Uuid::from_u128(2));
    for workspace_id in [ada, bob] {
        ask(&cache, kpis(workspace_id), "1").await;
        ask(&cache, CacheKey::trace_detail(workspace_id, "run"), "1").await;
    }
    drop_answers(&cache, ada).await;
    assert_eq!(ask(&cache, kpis(ada), "2").await.1, Outcome::Miss);
    assert_eq!(ask(&cache, CacheKey::trace_detail(ada, "run"), "2").await.1, Outcome::Miss);
    assert_eq!(ask(&cache, kpis(bob), "2").await.1, Outcome::Hit);
    assert_eq!(ask(&cache, CacheKey::trace_detail(bob, "run"), "2").await.1, Outcome::Hit);
}

async fn answers_are_dropped_however_lately_they_were_where_it_is_asked(engine: &Engine) {
    let cache = engine.cache(Ttls::default());
    let workspace_id = Uuid::from_u128(1);
    // Somebody who drops them once an hour has just done so.
    assert_eq!(cache.invalidate(workspace_id, Duration::from_secs(3600)).await.unwrap(), Dropped::Done);
    for text in ["1", "2"] {
        assert_eq!(ask(&cache, kpis(workspace_id), text).await, (text.to_owned(), Outcome::Miss));
        assert_eq!(cache.invalidate(workspace_id, Duration::ZERO).await.unwrap(), Dropped::Done);
    }
}

async fn an_answer_computed_while_traces_were_written_is_not_kept(engine: &Engine) {
    let cache = engine.cache(Ttls::default());
    let ada = Uuid::from_u128(1);
    for bypass in [false, true] {
        let computing = async {
            // The database was read; then somebody writes.
            drop_answers(&cache, ada).await;
            Ok("old".into())
        };
        let (answer, _) = cache.answer(kpis(ada), bypass, computing).await.unwrap();
        assert_eq!(&answer[..], b"old");
        assert_eq!(ask(&cache, kpis(ada), "1").await, ("1".to_owned(), Outcome::Miss));
    }
}

async fn a_hundred_who_ask_the_same_at_once_make_one_computation(engine: &Engine) {
    let cache = engine.cache(Ttls::default());
    let (computations, go) = (Arc::new(AtomicU32::new(0)), Arc::new(Notify::new()));
    let asking = (0..100).map(|_| {
        let (cache, computations, go) = (cache.clone(), Arc::clone(&computations), Arc::clone(&go));
        tokio::spawn(async move {
            let compute = async {
                computations.fetch_add(1, Ordering::SeqCst);
                go.notified().await;
                Ok(Bytes::from("[]"))
            };
            cache.answer(kpis(Uuid::from_u128(1)), false, compute).await.unwrap().1
        })
    });
    let asking: Vec<_> = asking.collect();
    eventually("the computation", || async { computations.load(Ordering::SeqCst) > 0 }).await;
    go.notify_one();
    let outcomes: Vec<Outcome> = join_all(asking).await.into_iter().map(Result::unwrap).collect();
    let misses = outcomes.iter().filter(|&&outcome| outcome == Outcome::Miss).count();
    assert_eq!((misses, computations.load(Ordering::SeqCst)), (1, 1));
}
