//! Runs the suite of `tests/api` against four roles on PostgreSQL and Redis. `test_support::server` starts the roles
//! because this test binary is called `roles`.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

#[path = "../api/suite/mod.rs"]
mod suite;
