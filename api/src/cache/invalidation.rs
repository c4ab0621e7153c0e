//! When a workspace's answers are dropped: at once after a write, but at most once a second, so that steady ingestion
//! does not turn the cache off. Where several processes write, Redis knows when it was done last, by whichever of them.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use shared::Timestamp;
use uuid::Uuid;

use super::{Cache, Dropped};
use crate::{clock::Clock, error::chain};

/// The shortest time between two invalidations of the same workspace: a second, less what an answer takes to be made
/// anew, so that what was acknowledged is seen within the second.
const INTERVAL: Duration = Duration::from_millis(950);
/// Workspaces remembered before the idle ones are forgotten.
const REMEMBERED: usize = 10_000;

/// Drops answers after writes.
#[derive(Clone, Debug)]
pub struct Invalidator {
    cache: Cache,
    clock: Clock,
    /// For each workspace when it was last invalidated, or will be.
    due: Arc<Mutex<HashMap<Uuid, Timestamp>>>,
}

/// What a write means for a workspace's answers.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    Now,
    In(Duration),
    AlreadyDue,
}

impl Invalidator {
    /// One that drops answers of `cache`.
    #[must_use]
    pub fn new(cache: Cache, clock: Clock) -> Self {
        Self { cache, clock, due: Arc::default() }
    }

    /// Says that something of the workspace was written. Its answers are gone when this is over, or will be within the
    /// interval.
    pub async fn written(&self, workspace_id: Uuid) {
        let wait = match self.step(workspace_id) {
            Step::Now => self.drop_answers(workspace_id).await,
            Step::In(wait) => Some(wait),
            Step::AlreadyDue => None,
        };
        if let Some(wait) = wait {
            tokio::spawn(self.clone().drop_later(workspace_id, wait));
        }
    }

    async fn drop_later(self, workspace_id: Uuid, wait: Duration) {
        let mut next = Some(wait);
        while let Some(wait) = next {
            tokio::time::sleep(wait).await;
            next = self.drop_answers(workspace_id).await;
        }
    }

    /// Drops answers, or says how long to wait before trying again: what was written before that is still to be seen.
    async fn drop_answers(&self, workspace_id: Uuid) -> Option<Duration> {
        let wait = match self.cache.invalidate(workspace_id, INTERVAL).await {
            Ok(Dropped::Done) => return None,
            // Whether before or after the write, nobody knows here.
            Ok(Dropped::Wait(wait)) => wait,
            Err(failure) => {
                tracing::debug!(error = chain(&failure), "a workspace's answers were not dropped yet");
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
        if due.len() >= REMEMBERED {
            due.retain(|_, &mut due| due + INTERVAL > now);
        }
        match due.get(&workspace_id).copied() {
            // Further ahead than that lies only what a clock that was set back left behind.
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
    use crate::cache::{MemoryCache, Ttls};

    #[test]
    fn a_burst_of_writes_invalidates_at_its_start_and_once_a_second() {
        let clock = Clock::manual(Timestamp::EPOCH);
        let cache = Cache::Memory(MemoryCache::new(Ttls::default()));
        let invalidator = Invalidator::new(cache, clock.clone());
        let workspace_id = Uuid::nil();
        assert_eq!(invalidator.step(workspace_id), Step::Now);
        clock.advance(Duration::from_millis(300));
        assert_eq!(invalidator.step(workspace_id), Step::In(Duration::from_millis(650)));
        assert_eq!(invalidator.step(workspace_id), Step::AlreadyDue);
        clock.advance(Duration::from_millis(650));
        // The one that was due has just run; the next write waits for the second after it.
        assert_eq!(invalidator.step(workspace_id), Step::In(INTERVAL));
        clock.advance(Duration::from_secs(3));
        assert_eq!(invalidator.step(workspace_id), Step::Now);
    }

    #[test]
    fn a_clock_that_is_set_back_does_not_stop_invalidation() {
        let clock = Clock::manual(Timestamp::from_millis(3_600_000));
        let invalidator = Invalidator::new(Cache::Memory(MemoryCache::new(Ttls::default())), clock.clone());
        assert_eq!(invalidator.step(Uuid::nil()), Step::Now);
        let invalidator = Invalidator { clock: Clock::manual(Timestamp::EPOCH), ..invalidator };
        assert_eq!(invalidator.step(Uuid::nil()), Step::Now);
    }
}
