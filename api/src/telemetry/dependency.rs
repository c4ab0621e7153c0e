//! What a process needs of others, by name: what `/ready` asks.

use std::time::Duration;

use reqwest::Client;

use crate::{
    error::chain,
    internal::upstream::Upstream,
    redis::Redis,
    store::{account::AccountStore, trace::TraceStore},
};

/// How long an answer may take before its giver counts as down.
const PATIENCE: Duration = Duration::from_secs(3);

/// Something without which requests fail.
#[derive(Clone, Debug)]
pub enum Dependency {
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
    /// What it is called.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Accounts(_) => "accounts",
            Self::Traces(_) => "traces",
            Self::Redis(_) => "redis",
            Self::Service(name, _, _) => name,
        }
    }

    /// Whether it answers.
    ///
    /// # Errors
    /// What is wrong, for the log.
    pub async fn check(&self) -> Result<(), String> {
        let asked = async {
            match self {
                Self::Accounts(store) => store.ping().await.map_err(|error| chain(&error)),
                Self::Traces(store) => store.ping().await.map_err(|error| chain(&error)),
                Self::Redis(redis) => redis.ping().await.map_err(|error| chain(&error)),
                Self::Service(_, upstream, client) => any_healthy(upstream, client).await,
            }
        };
        tokio::time::timeout(PATIENCE, asked).await.unwrap_or_else(|_| Err("does not answer".to_owned()))
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
