//! A sliding window on one of its engines: this process or Redis.

use std::time::Duration;

use super::{
    key::LimitKey,
    redis::RedisWindow,
    window::{Decision, SlidingWindow},
};
use crate::clock::Clock;

/// A sliding window on one of its engines.
#[derive(Debug)]
pub(super) enum Window {
    /// Counted in this process.
    Memory(Box<SlidingWindow<LimitKey>>),
    /// Counted in Redis for all processes.
    Redis(RedisWindow),
}

impl Window {
    pub(super) fn memory(limit: u32, window: Duration, clock: Clock) -> Self {
        Self::Memory(Box::new(SlidingWindow::new(limit, window, clock)))
    }

    /// Returns whether a request may pass, and counts it if so.
    pub(super) async fn check(&self, key: &LimitKey) -> Decision {
        match self {
            Self::Memory(window) => window.check(key),
            Self::Redis(window) => window.check(key).await,
        }
    }

    /// Like [`Window::check`], with another limit.
    pub(super) async fn check_up_to(&self, key: &LimitKey, limit: u32) -> Decision {
        match self {
            Self::Memory(window) => window.check_up_to(key, limit),
            Self::Redis(window) => window.check_up_to(key, limit).await,
        }
    }

    /// Refunds one request.
    pub(super) async fn refund(&self, key: &LimitKey) {
        match self {
            Self::Memory(window) => window.refund(key),
            Self::Redis(window) => window.refund(key).await,
        }
    }

    /// Clears the requests of `key`.
    pub(super) async fn clear(&self, key: &LimitKey) {
        match self {
            Self::Memory(window) => window.clear(key),
            Self::Redis(window) => window.clear(key).await,
        }
    }

    /// Refunds one request without waiting; in Redis this runs in a background task.
    pub(super) fn refund_detached(&self, key: LimitKey) {
        match self {
            Self::Memory(window) => window.refund(&key),
            Self::Redis(window) => {
                let window = window.clone();
                // Without a runtime the process is shutting down, and the count expires.
                if let Ok(runtime) = tokio::runtime::Handle::try_current() {
                    runtime.spawn(async move { window.refund(&key).await });
                }
            }
        }
    }
}
