//! The demo workspace of a running server: an account, 60 days of history, and new traces over time. Traces are sent
//! over HTTP like those of an agent; alerts cannot be sent and are computed from the stored history.

use std::{error::Error, time::Duration};

use actix_web::web::Data;
use domain::error::chain;
use reqwest::StatusCode;
use shared::{
    Timestamp,
    auth::User,
    ingest::{IngestResponse, TraceBatch},
    time_range::Window,
    trace::TraceInput,
};
use store::account::{AccountError, Admission, Client, NewAccount};
use uuid::Uuid;

use super::{alert, count_between, traces_between};
use crate::{
    auth::{email::DEMO_EMAIL, jwt::Session},
    gateway, http, query,
};

/// The password of the demo account, which is public and must not be used elsewhere.
pub const PASSWORD: &str = "demo-password";

/// The seed: all demo servers have the same traffic.
const SEED: u64 = 42;
/// The length of the history: twice the longest range, which is compared with the one before it.
const HISTORY_DAYS: u32 = 60;
const DAY: Duration = Duration::from_secs(86_400);
/// The interval of sending new traces.
const TICK: Duration = Duration::from_secs(2);
/// The number of traces per request.
const BATCH_TRACES: usize = 250;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Creates the demo account if it does not exist.
///
/// # Errors
/// Returns an error if the accounts store fails.
pub async fn account(gateway: &gateway::State) -> Result<User> {
    if let Some(found) = gateway.accounts.get_credentials(DEMO_EMAIL).await? {
        gateway.accounts.set_disabled(found.user_id, None).await?;
        return user(gateway, found.user_id).await;
    }
    let account = NewAccount {
        email: DEMO_EMAIL.to_owned(),
        password_hash: gateway.passwords.hash(PASSWORD).await?,
        full_name: "Demo User".to_owned(),
        workspace_name: "Demo".to_owned(),
        admission: Admission::Open,
        created_at: gateway.clock.now(),
    };
    match gateway.accounts.create_account(&account).await {
        Err(AccountError::EmailTaken) => Err("another process created the demo account; start again".into()),
        result => user(gateway, result?).await,
    }
}

async fn user(gateway: &gateway::State, id: Uuid) -> Result<User> {
    gateway.accounts.get_user(id, None).await?.ok_or_else(|| "the demo account has no workspace".into())
}

async fn log_in(gateway: &gateway::State, user: &User) -> Result<Session> {
    let client = Client { address: String::new(), user_agent: "demo traffic".to_owned() };
    let started_at = gateway.clock.now();
    let id = gateway.accounts.create_login_session(user.id, &client, started_at).await?;
    Ok(Session { id, started_at })
}

/// Disables the demo account, whose password is public, if it exists.
///
/// # Errors
/// Returns an error if the accounts store fails.
pub async fn disable(gateway: &gateway::State) -> Result<()> {
    if let Some(found) = gateway.accounts.get_credentials(DEMO_EMAIL).await?
        && !found.is_disabled
    {
        gateway.accounts.set_disabled(found.user_id, Some(gateway.clock.now())).await?;
        tracing::info!("demo account disabled; start with --demo to enable it");
    }
    Ok(())
}

/// Sends the missing part of the history, the newest day first, and then new traces forever.
///
/// # Errors
/// Returns an error if the server is unreachable or the store fails.
pub async fn run(
    gateway: Data<gateway::State>,
    query: Data<query::State>,
    user: User,
    url: String,
) -> Result<()> {
    let client = http::client(&url).build()?;
    let session = log_in(&gateway, &user).await?;
    let mut feed = Feed { until: gateway.clock.now(), gateway, query, user, session, url, client };
    let start = feed.until;
    // Create the rules before the first traces, which would create the default rules.
    feed.query.alerts.create_default_rules(feed.user.workspace_id, &alert::rules(), start).await?;
    let mut changed = start;
    for day in 0..HISTORY_DAYS {
        let end = start - DAY * day;
        if feed.fill(Window { start: end - DAY, end }).await? {
            changed = end - DAY;
        }
        feed.send_new().await?;
    }
    let history = Window { start: start - DAY * HISTORY_DAYS, end: start };
    let workspace_id = feed.user.workspace_id;
    if alert::replay(&feed.query.traces, workspace_id, history, changed).await? > 0 {
        feed.query.cache.invalidate(workspace_id, Duration::ZERO).await?;
    }
    tracing::info!(days = HISTORY_DAYS, "demo history loaded");
    loop {
        tokio::time::sleep(TICK).await;
        feed.send_new().await?;
    }
}

struct Feed {
    gateway: Data<gateway::State>,
    query: Data<query::State>,
    user: User,
    session: Session,
    url: String,
    client: reqwest::Client,
    /// Everything from the start until this time was sent.
    until: Timestamp,
}

impl Feed {
    /// Sends the traces of a window, unless they were sent before. Returns whether it sent any.
    async fn fill(&mut self, window: Window) -> Result<bool> {
        let sums = self.query.traces.sums(self.user.workspace_id, &[window]).await?;
        let expected = count_between(SEED, window.start, window.end);
        let is_missing = sums.first().is_none_or(|sums| sums.requests != expected);
        if is_missing {
            self.send(window.start, window.end).await?;
        }
        Ok(is_missing)
    }

    /// Sends the traces since the last call.
    async fn send_new(&mut self) -> Result<()> {
        let now = self.gateway.clock.now();
        self.send(self.until, now).await?;
        self.until = now;
        Ok(())
    }

    async fn send(&mut self, from: Timestamp, to: Timestamp) -> Result<()> {
        let mut traces = traces_between(SEED, from, to).peekable();
        while traces.peek().is_some() {
            let batch: Vec<TraceInput> = traces.by_ref().take(BATCH_TRACES).collect();
            self.post(&TraceBatch { traces: batch }).await?;
        }
        Ok(())
    }

    async fn post(&mut self, batch: &TraceBatch) -> Result<()> {
        let url = format!("{}/api/v1/traces/batch", self.url);
        loop {
            let (token, _) = self.gateway.jwt.issue(&self.user, self.session, self.gateway.clock.now())?;
            let response = self.client.post(&url).bearer_auth(token).json(batch).send().await?;
            if response.status() == StatusCode::UNAUTHORIZED {
                // The session has ended after 30 days, or somebody logged out everywhere.
                self.session = log_in(&self.gateway, &self.user).await?;
                tokio::time::sleep(TICK).await;
                continue;
            }
            if matches!(response.status(), StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
                tokio::time::sleep(TICK).await;
                continue;
            }
            let response: IngestResponse = response.error_for_status()?.json().await?;
            if let Some(rejection) = response.rejected.first() {
                return Err(format!("the server rejected a demo trace: {}", rejection.detail).into());
            }
            return Ok(());
        }
    }
}

/// Runs the feed until the server stops, and logs the error if the feed fails.
pub async fn run_or_log(gateway: Data<gateway::State>, query: Data<query::State>, user: User, url: String) {
    if let Err(error) = run(gateway, query, user, url).await {
        tracing::error!(error = chain(error.as_ref()), "demo traffic failed");
    }
}
