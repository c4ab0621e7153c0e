//! Waiting for conditions instead of fixed times.

use std::{panic::Location, time::Duration};

use tokio::time::Instant;

/// Waits up to 30 seconds for a condition and panics if it is not met.
#[track_caller]
pub fn eventually<F: Future<Output = bool>>(
    what: &str,
    mut condition: impl FnMut() -> F,
) -> impl Future<Output = ()> {
    let caller = Location::caller();
    async move {
        let deadline = Instant::now() + Duration::from_secs(30);
        while !condition().await {
            assert!(Instant::now() < deadline, "{caller}: timed out waiting for {what}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}
