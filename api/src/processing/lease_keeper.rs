//! Renews a worker's leases on streams, releases streams beyond its share once none of their messages is in flight, and
//! reports the size of the queue.

use domain::error::chain;

use super::worker_state::WorkerState;
use crate::redis::RedisFailure;

/// The number of renewals between two deletions of dead consumers.
const CLEANUP_ROUNDS: u64 = 10;

/// Runs until it is aborted: leases are needed while messages are in flight.
pub(super) async fn run(shared: WorkerState) {
    let consumer = &shared.context.consumer;
    let mut ticks = tokio::time::interval(consumer.renew_every());
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    while let Err(failure) = consumer.create_groups().await {
        tracing::warn!(error = chain(&failure), "failed to create consumer group");
        ticks.tick().await;
    }
    for round in 0_u64.. {
        ticks.tick().await;
        // If Redis fails, the leases stay as they are; reading fails as well then.
        if let Err(failure) = renew(&shared, round).await
            && !failure.is_circuit_open()
        {
            tracing::warn!(error = chain(&failure), "failed to renew stream leases");
        }
    }
}

async fn renew(shared: &WorkerState, round: u64) -> Result<(), RedisFailure> {
    let consumer = &shared.context.consumer;
    let leases = consumer.renew_leases().await?;
    let before = shared.leases.borrow().clone();
    if leases != before {
        tracing::info!(
            consumer = consumer.name(),
            streams = ?leases.streams,
            excess = ?leases.excess,
            "stream leases rebalanced"
        );
        // Mark the streams as unclaimed before the reader sees them, so that it claims their pending messages first.
        let added = leases.streams.iter().filter(|stream| !before.streams.contains(stream));
        shared.unclaimed.lock().await.extend(added);
        shared.leases.send_replace(leases.clone());
    }
    let idle: Vec<usize> =
        leases.excess.iter().copied().filter(|&stream| shared.in_flight.is_stream_idle(stream)).collect();
    if !idle.is_empty() {
        consumer.release_streams(&idle).await?;
    }
    if round % CLEANUP_ROUNDS == CLEANUP_ROUNDS - 1 {
        for &stream in &leases.streams {
            consumer.delete_dead_consumers(stream).await?;
        }
    }
    shared.context.metrics.queue.set_load(consumer.load().await?);
    Ok(())
}
