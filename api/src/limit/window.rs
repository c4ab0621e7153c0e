//! A sliding-window limiter in this process. Each key has the counts of the current and the previous window; the
//! previous one counts in proportion to its overlap with the sliding window. Independent of workspaces and HTTP.

use std::{
    collections::{HashMap, hash_map::RandomState},
    fmt,
    hash::{BuildHasher, Hash},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::count::{Count, WindowTime};
use crate::clock::Clock;

/// The number of locks, which reduces contention between threads.
const SHARDS: usize = 16;
/// The maximum number of keys per lock, about half a megabyte: a flood of random keys cannot exhaust memory.
const SHARD_KEYS: usize = 8192;
/// The number of keys per lock below which idle keys are not removed.
const SWEEP_KEYS: usize = 64;

/// The decision on a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Whether the request may pass.
    pub allowed: bool,
    /// The limit of requests per window; 0 if unlimited.
    pub limit: u32,
    /// The number of requests that may pass right after this one.
    pub remaining: u32,
    /// The time until the current window ends or, for a rejected request, until one may pass.
    pub reset: Duration,
}

impl Decision {
    /// Creates the decision for a request, given the count after it.
    pub(super) fn new(count: &Count, allowed: bool, limit: u32, now: WindowTime) -> Self {
        let denied = if allowed { None } else { count.wait(limit, now) };
        Self {
            allowed,
            limit,
            remaining: count.remaining(limit, now),
            reset: denied.unwrap_or_else(|| now.until_next()),
        }
    }
}

/// A limiter of `limit` requests per key and `window`, estimated from two windows: exact for bursts, otherwise the
/// error depends on how unevenly the previous window was used.
pub struct SlidingWindow<K> {
    limit: u32,
    window: i64,
    clock: Clock,
    hasher: RandomState,
    shards: [Mutex<Shard<K>>; SHARDS],
}

struct Shard<K> {
    counts: HashMap<K, Count>,
    /// The number of keys above which idle keys are removed.
    sweep_at: usize,
}

impl<K: Clone + Eq + Hash> SlidingWindow<K> {
    /// Creates a limiter of `limit` requests per `window` (exact to the microsecond). 0 disables the limit.
    #[must_use]
    pub fn new(limit: u32, window: Duration, clock: Clock) -> Self {
        Self {
            limit,
            window: i64::try_from(window.as_micros()).unwrap_or(i64::MAX).max(1),
            clock,
            hasher: RandomState::new(),
            shards: std::array::from_fn(|_| {
                Mutex::new(Shard { counts: HashMap::new(), sweep_at: SWEEP_KEYS })
            }),
        }
    }

    /// Returns whether a request may pass, and counts it if so.
    pub fn check(&self, key: &K) -> Decision {
        self.check_up_to(key, self.limit)
    }

    /// Like [`SlidingWindow::check`], with another limit.
    pub(super) fn check_up_to(&self, key: &K, limit: u32) -> Decision {
        if limit == 0 {
            return Decision { allowed: true, limit: 0, remaining: u32::MAX, reset: Duration::ZERO };
        }
        let now = self.window_time();
        let mut shard = self.shard(key);
        let count = shard.count(key, now);
        let allowed = count.remaining(limit, now) > 0;
        if allowed {
            count.add();
        }
        Decision::new(count, allowed, limit, now)
    }

    /// Refunds one request.
    pub fn refund(&self, key: &K) {
        let now = self.window_time();
        if let Some(count) = self.shard(key).counts.get_mut(key) {
            *count = count.at(now);
            count.subtract();
        }
    }

    /// Clears the requests of `key`.
    pub fn clear(&self, key: &K) {
        self.shard(key).counts.remove(key);
    }

    /// Returns the limit of requests per window.
    pub(super) fn limit(&self) -> u32 {
        self.limit
    }

    pub(super) fn window_time(&self) -> WindowTime {
        WindowTime::new(self.clock.now(), self.window)
    }

    fn shard(&self, key: &K) -> MutexGuard<'_, Shard<K>> {
        let index = usize::try_from(self.hasher.hash_one(key) % SHARDS as u64).unwrap_or(0);
        // A panic in another thread cannot leave counts in an inconsistent state.
        self.shards[index].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Clone + Eq + Hash> Shard<K> {
    /// Returns the count of the key, moved to `now`.
    fn count(&mut self, key: &K, now: WindowTime) -> &mut Count {
        if self.counts.len() >= self.sweep_at && !self.counts.contains_key(key) {
            self.sweep(now);
        }
        let count = self.counts.entry(key.clone()).or_default();
        *count = count.at(now);
        count
    }

    /// Removes idle keys and, if too many remain, the half with the lowest counts: keys near their limit stay, so
    /// that a flood of new keys cannot reset one. Each sweep frees or doubles the space, so that its cost is
    /// amortized.
    fn sweep(&mut self, now: WindowTime) {
        self.counts.retain(|_, count| !count.is_idle(now));
        if self.counts.len() >= SHARD_KEYS {
            let mut totals: Vec<u32> = self.counts.values().map(Count::total).collect();
            let middle = totals.len() / 2;
            let bar = *totals.select_nth_unstable(middle).1;
            // Of the keys with exactly the median count, as many are removed as needed.
            let mut excess = self.counts.len() - middle;
            excess -= self.counts.values().filter(|count| count.total() < bar).count().min(excess);
            self.counts.retain(|_, count| {
                let tie = count.total() == bar && excess > 0;
                excess -= usize::from(tie);
                count.total() >= bar && !tie
            });
        }
        self.sweep_at = (self.counts.len() * 2).clamp(SWEEP_KEYS, SHARD_KEYS);
    }
}

impl<K> fmt::Debug for SlidingWindow<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SlidingWindow")
            .field("limit", &self.limit)
            .field("window", &Duration::from_micros(self.window.unsigned_abs()))
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
