//! Sends notifications to channels: one attempt at one delivery, and its result. Retries are scheduled elsewhere.

pub mod address;
mod email;
mod host;
mod link;
mod outcome;
mod post;
mod resolve;
pub mod signature;
mod slack;
mod text;
mod webhook;

use std::time::Duration;

use domain::alert::record::DueDelivery;
use shared::{
    Timestamp,
    alert_channel::{AlertEvent, ChannelKind},
};

use self::{email::Mailer, link::Links, post::Poster};
pub use self::{
    email::check_mailbox,
    host::check_address,
    outcome::{Delivered, Failure},
};
use crate::config::Notify;

/// Sends notifications to channels of every kind.
#[derive(Debug)]
pub struct Notifier {
    poster: Poster,
    mailer: Option<Mailer>,
    links: Links,
}

impl Notifier {
    /// The timeout of one step of an attempt.
    pub const PATIENCE: Duration = Duration::from_secs(10);

    /// Creates a notifier with these settings; each step of an attempt may take as long as `patience`.
    ///
    /// # Errors
    /// Returns an error if the HTTP or SMTP client cannot be created.
    pub fn new(settings: &Notify, patience: Duration) -> Result<Self, NotifierError> {
        Ok(Self {
            poster: Poster::new(settings.allow_private, patience)?,
            mailer: settings.smtp.as_ref().map(|smtp| Mailer::new(smtp, patience)).transpose()?,
            links: Links::new(settings.public_url.clone()),
        })
    }

    /// Makes one attempt at a delivery.
    ///
    /// # Errors
    /// Returns why it failed.
    pub async fn deliver(&self, delivery: &DueDelivery, now: Timestamp) -> Result<Delivered, Failure> {
        let (channel, notification) = (&delivery.channel, &delivery.notification);
        // Test notifications are sent even if the channel is disabled.
        if !channel.enabled && notification.event != AlertEvent::Test {
            return Err(Failure::permanent(None, "the channel is disabled"));
        }
        let url = || channel.url.as_deref().ok_or_else(|| Failure::permanent(None, "the channel has no url"));
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
                    Failure::permanent(None, "this server cannot send e-mails; set SMTP_URL and SMTP_FROM")
                })?;
                return mailer.send(delivery, &text, now).await;
            }
        };
        Ok(Delivered { status_code, missed: None })
    }
}

/// Why notifications cannot be sent.
#[derive(Debug, thiserror::Error)]
pub enum NotifierError {
    /// The HTTP client cannot be created.
    #[error("cannot create the HTTP client for webhooks")]
    Client(#[from] reqwest::Error),
    /// The SMTP client cannot be created.
    #[error("cannot create the TLS client for SMTP_URL")]
    Mail(#[from] lettre::transport::smtp::Error),
}
