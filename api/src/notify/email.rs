//! E-mails as text and HTML, sent over SMTP. Mail clients show the e-mails of one alert as a thread, and auto-responders do not
//! reply to them.

use std::{
    fmt::Write as _,
    time::{Duration, SystemTime},
};

use domain::{alert::record::DueDelivery, error::chain};
use lettre::{
    Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    address::Envelope,
    message::{
        Mailbox, MessageBuilder, MultiPart, SinglePart,
        header::{HeaderName, HeaderValue},
    },
    transport::smtp::{
        authentication::Credentials,
        client::{Tls, TlsParameters},
        extension::ClientId,
    },
};
use shared::Timestamp;
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use super::{
    Failure, Notifier, Receipt,
    escape::{html as escape, without_links},
    excerpt,
    text::{Text, subject, truncate},
};
use crate::config::{Smtp, SmtpTls};

/// The maximum number of characters of the errors of recipients.
const FAILED_RECIPIENTS_CHARS: usize = 1000;

/// Sends e-mails.
pub(super) struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    timeout: Duration,
}

impl std::fmt::Debug for Mailer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The transport contains the password.
        f.debug_struct("Mailer").field("from", &self.from).finish_non_exhaustive()
    }
}

impl Mailer {
    pub(super) fn new(smtp: &Smtp, timeout: Duration) -> Result<Self, lettre::transport::smtp::Error> {
        let encrypted = || TlsParameters::new(smtp.host.clone());
        let tls = match smtp.tls {
            SmtpTls::None => Tls::None,
            SmtpTls::Offered => Tls::Opportunistic(encrypted()?),
            SmtpTls::Required => Tls::Required(encrypted()?),
            SmtpTls::Wrapped => Tls::Wrapper(encrypted()?),
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&smtp.host)
            .port(smtp.port)
            .tls(tls)
            .timeout(Some(timeout))
            .hello_name(ClientId::Domain(smtp.from.email.domain().to_owned()));
        if let Some((user, password)) = &smtp.login {
            builder = builder.credentials(Credentials::new(user.clone(), password.expose().to_owned()));
        }
        Ok(Self { transport: builder.build(), from: smtp.from.clone(), timeout })
    }

    /// Sends an e-mail to all valid recipients. If the server may have rejected it because of one recipient, sends it to each
    /// recipient separately.
    pub(super) async fn send(
        &self,
        recipients: &[String],
        delivery: &DueDelivery,
        text: &Text,
        now: Timestamp,
    ) -> Result<Receipt, Failure> {
        let (mut to, mut failed_recipients) = (Vec::new(), Vec::new());
        for address in recipients {
            match check_mailbox(address) {
                Ok(address) => to.push(address),
                Err(detail) => failed_recipients.push(format!("{} {detail}", excerpt(address))),
            }
        }
        if to.is_empty() {
            return Err(Failure::permanent(
                None,
                truncate(&failed_recipients.join("; "), FAILED_RECIPIENTS_CHARS),
            ));
        }
        let mail = self.mail(delivery, text, &to, now)?.formatted();
        let deadline = Instant::now() + self.timeout * Notifier::MAX_STEPS;
        let status_code = match self.submit(&to, &mail, deadline).await {
            Err(failure) if to.len() > 1 && is_for_one_recipient(&failure) => {
                let (mut accepted, mut reason) = (None, failure);
                for address in &to {
                    match self.submit(std::slice::from_ref(address), &mail, deadline).await {
                        Ok(status) => accepted = Some(status),
                        Err(failure) => {
                            failed_recipients.push(format!("{address}: {}", failure.error));
                            if !failure.is_final {
                                reason = failure;
                            }
                        }
                    }
                }
                accepted.ok_or(reason)?
            }
            result => result?,
        };
        let failed_recipients = (!failed_recipients.is_empty()).then(|| {
            let failed_recipients = failed_recipients.join("; ");
            truncate(
                &format!("not delivered to all recipients: {failed_recipients}"),
                FAILED_RECIPIENTS_CHARS,
            )
        });
        Ok(Receipt { status_code, failed_recipients })
    }

    /// Submits an e-mail to the server and returns the SMTP status.
    async fn submit(&self, to: &[Address], mail: &[u8], deadline: Instant) -> Result<u16, Failure> {
        let envelope = Envelope::new(Some(self.from.email.clone()), to.to_vec())
            .map_err(|error| Failure::permanent(None, format!("the e-mail is invalid: {error}")))?;
        let sent = timeout_at(deadline, self.transport.send_raw(&envelope, mail));
        let Ok(sent) = sent.await else {
            let timeout = self.timeout * Notifier::MAX_STEPS;
            let error =
                format!("the mail server did not accept the e-mail within {} s", timeout.as_secs_f32());
            return Err(Failure::temporary(None, error));
        };
        sent.map(|response| response.code().into()).map_err(|error| {
            let code = error.status().map(u16::from);
            let is_final = error.is_permanent() || error.is_client();
            let error = if error.is_timeout() {
                format!("the mail server did not respond within {} s", self.timeout.as_secs_f32())
            } else if code.is_some() {
                format!("the mail server rejected the e-mail: {}", chain(&error))
            } else {
                format!("communication with the mail server failed: {}", chain(&error))
            };
            Failure { is_final, ..Failure::temporary(code, excerpt(&error)) }
        })
    }

