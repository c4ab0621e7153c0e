//! How often one may come: requests per workspace, logins per e-mail and address. Says yes or no and for how long; what a
//! refused request is answered belongs to the handlers.

mod count;
mod key;
pub mod login;
mod redis;
pub mod window;

use std::time::Duration;

use uuid::Uuid;

use self::{key::LimitKey, redis::RedisWindow};
pub use self::{
    login::{Attempt, LoginLimit},
    window::{Decision, SlidingWindow},
};
use crate::{clock::Clock, redis::Redis, telemetry::metrics::Metrics};

/// What `RATE_LIMIT_PER_MINUTE` counts in.
const MINUTE: Duration = Duration::from_secs(60);

/// A sliding window, wherever it is counted.
#[derive(Debug)]
enum Window {
    /// In this process.
    Memory(Box<SlidingWindow<LimitKey>>),
    /// In Redis, for all processes together.
    Redis(RedisWindow),
}

impl Window {
    fn memory(limit: u32, window: Duration, clock: Clock) -> Self {
        Self::Memory(Box::new(SlidingWindow::new(limit, window, clock)))
    }

    /// Whether a request may pass; counts it if so.
    async fn check(&self, key: &LimitKey) -> Decision {
        match self {
            Self::Memory(window) => window.check(key),
            Self::Redis(window) => window.check(key).await,
        }
    }

    /// Takes one counted request back.
    async fn refund(&self, key: &LimitKey) {
        match self {
            Self::Memory(window) => window.refund(key),
            Self::Redis(window) => window.refund(key).await,
        }
    }

    /// Forgets all requests of `key`.
    async fn clear(&self, key: &LimitKey) {
        match self {
            Self::Memory(window) => window.clear(key),
            Self::Redis(window) => window.clear(key).await,
        }
    }

    /// Takes one counted request back, for callers that cannot wait: elsewhere than in this process it is done beside.
    fn refund_beside(&self, key: LimitKey) {
        match self {
            Self::Memory(window) => window.refund(&key),
            Self::Redis(window) => {
                let window = window.clone();
                // Without a runtime the process is ending, and the count runs out by itself.
                if let Ok(runtime) = tokio::runtime::Handle::try_current() {
                    runtime.spawn(async move { window.refund(&key).await });
                }
            }
        }
    }
}

/// The limit of requests per workspace.
#[derive(Debug)]
pub struct RateLimit(Window);

impl RateLimit {
    /// `per_minute` requests of each workspace, counted in this process; 0 lets everything through.
    #[must_use]
    pub fn memory(per_minute: u32, clock: Clock) -> Self {
        Self(Window::memory(per_minute, MINUTE, clock))
    }

    /// The same, counted in Redis for all processes together; in this process while Redis is away.
    #[must_use]
    pub fn redis(redis: Redis, per_minute: u32, clock: Clock, metrics: Metrics) -> Self {
        Self(Window::Redis(RedisWindow::new(redis, per_minute, MINUTE, clock, metrics)))
    }

    /// Whether a request of the workspace may pass; counts it if so. A `limit` of 0 in the answer means that there is none.
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
    async fn zero_is_no_limit() {
        let limit = RateLimit::memory(0, Clock::manual(Timestamp::EPOCH));
        for _ in 0..5000 {
            let decision = limit.check(Uuid::nil()).await;
            assert!(decision.allowed && decision.limit == 0);
        }
    }
}
