//! What every queue must do: what it took is written once, in order, and nobody's mistake stops the others.

use domain::trace::record::MICROS_PER_POINT;
use futures_util::future::join_all;
use uuid::Uuid;

use crate::{
    engine::{Engine, on_every_engine},
    sample::{bad_trace, loose_span, score, trace, traces},
    stage::Stage,
};
use test_support::wait::eventually;

on_every_engine!(
    what_is_pushed_is_written_once_however_often_it_is_sent,
    spans_by_themselves_become_their_trace_in_whatever_requests_they_come,
    scores_come_after_the_traces_before_them_and_in_their_order,
    a_request_that_cannot_be_written_stops_no_other,
    many_senders_at_once_lose_nothing,
);

async fn what_is_pushed_is_written_once_however_often_it_is_sent(engine: &Engine) {
    let stage = Stage::new().await;
    let (queue, _running) = stage.queue(engine).await;
    let ada = Uuid::new_v4();
    for _ in 0..3 {
        queue.push(traces(ada, "run", 100)).await.unwrap();
        queue.push(Vec::new()).await.unwrap();
    }
    queue.push(traces(ada, "last", 1)).await.unwrap();
    stage.written(ada, 101).await;
}

async fn spans_by_themselves_become_their_trace_in_whatever_requests_they_come(engine: &Engine) {
    let stage = Stage::new().await;
    let (queue, _running) = stage.queue(engine).await;
    let ada = Uuid::new_v4();
    queue.push_spans(Vec::new()).await.unwrap();
    for _ in 0..2 {
        // Each in a request of its own, the root last, and traces and scores between them.
        queue.push_spans(vec![loose_span(ada, "run", "leaf", Some("step"))]).await.unwrap();
        queue.push(vec![trace(ada, "whole")]).await.unwrap();
        queue.push_spans(vec![loose_span(ada, "run", "step", Some("root"))]).await.unwrap();
        queue.score(score(ada, "run", 80)).await.unwrap();
        queue.push_spans(vec![loose_span(ada, "run", "root", None)]).await.unwrap();
    }
    queue.push(vec![trace(ada, "last")]).await.unwrap();
    stage.written(ada, 3).await;
    eventually("the whole run", || async {
        let found = stage.store.detail(ada, "run").await.unwrap();
        found.is_some_and(|run| run.spans.len() == 3 && run.trace.quality_score == Some(80.0))
    })
    .await;
}

async fn scores_come_after_the_traces_before_them_and_in_their_order(engine: &Engine) {
    let stage = Stage::new().await;
    let (queue, _running) = stage.queue(engine).await;
    let ada = Uuid::new_v4();
    for number in 0..20 {
        queue.push(vec![trace(ada, format!("run-{number}"))]).await.unwrap();
        for points in [10, 90, 30] {
            queue.score(score(ada, &format!("run-{number}"), points)).await.unwrap();
        }
    }
    queue.push(vec![trace(ada, "last")]).await.unwrap();
    stage.written(ada, 21).await;
    eventually("the last score", || async {
        let mut right = 0;
        for number in 0..20 {
            let detail = stage.store.detail(ada, &format!("run-{number}")).await.unwrap().unwrap();
            right += usize::from(detail.trace.quality_score == Some(30e6 / MICROS_PER_POINT));
        }
        right == 20
    })
    .await;
}

async fn a_request_that_cannot_be_written_stops_no_other(engine: &Engine) {
    let stage = Stage::new().await;
    let (queue, _running) = stage.queue(engine).await;
    let ada = Uuid::new_v4();
    let pushes = (0..20).map(|number| {
        let name = format!("run-{number}");
        let traces = if number % 5 == 0 { vec![bad_trace(ada, &name)] } else { traces(ada, &name, 2) };
        queue.push(traces)
    });
    let refused = join_all(pushes).await.into_iter().filter(Result::is_err).count();
    // In memory the sender waits for the commit and hears of it; in Redis it becomes a dead letter.
    assert_eq!(refused, if let Engine::Memory = engine { 4 } else { 0 });
    stage.written(ada, 32).await;
}

async fn many_senders_at_once_lose_nothing(engine: &Engine) {
    let stage = Stage::new().await;
    let (queue, _running) = stage.queue(engine).await;
    let workspaces: Vec<Uuid> = (0..20).map(|_| Uuid::new_v4()).collect();
    join_all(workspaces.iter().flat_map(|&workspace_id| {
        let queue = &queue;
        (0..10).map(move |number| queue.push(traces(workspace_id, &format!("run-{number}"), 7)))
    }))
    .await
    .into_iter()
    .for_each(Result::unwrap);
    for workspace_id in workspaces {
        stage.written(workspace_id, 70).await;
    }
}
