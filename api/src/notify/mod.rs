//! Notifies channels: makes one attempt of one delivery. Retries are scheduled by the caller. Also sends e-mails about
//! accounts.

pub mod account;
pub mod address;
mod email;
mod escape;
mod host;
mod link;
mod post;
mod private;
mod resolve;
pub mod signature;
mod slack;
mod text;
mod webhook;

use std::time::Duration;

use shared::{
    Timestamp,
    alert_channel::{AlertEvent, ChannelTarget},
};

use self::{email::Mailer, link::Links, post::Poster};
pub use self::{email::check_mailbox, host::check_address, private::PrivateTargets};
use domain::alert::record::DueDelivery;

use crate::config::Notify;

/// The maximum number of characters of a response in an error.
const EXCERPT_CHARS: usize = 200;

/// Notifies channels of all kinds.
#[derive(Debug)]
pub struct Notifier {
    poster: Poster,
    mailer: Option<Mailer>,
    links: Links,
}

/// The result of a delivered notification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The HTTP or SMTP status.
    pub status_code: u16,
    /// The recipients that did not receive it, with the reasons, for the workspace.
    pub failed_recipients: Option<String>,
}

/// A failed attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The HTTP or SMTP status, if there was a response.
    pub status_code: Option<u16>,
    /// The reason, for the workspace.
    pub error: String,
    /// Whether a retry cannot succeed.
    pub is_final: bool,
    /// The `Retry-After` of the response.
    pub retry_after: Option<Duration>,
}

impl Failure {
    /// Returns a failure that a retry may resolve.
    pub(crate) fn temporary(status_code: Option<u16>, error: impl Into<String>) -> Self {
        Self { status_code, error: error.into(), is_final: false, retry_after: None }
    }

    /// Returns a failure that a retry cannot resolve.
    pub(crate) fn permanent(status_code: Option<u16>, error: impl Into<String>) -> Self {
        Self { is_final: true, ..Self::temporary(status_code, error) }
    }
}

impl Notifier {
    /// The default timeout of a step.
    pub const TIMEOUT: Duration = Duration::from_secs(10);
    /// The maximum duration of an attempt, in timeouts: every response of a mail server may take one.
    pub const MAX_STEPS: u32 = 3;

    /// Creates a notifier with the HTTP and SMTP clients of the settings. Each step of an attempt may take `timeout`.
    ///
    /// # Errors
    /// Returns an error if a client cannot be created.
    pub fn new(settings: &Notify, timeout: Duration) -> Result<Self, NotifierError> {
        Ok(Self {
            poster: Poster::new(settings.private_targets.clone(), timeout)?,
            mailer: settings.smtp.as_ref().map(|smtp| Mailer::new(smtp, timeout)).transpose()?,
            links: Links::new(settings.public_url.clone()),
        })
    }

    /// Makes one attempt to deliver a notification.
    ///
    /// # Errors
    /// Returns why the attempt failed.
    pub async fn deliver(&self, delivery: &DueDelivery, now: Timestamp) -> Result<Receipt, Failure> {
        let (channel, notification) = (&delivery.channel, &delivery.notification);
        // A test is sent to a disabled channel too.
        if !channel.enabled && notification.event != AlertEvent::Test {
            return Err(Failure::permanent(None, "the channel is disabled"));
        }
        let status_code = match &channel.target {
            ChannelTarget::Webhook { url } => {
                let (headers, body) = webhook::message(delivery, &self.links, now)?;
                self.poster.post(url, headers, body).await?
            }
            ChannelTarget::Slack { url } => {
                let body = slack::body(&text::text(notification, &self.links), notification)?;
                self.poster.post(url, reqwest::header::HeaderMap::new(), body).await?
            }
            ChannelTarget::Email { to } => {
                let text = text::text(notification, &self.links);
                return self.mailer()?.send(to, delivery, &text, now).await;
            }
        };
        Ok(Receipt { status_code, failed_recipients: None })
    }

    /// Makes one attempt to send a recipient the link with `token`, by which to confirm.
    ///
    /// # Errors
    /// Returns why the attempt failed.
    pub async fn send_link(
        &self,
        delivery: &DueDelivery,
        address: &str,
        token: &str,
        now: Timestamp,
    ) -> Result<Receipt, Failure> {
        let mailer = self.mailer()?;
        let link = self.links.confirm_recipient(token).ok_or_else(|| {
            let error = "recipients cannot confirm, because the server has no public URL; set PUBLIC_URL";
            Failure::permanent(None, error)
        })?;
        mailer.send(&[address.to_owned()], delivery, &text::confirmation(link), now).await
    }

    fn mailer(&self) -> Result<&Mailer, Failure> {
        self.mailer.as_ref().ok_or_else(|| {
            let error = "e-mail is not configured on this server; set SMTP_URL and SMTP_FROM";
            Failure::permanent(None, error)
        })
    }
}

/// The notifier cannot be created.
#[derive(Debug, thiserror::Error)]
pub enum NotifierError {
    /// The HTTP client cannot be created.
    #[error("failed to create the HTTP client of webhooks")]
    Client(#[from] reqwest::Error),
    /// The SMTP client cannot be created.
    #[error("failed to set up TLS for the mail server of SMTP_URL")]
    Mail(#[from] lettre::transport::smtp::Error),
}

/// Returns a response as one short line.
fn excerpt(text: &str) -> String {
    let words = text.split(|char: char| char.is_whitespace() || char.is_control());
    let line = words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    text::truncate(&line, EXCERPT_CHARS)
}
