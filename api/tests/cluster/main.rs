//! Four roles as separate processes on a real PostgreSQL and a real Redis, some roles with several processes. Under any
//! fault, no acknowledged trace is lost and none is counted twice. With `--nocapture` each fault prints a row of a table:
//! what clients saw, how long it took, and the counts.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod browser;
mod database;
mod load;
mod migrate;
mod partition;
mod processes;
mod proof;
mod proxy;
mod queue;
mod redis_outage;
mod share;
mod stack;
mod tls;
