//! Cache, limits and queue, each on this process's memory and on Redis: one suite for both engines, and what is Redis' own,
//! down to its faults. Each test has a Redis of its own. One binary, so that it is linked once; a file per subject.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod cache;
mod cache_redis;
mod engine;
mod limit;
mod limit_redis;
mod login;
mod queue;
mod queue_dead_letter;
mod queue_fault;
mod queue_redis;
mod queue_share;
mod sample;
mod stage;
mod tls;
