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
pub(super) enum Permit {
    /// Send the request.
    Send,
    /// The breaker is half-open: send a probe first.
    Probe,
    /// The breaker is open: reject the request.
    Reject,
}

/// The state of the breaker. Clones share it.
#[derive(Clone, Debug)]
pub(super) struct CircuitBreaker(Arc<State>);

#[derive(Debug)]
struct State {
    open_duration: Duration,
    start: Instant,
    /// The end of the open state in microseconds after `start`; 0 if the breaker is closed.
    open_until: AtomicU64,
}

impl CircuitBreaker {
    /// Creates a breaker that stays open for `open_duration` after a failure.
    pub(super) fn new(open_duration: Duration) -> Self {
        Self(Arc::new(State { open_duration, start: Instant::now(), open_until: AtomicU64::new(0) }))
    }

    /// Returns whether the caller may send its request. When the open state ends, one caller sends a probe; the next
    /// one follows after the same time, unless a request has succeeded.
    pub(super) fn permit(&self) -> Permit {
        self.permit_at(self.0.start.elapsed())
    }

    /// Records that the server did not respond.
    pub(super) fn failed(&self) {
        self.failed_at(self.0.start.elapsed());
    }

    /// Records that the server responded.
    pub(super) fn succeeded(&self) {
        if self.0.open_until.load(Ordering::Relaxed) != 0 {
            self.0.open_until.store(0, Ordering::Relaxed);
        }
    }

    fn permit_at(&self, now: Duration) -> Permit {
        let state = &self.0.open_until;
        let until = state.load(Ordering::Relaxed);
        if until == 0 {
            return Permit::Send;
        }
        let next = micros(now + self.0.open_duration);
        let is_first = micros(now) >= until
            && state.compare_exchange(until, next, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        if is_first { Permit::Probe } else { Permit::Reject }
    }

    fn failed_at(&self, now: Duration) {
        self.0.open_until.store(micros(now + self.0.open_duration), Ordering::Relaxed);
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_caller_at_a_time_sends_a_probe_until_one_succeeds() {
        let (breaker, second) = (CircuitBreaker::new(Duration::from_secs(1)), Duration::from_secs(1));
        assert_eq!(breaker.permit_at(Duration::ZERO), Permit::Send);
        breaker.failed_at(Duration::ZERO);
        assert_eq!(breaker.permit_at(second / 2), Permit::Reject);
        assert_eq!(breaker.permit_at(second), Permit::Probe);
        assert_eq!(breaker.permit_at(second), Permit::Reject, "the first probe is in flight");
        assert_eq!(breaker.permit_at(second * 2), Permit::Probe, "the first probe has no result");
        breaker.succeeded();
        assert_eq!(breaker.permit_at(second * 2), Permit::Send);
    }
}
