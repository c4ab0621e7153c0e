//! How channels are told of alerts: where webhooks may lead, where people reach the page, and who sends e-mails.

use lettre::message::Mailbox;
use percent_encoding::percent_decode_str;
use reqwest::Url;

use super::{InvalidSetting, Settings, invalid, setting::hidden};
use crate::{gateway::secret::Secret, http};

const SMTP_EXAMPLE: &str = "an address like smtp://user:password@mail.example.com:587 (STARTTLS) or \
                            smtps://user:password@mail.example.com, with %40 and the like for signs in the password; \
                            ?tls=none, offered or required says otherwise what smtp:// does";

/// How channels are told.
#[derive(Clone, Debug, Default)]
pub struct Notify {
    /// Whether webhooks may lead into private networks.
    pub allow_private: bool,
    /// Where people reach the page, without a slash at its end. Without it nothing that is told has a link.
    pub public_url: Option<String>,
    /// How e-mails are sent; not at all where absent.
    pub smtp: Option<Smtp>,
}

/// The server that takes e-mails.
#[derive(Clone, Debug)]
pub struct Smtp {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How what is said to it is encrypted.
    pub tls: SmtpTls,
    /// The user and the password.
    pub login: Option<(String, Secret)>,
    /// Whom e-mails come from.
    pub from: Mailbox,
}

/// How what is said to a mail server is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmtpTls {
    /// Not at all.
    None,
    /// By STARTTLS where the server offers it.
    Offered,
    /// By STARTTLS or nothing is said.
    Required,
    /// From the first byte.
    Wrapped,
}

impl Notify {
    pub(super) fn read<L: Fn(&str) -> Option<String>>(
        settings: &Settings<L>,
    ) -> Result<Self, InvalidSetting> {
        let public_url = settings.text("PUBLIC_URL").map(|text| {
            http::base_url(&text).map_err(|_| {
                invalid("PUBLIC_URL", text, "where people reach the page, like https://agents.example.com")
            })
        });
        let from = settings.parsed::<Mailbox>(
            "SMTP_FROM",
            "an e-mail address, like alerts@example.com or Agent Observability <alerts@example.com>",
        )?;
        Ok(Self {
            allow_private: settings.one_of("WEBHOOK_ALLOW_PRIVATE", &["true", "false"])? == Some("true"),
            public_url: public_url.transpose()?,
            smtp: settings.text("SMTP_URL").map(|text| smtp(&text, from)).transpose()?,
        })
    }
}

fn smtp(text: &str, from: Option<Mailbox>) -> Result<Smtp, InvalidSetting> {
    let wrong = || invalid("SMTP_URL", hidden(text), SMTP_EXAMPLE);
    let url = Url::parse(text).map_err(|_| wrong())?;
    let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(wrong)?;
    let decoded = |text: &str| percent_decode_str(text).decode_utf8().map(String::from).map_err(|_| wrong());
    let login = match url.password() {
        Some(password) => Some((decoded(url.username())?, Secret::new(decoded(password)?))),
        None if url.username().is_empty() => None,
        None => return Err(wrong()),
    };
    let wants: Vec<_> = url.query_pairs().collect();
    let tls = match (url.scheme(), wants.as_slice()) {
        ("smtps", []) => SmtpTls::Wrapped,
        // A password is told nobody who listens.
        ("smtp", []) if login.is_some() => SmtpTls::Required,
        ("smtp", []) => SmtpTls::Offered,
        ("smtp", [(name, value)]) if name == "tls" => match value.as_ref() {
            "none" => SmtpTls::None,
            "offered" => SmtpTls::Offered,
            "required" => SmtpTls::Required,
            _ => return Err(wrong()),
        },
        _ => return Err(wrong()),
    };
    if !matches!(url.path(), "" | "/") || url.fragment().is_some() {
        return Err(wrong());
    }
    let default_port = match (tls, login.is_some()) {
        (SmtpTls::Wrapped, _) => 465,
        (_, true) => 587,
        (_, false) => 25,
    };
    Ok(Smtp {
        host: host.trim_start_matches('[').trim_end_matches(']').to_owned(),
        port: url.port().unwrap_or(default_port),
        tls,
        login,
        from: from.ok_or_else(|| {
            invalid("SMTP_FROM", "", "whom e-mails come from, as SMTP_URL is set: like alerts@example.com")
        })?,
    })
}
