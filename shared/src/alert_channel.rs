//! Channels that receive notifications of alerts, and the deliveries to them.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    Timestamp,
    alert::Severity,
    auth::{check_email, check_name},
    error::FieldError,
    limit,
};

/// The kind of a channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum ChannelKind {
    /// POST requests with JSON, signed according to Standard Webhooks.
    #[default]
    Webhook,
    /// POST requests in the format of Slack incoming webhooks, which Mattermost and others accept as well.
    Slack,
    /// E-mails, sent over the SMTP server of this installation.
    Email,
}

impl ChannelKind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Webhook, Self::Slack, Self::Email];

    /// Returns the name in JSON and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::Slack => "slack",
            Self::Email => "email",
        }
    }
}

/// The settings of a channel. Absent fields have their defaults.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct AlertChannelRequest {
    /// The name: 1 to 256 bytes without control characters.
    pub name: String,
    /// The kind. Default: `webhook`.
    pub kind: ChannelKind,
    /// The URL of a webhook or of Slack, with the scheme `https` or `http` and at most 2048 bytes. Required for these kinds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The e-mail addresses of the recipients: 1 to 20 for the kind `email`, otherwise empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub to: Vec<String>,
    /// The lowest severity that the channel is notified of. Default: `info`.
    pub min_severity: Severity,
    /// Whether the channel receives notifications. Default: `true`.
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
    /// Returns an error for every invalid field. Does not check whether the host of the URL is allowed: that is checked on
    /// every delivery.
    #[must_use]
    pub fn validate(&self) -> Vec<FieldError> {
        let mut errors: Vec<FieldError> =
            check_name(&self.name).err().map(|detail| FieldError::new("name", detail)).into_iter().collect();
        let is_email = self.kind == ChannelKind::Email;
        match &self.url {
            None if is_email => {}
            None => errors.push(FieldError::new("url", "is required")),
            Some(_) if is_email => errors.push(FieldError::new("url", "must be absent for an e-mail")),
            Some(url) => errors.extend(check_url(url).err().map(|detail| FieldError::new("url", detail))),
        }
        if !is_email && !self.to.is_empty() {
            errors.push(FieldError::new("to", "must be empty unless the kind is email"));
        }
        if is_email && !(1..=limit::ALERT_EMAILS).contains(&self.to.len()) {
            errors.push(FieldError::new("to", format!("must have 1 to {} addresses", limit::ALERT_EMAILS)));
        }
        for (index, email) in self.to.iter().enumerate() {
            errors.extend(
                check_email(email).err().map(|detail| FieldError::new(format!("to[{index}]"), detail)),
            );
        }
        errors
    }
}

/// Checks the form of a URL. The server parses it completely.
fn check_url(url: &str) -> Result<(), &'static str> {
    let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    match host {
        _ if url.len() > limit::URL_BYTES => Err("must have at most 2048 bytes"),
        _ if url.chars().any(|char| char.is_control() || char == ' ') => {
            Err("must not contain spaces or control characters")
        }
        None => Err("must begin with https:// or http://"),
        Some(host) if host.is_empty() || host.starts_with('/') => Err("must name a host"),
        Some(host) if host.split('/').next().is_some_and(|host| host.contains('@')) => {
            Err("must not contain a user name or password")
        }
        Some(_) => Ok(()),
    }
}

/// A stored channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AlertChannel {
    /// The id of the channel.
    pub id: Uuid,
    /// The settings.
    #[serde(flatten)]
    pub channel: AlertChannelRequest,
    /// The time of the creation.
    pub created_at: Timestamp,
    /// The time of the last update.
    pub updated_at: Timestamp,
    /// The newest delivery.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_delivery: Option<AlertDelivery>,
    /// The signing secret of a webhook (`whsec_…`). Only in the response that creates the channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}

/// An event that channels are notified of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum AlertEvent {
    /// An alert fired.
    Firing,
    /// The severity of an alert increased.
    Escalated,
    /// An alert is still active and not acknowledged.
    Reminder,
    /// An alert was resolved.
    Resolved,
    /// A test of the channel, without an alert.
    Test,
}

impl AlertEvent {
    /// All events.
    pub const ALL: [Self; 5] = [Self::Firing, Self::Escalated, Self::Reminder, Self::Resolved, Self::Test];

    /// Returns the name in JSON and in the database.
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

/// The delivery of a notification to a channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AlertDelivery {
    /// The id of the delivery. A webhook receives it as `webhook-id`, the same for every attempt.
    pub id: Uuid,
    /// The channel.
    pub channel_id: Uuid,
    /// The alert. Absent for a test.
    pub alert_id: Option<Uuid>,
    /// The event.
    pub event: AlertEvent,
    /// The state.
    pub state: DeliveryState,
    /// The number of attempts.
    pub attempts: u64,
    /// The time of the event.
    pub created_at: Timestamp,
    /// The time of the next attempt. Absent if there is none.
    pub next_attempt_at: Option<Timestamp>,
    /// The time at which the delivery succeeded or failed permanently.
    pub finished_at: Option<Timestamp>,
    /// The HTTP or SMTP status of the last attempt.
    pub status_code: Option<u64>,
    /// The error of the last attempt.
    pub error: Option<String>,
}

/// The state of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum DeliveryState {
    /// Waiting for the next attempt.
    Pending,
    /// An attempt succeeded.
    Delivered,
    /// All attempts failed.
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
    fn a_url_needs_a_host_and_no_credentials() {
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
    fn only_an_email_channel_has_addresses() {
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
