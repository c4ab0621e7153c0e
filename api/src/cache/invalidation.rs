//! Invalidation of a workspace's cached responses: immediately after a write, but at most once a second, so that
//! steady ingestion does not defeat the cache. With several writing processes, Redis records when the last
//! invalidation was.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use domain::error::chain;
use shared::Timestamp;
use uuid::Uuid;

use super::{engine::Cache, outcome::Invalidation};
use crate::clock::Clock;

/// The minimum time between two invalidations of a workspace: a second minus the time to compute a response, so that
/// acknowledged data is visible within the second.
const INTERVAL: Duration = Duration::from_millis(950);
/// The number of workspaces above which idle ones are removed from memory.
const MAX_WORKSPACES: usize = 10_000;

/// Invalidates cached responses after writes.
#[derive(Clone, Debug)]
pub struct Invalidator {
    cache: Cache,
    clock: Clock,
    /// The time of the last or the scheduled invalidation of each workspace.
    due: Arc<Mutex<HashMap<Uuid, Timestamp>>>,
}

/// What to do after a write.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    Now,
    In(Duration),
    AlreadyDue,
}

impl Invalidator {
    /// Creates an invalidator for `cache`.
    #[must_use]
    pub fn new(cache: Cache, clock: Clock) -> Self {
        Self { cache, clock, due: Arc::default() }
    }

    /// Invalidates the responses of a workspace after a write: before this returns, or within the interval.
    pub async fn invalidate(&self, workspace_id: Uuid) {
        let wait = match self.step(workspace_id) {
            Step::Now => self.try_invalidate(workspace_id).await,
            Step::In(wait) => Some(wait),
            Step::AlreadyDue => None,
        };
        if let Some(wait) = wait {
            tokio::spawn(self.clone().invalidate_later(workspace_id, wait));
        }
    }

    async fn invalidate_later(self, workspace_id: Uuid, wait: Duration) {
        let mut next = Some(wait);
        while let Some(wait) = next {
            tokio::time::sleep(wait).await;
            next = self.try_invalidate(workspace_id).await;
        }
    }

    /// Invalidates the responses; returns how long to wait before the next attempt if another process did so a moment
    /// ago.
    async fn try_invalidate(&self, workspace_id: Uuid) -> Option<Duration> {
        let wait = match self.cache.invalidate(workspace_id, INTERVAL).await {
            Ok(Invalidation::Done) => return None,
            // The other invalidation may have come before the write.
            Ok(Invalidation::Wait(wait)) => wait,
            Err(failure) => {
                tracing::debug!(error = chain(&failure), "failed to invalidate the cache; retrying");
                INTERVAL
            }
        };
        let due = self.clock.now() + wait;
        self.due.lock().unwrap_or_else(PoisonError::into_inner).insert(workspace_id, due);
        Some(wait)
    }

    fn step(&self, workspace_id: Uuid) -> Step {
        let now = self.clock.now();
        let mut due = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        if due.len() >= MAX_WORKSPACES {
            due.retain(|_, &mut due| due + INTERVAL > now);
        }
        match due.get(&workspace_id).copied() {
            // A later time can only come from a clock that was set back.
            Some(due) if due > now && due.since(now) <= INTERVAL => Step::AlreadyDue,
            Some(last) if last <= now && last + INTERVAL > now => {
                due.insert(workspace_id, last + INTERVAL);
                Step::In((last + INTERVAL).since(now))
            }
            _ => {
                due.insert(workspace_id, now);
                Step::Now
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{cache::MemoryCache, config::CacheTtls};

    #[test]
    fn a_burst_of_writes_invalidates_at_its_start_and_once_per_interval() {
        let clock = Clock::manual(Timestamp::EPOCH);
        let cache = Cache::Memory(MemoryCache::new(CacheTtls::default()));
        let invalidator = Invalidator::new(cache, clock.clone());
        let workspace_id = Uuid::nil();
        assert_eq!(invalidator.step(workspace_id), Step::Now);
        clock.advance(Duration::from_millis(300));
        assert_eq!(invalidator.step(workspace_id), Step::In(Duration::from_millis(650)));
        assert_eq!(invalidator.step(workspace_id), Step::AlreadyDue);
        clock.advance(Duration::from_millis(650));
        // The scheduled invalidation just ran; the next write waits for the interval after it.
        assert_eq!(invalidator.step(workspace_id), Step::In(INTERVAL));
        clock.advance(Duration::from_secs(3));
        assert_eq!(invalidator.step(workspace_id), Step::Now);
    }

    #[test]
    fn a_clock_that_is_set_back_does_not_stop_invalidation() {
        let clock = Clock::manual(Timestamp::from_millis(3_600_000));
        let invalidator =
            Invalidator::new(Cache::Memory(MemoryCache::new(CacheTtls::default())), clock.clone());
        assert_eq!(invalidator.step(Uuid::nil()), Step::Now);
        let invalidator = Invalidator { clock: Clock::manual(Timestamp::EPOCH), ..invalidator };
        assert_eq!(invalidator.step(Uuid::nil()), Step::Now);
    }
}
