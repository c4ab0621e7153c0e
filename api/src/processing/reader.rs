//! Reads messages for a worker: first those that were delivered and never acknowledged, then new ones. It polls instead of
//! blocking in Redis, because a blocking read has no limit in bytes, and if it is interrupted, the messages it read are
//! unknown.

use std::time::Duration;

use domain::error::chain;
use tokio::sync::mpsc;

use super::{group::Group, group_writer::GROUP_TRACES, worker_state::WorkerState};
use crate::{
    queue::{Delivery, ReadLimits},
    redis::RedisFailure,
};

/// The maximum size of a group. A group of the largest messages is several times as large in memory.
const READ_LIMITS: ReadLimits = ReadLimits { traces: GROUP_TRACES, raw: 16 * 1024 * 1024, messages: 512 };
/// The delay after the first read without messages; it doubles up to [`MAX_DELAY`].
const MIN_DELAY: Duration = Duration::from_millis(2);
/// The maximum delay between two reads.
const MAX_DELAY: Duration = Duration::from_millis(50);
/// The delay after a failure.
const FAILURE_DELAY: Duration = Duration::from_millis(250);

/// Runs until the worker stops or the writer has ended.
pub(super) async fn run(shared: WorkerState, groups: mpsc::Sender<Group>) {
    let stop = &shared.context.stop;
    let mut delay = MIN_DELAY;
    // Reads only if the writer has room: while the store is busy, messages collect in the streams.
    while let Some(Ok(room)) = stop.unless_requested(groups.reserve()).await {
        let streams = shared.leases.borrow().streams.clone();
        let unclaimed = shared.unclaimed.lock().await.iter().copied().find(|stream| streams.contains(stream));
        let read = match unclaimed {
            Some(stream) => claim(&shared, stream).await,
            None if streams.is_empty() => Ok(Vec::new()),
            None => shared.context.consumer.read(&streams, READ_LIMITS).await,
        };
        match read {
            Ok(deliveries) if deliveries.is_empty() => {
                if unclaimed.is_none() {
                    stop.unless_requested(tokio::time::sleep(delay)).await;
                    delay = (delay * 2).min(MAX_DELAY);
                }
            }
            Ok(deliveries) => {
                delay = MIN_DELAY;
                if let Some(group) = decode(&shared, deliveries).await {
                    room.send(group);
                }
            }
            Err(failure) => {
                recover(&shared, &streams, &failure).await;
                stop.unless_requested(tokio::time::sleep(FAILURE_DELAY)).await;
            }
        }
    }
}

/// Claims pending messages of a stream, one group at a time. No other messages are in flight meanwhile: a message that
/// crashed its consumer may crash this one, and must not increase the delivery counts of others.
async fn claim(shared: &WorkerState, stream: usize) -> Result<Vec<Delivery>, RedisFailure> {
    if shared.context.stop.unless_requested(shared.in_flight.wait_until_idle()).await.is_none() {
        return Ok(Vec::new());
    }
    let claimed = shared.context.consumer.claim(stream, READ_LIMITS).await?;
    if !claimed.deliveries.is_empty() {
        tracing::info!(stream, messages = claimed.deliveries.len(), "pending messages claimed");
        shared.context.metrics.queue.record_redeliveries(claimed.deliveries.len());
    } else if !claimed.pending {
        shared.unclaimed.lock().await.remove(&stream);
        shared.context.consumer.delete_dead_consumers(stream).await?;
    }
    Ok(claimed.deliveries)
}

async fn decode(shared: &WorkerState, deliveries: Vec<Delivery>) -> Option<Group> {
    let streams: Vec<usize> = deliveries.iter().map(|delivery| delivery.stream).collect();
    shared.in_flight.add(&streams);
    let decoding = tokio::task::spawn_blocking(move || Group::decode(deliveries));
    match decoding.await {
        Ok(group) => Some(group),
        Err(error) => {
            tracing::error!(error = chain(&error), "failed to decode messages");
            shared.in_flight.remove(&streams);
            shared.unclaimed.lock().await.extend(streams);
            None
        }
    }
}

/// Recovers from a failed read. Redis may have delivered messages whose response was lost, and if Redis lost its data, the
/// consumer group no longer exists.
async fn recover(shared: &WorkerState, streams: &[usize], failure: &RedisFailure) {
    if failure.is_circuit_open() {
        return;
    }
    tracing::warn!(error = chain(failure), "failed to read from queue");
    shared.unclaimed.lock().await.extend(streams);
    if failure.is_no_group()
        && let Err(failure) = shared.context.consumer.create_groups().await
    {
        tracing::warn!(error = chain(&failure), "failed to create consumer group");
    }
}
