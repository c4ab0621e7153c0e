//! Tests that every engine of the login and registration limits must pass, also across processes.

use std::{cell::Cell, net::IpAddr, time::Duration};

use crate::{
    engine::{Engine, on_every_engine},
    limit::minute,
};
use test_support::wait::eventually;

const ADA: &str = "ada@example.com";

on_every_engine!(
    eleventh_guess_at_an_email_from_a_network_is_denied,
    right_password_resets_the_count_of_the_email_and_not_of_the_address,
    guess_without_an_outcome_is_not_counted,
    twenty_first_registration_from_an_address_is_denied,
);

fn address(last: u8) -> IpAddr {
    IpAddr::from([192, 0, 2, last])
}

async fn eleventh_guess_at_an_email_from_a_network_is_denied(engine: &Engine) {
    let clock = minute();
    let limit = engine.login_limit(&clock);
    for _ in 0..10 {
        limit.attempt(ADA, None, address(1)).await.unwrap().failed();
    }
    let wait = limit.attempt(ADA, None, address(1)).await.unwrap_err();
    limit.attempt(ADA, None, address(2)).await.unwrap().failed();
    limit.attempt("bob@example.com", None, address(1)).await.unwrap().failed();
    if let Engine::Redis(_) = engine {
        assert!(engine.login_limit(&clock).attempt(" Ada@Example.com", None, address(1)).await.is_err());
    }
    clock.advance(wait);
    limit.attempt(ADA, None, address(1)).await.unwrap().failed();
}

async fn right_password_resets_the_count_of_the_email_and_not_of_the_address(engine: &Engine) {
    let limit = engine.login_limit(&minute());
    for _ in 0..5 {
        for _ in 0..9 {
            limit.attempt(ADA, None, address(1)).await.unwrap().failed();
        }
        limit.attempt(ADA, None, address(1)).await.unwrap().succeeded().await;
    }
    for _ in 0..5 {
        limit.attempt(ADA, None, address(1)).await.unwrap().failed();
    }
    assert!(limit.attempt(ADA, None, address(1)).await.is_err(), "50 failures from this address");
    limit.attempt(ADA, None, address(2)).await.unwrap().failed();
}

async fn guess_without_an_outcome_is_not_counted(engine: &Engine) {
    let limit = engine.login_limit(&minute());
    let mut pending = Vec::new();
    for _ in 0..20 {
        pending.extend(limit.attempt(ADA, None, address(1)).await);
    }
    assert_eq!(pending.len(), 10);
    drop(pending);
    let failed = Cell::new(0);
    eventually("ten failures are possible again", || async {
        if let Ok(attempt) = limit.attempt(ADA, None, address(1)).await {
            attempt.failed();
            failed.set(failed.get() + 1);
        }
        failed.get() == 10
    })
    .await;
    assert!(limit.attempt(ADA, None, address(1)).await.is_err());
}

async fn twenty_first_registration_from_an_address_is_denied(engine: &Engine) {
    let limit = engine.login_limit(&minute());
    for _ in 0..20 {
        limit.register(address(1)).await.unwrap();
    }
    let wait = limit.register(address(1)).await.unwrap_err();
    assert!(wait > Duration::ZERO);
    limit.register(address(2)).await.unwrap();
}
