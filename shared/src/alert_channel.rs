//! Channels: whom a workspace's alerts are told, and what became of each time they were.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    Timestamp,
    alert::Severity,
    auth::{check_email, check_name},
    error::FieldError,
    limit,
};

/// How a channel is reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum ChannelKind {
    /// A POST of JSON, signed as Standard Webhooks says.
    #[default]
    Webhook,
    /// A POST in the format of Slack's incoming webhooks, which Mattermost and others take too.
    Slack,
    /// An e-mail over the server's SMTP.
    Email,
}

impl ChannelKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Webhook, Self::Slack, Self::Email];

    /// The word in JSON and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::Slack => "slack",
            Self::Email => "email",
        }
    }
}

/// What a channel is. Absent fields have their defaults.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct AlertChannelRequest {
    /// What it is called.
    pub name: String,
    /// How it is reached.
    pub kind: ChannelKind,
    /// Where a webhook or Slack is reached: `https://…`, or `http://…`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Whom an e-mail goes to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub to: Vec<String>,
    /// Milder alerts are not told.
    pub min_severity: Severity,
    /// Whether it is told anything.
    pub enabled: bool,
}

impl Default for AlertChannelRequest {
    fn default() -> Self {
        Self {
            name: String::new(),
            kind: ChannelKind::default(),
            url: None,
            to: Vec::new(),
            min_severity: Severity::Info,
            enabled: true,
        }
    }
}

impl AlertChannelRequest {
    /// Every field that is wrong. Whether the address of a URL may be reached is found out by who reaches it.
    #[must_use]
    pub fn validate(&self) -> Vec<FieldError> {
        let mut wrong: Vec<FieldError> =
            check_name(&self.name).err().map(|detail| FieldError::new("name", detail)).into_iter().collect();
        let is_email = self.kind == ChannelKind::Email;
        match &self.url {
            None if is_email => {}
            None => wrong.push(FieldError::new("url", "is required")),
            Some(_) if is_email => wrong.push(FieldError::new("url", "is of no use for an e-mail")),
            Some(url) => wrong.extend(check_url(url).err().map(|detail| FieldError::new("url", detail))),
        }
        if !is_email && !self.to.is_empty() {
            wrong.push(FieldError::new("to", "is of no use but for an e-mail"));
        }
        if is_email && !(1..=limit::ALERT_EMAILS).contains(&self.to.len()) {
            wrong.push(FieldError::new("to", format!("must be 1 to {} addresses", limit::ALERT_EMAILS)));
        }
        for (index, email) in self.to.iter().enumerate() {
            wrong.extend(
                check_email(email).err().map(|detail| FieldError::new(format!("to[{index}]"), detail)),
            );
        }
        wrong
    }
}

/// What every address must look like; the rest is for who has a parser of URLs.
fn check_url(url: &str) -> Result<(), &'static str> {
    let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    match host {
        _ if url.len() > limit::URL_BYTES => Err("must have at most 2048 bytes"),
        _ if url.chars().any(|char| char.is_control() || char == ' ') => Err("must not contain blanks"),
        None => Err("must begin with https:// or http://"),
        Some(host) if host.is_empty() || host.starts_with('/') => Err("must name a host"),
        Some(host) if host.split('/').next().is_some_and(|host| host.contains('@')) => {
            Err("must not contain a user or a password")
        }
        Some(_) => Ok(()),
    }
}

/// A channel that is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AlertChannel {
    /// Its id.
    pub id: Uuid,
    /// What it is.
    #[serde(flatten)]
    pub channel: AlertChannelRequest,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// The newest delivery; absent where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_delivery: Option<AlertDelivery>,
    /// What a webhook's messages are signed with (`whsec_…`): shown once, in the answer that makes the channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}

/// What a channel is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum AlertEvent {
    /// An alert fired.
    Firing,
    /// It became worse.
    Escalated,
    /// It still lasts.
    Reminder,
    /// It is over.
    Resolved,
    /// Nothing: somebody tries the channel.
    Test,
}

impl AlertEvent {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Firing, Self::Escalated, Self::Reminder, Self::Resolved, Self::Test];

    /// The word in JSON and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Firing => "firing",
            Self::Escalated => "escalated",
            Self::Reminder => "reminder",
            Self::Resolved => "resolved",
            Self::Test => "test",
        }
    }
}

/// What became of telling a channel something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AlertDelivery {
    /// Its id: what a webhook gets as `webhook-id`, the same for every attempt.
    pub id: Uuid,
    /// Whom it goes to.
    pub channel_id: Uuid,
    /// The alert that it tells of; absent for a test.
    pub alert_id: Option<Uuid>,
    /// What it tells.
    pub event: AlertEvent,
    /// Whether it arrived.
    pub state: DeliveryState,
    /// How often it was tried.
    pub attempts: u64,
    /// When it was to be told.
    pub created_at: Timestamp,
    /// When it is tried next; absent where it is not.
    pub next_attempt_at: Option<Timestamp>,
    /// When it arrived or was given up.
    pub finished_at: Option<Timestamp>,
    /// What the other side answered last: an HTTP or SMTP status.
    pub status_code: Option<u64>,
    /// Why the last attempt failed.
    pub error: Option<String>,
}

/// Whether something arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum DeliveryState {
    /// It will be tried, or tried again.
    Pending,
    /// It arrived.
    Delivered,
    /// It was given up.
    Failed,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(channel: &AlertChannelRequest) -> Vec<String> {
        channel.validate().into_iter().map(|error| error.field).collect()
    }

    fn webhook(url: &str) -> AlertChannelRequest {
        AlertChannelRequest {
            name: "ops".to_owned(),
            url: Some(url.to_owned()),
            ..AlertChannelRequest::default()
        }
    }

    #[test]
    fn a_url_is_that_of_a_host_without_a_password() {
        for good in ["https://example.com/hook?a=b", "http://10.0.0.1:8080", "https://example.com/a@b"] {
            assert!(fields(&webhook(good)).is_empty(), "{good}");
        }
        for bad in
            ["", "ftp://a", "https://", "https:///x", "https://u:p@host/", "https://a b", "example.com"]
        {
            assert_eq!(fields(&webhook(bad)), ["url"], "{bad:?}");
        }
    }

    #[test]
    fn an_email_has_addresses_and_nothing_else_does() {
        let email = |to: &[&str]| AlertChannelRequest {
            kind: ChannelKind::Email,
            url: None,
            to: to.iter().map(|&to| to.to_owned()).collect(),
            ..webhook("")
        };
        assert!(fields(&email(&["a@b.c"])).is_empty());
        assert_eq!(fields(&email(&[])), ["to"]);
        assert_eq!(fields(&email(&["a@b.c", "a"])), ["to[1]"]);
        assert_eq!(fields(&email(&["a@b.c"; limit::ALERT_EMAILS + 1])), ["to"]);
        let both = AlertChannelRequest { kind: ChannelKind::Webhook, ..email(&["a@b.c"]) };
        assert_eq!(fields(&both), ["url", "to"]);
        let url = AlertChannelRequest { url: Some("https://a".to_owned()), ..email(&["a@b.c"]) };
        assert_eq!(fields(&url), ["url"]);
    }
}
