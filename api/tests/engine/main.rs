//! Cache, limits and queue on both engines, the memory of the process and Redis. Shared suites run on both; the other tests
//! cover Redis and its faults. Each test starts its own Redis. One binary, so that it is linked once.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

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
