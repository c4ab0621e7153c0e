//! A sliding window in Redis, shared by all processes and counted by one script in one round trip. While Redis is
//! unavailable, this process counts locally.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use domain::error::chain;
use redis::{Script, ScriptInvocation};

use super::{
    count::Count,
    key::LimitKey,
    window::{Decision, SlidingWindow},
};
use crate::{
    clock::Clock,
    redis::{Redis, RedisFailure},
    telemetry::{log::LogThrottle, metrics::Metrics},
};

static CHECK: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("script/check.lua")));
static REFUND: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("script/refund.lua")));

/// A limiter of `limit` requests per key and `window` across all processes. Clones share everything.
#[derive(Clone, Debug)]
pub(super) struct RedisWindow(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    redis: Redis,
    metrics: Metrics,
    /// Counts locally while Redis is unavailable.
    own: SlidingWindow<LimitKey>,
    log: LogThrottle,
}

impl RedisWindow {
    /// Creates a limiter of `limit` requests per `window`. 0 disables the limit without using Redis.
    #[must_use]
    pub(super) fn new(redis: Redis, limit: u32, window: Duration, clock: Clock, metrics: Metrics) -> Self {
        let own = SlidingWindow::new(limit, window, clock);
        Self(Arc::new(Inner { redis, metrics, own, log: LogThrottle::default() }))
    }

    /// Returns whether a request may pass, and counts it if so.
    pub(super) async fn check(&self, key: &LimitKey) -> Decision {
        self.check_up_to(key, self.0.own.limit()).await
    }

    /// Like [`RedisWindow::check`], with another limit.
    pub(super) async fn check_up_to(&self, key: &LimitKey, limit: u32) -> Decision {
        let own = &self.0.own;
        if limit == 0 {
            return own.check_up_to(key, limit);
        }
        let now = own.window_time();
        let mut script = CHECK.key(key.to_string());
        let (index, elapsed, window) = now.parts();
        script.arg(limit).arg(index).arg(elapsed).arg(window);
        match self.run::<(bool, i64, u32, u32)>(&script).await {
            Some((allowed, index, current, previous)) => {
                Decision::new(&Count::new(index, current, previous), allowed, limit, now)
            }
            None => own.check_up_to(key, limit),
        }
    }

    /// Refunds one request.
    pub(super) async fn refund(&self, key: &LimitKey) {
        let (index, ..) = self.0.own.window_time().parts();
        if self.run::<()>(REFUND.key(key.to_string()).arg(index)).await.is_none() {
            self.0.own.refund(key);
        }
    }

    /// Clears the requests of `key`.
    pub(super) async fn clear(&self, key: &LimitKey) {
        // Includes what was counted locally while Redis was unavailable.
        self.0.own.clear(key);
        let result = self.0.redis.query::<()>(redis::cmd("DEL").arg(key.to_string())).await;
        self.log_failure(result);
    }

    async fn run<T: redis::FromRedisValue>(&self, script: &ScriptInvocation<'_>) -> Option<T> {
        self.log_failure(self.0.redis.run(script).await)
    }

    fn log_failure<T>(&self, result: Result<T, RedisFailure>) -> Option<T> {
        result
            .inspect_err(|failure| {
                self.0.metrics.record_limit_fallback();
                let error = chain(failure);
                self.0.log.log(|| tracing::warn!(error, "Redis unavailable; limits are counted locally"));
            })
            .ok()
    }
}
