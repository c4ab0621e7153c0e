//! Leases on rows of the store: a worker owns what it leased until the lease expires, so that the work of a process that
//! died is taken over by another.

use std::{convert::Infallible, time::Duration};

use domain::error::chain;
use shared::Timestamp;
use store::StoreError;
use uuid::Uuid;

use crate::clock::Clock;

/// A lease that a worker took.
#[derive(Clone, Copy, Debug)]
pub struct Lease {
    /// The owner.
    pub worker: Uuid,
    /// When the lease expires unless it is renewed.
    pub until: Timestamp,
    duration: Duration,
}

impl Lease {
    /// Creates a lease of `worker` that is taken at `now`.
    #[must_use]
    pub fn new(worker: Uuid, now: Timestamp, duration: Duration) -> Self {
        Self { worker, until: now + duration, duration }
    }

    /// Returns when the lease expires if it is renewed at `now`.
    #[must_use]
    pub fn renewed_until(&self, now: Timestamp) -> Timestamp {
        now + self.duration
    }

    /// Returns whether another worker may take over at `now`.
    #[must_use]
    pub fn has_expired(&self, now: Timestamp) -> bool {
        now >= self.until
    }

    /// Runs `work`, and meanwhile renews the lease whenever a third of its duration has passed. Work is usually finished
    /// before the first renewal, which then costs no write. `renew` stores the new end of the lease; if it fails, the
    /// work continues, and the store rejects its result in case another worker has taken over.
    pub async fn renew_while<T, R>(
        &self,
        clock: &Clock,
        renew: impl Fn(Timestamp) -> R,
        work: impl Future<Output = T>,
    ) -> T
    where
        R: Future<Output = Result<(), StoreError>>,
    {
        tokio::select! {
            done = work => done,
            never = self.renew_forever(clock, renew) => match never {},
        }
    }

    async fn renew_forever<R>(&self, clock: &Clock, renew: impl Fn(Timestamp) -> R) -> Infallible
    where
        R: Future<Output = Result<(), StoreError>>,
    {
        let interval = self.duration / 3;
        let taken = self.until - self.duration;
        let mut delay = interval.saturating_sub(clock.now().since(taken));
        loop {
            tokio::time::sleep(delay).await;
            if let Err(error) = renew(self.renewed_until(clock.now())).await {
                tracing::warn!(error = chain(&error), worker.id = %self.worker, "failed to renew lease");
            }
            delay = interval;
        }
    }
}
