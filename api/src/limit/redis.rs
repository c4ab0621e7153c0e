//! A sliding window in Redis: one for all processes, counted by one script in one round trip. Where Redis does not answer
//! this process counts by itself.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use redis::{Script, ScriptInvocation};

use super::{
    count::{Count, Moment},
    key::LimitKey,
    window::{Decision, SlidingWindow},
};
use crate::{
    clock::Clock,
    error::chain,
    redis::{Redis, RedisFailure},
    telemetry::{log::Seldom, metrics::Metrics},
};

static CHECK: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("script/check.lua")));
static REFUND: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("script/refund.lua")));

/// Lets `limit` requests of each key through in any `window`, whichever process they come to. Clones share everything.
#[derive(Clone, Debug)]
pub(super) struct RedisWindow(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    redis: Redis,
    limit: u32,
    window: i64,
    clock: Clock,
    metrics: Metrics,
    /// Counts while Redis is away.
    own: SlidingWindow<LimitKey>,
    log: Seldom,
}

impl RedisWindow {
    /// At most `limit` requests in `window`; a limit of 0 lets everything through and asks nobody.
    #[must_use]
    pub(super) fn new(redis: Redis, limit: u32, window: Duration, clock: Clock, metrics: Metrics) -> Self {
        let own = SlidingWindow::new(limit, window, clock.clone());
        let window = i64::try_from(window.as_micros()).unwrap_or(i64::MAX).max(1);
        Self(Arc::new(Inner { redis, limit, window, clock, metrics, own, log: Seldom::default() }))
    }

    /// Whether a request may pass; counts it if so.
    pub(super) async fn check(&self, key: &LimitKey) -> Decision {
        let Inner { limit, own, .. } = &*self.0;
        if *limit == 0 {
            return own.check(key);
        }
        let now = Moment::new(self.0.clock.now(), self.0.window);
        let mut script = CHECK.key(key.to_string());
        let (index, elapsed, window) = now.parts();
        script.arg(*limit).arg(index).arg(elapsed).arg(window);
        match self.run::<(bool, i64, u32, u32)>(&script).await {
            Some((allowed, index, current, previous)) => {
                Decision::new(&Count::new(index, current, previous), allowed, *limit, now)
            }
            None => own.check(key),
        }
    }

    /// Takes one counted request back.
    pub(super) async fn refund(&self, key: &LimitKey) {
        let (index, ..) = Moment::new(self.0.clock.now(), self.0.window).parts();
        if self.run::<()>(REFUND.key(key.to_string()).arg(index)).await.is_none() {
            self.0.own.refund(key);
        }
    }

    /// Forgets all requests of `key`.
    pub(super) async fn clear(&self, key: &LimitKey) {
        // Also what was counted here while Redis was away.
        self.0.own.clear(key);
        let result = self.0.redis.query::<()>(redis::cmd("DEL").arg(key.to_string())).await;
        self.answer(result);
    }

    async fn run<T: redis::FromRedisValue>(&self, script: &ScriptInvocation<'_>) -> Option<T> {
        self.answer(self.0.redis.run(script).await)
    }

    fn answer<T>(&self, result: Result<T, RedisFailure>) -> Option<T> {
        result
            .inspect_err(|failure| {
                self.0.metrics.limit_fell_back();
                let error = chain(failure);
                self.0.log.say(|| tracing::warn!(error, "limits are counted by this process alone"));
            })
            .ok()
    }
}
