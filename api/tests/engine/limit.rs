//! Tests that every rate limit engine must pass.

use std::{sync::Arc, time::Duration};

use api::{
    auth::identity::{Identity, Program},
    clock::Clock,
    limit::{Class, Decision, RateLimit},
};
use futures_util::future::join_all;
use shared::{Timestamp, access::Scope};
use uuid::Uuid;

use crate::engine::{Engine, on_every_engine};

const MINUTE: Duration = Duration::from_secs(60);
const ADA: Uuid = Uuid::from_u128(1);

on_every_engine!(
    last_request_within_the_limit_passes_and_the_next_is_denied,
    previous_minute_counts_by_its_share_of_the_window,
    denied_request_passes_at_its_reset_and_not_before,
    clock_that_is_behind_does_not_reset_the_count,
    zero_disables_the_limit,
    concurrent_requests_pass_exactly_up_to_the_limit,
);

pub fn minute() -> Clock {
    Clock::manual(Timestamp::EPOCH + MINUTE * 1000)
}

/// Counts a request of an API key of a workspace.
pub async fn check(limit: &RateLimit, workspace_id: Uuid) -> Decision {
    let program =
        Program { key_id: Uuid::nil(), workspace_id, scopes: vec![Scope::Ingest], rate_limit: None };
    limit.check(&Identity::ApiKey(program), Class::Other).await
}

pub async fn admitted(limit: &RateLimit, tries: usize) -> usize {
    let mut admitted = 0;
    for _ in 0..tries {
        admitted += usize::from(check(limit, ADA).await.allowed);
    }
    admitted
}

async fn last_request_within_the_limit_passes_and_the_next_is_denied(engine: &Engine) {
    let clock = minute();
    let limit = engine.rate_limit(3, &clock);
    clock.advance(Duration::from_secs(15));
    let reset = Duration::from_secs(45);
    for remaining in [2, 1, 0] {
        assert_eq!(check(&limit, ADA).await, Decision { allowed: true, limit: 3, remaining, reset });
    }
    let denied = check(&limit, ADA).await;
    assert!(!denied.allowed && denied.remaining == 0);
    assert_eq!(check(&limit, ADA).await, denied, "denied requests are not counted");
    assert!(check(&limit, Uuid::from_u128(2)).await.allowed, "another workspace has its own count");
}

async fn previous_minute_counts_by_its_share_of_the_window(engine: &Engine) {
    let clock = minute();
    let limit = engine.rate_limit(100, &clock);
    assert_eq!(admitted(&limit, 80).await, 80);
    clock.advance(MINUTE + Duration::from_secs(15));
    assert_eq!(admitted(&limit, 200).await, 40, "three quarters of the previous minute are in the window");
    clock.advance(Duration::from_secs(30));
    assert_eq!(admitted(&limit, 200).await, 40, "a quarter is in the window: 100 - 40 - 80 / 4");
    clock.advance(MINUTE * 3);
    assert_eq!(check(&limit, ADA).await.remaining, 99);
}

async fn denied_request_passes_at_its_reset_and_not_before(engine: &Engine) {
    for (number, early) in [0, 1, 20, 59].into_iter().enumerate() {
        let clock = Clock::manual(Timestamp::EPOCH + MINUTE * 1000 * (u32::try_from(number).unwrap() + 1));
        let limit = engine.rate_limit(7, &clock);
        clock.advance(Duration::from_secs(early));
        for _ in 0..3 {
            while check(&limit, ADA).await.allowed {}
            let reset = check(&limit, ADA).await.reset;
            clock.advance(reset - Duration::from_micros(1));
            assert!(!check(&limit, ADA).await.allowed, "{early} s: too early");
            clock.advance(Duration::from_micros(1));
            assert!(check(&limit, ADA).await.allowed, "{early} s: still denied after {reset:?}");
        }
    }
}

async fn clock_that_is_behind_does_not_reset_the_count(engine: &Engine) {
    let clock = minute();
    let limit = engine.rate_limit(2, &clock);
    clock.advance(MINUTE);
    assert_eq!(admitted(&limit, 9).await, 2);
    if let Engine::Redis(_) = engine {
        let behind = engine.rate_limit(2, &minute());
        assert_eq!(admitted(&behind, 9).await, 0, "the limit of another process");
    }
}

async fn zero_disables_the_limit(engine: &Engine) {
    let limit = engine.rate_limit(0, &minute());
    assert_eq!(admitted(&limit, 1000).await, 1000);
    assert_eq!(check(&limit, ADA).await.limit, 0);
}

async fn concurrent_requests_pass_exactly_up_to_the_limit(engine: &Engine) {
    let clock = minute();
    let limit = Arc::new(engine.rate_limit(250, &clock));
    // With Redis, half of the requests go to another process.
    let other = if let Engine::Redis(_) = engine {
        Arc::new(engine.rate_limit(250, &clock))
    } else {
        Arc::clone(&limit)
    };
    let tasks = (0..8).map(|number| {
        let limit = if number % 2 == 0 { Arc::clone(&limit) } else { Arc::clone(&other) };
        tokio::spawn(async move { admitted(&limit, 100).await })
    });
    let passed: usize = join_all(tasks).await.into_iter().map(Result::unwrap).sum();
    assert_eq!(passed, 250);
}
