//! Waiting for conditions instead of fixed times.

use std::{panic::Location, time::Duration};

use tokio::time::Instant;

/// Waits up to 30 seconds for a condition and panics if it is not met.
#[track_caller]
pub fn eventually<F: Future<Output = bool>>(
    what: &str,
    condition: impl FnMut() -> F,
) -> impl Future<Output = ()> {
    eventually_within(Duration::from_secs(30), what, condition)
}

/// Waits for a condition for the given time and panics if it is not met.
#[track_caller]
pub fn eventually_within<F: Future<Output = bool>>(
    timeout: Duration,
    what: &str,
    mut condition: impl FnMut() -> F,
) -> impl Future<Output = ()> {
    let caller = Location::caller();
    async move {
        let deadline = Instant::now() + timeout;
        while !condition().await {
            assert!(Instant::now() < deadline, "{caller}: timed out waiting for {what}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}
