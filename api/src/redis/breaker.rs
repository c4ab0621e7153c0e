//! A circuit breaker. A failure opens it for a fixed time. After that, one caller sends a probe, and all other requests
//! are rejected until the probe succeeds or the same time has passed again.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// Whether a caller may send its request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pass {
    /// Send the request.
    Ask,
    /// The breaker is half-open: send a probe first.
    Try,
    /// The breaker is open: reject the request.
    Rest,
}

/// The state of the breaker. Clones share it.
#[derive(Clone, Debug)]
pub(super) struct Breaker(Arc<State>);

#[derive(Debug)]
struct State {
    rest: Duration,
    start: Instant,
    /// The end of the open state in microseconds after `start`; 0 if the breaker is closed.
    closed_until: AtomicU64,
}

impl Breaker {
    /// Creates a breaker that stays open for `open_duration` after a failure.
    pub(super) fn new(rest: Duration) -> Self {
        Self(Arc::new(State { rest, start: Instant::now(), closed_until: AtomicU64::new(0) }))
    }

    /// Returns what the caller may do. After a pause only one caller tries; the next one tries after another pause
    /// unless that one succeeded.
    pub(super) fn pass(&self) -> Pass {
        self.pass_at(self.0.start.elapsed())
    }

    /// Records that the server did not respond.
    pub(super) fn failed(&self) {
        self.failed_at(self.0.start.elapsed());
    }

    /// Records that the server responded.
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
    fn after_a_failure_one_caller_per_pause_tries_until_one_succeeds() {
        let (breaker, second) = (Breaker::new(Duration::from_secs(1)), Duration::from_secs(1));
        assert_eq!(breaker.pass_at(Duration::ZERO), Pass::Ask);
        breaker.failed_at(Duration::ZERO);
        assert_eq!(breaker.pass_at(second / 2), Pass::Rest);
        assert_eq!(breaker.pass_at(second), Pass::Try);
        assert_eq!(breaker.pass_at(second), Pass::Rest, "the first caller is still trying");
        assert_eq!(breaker.pass_at(second * 2), Pass::Try, "the first caller never reported back");
        breaker.succeeded();
        assert_eq!(breaker.pass_at(second * 2), Pass::Ask);
    }
}
