//! Leaves a failed server alone: for a moment nobody asks it, then one caller tries, and the others wait for how that
//! ends without waiting for the answer.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// What a caller may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pass {
    /// Ask: all is well.
    Ask,
    /// Find out whether the server is back, and ask if so.
    Try,
    /// Leave the server alone.
    Rest,
}

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

    /// Whether to ask. After a rest only one caller tries; the next one after another rest, unless that one succeeded.
    pub(super) fn pass(&self) -> Pass {
        self.pass_at(self.0.start.elapsed())
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

    fn pass_at(&self, now: Duration) -> Pass {
        let state = &self.0.closed_until;
        let until = state.load(Ordering::Relaxed);
        if until == 0 {
            return Pass::Ask;
        }
        let next = micros(now + self.0.rest);
        let first = micros(now) >= until
            && state.compare_exchange(until, next, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        if first { Pass::Try } else { Pass::Rest }
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
        assert_eq!(breaker.pass_at(Duration::ZERO), Pass::Ask);
        breaker.failed_at(Duration::ZERO);
        assert_eq!(breaker.pass_at(second / 2), Pass::Rest);
        assert_eq!(breaker.pass_at(second), Pass::Try);
        assert_eq!(breaker.pass_at(second), Pass::Rest, "the first one is still trying");
        assert_eq!(breaker.pass_at(second * 2), Pass::Try, "it was never heard of again");
        breaker.succeeded();
        assert_eq!(breaker.pass_at(second * 2), Pass::Ask);
    }
}
