//! A cache of serialized JSON responses. Concurrent requests for the same key share one computation. All responses of
//! a workspace are invalidated in one step, by advancing its generation.

mod engine;
mod invalidation;
mod key;
mod memory;
mod outcome;
mod redis;

pub use self::{
    engine::Cache,
    invalidation::Invalidator,
    key::{CacheKey, Kind},
    memory::MemoryCache,
    outcome::{Invalidation, Outcome},
    redis::RedisCache,
};
