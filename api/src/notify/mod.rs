//! Telling channels of alerts: one attempt at one delivery, and what came of it. When it is tried again is not decided here.

pub mod address;
mod email;
mod host;
mod link;
mod post;
mod resolve;
pub mod signature;
mod slack;
mod text;
mod webhook;

use std::time::Duration;

use shared::{
    Timestamp,
    alert_channel::{AlertEvent, ChannelKind},
};

use self::{email::Mailer, link::Links, post::Poster};
pub use self::{email::check_mailbox, host::check_address};
use domain::alert::record::DueDelivery;

use crate::config::Notify;

/// Characters of what another side said that are kept.
const SAID_CHARS: usize = 200;

/// What reaches channels of every kind.
#[derive(Debug)]
pub struct Notifier {
    poster: Poster,
    mailer: Option<Mailer>,
    links: Links,
}

/// Something arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrived {
    /// What the other side answered: an HTTP or SMTP status.
    pub status_code: u16,
    /// Whom of several it did not reach, and why, for whoever set up the channel.
    pub missed: Option<String>,
}

/// Why something did not arrive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What the other side answered: an HTTP or SMTP status.
    pub status_code: Option<u16>,
    /// What went wrong, for whoever set up the channel.
    pub error: String,
    /// Whether trying again is of no use.
    pub is_final: bool,
    /// How long the other side wants to be left alone.
    pub retry_after: Option<Duration>,
}

impl Failure {
    /// Something that may work the next time.
    fn passing(status_code: Option<u16>, error: impl Into<String>) -> Self {
        Self { status_code, error: error.into(), is_final: false, retry_after: None }
    }

    /// Something that will not.
    fn lasting(status_code: Option<u16>, error: impl Into<String>) -> Self {
        Self { is_final: true, ..Self::passing(status_code, error) }
    }
}

impl Notifier {
    /// How long another side may take.
    pub const PATIENCE: Duration = Duration::from_secs(10);
    /// How many times that an attempt takes at most: a mail server is waited for at each of its answers.
    pub const STEPS: u32 = 3;

    /// Reaches channels as the settings say; each step of it may take as long as `patience`.
    ///
    /// # Errors
    /// Where what speaks HTTP or SMTP cannot be set up.
    pub fn new(settings: &Notify, patience: Duration) -> Result<Self, NotifierError> {
        Ok(Self {
            poster: Poster::new(settings.allow_private, patience)?,
            mailer: settings.smtp.as_ref().map(|smtp| Mailer::new(smtp, patience)).transpose()?,
            links: Links::new(settings.public_url.clone()),
        })
    }

    /// Tells a channel something.
    ///
    /// # Errors
    /// Why it did not arrive.
    pub async fn deliver(&self, delivery: &DueDelivery, now: Timestamp) -> Result<Arrived, Failure> {
        let (channel, notification) = (&delivery.channel, &delivery.notification);
        // Whoever tries a channel that is switched off wants to know whether it works.
        if !channel.enabled && notification.event != AlertEvent::Test {
            return Err(Failure::lasting(None, "the channel is switched off"));
        }
        let url = || channel.url.as_deref().ok_or_else(|| Failure::lasting(None, "the channel has no url"));
        let status_code = match channel.kind {
            ChannelKind::Webhook => {
                let message = webhook::message(delivery, &self.links, now)?;
                self.poster.post(url()?, message.headers, message.body).await?
            }
            ChannelKind::Slack => {
                let body = slack::body(&text::text(notification, &self.links), notification)?;
                self.poster.post(url()?, reqwest::header::HeaderMap::new(), body).await?
            }
            ChannelKind::Email => {
                let text = text::text(notification, &self.links);
                let mailer = self.mailer.as_ref().ok_or_else(|| {
                    Failure::lasting(
                        None,
                        "this server sends no e-mails: SMTP_URL and SMTP_FROM are to be set",
                    )
                })?;
                return mailer.send(delivery, &text, now).await;
            }
        };
        Ok(Arrived { status_code, missed: None })
    }
}

/// Why nobody can be told anything.
#[derive(Debug, thiserror::Error)]
pub enum NotifierError {
    /// There is nothing to speak HTTP with.
    #[error("the client for webhooks cannot be made")]
    Client(#[from] reqwest::Error),
    /// There is nothing to speak SMTP with.
    #[error("the mail server of SMTP_URL cannot be spoken to by TLS")]
    Mail(#[from] lettre::transport::smtp::Error),
}

/// What another side said, as one short line.
fn said(text: &str) -> String {
    let words = text.split(|char: char| char.is_whitespace() || char.is_control());
    let line = words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    text::cut(&line, SAID_CHARS)
}
