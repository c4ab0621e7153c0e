//! The limits of requests: of the API keys of a workspace together, and of each user.

use std::time::Duration;

use super::{engine::Window, key::LimitKey, redis::RedisWindow, window::Decision};
use crate::{auth::identity::Identity, clock::Clock, redis::Redis, telemetry::metrics::Metrics};

/// The window of `RATE_LIMIT_PER_MINUTE`.
const MINUTE: Duration = Duration::from_secs(60);

/// How a request is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Logouts, revocations and removals: counted apart, so that they work while other requests are over the limit.
    Revocation,
    /// All other requests.
    Other,
}

/// The limits of requests.
#[derive(Debug)]
pub struct RateLimit(Window);

impl RateLimit {
    /// Creates limits of `per_minute` requests, counted in this process. 0 disables them.
    #[must_use]
    pub fn memory(per_minute: u32, clock: Clock) -> Self {
        Self(Window::memory(per_minute, MINUTE, clock))
    }

    /// Creates the same limits, counted in Redis for all processes; in this process while Redis is unavailable.
    #[must_use]
    pub fn redis(redis: Redis, per_minute: u32, clock: Clock, metrics: Metrics) -> Self {
        Self(Window::Redis(RedisWindow::new(redis, per_minute, MINUTE, clock, metrics)))
    }

    /// Returns whether a request of the caller may pass, and counts it if so. A `limit` of 0 in the decision means
    /// unlimited.
    pub async fn check(&self, identity: &Identity, class: Class) -> Decision {
        let program = match identity {
            Identity::User(login) => {
                let key = match class {
                    Class::Revocation => LimitKey::Revocations(login.user_id),
                    Class::Other => LimitKey::User(login.user_id),
                };
                return self.0.check(&key).await;
            }
            Identity::ApiKey(program) => program,
        };
        if let Some(limit) = program.rate_limit {
            let own = self.0.check_up_to(&LimitKey::Key(program.key_id), limit).await;
            if !own.allowed {
                return own;
            }
        }
        self.0.check(&LimitKey::Requests(program.workspace_id)).await
    }
}

#[cfg(test)]
mod tests {
    use shared::{Timestamp, access::Role};
    use uuid::Uuid;

    use super::*;
    use crate::auth::identity::{Login, Program};

    fn key(id: u128, rate_limit: Option<u32>) -> Identity {
        let (key_id, workspace_id) = (Uuid::from_u128(id), Uuid::from_u128(100));
        Identity::ApiKey(Program { key_id, workspace_id, scopes: Vec::new(), rate_limit })
    }

    fn user(id: u128) -> Identity {
        let (user_id, workspace_id) = (Uuid::from_u128(id), Uuid::from_u128(100));
        Identity::User(Login { user_id, workspace_id, email: "".into(), role: Role::Owner, session_id: None })
    }

    #[tokio::test]
    async fn the_keys_of_a_workspace_share_a_minute_and_users_have_their_own() {
        let clock = Clock::manual(Timestamp::EPOCH);
        let limit = RateLimit::memory(2, clock.clone());
        assert!(limit.check(&key(1, None), Class::Other).await.allowed);
        assert_eq!(limit.check(&key(2, None), Class::Other).await.remaining, 0);
        let denied = limit.check(&key(1, None), Class::Other).await;
        assert!(!denied.allowed);
        for id in [1, 2] {
            assert!(limit.check(&user(id), Class::Other).await.allowed);
        }
        clock.advance(denied.reset);
        assert!(limit.check(&key(1, None), Class::Other).await.allowed);
    }

    #[tokio::test]
    async fn revocations_pass_while_other_requests_are_over_the_limit() {
        let limit = RateLimit::memory(1, Clock::manual(Timestamp::EPOCH));
        assert!(limit.check(&user(1), Class::Other).await.allowed);
        assert!(!limit.check(&user(1), Class::Other).await.allowed);
        assert!(limit.check(&user(1), Class::Revocation).await.allowed);
    }

    #[tokio::test]
    async fn a_key_has_a_lower_limit_of_its_own() {
        let limit = RateLimit::memory(10, Clock::manual(Timestamp::EPOCH));
        assert!(limit.check(&key(1, Some(1)), Class::Other).await.allowed);
        assert_eq!(limit.check(&key(1, Some(1)), Class::Other).await.limit, 1);
        assert!(limit.check(&key(2, None), Class::Other).await.allowed);
    }

    #[tokio::test]
    async fn zero_disables_the_limit() {
        let limit = RateLimit::memory(0, Clock::manual(Timestamp::EPOCH));
        for _ in 0..5000 {
            let decision = limit.check(&user(1), Class::Other).await;
            assert!(decision.allowed && decision.limit == 0);
        }
    }
}
