//! The dependencies of a process, which `/ready` checks.

use std::time::Duration;

use domain::error::chain;
use reqwest::Client;
use store::{account::AccountStore, trace::TraceStore};

use crate::{internal::upstream::Upstream, redis::Redis};

/// The timeout of a check.
const PATIENCE: Duration = Duration::from_secs(3);

/// A dependency, and whether the process is useless without it.
#[derive(Clone, Debug)]
pub struct Dependency {
    what: What,
    vital: bool,
}

/// Whom to ask.
#[derive(Clone, Debug)]
pub enum What {
    /// The store of accounts.
    Accounts(AccountStore),
    /// The store of traces.
    Traces(TraceStore),
    /// Cache, limits and queue.
    Redis(Redis),
    /// Another role: one of its replicas is enough.
    Service(&'static str, Upstream, Client),
}

impl Dependency {
    /// Creates a required dependency: the process is not ready while it is down.
    #[must_use]
    pub fn vital(what: What) -> Self {
        Self { what, vital: true }
    }

    /// Creates an optional dependency: while it is down the process is degraded, but still serves.
    #[must_use]
    pub fn useful(what: What) -> Self {
        Self { what, vital: false }
    }

    /// Returns whether the dependency is required.
    #[must_use]
    pub fn is_vital(&self) -> bool {
        self.vital
    }

    /// Returns the name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match &self.what {
            What::Accounts(_) => "accounts",
            What::Traces(_) => "traces",
            What::Redis(_) => "redis",
            What::Service(name, _, _) => name,
        }
    }

    /// Checks the dependency.
    ///
    /// # Errors
    /// Returns what is wrong, for the log.
    pub async fn check(&self) -> Result<(), String> {
        let asked = async {
            match &self.what {
                What::Accounts(store) => store.ping().await.map_err(|error| chain(&error)),
                What::Traces(store) => store.ping().await.map_err(|error| chain(&error)),
                What::Redis(redis) => redis.ping().await.map_err(|error| chain(&error)),
                What::Service(_, upstream, client) => any_healthy(upstream, client).await,
            }
        };
        tokio::time::timeout(PATIENCE, asked).await.unwrap_or_else(|_| Err("timed out".to_owned()))
    }
}

async fn any_healthy(upstream: &Upstream, client: &Client) -> Result<(), String> {
    let mut problem = "no replica is configured".to_owned();
    for origin in upstream.origins() {
        let answer = client.get(format!("{origin}/health")).send().await;
        match answer.and_then(reqwest::Response::error_for_status) {
            Ok(_) => return Ok(()),
            Err(error) => problem = chain(&error),
        }
    }
    Err(problem)
}
