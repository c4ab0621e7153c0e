//! Four roles as processes of their own, over a real PostgreSQL and a real Redis, several of each where it matters:
//! whatever breaks, nothing that was acknowledged is lost and nothing is counted twice. With `--nocapture` each fault
//! prints a row of a table: what clients saw, how long it took, and the counts.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod browser;
mod database;
mod load;
mod migrate;
mod partition;
mod processes;
mod proxy;
mod queue;
mod redis_away;
mod share;
mod stack;
mod tls;
