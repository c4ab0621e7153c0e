//! Tests that every queue engine must pass: accepted requests are written once and in order, and an invalid request does
//! not stop the others.

use domain::trace::record::MICROS_PER_POINT;
use futures_util::future::join_all;
use uuid::Uuid;

use crate::{
    engine::{Engine, on_every_engine},
    sample::{bad_trace, incoming_span, score, trace, traces},
    stage::Stage,
};
use test_support::wait::eventually;

on_every_engine!(
    repeated_pushes_are_written_once,
    incoming_spans_of_several_requests_become_one_trace,
    scores_are_written_in_order_and_after_earlier_traces,
    request_that_cannot_be_written_does_not_stop_others,
    concurrent_senders_lose_nothing,
);

async fn repeated_pushes_are_written_once(engine: &Engine) {
    let stage = Stage::new().await;
    let (queue, _running) = stage.queue(engine).await;
    let ada = Uuid::new_v4();
    for _ in 0..3 {
        queue.push(traces(ada, "run", 100)).await.unwrap();
        queue.push(Vec::new()).await.unwrap();
    }
    queue.push(traces(ada, "last", 1)).await.unwrap();
    stage.wait_for_traces(ada, 101).await;
}

async fn incoming_spans_of_several_requests_become_one_trace(engine: &Engine) {
    let stage = Stage::new().await;
    let (queue, _running) = stage.queue(engine).await;
    let ada = Uuid::new_v4();
    queue.push_spans(Vec::new()).await.unwrap();
    for _ in 0..2 {
        // Each span in a separate request, the root last, with traces and scores in between.
        queue.push_spans(vec![incoming_span(ada, "run", "leaf", Some("step"))]).await.unwrap();
        queue.push(vec![trace(ada, "whole")]).await.unwrap();
        queue.push_spans(vec![incoming_span(ada, "run", "step", Some("root"))]).await.unwrap();
        queue.score(score(ada, "run", 80)).await.unwrap();
        queue.push_spans(vec![incoming_span(ada, "run", "root", None)]).await.unwrap();
    }
    queue.push(vec![trace(ada, "last")]).await.unwrap();
    stage.wait_for_traces(ada, 3).await;
    eventually("the trace is assembled", || async {
        let found = stage.store.detail(ada, "run").await.unwrap();
        found.is_some_and(|run| run.spans.len() == 3 && run.trace.quality_score == Some(80.0))
    })
    .await;
}

async fn scores_are_written_in_order_and_after_earlier_traces(engine: &Engine) {
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
    stage.wait_for_traces(ada, 21).await;
    eventually("the last score of each trace is applied", || async {
        let mut right = 0;
        for number in 0..20 {
            let detail = stage.store.detail(ada, &format!("run-{number}")).await.unwrap().unwrap();
            right += usize::from(detail.trace.quality_score == Some(30e6 / MICROS_PER_POINT));
        }
        right == 20
    })
    .await;
}

async fn request_that_cannot_be_written_does_not_stop_others(engine: &Engine) {
    let stage = Stage::new().await;
    let (queue, _running) = stage.queue(engine).await;
    let ada = Uuid::new_v4();
    let pushes = (0..20).map(|number| {
        let name = format!("run-{number}");
        let traces = if number % 5 == 0 { vec![bad_trace(ada, &name)] } else { traces(ada, &name, 2) };
        queue.push(traces)
    });
    let rejected = join_all(pushes).await.into_iter().filter(Result::is_err).count();
    // In memory, the sender waits for the commit and gets the error; in Redis, the request becomes a dead letter.
    assert_eq!(rejected, if let Engine::Memory = engine { 4 } else { 0 });
    stage.wait_for_traces(ada, 32).await;
}

async fn concurrent_senders_lose_nothing(engine: &Engine) {
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
        stage.wait_for_traces(workspace_id, 70).await;
    }
}
