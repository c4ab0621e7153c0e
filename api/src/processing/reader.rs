//! Reads for a worker: first what was delivered and never acknowledged, then what is new. It asks again and again rather
//! than leave a read waiting in Redis: such a read is not bounded in bytes, and where it is cut off nobody knows what it
//! took.

use std::time::Duration;

use domain::error::chain;
use tokio::sync::mpsc;

use super::{group::Group, sink::GROUP_TRACES, worker::Shared};
use crate::{
    queue::{Delivery, Room},
    redis::RedisFailure,
};

/// What is read for one group at most; a group of the largest messages is some times as large in memory.
const ROOM: Room = Room { traces: GROUP_TRACES, raw: 16 * 1024 * 1024, messages: 512 };
/// How long to wait when there is nothing: short when there just was something.
const SHORTEST_WAIT: Duration = Duration::from_millis(2);
const LONGEST_WAIT: Duration = Duration::from_millis(50);
/// How long to wait after a failure.
const FAILURE_WAIT: Duration = Duration::from_millis(250);

/// Runs until the worker is to stop, or the writer is gone.
pub(super) async fn run(shared: Shared, groups: mpsc::Sender<Group>) {
    let mut wait = SHORTEST_WAIT;
    // Before anything is read there is room for it: while the store is busy, more gathers in the streams.
    while let Some(Ok(room)) = shared.unless_stopped(groups.reserve()).await {
        let kept = shared.leases.borrow().kept.clone();
        let unswept = shared.unswept.lock().await.iter().copied().find(|stream| kept.contains(stream));
        let read = match unswept {
            Some(stream) => sweep(&shared, stream).await,
            None if kept.is_empty() => Ok(Vec::new()),
            None => shared.tools.consumer.take(&kept, ROOM).await,
        };
        match read {
            Ok(deliveries) if deliveries.is_empty() => {
                if unswept.is_none() {
                    shared.unless_stopped(tokio::time::sleep(wait)).await;
                    wait = (wait * 2).min(LONGEST_WAIT);
                }
            }
            Ok(deliveries) => {
                wait = SHORTEST_WAIT;
                if let Some(group) = unpack(&shared, deliveries).await {
                    room.send(group);
                }
            }
            Err(failure) => {
                recover(&shared, &kept, &failure).await;
                shared.unless_stopped(tokio::time::sleep(FAILURE_WAIT)).await;
            }
        }
    }
}

/// Takes over what is left in a stream, a group at a time. Nothing else is in hand meanwhile: what killed its consumer may
/// kill this one, and must not count against others then.
async fn sweep(shared: &Shared, stream: usize) -> Result<Vec<Delivery>, RedisFailure> {
    if shared.unless_stopped(shared.hand.empty()).await.is_none() {
        return Ok(Vec::new());
    }
    let claimed = shared.tools.consumer.claim(stream, ROOM).await?;
    if !claimed.deliveries.is_empty() {
        tracing::info!(stream, messages = claimed.deliveries.len(), "messages are taken over");
        shared.tools.metrics.queue_redelivered(claimed.deliveries.len());
    } else if !claimed.pending {
        shared.unswept.lock().await.remove(&stream);
        shared.tools.consumer.tidy(stream).await?;
    }
    Ok(claimed.deliveries)
}

async fn unpack(shared: &Shared, deliveries: Vec<Delivery>) -> Option<Group> {
    let streams: Vec<usize> = deliveries.iter().map(|delivery| delivery.stream).collect();
    shared.hand.add(&streams);
    let unpacking = tokio::task::spawn_blocking(move || Group::unpack(deliveries));
    match unpacking.await {
        Ok(group) => Some(group),
        Err(error) => {
            tracing::error!(error = chain(&error), "unpacking messages broke");
            shared.hand.remove(&streams);
            shared.unswept.lock().await.extend(streams);
            None
        }
    }
}

/// After a failure: what Redis gave may not have come here, and the group may be gone with Redis' data.
async fn recover(shared: &Shared, kept: &[usize], failure: &RedisFailure) {
    if failure.is_resting() {
        return;
    }
    tracing::warn!(error = chain(failure), "reading from the queue failed");
    shared.unswept.lock().await.extend(kept);
    if failure.is_no_group()
        && let Err(failure) = shared.tools.consumer.prepare().await
    {
        tracing::warn!(error = chain(&failure), "the queue's group cannot be made");
    }
}
