//! When a workspace's answers are dropped: at once after a write, but at most once a second, so that steady ingestion
//! does not turn the cache off.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use shared::Timestamp;
use uuid::Uuid;

use super::Cache;
use crate::clock::Clock;

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

    /// Says that something of the workspace was written.
    pub fn written(&self, workspace_id: Uuid) {
        match self.step(workspace_id) {
            Step::Now => self.cache.invalidate(workspace_id),
            Step::In(wait) => {
                let cache = self.cache.clone();
                tokio::spawn(async move {
                    tokio::time::sleep(wait).await;
                    cache.invalidate(workspace_id);
                });
            }
            Step::AlreadyDue => {}
        }
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
