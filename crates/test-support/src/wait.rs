//! Waiting for a condition instead of for a time.

use std::{panic::Location, time::Duration};

use tokio::time::Instant;

/// Waits for a condition; fails where it does not come about.
#[track_caller]
pub fn eventually<F: Future<Output = bool>>(
    what: &str,
    mut condition: impl FnMut() -> F,
) -> impl Future<Output = ()> {
    let caller = Location::caller();
    async move {
        let deadline = Instant::now() + Duration::from_secs(30);
        while !condition().await {
            assert!(Instant::now() < deadline, "{caller}: {what} did not come about");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}
