//! A sliding-window limiter in this process. Each key has two counts, of the current window and of the one before; the
//! latter counts for the share of it that a window ending now would still see. Knows neither workspaces nor HTTP.

use std::{
    collections::{HashMap, hash_map::RandomState},
    fmt,
    hash::{BuildHasher, Hash},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::count::{Count, Moment};
use crate::clock::Clock;

/// Locks, so that threads seldom wait for each other.
const SHARDS: usize = 16;
/// Keys under one lock at most: about half a megabyte, so that no flood of invented keys can fill the memory.
const SHARD_KEYS: usize = 8192;
/// Keys under one lock below which idle ones are not looked for.
const SWEEP_KEYS: usize = 64;

/// What the limiter says to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Whether it may pass.
    pub allowed: bool,
    /// Requests that a window lets through; 0 where there is no limit.
    pub limit: u32,
    /// Requests that could still pass right after this one.
    pub remaining: u32,
    /// Until the current window ends or, for a denied request, until one could pass.
    pub reset: Duration,
}

impl Decision {
    /// What `limit` means for a request that was counted in `count` or, where it was not allowed, was not.
    pub(super) fn new(count: &Count, allowed: bool, limit: u32, now: Moment) -> Self {
        let denied = if allowed { None } else { count.wait(limit, now) };
        Self {
            allowed,
            limit,
            remaining: count.remaining(limit, now),
            reset: denied.unwrap_or_else(|| now.until_next()),
        }
    }
}

/// Lets `limit` requests of each key through in any `window`, by the two-window estimate: exact against bursts, and off by
/// at most how unevenly the window before was used.
pub struct SlidingWindow<K> {
    limit: u32,
    window: i64,
    clock: Clock,
    hasher: RandomState,
    shards: [Mutex<Shard<K>>; SHARDS],
}

struct Shard<K> {
    counts: HashMap<K, Count>,
    /// How many keys there may be before idle ones are dropped.
    sweep_at: usize,
}

impl<K: Clone + Eq + Hash> SlidingWindow<K> {
    /// At most `limit` requests in `window` (to the microsecond); a limit of 0 lets everything through.
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

    /// Whether a request may pass; counts it if so.
    pub fn check(&self, key: &K) -> Decision {
        if self.limit == 0 {
            return Decision { allowed: true, limit: 0, remaining: u32::MAX, reset: Duration::ZERO };
        }
        let now = self.moment();
        let mut shard = self.shard(key);
        let count = shard.count(key, now);
        let allowed = count.remaining(self.limit, now) > 0;
        if allowed {
            count.add();
        }
        Decision::new(count, allowed, self.limit, now)
    }

    /// Whether a request could pass; counts nothing.
    pub fn peek(&self, key: &K) -> Decision {
        if self.limit == 0 {
            return Decision { allowed: true, limit: 0, remaining: u32::MAX, reset: Duration::ZERO };
        }
        let now = self.moment();
        let count = self.shard(key).counts.get(key).copied().unwrap_or_default().at(now);
        Decision::new(&count, count.remaining(self.limit, now) > 0, self.limit, now)
    }

    /// Counts a request, whether it could pass or not.
    pub fn record(&self, key: &K) {
        if self.limit > 0 {
            let now = self.moment();
            self.shard(key).count(key, now).add();
        }
    }

    /// Takes one counted request back.
    pub fn refund(&self, key: &K) {
        let now = self.moment();
        if let Some(count) = self.shard(key).counts.get_mut(key) {
            *count = count.at(now);
            count.subtract();
        }
    }

    /// Forgets all requests of `key`.
    pub fn clear(&self, key: &K) {
        self.shard(key).counts.remove(key);
    }

    fn moment(&self) -> Moment {
        Moment::new(self.clock.now(), self.window)
    }

    fn shard(&self, key: &K) -> MutexGuard<'_, Shard<K>> {
        let index = usize::try_from(self.hasher.hash_one(key) % SHARDS as u64).unwrap_or(0);
        // Counts are whole at every point: another thread's panic leaves nothing half done.
        self.shards[index].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keys that are being remembered.
    #[cfg(test)]
    fn keys(&self) -> usize {
        self.shards
            .iter()
            .map(|shard| shard.lock().unwrap_or_else(PoisonError::into_inner).counts.len())
            .sum()
    }
}

impl<K: Clone + Eq + Hash> Shard<K> {
    /// The key's count, moved on to `now`.
    fn count(&mut self, key: &K, now: Moment) -> &mut Count {
        if self.counts.len() >= self.sweep_at && !self.counts.contains_key(key) {
            self.sweep(now);
        }
        let count = self.counts.entry(key.clone()).or_default();
        *count = count.at(now);
        count
    }

    /// Drops the idle keys and, where that leaves too many, the half that has been counted least: keys near their limit
    /// stay, so that a flood of new keys does not let an old one off. Each sweep frees or doubles the room, so that a new
    /// key pays for it only now and then.
    fn sweep(&mut self, now: Moment) {
        self.counts.retain(|_, count| !count.is_idle(now));
        if self.counts.len() >= SHARD_KEYS {
            let mut totals: Vec<u32> = self.counts.values().map(Count::total).collect();
            let middle = totals.len() / 2;
            let bar = *totals.select_nth_unstable(middle).1;
            // Among those that have exactly the middle count, enough go to halve the whole.
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
