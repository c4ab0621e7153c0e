//! E-mails about accounts: invitations and links that reset a password. Their subjects and texts are fixed.

use shared::Timestamp;
use uuid::Uuid;

use super::{
    Failure, Notifier, NotifierError,
    email::{Mailer, check_mailbox},
};
use crate::config::Notify;

/// Sends e-mails about accounts.
#[derive(Debug)]
pub struct AccountMail(Mailer);

impl AccountMail {
    /// Creates a sender, if an SMTP server is configured. Opens no connection.
    ///
    /// # Errors
    /// Returns an error if the settings of the SMTP server are not usable.
    pub fn new(settings: &Notify) -> Result<Option<Self>, NotifierError> {
        let mailer = settings.smtp.as_ref().map(|smtp| Mailer::new(smtp, Notifier::TIMEOUT)).transpose()?;
        Ok(mailer.map(Self))
    }

    /// Sends an invitation of `inviter` to `to`.
    ///
    /// # Errors
    /// Returns why it was not sent.
    pub async fn invite(&self, to: &str, inviter: &str, url: &str, now: Timestamp) -> Result<(), Failure> {
        let text = format!(
            "{inviter} invites you to a workspace of Agent Observability.\n\nAccept the invitation: {url}\n\n\
             The link is valid once and for 7 days. If you do not expect it, ignore this e-mail.\n"
        );
        self.send(to, "Invitation to Agent Observability", text, now).await
    }

    /// Sends a link that resets the password of `to`.
    ///
    /// # Errors
    /// Returns why it was not sent.
    pub async fn reset_password(&self, to: &str, url: &str, now: Timestamp) -> Result<(), Failure> {
        let text = format!(
            "Choose a new password for Agent Observability: {url}\n\nThe link is valid once and for one hour. \
             If you did not request it, ignore this e-mail; your password stays as it is.\n"
        );
        self.send(to, "Reset your password for Agent Observability", text, now).await
    }

    async fn send(&self, to: &str, subject: &str, text: String, now: Timestamp) -> Result<(), Failure> {
        let to = check_mailbox(to)
            .map_err(|detail| Failure::permanent(None, format!("the recipient {detail}")))?;
        self.0.send_text(to, subject, text, Uuid::new_v4(), now).await.map(drop)
    }
}
