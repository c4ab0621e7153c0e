//! The limits of e-mails that people cause: to recipients of channels, with invitations, and with links that reset a password.

use std::time::Duration;

use uuid::Uuid;

use super::{engine::Window, key::LimitKey, login::hash, redis::RedisWindow};
use crate::{clock::Clock, redis::Redis, telemetry::metrics::Metrics};

const HOUR: Duration = Duration::from_secs(3600);
/// The maximum number of e-mails of a workspace per hour; one to five recipients counts five times.
const PER_WORKSPACE: u32 = 500;
/// The maximum number of e-mails to a recipient per hour, of all workspaces together.
pub const EMAILS_PER_RECIPIENT: u32 = 30;
/// The maximum number of links per hour that recipients of a workspace receive: confirmations and invitations.
pub const LINKS_PER_WORKSPACE: u32 = 20;
/// The maximum number of links per hour that a recipient receives, of all workspaces together.
const LINKS_PER_RECIPIENT: u32 = 3;

/// Counts e-mails per workspace and per recipient, and among them those with links.
#[derive(Debug)]
pub struct EmailLimit {
    workspaces: Window,
    recipients: Window,
    link_workspaces: Window,
    link_recipients: Window,
}

impl EmailLimit {
    /// Creates limits that are counted in this process.
    #[must_use]
    pub fn memory(clock: &Clock) -> Self {
        Self::new(|limit| Window::memory(limit, HOUR, clock.clone()))
    }

    /// Creates the same limits, counted in Redis for all processes; in this process while Redis is unavailable.
    #[must_use]
    pub fn redis(redis: &Redis, clock: &Clock, metrics: &Metrics) -> Self {
        Self::new(|limit| {
            Window::Redis(RedisWindow::new(redis.clone(), limit, HOUR, clock.clone(), metrics.clone()))
        })
    }

    fn new(window: impl Fn(u32) -> Window) -> Self {
        Self {
            workspaces: window(PER_WORKSPACE),
            recipients: window(EMAILS_PER_RECIPIENT),
            link_workspaces: window(LINKS_PER_WORKSPACE),
            link_recipients: window(LINKS_PER_RECIPIENT),
        }
    }

    /// Counts an e-mail of a workspace to a recipient.
    ///
    /// # Errors
    /// Returns how long to wait if there were too many.
    pub async fn send(&self, workspace_id: Uuid, address: &str) -> Result<(), Duration> {
        let recipient = LimitKey::EmailsTo(hash(&[address]));
        check(&self.recipients, recipient).await?;
        let counted = check(&self.workspaces, LimitKey::EmailsOf(workspace_id)).await;
        if counted.is_err() {
            self.recipients.refund(&recipient).await;
        }
        counted
    }

    /// Counts an e-mail of a workspace with a link.
    ///
    /// # Errors
    /// Returns how long to wait if there were too many.
    pub async fn send_link(&self, workspace_id: Uuid, address: &str) -> Result<(), Duration> {
        let recipient = LimitKey::LinksTo(hash(&[address]));
        check(&self.link_recipients, recipient).await?;
        let mut counted = check(&self.link_workspaces, LimitKey::LinksOf(workspace_id)).await;
        if counted.is_ok() {
            counted = self.send(workspace_id, address).await;
            if counted.is_err() {
                self.link_workspaces.refund(&LimitKey::LinksOf(workspace_id)).await;
            }
        }
        if counted.is_err() {
            self.link_recipients.refund(&recipient).await;
        }
        counted
    }

    /// Counts an e-mail with a link that somebody requested who is not logged in.
    ///
    /// # Errors
    /// Returns how long to wait if there were too many.
    pub async fn send_account_link(&self, address: &str) -> Result<(), Duration> {
        check(&self.link_recipients, LimitKey::LinksTo(hash(&[address]))).await
    }
}

async fn check(window: &Window, key: LimitKey) -> Result<(), Duration> {
    let decision = window.check(&key).await;
    if decision.allowed { Ok(()) } else { Err(decision.reset) }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use shared::Timestamp;

    use super::*;

    #[tokio::test]
    async fn a_recipient_has_a_limit_of_all_workspaces_together() {
        let clock = Clock::manual(Timestamp::EPOCH);
        let limit = EmailLimit::memory(&clock);
        let workspace = |number: u32| Uuid::from_u128(number.into());
        for number in 0..EMAILS_PER_RECIPIENT {
            limit.send(workspace(number % 2), "ada@example.com").await.unwrap();
        }
        let wait = limit.send(workspace(3), "ada@example.com").await.unwrap_err();
        limit.send(workspace(3), "bob@example.com").await.unwrap();
        clock.advance(wait);
        limit.send(workspace(3), "ada@example.com").await.unwrap();
    }

    #[tokio::test]
    async fn a_workspace_has_a_limit_of_all_recipients_together() {
        let limit = EmailLimit::memory(&Clock::manual(Timestamp::EPOCH));
        let (busy, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        for number in 0..PER_WORKSPACE {
            limit.send(busy, &format!("{number}@example.com")).await.unwrap();
        }
        assert!(limit.send(busy, "ada@example.com").await.is_err());
        limit.send(other, "ada@example.com").await.unwrap();
    }

    #[tokio::test]
    async fn links_have_lower_limits() {
        let limit = EmailLimit::memory(&Clock::manual(Timestamp::EPOCH));
        let (busy, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        for _ in 0..LINKS_PER_RECIPIENT {
            limit.send_link(busy, "ada@example.com").await.unwrap();
        }
        assert!(limit.send_link(other, "ada@example.com").await.is_err());
        for number in LINKS_PER_RECIPIENT..LINKS_PER_WORKSPACE {
            limit.send_link(busy, &format!("{number}@example.com")).await.unwrap();
        }
        assert!(limit.send_link(busy, "bob@example.com").await.is_err());
        limit.send_link(other, "bob@example.com").await.unwrap();
    }
}
