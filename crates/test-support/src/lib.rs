//! Support for integration tests: PostgreSQL, Redis, nginx and Chromium as real servers, a server under test with a
//! client, samples, and waiting for conditions.

#![expect(missing_docs, reason = "test code")]
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

pub mod child;
pub mod chromium;
pub mod client;
pub mod database;
pub mod deployment;
pub mod nginx;
pub mod oidc;
pub mod oracle;
pub mod packages;
pub mod page;
pub mod postgres;
pub mod property;
pub mod receiver;
pub mod redis;
pub mod response;
pub mod sample;
pub mod server;
pub mod store_sample;
pub mod tls;
pub mod wait;
