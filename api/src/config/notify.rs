//! How notifications are sent: which addresses webhooks may call, the public URL for links, and the SMTP server.

use domain::secret::Secret;
use lettre::message::Mailbox;
use percent_encoding::percent_decode_str;
use reqwest::Url;

use super::setting::{InvalidSetting, Settings, hidden, invalid};
use crate::{http, notify::PrivateTargets};

const SMTP_EXAMPLE: &str = "a URL like smtp://user:password@mail.example.com:587 (STARTTLS) or \
                            smtps://user:password@mail.example.com, with special characters in the password percent-encoded; \
                            ?tls=none, offered or required overrides the default of smtp://";

/// The settings of notifications.
#[derive(Clone, Debug, Default)]
pub struct Notify {
    /// The private targets that webhooks may call.
    pub private_targets: PrivateTargets,
    /// The public URL of the SPA without a trailing slash; without it notifications have no links.
    pub public_url: Option<String>,
    /// The SMTP server; without it no e-mails are sent.
    pub smtp: Option<Smtp>,
}

/// The SMTP server.
#[derive(Clone, Debug)]
pub struct Smtp {
    /// The host name or address.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The encryption of the connection.
    pub tls: SmtpTls,
    /// The user name and the password.
    pub login: Option<(String, Secret)>,
    /// The sender of all e-mails.
    pub from: Mailbox,
}

/// The encryption of an SMTP connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmtpTls {
    /// No encryption.
    None,
    /// STARTTLS if the server offers it.
    Offered,
    /// STARTTLS; an error if the server does not offer it.
    Required,
    /// TLS from the first byte.
    Wrapped,
}

impl Notify {
    pub(super) fn read(settings: &Settings<'_>) -> Result<Self, InvalidSetting> {
        let public_url = settings.text("PUBLIC_URL").map(|text| {
            http::base_url(&text).map_err(|_| {
                invalid("PUBLIC_URL", text, "the URL of the pages, like https://agents.example.com")
            })
        });
        let from = settings.parsed::<Mailbox>(
            "SMTP_FROM",
            "an e-mail address, like alerts@example.com or Agent Observability <alerts@example.com>",
        )?;
        Ok(Self {
            private_targets: settings
                .parsed(
                    "WEBHOOK_ALLOW_PRIVATE",
                    "true, false, or networks and hosts like 10.0.0.0/8,hooks.internal",
                )?
                .unwrap_or_default(),
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
        // A password is never sent unencrypted.
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
            invalid("SMTP_FROM", "", "a sender address like alerts@example.com, required with SMTP_URL")
        })?,
    })
}
