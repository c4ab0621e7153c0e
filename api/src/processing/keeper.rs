//! Keeps a worker's leases: renews them, lets go of streams beyond its share once nothing of them is in hand, and reports
//! how much is in the queue.

use domain::error::chain;

use super::worker::Shared;
use crate::redis::RedisFailure;

/// Dead consumers are looked for in every so many rounds.
const TIDY_ROUNDS: u64 = 10;

/// Runs until it is aborted: leases are needed as long as anything is in hand.
pub(super) async fn run(shared: Shared) {
    let consumer = &shared.tools.consumer;
    let mut ticks = tokio::time::interval(consumer.renew_every());
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    while let Err(failure) = consumer.prepare().await {
        tracing::warn!(error = chain(&failure), "the queue's group cannot be made yet");
        ticks.tick().await;
    }
    for round in 0_u64.. {
        ticks.tick().await;
        // The leases stay as they were where Redis fails: reading fails as well then.
        if let Err(failure) = keep(&shared, round).await
            && !failure.is_resting()
        {
            tracing::warn!(error = chain(&failure), "the leases of the queue were not renewed");
        }
    }
}

async fn keep(shared: &Shared, round: u64) -> Result<(), RedisFailure> {
    let consumer = &shared.tools.consumer;
    let leases = consumer.renew().await?;
    let before = shared.leases.borrow().clone();
    if leases != before {
        tracing::info!(
            consumer = consumer.name(),
            kept = ?leases.kept,
            beyond = ?leases.beyond,
            "the queue's streams are shared out anew"
        );
        // Noted before the reader sees that it holds them.
        let taken = leases.kept.iter().filter(|stream| !before.kept.contains(stream));
        shared.unswept.lock().await.extend(taken);
        shared.leases.send_replace(leases.clone());
    }
    let free: Vec<usize> =
        leases.beyond.iter().copied().filter(|&stream| shared.hand.is_empty_of(stream)).collect();
    if !free.is_empty() {
        consumer.release(&free).await?;
    }
    if round % TIDY_ROUNDS == TIDY_ROUNDS - 1 {
        for &stream in &leases.kept {
            consumer.tidy(stream).await?;
        }
    }
    shared.tools.metrics.queue_holds(consumer.load().await?);
    Ok(())
}
