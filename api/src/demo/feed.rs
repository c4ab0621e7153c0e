//! The demo workspace of a running server: an account, 60 days of history, and new traces as time goes on. Traces are sent
//! over HTTP, the way an agent would send them; alerts, which nobody sends, go into the store.

use std::{error::Error, time::Duration};

use actix_web::web::Data;
use reqwest::{Client, StatusCode};
use shared::{
    Timestamp,
    alert::{Alert, AlertState},
    auth::User,
    ingest::{IngestResponse, TraceBatch},
    time_range::Window,
    trace::TraceInput,
};
use uuid::Uuid;

use super::{alerts_between, count_between, traces_between};
use crate::{
    error::chain,
    gateway, http, query,
    store::{
        account::{AccountError, NewAccount},
        trace::alert::record::AlertRecord,
    },
};

/// The demo account's e-mail.
pub const EMAIL: &str = "demo@agent-obs.local";
/// The demo account's password: public, so only ever for the demo workspace.
pub const PASSWORD: &str = "demo-password";

/// The same traffic for everybody.
const SEED: u64 = 42;
/// How far back the history goes: twice the longest range, so that each has a period before it to be compared with.
const HISTORY_DAYS: u32 = 60;
const DAY: Duration = Duration::from_secs(86_400);
/// How often new traces are sent.
const TICK: Duration = Duration::from_secs(2);
/// Traces in one request.
const BATCH: usize = 250;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Makes the demo account, where there is none.
///
/// # Errors
/// Where the accounts store fails.
pub async fn account(gateway: &gateway::State) -> Result<User> {
    if let Some(found) = gateway.accounts.credentials(EMAIL).await? {
        return Ok(found.user);
    }
    let account = NewAccount {
        email: EMAIL.to_owned(),
        password_hash: gateway.passwords.hash(PASSWORD).await?,
        full_name: "Demo User".to_owned(),
        workspace_name: "Demo".to_owned(),
        created_at: gateway.clock.now(),
    };
    match gateway.accounts.create_account(&account).await {
        Err(AccountError::EmailTaken) => {
            Err("the demo account was made by another process: start again".into())
        }
        result => Ok(result?),
    }
}

/// Sends what is missing of the history, the newest day first, and new traces as time goes on, for ever. Ends with an
/// error where the server cannot be reached any more.
///
/// # Errors
/// What the server or the store failed with.
pub async fn run(
    gateway: Data<gateway::State>,
    query: Data<query::State>,
    user: User,
    url: String,
) -> Result<()> {
    let client = http::client(&url).build()?;
    let mut feed = Feed { until: gateway.clock.now(), gateway, query, user, url, client };
    let start = feed.until;
    for day in 0..HISTORY_DAYS {
        let end = start - DAY * day;
        feed.fill(Window { start: end - DAY, end }).await?;
        feed.go_on().await?;
    }
    tracing::info!(days = HISTORY_DAYS, "the demo workspace has its history");
    loop {
        tokio::time::sleep(TICK).await;
        feed.go_on().await?;
    }
}

struct Feed {
    gateway: Data<gateway::State>,
    query: Data<query::State>,
    user: User,
    url: String,
    client: Client,
    /// Everything from the start to here was sent.
    until: Timestamp,
}

impl Feed {
    /// Sends a window's traces and alerts, unless an earlier start did.
    async fn fill(&self, window: Window) -> Result<()> {
        let there = self.query.traces.sums(self.user.workspace_id, &[window]).await?;
        let expected = count_between(SEED, window.start, window.end);
        if there.first().is_none_or(|sums| sums.requests != expected) {
            self.send(window.start, window.end).await?;
        }
        Ok(())
    }

    /// Sends what happened since the last call.
    async fn go_on(&mut self) -> Result<()> {
        let now = self.gateway.clock.now();
        self.send(self.until, now).await?;
        self.until = now;
        Ok(())
    }

    async fn send(&self, from: Timestamp, to: Timestamp) -> Result<()> {
        let mut traces = traces_between(SEED, from, to).peekable();
        while traces.peek().is_some() {
            let batch: Vec<TraceInput> = traces.by_ref().take(BATCH).collect();
            self.post(&TraceBatch { traces: batch }).await?;
        }
        self.alert(from, to).await
    }

    async fn post(&self, batch: &TraceBatch) -> Result<()> {
        let url = format!("{}/api/v1/traces/batch", self.url);
        loop {
            let (token, _) = self.gateway.jwt.issue(&self.user, self.gateway.clock.now())?;
            let answer = self.client.post(&url).bearer_auth(token).json(batch).send().await?;
            if matches!(answer.status(), StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
                tokio::time::sleep(TICK).await;
                continue;
            }
            let answer: IngestResponse = answer.error_for_status()?.json().await?;
            if let Some(rejection) = answer.rejected.first() {
                return Err(format!("the server refused a demo trace: {}", rejection.detail).into());
            }
            return Ok(());
        }
    }

    async fn alert(&self, from: Timestamp, to: Timestamp) -> Result<()> {
        let workspace_id = self.user.workspace_id;
        let alerts: Vec<AlertRecord> = alerts_between(SEED, from, to)
            .into_iter()
            .map(|alert| AlertRecord {
                group_key: String::new(),
                alert: Alert {
                    // The same alert has the same id, so that it is kept once.
                    id: Uuid::new_v5(
                        &workspace_id,
                        format!("{} {}", alert.created_at, alert.title).as_bytes(),
                    ),
                    workspace_id,
                    title: alert.title,
                    description: alert.description,
                    severity: alert.severity,
                    metric_value: alert.metric_value,
                    created_at: alert.created_at,
                    state: AlertState::Resolved,
                    rule_id: None,
                    metric: None,
                    is_change: false,
                    threshold: None,
                    worst_value: None,
                    agent_id: None,
                    model: None,
                    changes: Vec::new(),
                    traces: None,
                    acknowledged_at: None,
                    acknowledged_by: None,
                    resolved_at: Some(alert.created_at),
                    resolution: None,
                },
            })
            .collect();
        if !alerts.is_empty() {
            self.query.traces.insert_alerts(&alerts).await?;
            self.query.cache.invalidate(workspace_id, Duration::ZERO).await?;
        }
        Ok(())
    }
}

/// Runs the feed until the server is stopped, and says in the log why it ended if it did.
pub async fn run_or_log(gateway: Data<gateway::State>, query: Data<query::State>, user: User, url: String) {
    if let Err(error) = run(gateway, query, user, url).await {
        tracing::error!(error = chain(error.as_ref()), "the demo traffic has ended");
    }
}
