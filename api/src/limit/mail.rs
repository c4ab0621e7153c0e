//! Limits of the e-mails that people cause, such as invitations and password resets: per recipient and per workspace.

use std::time::Duration;

use uuid::Uuid;

use super::{
    engine::Window,
    key::LimitKey,
    login::{hash, pass},
    redis::RedisWindow,
};
use crate::{clock::Clock, redis::Redis, telemetry::metrics::Metrics};

const HOUR: Duration = Duration::from_secs(60 * 60);
/// The maximum number of e-mails to an address in an hour.
const PER_RECIPIENT: u32 = 5;
/// The maximum number of e-mails of a workspace in an hour.
const PER_WORKSPACE: u32 = 50;

/// Counts e-mails.
#[derive(Debug)]
pub struct MailLimit {
    recipients: Window,
    workspaces: Window,
}

impl MailLimit {
    /// Creates limits counted in this process: 5 e-mails per recipient and 50 per workspace in an hour.
    #[must_use]
    pub fn memory(clock: &Clock) -> Self {
        let window = |limit| Window::memory(limit, HOUR, clock.clone());
        Self { recipients: window(PER_RECIPIENT), workspaces: window(PER_WORKSPACE) }
    }

    /// Creates the same limits, counted in Redis for all processes; in this process while Redis is unavailable.
    #[must_use]
    pub fn redis(redis: &Redis, clock: &Clock, metrics: &Metrics) -> Self {
        let window = |limit| {
            Window::Redis(RedisWindow::new(redis.clone(), limit, HOUR, clock.clone(), metrics.clone()))
        };
        Self { recipients: window(PER_RECIPIENT), workspaces: window(PER_WORKSPACE) }
    }

    /// Counts an e-mail; one of a workspace if it is caused by a member.
    ///
    /// # Errors
    /// Returns how long to wait if the recipient or the workspace has reached its limit.
    pub async fn send(&self, recipient: &str, workspace_id: Option<Uuid>) -> Result<(), Duration> {
        if let Some(workspace_id) = workspace_id {
            pass(self.workspaces.check(&LimitKey::Mails(workspace_id)).await)?;
        }
        pass(self.recipients.check(&LimitKey::Recipient(hash(&[recipient]))).await)
    }
}
