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
        let denied = count.wait(self.limit, now);
        if denied.is_none() {
            count.add();
        }
        self.decision(count, denied, now)
    }

    /// Whether a request could pass; counts nothing.
    pub fn peek(&self, key: &K) -> Decision {
        if self.limit == 0 {
            return Decision { allowed: true, limit: 0, remaining: u32::MAX, reset: Duration::ZERO };
        }
        let now = self.moment();
        let count = self.shard(key).counts.get(key).copied().unwrap_or_default().at(now);
        self.decision(&count, count.wait(self.limit, now), now)
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

    fn decision(&self, count: &Count, denied: Option<Duration>, now: Moment) -> Decision {
        Decision {
            allowed: denied.is_none(),
            limit: self.limit,
            remaining: count.remaining(self.limit, now),
            reset: denied.unwrap_or_else(|| now.until_next()),
        }
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
mod tests {
    use std::{
        sync::atomic::{AtomicU32, Ordering},
        thread,
    };

    use shared::Timestamp;

    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);
    const MICRO: Duration = Duration::from_micros(1);

    /// A limiter at the start of a window, and its clock.
    fn limiter(limit: u32) -> (SlidingWindow<u32>, Clock) {
        let clock = Clock::manual(Timestamp::EPOCH + MINUTE * 1000);
        (SlidingWindow::new(limit, MINUTE, clock.clone()), clock)
    }

    fn admitted(limiter: &SlidingWindow<u32>, key: u32, tries: u32) -> usize {
        (0..tries).filter(|_| limiter.check(&key).allowed).count()
    }

    #[test]
    fn the_last_request_within_the_limit_passes_and_the_next_does_not() {
        let (limiter, clock) = limiter(3);
        clock.advance(Duration::from_secs(15));
        let reset = Duration::from_secs(45);
        for remaining in [2, 1, 0] {
            assert_eq!(limiter.check(&1), Decision { allowed: true, limit: 3, remaining, reset });
        }
        let denied = limiter.check(&1);
        assert!(!denied.allowed && denied.remaining == 0);
        assert!(limiter.check(&2).allowed, "another key has its own count");
    }

    #[test]
    fn a_denied_request_is_not_counted() {
        let (limiter, _) = limiter(2);
        assert_eq!(admitted(&limiter, 1, 2), 2);
        let first = limiter.check(&1);
        assert_eq!(admitted(&limiter, 1, 100), 0);
        assert_eq!(limiter.check(&1), first);
    }

    #[test]
    fn the_window_before_counts_for_the_share_still_in_view() {
        let (limiter, clock) = limiter(100);
        assert_eq!(admitted(&limiter, 1, 80), 80);
        clock.advance(MINUTE);
        assert_eq!(limiter.peek(&1).remaining, 20, "all of the window before is in view");
        clock.advance(Duration::from_secs(15));
        assert_eq!(limiter.peek(&1).remaining, 40, "three quarters of it are");
        assert_eq!(admitted(&limiter, 1, 1000), 40);
        clock.advance(Duration::from_secs(30));
        assert_eq!(admitted(&limiter, 1, 1000), 40, "a quarter is: 100 - 40 - 80 / 4");
        clock.advance(Duration::from_secs(15));
        assert_eq!(limiter.peek(&1).remaining, 20, "now the second window is in view, with 80");
        clock.advance(MINUTE * 2);
        assert_eq!(limiter.peek(&1).remaining, 100);
    }

    #[test]
    fn a_burst_at_the_edge_of_a_window_does_not_pass_twice() {
        let (limiter, clock) = limiter(10);
        clock.advance(MINUTE - MICRO);
        assert_eq!(admitted(&limiter, 1, 20), 10);
        clock.advance(MICRO);
        assert_eq!(admitted(&limiter, 1, 20), 0);
    }

    #[test]
    fn a_denied_request_may_come_back_at_its_reset_and_not_before() {
        for limit in [1, 2, 3, 7, 100] {
            for early in [0, 1, 20, 59] {
                let (limiter, clock) = limiter(limit);
                clock.advance(Duration::from_secs(early));
                for _ in 0..5 {
                    while limiter.check(&1).allowed {}
                    let reset = limiter.peek(&1).reset;
                    clock.advance(reset - MICRO);
                    assert!(!limiter.peek(&1).allowed, "limit {limit}, {early} s: too early");
                    clock.advance(MICRO);
                    assert!(limiter.check(&1).allowed, "limit {limit}, {early} s: late after {reset:?}");
                }
            }
        }
    }

    #[test]
    fn recorded_requests_count_beyond_the_limit_and_peeks_do_not_count() {
        let (limiter, clock) = limiter(2);
        for _ in 0..5 {
            assert!(limiter.peek(&1).allowed);
        }
        for _ in 0..4 {
            limiter.record(&1);
        }
        let denied = limiter.peek(&1);
        assert!(!denied.allowed);
        clock.advance(denied.reset - MICRO);
        assert!(!limiter.peek(&1).allowed);
        clock.advance(MICRO);
        assert!(limiter.peek(&1).allowed);
    }

    #[test]
    fn a_refund_makes_room_for_one_and_clearing_for_all() {
        let (limiter, clock) = limiter(3);
        assert_eq!(admitted(&limiter, 1, 9), 3);
        limiter.refund(&1);
        assert_eq!(admitted(&limiter, 1, 9), 1);
        clock.advance(MINUTE);
        limiter.refund(&1);
        assert_eq!(admitted(&limiter, 1, 9), 1, "also when the window has moved on");
        limiter.clear(&1);
        assert_eq!(admitted(&limiter, 1, 9), 3);
        limiter.refund(&2);
        assert_eq!(limiter.peek(&2).remaining, 3, "a refund gives no credit");
    }

    #[test]
    fn a_clock_that_is_set_back_forgets_nothing() {
        let clock = Clock::manual(Timestamp::EPOCH + MINUTE * 1000);
        let mut limiter = SlidingWindow::new(2, MINUTE, clock);
        assert_eq!(admitted(&limiter, 1, 9), 2);
        limiter.clock = Clock::manual(Timestamp::EPOCH + MINUTE * 900);
        assert_eq!(admitted(&limiter, 1, 9), 0);
    }

    #[test]
    fn a_limit_of_zero_lets_everything_through_and_remembers_nothing() {
        let (limiter, _) = limiter(0);
        assert_eq!(admitted(&limiter, 1, 1000), 1000);
        limiter.record(&1);
        assert_eq!((limiter.peek(&1).limit, limiter.peek(&1).remaining, limiter.keys()), (0, u32::MAX, 0));
    }

    #[test]
    fn threads_at_once_are_admitted_exactly_up_to_the_limit() {
        let (limiter, clock) = limiter(500);
        let admit = || {
            let admitted = AtomicU32::new(0);
            thread::scope(|scope| {
                for _ in 0..8 {
                    scope.spawn(|| {
                        for _ in 0..500 {
                            admitted.fetch_add(u32::from(limiter.check(&1).allowed), Ordering::Relaxed);
                        }
                    });
                }
            });
            admitted.into_inner()
        };
        assert_eq!(admit(), 500);
        clock.advance(MINUTE + MINUTE / 2);
        assert_eq!(admit(), 250);
    }

    #[test]
    fn idle_keys_are_dropped() {
        let (limiter, clock) = limiter(5);
        for round in 0..20 {
            for key in 0..1000 {
                limiter.record(&(round * 1000 + key));
            }
            clock.advance(MINUTE * 2);
        }
        assert!(limiter.keys() <= 4000, "{} keys of 20,000 remembered", limiter.keys());
    }

    #[test]
    fn a_flood_of_new_keys_neither_fills_the_memory_nor_lets_a_limited_key_off() {
        let (limiter, _) = limiter(5);
        assert_eq!(admitted(&limiter, u32::MAX, 9), 5);
        for key in 0..400_000 {
            limiter.record(&key);
        }
        assert!(limiter.keys() <= SHARDS * SHARD_KEYS, "{} keys", limiter.keys());
        assert_eq!(admitted(&limiter, u32::MAX, 9), 0);
    }
}
