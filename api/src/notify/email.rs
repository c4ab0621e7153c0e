//! An e-mail, as text and as HTML, over the server's SMTP. The mails of one alert hang together, and no program answers them.

use std::{
    fmt::Write as _,
    time::{Duration, SystemTime},
};

use domain::{alert::record::DueDelivery, error::chain};
use lettre::{
    Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    address::Envelope,
    message::{
        Mailbox, MultiPart,
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

use super::{
    Arrived, Failure, Notifier, said,
    text::{Text, cut},
};
use crate::config::{Smtp, SmtpTls};

/// Characters that are kept of whom a mail did not reach, and why.
const MISSED_CHARS: usize = 1000;

/// What sends e-mails.
pub(super) struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    patience: Duration,
}

impl std::fmt::Debug for Mailer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The rest holds the password.
        f.debug_struct("Mailer").field("from", &self.from).finish_non_exhaustive()
    }
}

impl Mailer {
    pub(super) fn new(smtp: &Smtp, patience: Duration) -> Result<Self, lettre::transport::smtp::Error> {
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
            .timeout(Some(patience))
            .hello_name(ClientId::Domain(smtp.from.email.domain().to_owned()));
        if let Some((user, password)) = &smtp.login {
            builder = builder.credentials(Credentials::new(user.clone(), password.expose().to_owned()));
        }
        Ok(Self { transport: builder.build(), from: smtp.from.clone(), patience })
    }

    /// Sends a mail to all whom the channel names. Where the server refuses one of them, it gets the mail for each by
    /// itself: whom it does not take is no reason for the others to learn nothing.
    pub(super) async fn send(
        &self,
        delivery: &DueDelivery,
        text: &Text,
        now: Timestamp,
    ) -> Result<Arrived, Failure> {
        let (mut to, mut missed) = (Vec::new(), Vec::new());
        for address in &delivery.channel.to {
            match check_mailbox(address) {
                Ok(address) => to.push(address),
                Err(detail) => missed.push(format!("{} {detail}", said(address))),
            }
        }
        if to.is_empty() {
            return Err(Failure::lasting(None, cut(&missed.join("; "), MISSED_CHARS)));
        }
        let mail = self.mail(delivery, text, &to, now)?.formatted();
        let deadline = Instant::now() + self.patience * Notifier::STEPS;
        let status_code = match self.hand_over(&to, &mail, deadline).await {
            Err(failure) if to.len() > 1 && may_be_of_one(&failure) => {
                let (mut taken, mut why) = (None, failure);
                for address in &to {
                    match self.hand_over(std::slice::from_ref(address), &mail, deadline).await {
                        Ok(status) => taken = Some(status),
                        Err(failure) => {
                            missed.push(format!("{address}: {}", failure.error));
                            if !failure.is_final {
                                why = failure;
                            }
                        }
                    }
                }
                taken.ok_or(why)?
            }
            handed => handed?,
        };
        let missed = (!missed.is_empty()).then(|| {
            let missed = missed.join("; ");
            cut(&format!("it did not reach everybody: {missed}"), MISSED_CHARS)
        });
        Ok(Arrived { status_code, missed })
    }

    /// Gives the server a mail for some, and answers its status.
    async fn hand_over(&self, to: &[Address], mail: &[u8], deadline: Instant) -> Result<u16, Failure> {
        let envelope = Envelope::new(Some(self.from.email.clone()), to.to_vec())
            .map_err(|error| Failure::lasting(None, format!("no mail can be made of it: {error}")))?;
        let sent = timeout_at(deadline, self.transport.send_raw(&envelope, mail));
        let Ok(sent) = sent.await else {
            let patience = self.patience * Notifier::STEPS;
            let error = format!("the mail server did not take it within {} s", patience.as_secs_f32());
            return Err(Failure::passing(None, error));
        };
        sent.map(|answer| answer.code().into()).map_err(|error| {
            let code = error.status().map(u16::from);
            let is_final = error.is_permanent() || error.is_client();
            let error = if error.is_timeout() {
                format!("the mail server did not answer within {} s", self.patience.as_secs_f32())
            } else if code.is_some() {
                format!("the mail server refused it: {}", chain(&error))
            } else {
                format!("the mail server cannot be spoken to: {}", chain(&error))
            };
            Failure { is_final, ..Failure::passing(code, said(&error)) }
        })
    }

    fn mail(
        &self,
        delivery: &DueDelivery,
        text: &Text,
        to: &[Address],
        now: Timestamp,
    ) -> Result<Message, Failure> {
        let domain = self.from.email.domain();
        let since_1970 = Duration::from_micros(u64::try_from(now.as_micros()).unwrap_or(0));
        let mut mail = Message::builder()
            .from(self.from.clone())
            .subject(&text.headline)
            .date(SystemTime::UNIX_EPOCH + since_1970)
            .message_id(Some(format!("<{}@{domain}>", delivery.id)))
            .raw_header(HeaderValue::new(
                HeaderName::new_from_ascii_str("Auto-Submitted"),
                "auto-generated".to_owned(),
            ));
        for to in to {
            mail = mail.to(Mailbox::new(None, to.clone()));
        }
        if let Some(alert) = &delivery.notification.alert {
            // No mail has this id: each names it, so that they hang together whichever comes first.
            let thread = format!("<alert.{}@{domain}>", alert.id);
            mail = mail.in_reply_to(thread.clone()).references(thread);
        }
        mail.multipart(MultiPart::alternative_plain_html(plain(text), html(text)))
            .map_err(|error| Failure::lasting(None, format!("no mail can be made of it: {error}")))
    }
}

/// The address that a mail can go to.
///
/// # Errors
/// What is wrong with it, for the person who typed it.
pub fn check_mailbox(address: &str) -> Result<Address, String> {
    address.trim().parse().map_err(|error| format!("is no address that mail can go to: {error}"))
}

/// Whether another recipient might be taken where this came of several: not where nobody is let in at all.
fn may_be_of_one(failure: &Failure) -> bool {
    match failure.status_code {
        Some(code) => code != 421 && !(530..540).contains(&code),
        // One has letters that the server does not know.
        None => failure.is_final,
    }
}

fn plain(text: &Text) -> String {
    let mut plain = text.sentences.join("\n\n");
    plain.push_str("\n\n");
    // Writing to a string does not fail.
    for (name, value) in &text.facts {
        let _ = writeln!(plain, "{name}: {value}");
    }
    for (name, url) in &text.links {
        let _ = write!(plain, "\n{name}: {url}\n");
    }
    plain
}

fn html(text: &Text) -> String {
    let mut html = format!(
        "<!doctype html><html lang=\"en\"><body style=\"font-family:sans-serif\"><h2>{}</h2>",
        escape(&text.headline)
    );
    for sentence in &text.sentences {
        let _ = write!(html, "<p>{}</p>", escape(sentence));
    }
    html.push_str("<table>");
    for (name, value) in &text.facts {
        let _ = write!(html, "<tr><th align=\"left\">{name}</th><td>{}</td></tr>", escape(value));
    }
    html.push_str("</table>");
    for (name, url) in &text.links {
        let _ = write!(html, "<p><a href=\"{}\">{name}</a></p>", escape(url));
    }
    html.push_str("</body></html>");
    html
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