    /// Sends a short e-mail to one recipient.
    pub(super) async fn send_text(
        &self,
        to: Address,
        subject: &str,
        text: String,
        id: Uuid,
        now: Timestamp,
    ) -> Result<u16, Failure> {
        let to = [to];
        let mail = self
            .builder(id, subject, &to, now)
            .singlepart(SinglePart::plain(text))
            .map_err(|error| Failure::permanent(None, format!("the e-mail is invalid: {error}")))?;
        let deadline = Instant::now() + self.timeout * Notifier::MAX_STEPS;
        self.submit(&to, &mail.formatted(), deadline).await
    }

    /// Begins an e-mail with the headers that all have.
    fn builder(&self, id: Uuid, subject: &str, to: &[Address], now: Timestamp) -> MessageBuilder {
        let since_1970 = Duration::from_micros(u64::try_from(now.as_micros()).unwrap_or(0));
        let mail = Message::builder()
            .from(self.from.clone())
            .subject(subject)
            .date(SystemTime::UNIX_EPOCH + since_1970)
            .message_id(Some(format!("<{id}@{}>", self.from.email.domain())))
            .raw_header(HeaderValue::new(
                HeaderName::new_from_ascii_str("Auto-Submitted"),
                "auto-generated".to_owned(),
            ));
        to.iter().fold(mail, |mail, to| mail.to(Mailbox::new(None, to.clone())))
    }

    fn mail(
        &self,
        delivery: &DueDelivery,
        text: &Text,
        to: &[Address],
        now: Timestamp,
    ) -> Result<Message, Failure> {
        let domain = self.from.email.domain();
        let mut mail = self.builder(delivery.id, &subject(&delivery.notification), to, now);
        if let Some(alert) = &delivery.notification.alert {
            // No e-mail has this id. All refer to it, so that they form a thread in any order.
            let thread = match (&delivery.notification.group, alert.rule_id) {
                (Some(_), Some(rule_id)) => format!("<rule.{rule_id}@{domain}>"),
                _ => format!("<alert.{}@{domain}>", alert.id),
            };
            mail = mail.in_reply_to(thread.clone()).references(thread);
        }
        mail.multipart(MultiPart::alternative_plain_html(plain(text), html(text)))
            .map_err(|error| Failure::permanent(None, format!("the e-mail is invalid: {error}")))
    }
}

/// Parses the address of a recipient.
///
/// # Errors
/// Returns what is invalid, as a predicate.
pub fn check_mailbox(address: &str) -> Result<Address, String> {
    address.trim().parse().map_err(|error| format!("is not a valid e-mail address: {error}"))
}

/// Returns whether the failure may concern only one of several recipients, and not the login or the whole server.
fn is_for_one_recipient(failure: &Failure) -> bool {
    match failure.status_code {
        Some(code) => code != 421 && !(530..540).contains(&code),
        // An address has characters that the server does not support.
        None => failure.is_final,
    }
}

fn plain(text: &Text) -> String {
    let mut plain = without_links(&text.sentences.join("\n\n"));
    plain.push_str("\n\n");
    // Writing to a string never fails.
    for (name, value) in &text.fields {
        let _ = writeln!(plain, "{name}: {}", without_links(value));
    }
    for (name, url) in &text.links {
        let _ = write!(plain, "\n{name}: {url}\n");
    }
    plain
}

fn html(text: &Text) -> String {
    let mut html = format!(
        "<!doctype html><html lang=\"en\"><body style=\"font-family:sans-serif\"><h2>{}</h2>",
        escape(&without_links(&text.headline))
    );
    for sentence in &text.sentences {
        let _ = write!(html, "<p>{}</p>", escape(&without_links(sentence)));
    }
    html.push_str("<table>");
    for (name, value) in &text.fields {
        let _ =
            write!(html, "<tr><th align=\"left\">{name}</th><td>{}</td></tr>", escape(&without_links(value)));
    }
    html.push_str("</table>");
    for (name, url) in &text.links {
        let _ = write!(html, "<p><a href=\"{}\">{name}</a></p>", escape(url));
    }
    html.push_str("</body></html>");
    html
}
