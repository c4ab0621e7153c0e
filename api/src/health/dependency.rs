//! The dependencies of a process, which `/ready` checks.

use std::time::Duration;

use domain::error::chain;
use reqwest::Client;
use store::{account::AccountStore, trace::TraceStore};

use crate::{internal::upstream::Upstream, redis::Redis};

/// The timeout of a check.
const TIMEOUT: Duration = Duration::from_secs(3);

/// A dependency of a process.
#[derive(Clone, Debug)]
pub struct Dependency {
    /// What is checked.
    pub target: Target,
    /// Whether the process is not ready while the target is down; otherwise it is degraded, but still serves.
    pub is_required: bool,
}

/// The target of a check.
#[derive(Clone, Debug)]
pub enum Target {
    /// The store of accounts.
    Accounts(AccountStore),
    /// The store of traces.
    Traces(TraceStore),
    /// Cache, limits and queue.
    Redis(Redis),
    /// Another role, which is up if any of its replicas is.
    Role(Upstream, Client),
}

impl Dependency {
    /// Returns the name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match &self.target {
            Target::Accounts(_) => "accounts",
            Target::Traces(_) => "traces",
            Target::Redis(_) => "redis",
            Target::Role(upstream, _) => upstream.role().as_str(),
        }
    }

    /// Checks the dependency.
    ///
    /// # Errors
    /// Returns what is wrong, for the log.
    pub async fn check(&self) -> Result<(), String> {
        let check = async {
            match &self.target {
                Target::Accounts(store) => store.ping().await.map_err(|error| chain(&error)),
                Target::Traces(store) => store.ping().await.map_err(|error| chain(&error)),
                Target::Redis(redis) => redis.ping().await.map_err(|error| chain(&error)),
                Target::Role(upstream, client) => any_healthy(upstream, client).await,
            }
        };
        tokio::time::timeout(TIMEOUT, check).await.unwrap_or_else(|_| Err("timed out".to_owned()))
    }
}

async fn any_healthy(upstream: &Upstream, client: &Client) -> Result<(), String> {
    let mut problem = "no replica is configured".to_owned();
    for origin in upstream.origins() {
        let response = client.get(format!("{origin}/health")).send().await;
        match response.and_then(reqwest::Response::error_for_status) {
            Ok(_) => return Ok(()),
            Err(error) => problem = chain(&error),
        }
    }
    Err(problem)
}
