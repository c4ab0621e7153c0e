//! Leaves a failed server alone: for a moment nobody asks it, then one caller tries, and the others wait for how that
//! ends without waiting for the answer.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// Whether a server may be asked. Clones share what they know.
#[derive(Clone, Debug)]
pub(super) struct Breaker(Arc<State>);

#[derive(Debug)]
struct State {
    rest: Duration,
    start: Instant,
    /// Microseconds after `start` before which nobody asks; 0 while all is well.
    closed_until: AtomicU64,
}

impl Breaker {
    /// One that leaves a server alone for `rest` after each failure.
    pub(super) fn new(rest: Duration) -> Self {
        Self(Arc::new(State { rest, start: Instant::now(), closed_until: AtomicU64::new(0) }))
    }

    /// Whether to ask. After a rest only one caller may; the next one after another rest, or when that one succeeded.
    pub(super) fn may_pass(&self) -> bool {
        self.may_pass_at(self.0.start.elapsed())
    }

    /// Says that the server did not answer.
    pub(super) fn failed(&self) {
        self.failed_at(self.0.start.elapsed());
    }

    /// Says that it did.
    pub(super) fn succeeded(&self) {
        if self.0.closed_until.load(Ordering::Relaxed) != 0 {
            self.0.closed_until.store(0, Ordering::Relaxed);
        }
    }

    fn may_pass_at(&self, now: Duration) -> bool {
        let until = self.0.closed_until.load(Ordering::Relaxed);
        let next = micros(now + self.0.rest);
        until == 0
            || (micros(now) >= until
                && self
                    .0
                    .closed_until
                    .compare_exchange(until, next, Ordering::Relaxed, Ordering::Relaxed)
                    .is_ok())
    }

    fn failed_at(&self, now: Duration) {
        self.0.closed_until.store(micros(now + self.0.rest), Ordering::Relaxed);
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_failure_one_caller_a_second_tries_until_one_succeeds() {
        let (breaker, second) = (Breaker::new(Duration::from_secs(1)), Duration::from_secs(1));
        assert!(breaker.may_pass_at(Duration::ZERO) && breaker.may_pass_at(Duration::ZERO));
        breaker.failed_at(Duration::ZERO);
        assert!(!breaker.may_pass_at(second / 2));
        assert!(breaker.may_pass_at(second));
        assert!(!breaker.may_pass_at(second), "the first one is still trying");
        assert!(breaker.may_pass_at(second * 2), "it was never heard of again");
        breaker.succeeded();
        assert!(breaker.may_pass_at(second * 2) && breaker.may_pass_at(second * 2));
    }
}
