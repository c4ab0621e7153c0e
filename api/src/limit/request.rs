//! The limit of requests per workspace.

use std::time::Duration;

use uuid::Uuid;

use super::{engine::Window, key::LimitKey, redis::RedisWindow, window::Decision};
use crate::{clock::Clock, redis::Redis, telemetry::metrics::Metrics};

/// The window of `RATE_LIMIT_PER_MINUTE`.
const MINUTE: Duration = Duration::from_secs(60);

/// The limit of requests per workspace.
#[derive(Debug)]
pub struct RateLimit(Window);

impl RateLimit {
    /// Creates a limit of `per_minute` requests per workspace, counted in this process. 0 disables the limit.
    #[must_use]
    pub fn memory(per_minute: u32, clock: Clock) -> Self {
        Self(Window::memory(per_minute, MINUTE, clock))
    }

    /// Creates the same limit, counted in Redis for all processes; in this process while Redis is unavailable.
    #[must_use]
    pub fn redis(redis: Redis, per_minute: u32, clock: Clock, metrics: Metrics) -> Self {
        Self(Window::Redis(RedisWindow::new(redis, per_minute, MINUTE, clock, metrics)))
    }

    /// Returns whether a request of the workspace may pass, and counts it if so. A `limit` of 0 in the decision means
    /// unlimited.
    pub async fn check(&self, workspace_id: Uuid) -> Decision {
        self.0.check(&LimitKey::Requests(workspace_id)).await
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
    async fn zero_disables_the_limit() {
        let limit = RateLimit::memory(0, Clock::manual(Timestamp::EPOCH));
        for _ in 0..5000 {
            let decision = limit.check(Uuid::nil()).await;
            assert!(decision.allowed && decision.limit == 0);
        }
    }
}
