//! How often one may come: requests per workspace, logins per e-mail and address. Says yes or no and for how long; what a
//! refused request is answered belongs to the handlers.

mod count;
pub mod login;
pub mod window;

use std::time::Duration;

use uuid::Uuid;

pub use login::{Attempt, LoginLimit};
pub use window::{Decision, SlidingWindow};

use crate::clock::Clock;

/// What `RATE_LIMIT_PER_MINUTE` counts in.
const MINUTE: Duration = Duration::from_secs(60);

/// The limit of requests per workspace, wherever it is counted.
#[derive(Debug)]
pub enum RateLimit {
    /// In this process.
    Memory(SlidingWindow<Uuid>),
}

impl RateLimit {
    /// `per_minute` requests of each workspace, counted in this process; 0 lets everything through.
    #[must_use]
    pub fn memory(per_minute: u32, clock: Clock) -> Self {
        Self::Memory(SlidingWindow::new(per_minute, MINUTE, clock))
    }

    /// Whether a request of the workspace may pass; counts it if so. A `limit` of 0 in the answer means that there is none.
    #[expect(clippy::unused_async, reason = "counting elsewhere than in this process will wait")]
    pub async fn check(&self, workspace_id: Uuid) -> Decision {
        match self {
            Self::Memory(window) => window.check(&workspace_id),
        }
    }
}

#[cfg(test)]
mod tests {
    use shared::Timestamp;

    use super::*;

    #[tokio::test]
    async fn each_workspace_has_its_own_minute() {
        let clock = Clock::manual(Timestamp::EPOCH);
        let limit = RateLimit::memory(2, clock.clone());
        let (one, two) = (Uuid::from_u128(1), Uuid::from_u128(2));
        assert!(limit.check(one).await.allowed);
        assert_eq!(limit.check(one).await.remaining, 0);
        let denied = limit.check(one).await;
        assert!(!denied.allowed);
        assert!(limit.check(two).await.allowed);
        clock.advance(denied.reset);
        assert!(limit.check(one).await.allowed);
    }

    #[tokio::test]
    async fn zero_is_no_limit() {
        let limit = RateLimit::memory(0, Clock::manual(Timestamp::EPOCH));
        for _ in 0..5000 {
            let decision = limit.check(Uuid::nil()).await;
            assert!(decision.allowed && decision.limit == 0);
        }
    }
}
