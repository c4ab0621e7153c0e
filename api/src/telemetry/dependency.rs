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

/// Something that a process needs, and whether it can do nothing without it.
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
    /// What a process is useless without: it is not ready while that is down.
    #[must_use]
    pub fn vital(what: What) -> Self {
        Self { what, vital: true }
    }

    /// What a process does without for a while, worse or in part: it would be a mistake to send nobody to it meanwhile.
    #[must_use]
    pub fn useful(what: What) -> Self {
        Self { what, vital: false }
    }

    /// Whether the process is of no use without it.
    #[must_use]
    pub fn is_vital(&self) -> bool {
        self.vital
    }

    /// What it is called.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match &self.what {
            What::Accounts(_) => "accounts",
            What::Traces(_) => "traces",
            What::Redis(_) => "redis",
            What::Service(name, _, _) => name,
        }
    }

    /// Whether it answers.
    ///
    /// # Errors
    /// What is wrong, for the log.
    pub async fn check(&self) -> Result<(), String> {
        let asked = async {
            match &self.what {
                What::Accounts(store) => store.ping().await.map_err(|error| chain(&error)),
                What::Traces(store) => store.ping().await.map_err(|error| chain(&error)),
                What::Redis(redis) => redis.ping().await.map_err(|error| chain(&error)),
                What::Service(_, upstream, client) => any_healthy(upstream, client).await,
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
