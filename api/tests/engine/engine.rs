//! The engines of the shared suites, and the macro that runs a suite on each.

use api::{
    cache::{Cache, MemoryCache, RedisCache},
    clock::Clock,
    config::CacheTtls,
    limit::{LoginLimit, RateLimit},
    redis::Redis,
    telemetry::metrics::Metrics,
};

use test_support::redis::RedisServer;

/// The engine of cache and limits.
pub enum Engine {
    Memory,
    Redis(Box<RedisServer>),
}

impl Engine {
    pub fn redis() -> Self {
        Self::Redis(Box::new(RedisServer::start()))
    }

    pub fn cache(&self, ttls: CacheTtls) -> Cache {
        match self {
            Self::Memory => Cache::Memory(MemoryCache::new(ttls)),
            Self::Redis(server) => {
                Cache::Redis(RedisCache::new(connect(server), ttls, Metrics::new().unwrap()))
            }
        }
    }

    pub fn rate_limit(&self, per_minute: u32, clock: &Clock) -> RateLimit {
        match self {
            Self::Memory => RateLimit::memory(per_minute, clock.clone()),
            Self::Redis(server) => {
                RateLimit::redis(connect(server), per_minute, clock.clone(), Metrics::new().unwrap())
            }
        }
    }

    pub fn login_limit(&self, clock: &Clock) -> LoginLimit {
        match self {
            Self::Memory => LoginLimit::memory(clock),
            Self::Redis(server) => LoginLimit::redis(&connect(server), clock, &Metrics::new().unwrap()),
        }
    }
}

/// Opens a new connection, as a separate process would.
pub fn connect(server: &RedisServer) -> Redis {
    Redis::for_cache(&server.url().parse().unwrap()).unwrap()
}

/// Returns the value of a metric, or `None` if it does not exist.
pub fn metric(metrics: &Metrics, name: &str) -> Option<f64> {
    let text = String::from_utf8(metrics.text().unwrap()).unwrap();
    text.lines().find_map(|line| line.strip_prefix(&format!("{name} "))).map(|value| value.parse().unwrap())
}

/// Runs each case on each engine.
macro_rules! on_every_engine {
    ($($case:ident),+ $(,)?) => {
        mod memory {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                super::$case(&crate::engine::Engine::Memory).await;
            })+
        }
        mod redis {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                super::$case(&crate::engine::Engine::redis()).await;
            })+
        }
    };
}
pub(crate) use on_every_engine;
