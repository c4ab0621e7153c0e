//! What the sliding window admits, to the microsecond.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    thread,
};

use shared::Timestamp;

use super::*;

const MINUTE: Duration = Duration::from_secs(60);
const MICRO: Duration = Duration::from_micros(1);

impl SlidingWindow<u32> {
    /// Returns whether a request could pass, without counting it.
    fn peek(&self, key: &u32) -> Decision {
        if self.limit == 0 {
            return self.check(key);
        }
        let now = self.window_time();
        let count = self.shard(key).counts.get(key).copied().unwrap_or_default().at(now);
        Decision::new(&count, count.remaining(self.limit, now) > 0, self.limit, now)
    }

    /// Counts a request even if it exceeds the limit.
    fn record(&self, key: &u32) {
        if self.limit > 0 {
            let now = self.window_time();
            self.shard(key).count(key, now).add();
        }
    }

    /// Returns the number of keys in memory.
    fn keys(&self) -> usize {
        let keys =
            |shard: &Mutex<Shard<u32>>| shard.lock().unwrap_or_else(PoisonError::into_inner).counts.len();
        self.shards.iter().map(keys).sum()
    }
}

/// Creates a limiter at the start of a window, and its clock.
fn limiter(limit: u32) -> (SlidingWindow<u32>, Clock) {
    let clock = Clock::manual(Timestamp::EPOCH + MINUTE * 1000);
    (SlidingWindow::new(limit, MINUTE, clock.clone()), clock)
}

fn admitted(limiter: &SlidingWindow<u32>, key: u32, tries: u32) -> usize {
    (0..tries).filter(|_| limiter.check(&key).allowed).count()
}

#[test]
fn admits_the_last_request_within_the_limit_and_rejects_the_next() {
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
fn a_rejected_request_is_not_counted() {
    let (limiter, _) = limiter(2);
    assert_eq!(admitted(&limiter, 1, 2), 2);
    let first = limiter.check(&1);
    assert_eq!(admitted(&limiter, 1, 100), 0);
    assert_eq!(limiter.check(&1), first);
}

#[test]
fn the_previous_window_counts_in_proportion_to_its_overlap() {
    let (limiter, clock) = limiter(100);
    assert_eq!(admitted(&limiter, 1, 80), 80);
    clock.advance(MINUTE);
    assert_eq!(limiter.peek(&1).remaining, 20, "the previous window overlaps fully");
    clock.advance(Duration::from_secs(15));
    assert_eq!(limiter.peek(&1).remaining, 40, "three quarters overlap");
    assert_eq!(admitted(&limiter, 1, 1000), 40);
    clock.advance(Duration::from_secs(30));
    assert_eq!(admitted(&limiter, 1, 1000), 40, "a quarter overlaps: 100 - 40 - 80 / 4");
    clock.advance(Duration::from_secs(15));
    assert_eq!(limiter.peek(&1).remaining, 20, "now the second window overlaps, with 80");
    clock.advance(MINUTE * 2);
    assert_eq!(limiter.peek(&1).remaining, 100);
}

#[test]
fn a_burst_at_the_edge_of_a_window_is_not_admitted_twice() {
    let (limiter, clock) = limiter(10);
    clock.advance(MINUTE - MICRO);
    assert_eq!(admitted(&limiter, 1, 20), 10);
    clock.advance(MICRO);
    assert_eq!(admitted(&limiter, 1, 20), 0);
}

#[test]
fn a_rejected_request_may_pass_at_its_reset_and_not_before() {
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
fn a_refund_frees_one_request_and_clearing_frees_all() {
    let (limiter, clock) = limiter(3);
    assert_eq!(admitted(&limiter, 1, 9), 3);
    limiter.refund(&1);
    assert_eq!(admitted(&limiter, 1, 9), 1);
    clock.advance(MINUTE);
    limiter.refund(&1);
    assert_eq!(admitted(&limiter, 1, 9), 1, "also in the next window");
    limiter.clear(&1);
    assert_eq!(admitted(&limiter, 1, 9), 3);
    limiter.refund(&2);
    assert_eq!(limiter.peek(&2).remaining, 3, "a refund gives no credit");
}

#[test]
fn a_clock_that_is_set_back_clears_no_counts() {
    let clock = Clock::manual(Timestamp::EPOCH + MINUTE * 1000);
    let mut limiter = SlidingWindow::new(2, MINUTE, clock);
    assert_eq!(admitted(&limiter, 1, 9), 2);
    limiter.clock = Clock::manual(Timestamp::EPOCH + MINUTE * 900);
    assert_eq!(admitted(&limiter, 1, 9), 0);
}

#[test]
fn a_limit_of_zero_admits_everything_and_stores_nothing() {
    let (limiter, _) = limiter(0);
    assert_eq!(admitted(&limiter, 1, 1000), 1000);
    limiter.record(&1);
    assert_eq!((limiter.peek(&1).limit, limiter.peek(&1).remaining, limiter.keys()), (0, u32::MAX, 0));
}

#[test]
fn concurrent_threads_are_admitted_exactly_up_to_the_limit() {
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
fn idle_keys_are_removed() {
    let (limiter, clock) = limiter(5);
    for round in 0..20 {
        for key in 0..1000 {
            limiter.record(&(round * 1000 + key));
        }
        clock.advance(MINUTE * 2);
    }
    assert!(limiter.keys() <= 4000, "{} of 20,000 keys in memory", limiter.keys());
}

#[test]
fn a_flood_of_new_keys_neither_exhausts_memory_nor_resets_a_limited_key() {
    let (limiter, _) = limiter(5);
    assert_eq!(admitted(&limiter, u32::MAX, 9), 5);
    for key in 0..400_000 {
        limiter.record(&key);
    }
    assert!(limiter.keys() <= SHARDS * SHARD_KEYS, "{} keys", limiter.keys());
    assert_eq!(admitted(&limiter, u32::MAX, 9), 0);
}
