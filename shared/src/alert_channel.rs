//! Channels that receive notifications of alerts, and the deliveries to them.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    Timestamp,
    alert::Severity,
    auth::{check_email, check_name},
    error::{FieldError, check},
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

/// The target of notifications.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum ChannelTarget {
    /// POST requests with JSON, signed according to Standard Webhooks.
    Webhook {
        /// The URL, with the scheme `https` or `http` and at most 2048 bytes.
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 2048))]
        url: String,
    },
    /// POST requests in the format of Slack incoming webhooks, which Mattermost and others accept as well.
    Slack {
        /// The URL, with the scheme `https` or `http` and at most 2048 bytes.
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 2048))]
        url: String,
    },
    /// E-mails, sent over the SMTP server of this installation.
    Email {
        /// The e-mail addresses of the recipients: 1 to 20.
        #[cfg_attr(feature = "openapi", schema(min_items = 1, max_items = 20))]
        to: Vec<String>,
    },
}

impl ChannelTarget {
    /// Replaces everything after the host of the URL by `…`.
    pub fn hide_url(&mut self) {
        let (Self::Webhook { url } | Self::Slack { url }) = self else { return };
        let host = url.find("://").map_or(0, |scheme| scheme + 3);
        let end = url[host..].find(['/', '?', '#']).map_or(url.len(), |path| host + path);
        url.replace_range(end.., "/…");
    }

    /// Returns the kind.
    #[must_use]
    pub const fn kind(&self) -> ChannelKind {
        match self {
            Self::Webhook { .. } => ChannelKind::Webhook,
            Self::Slack { .. } => ChannelKind::Slack,
            Self::Email { .. } => ChannelKind::Email,
        }
    }

    /// Returns the URL, or `None` if notifications are not sent to a URL.
    #[must_use]
    pub fn url(&self) -> Option<&str> {
        match self {
            Self::Webhook { url } | Self::Slack { url } => Some(url),
            Self::Email { .. } => None,
        }
    }
}

/// The settings of a channel. Absent fields have their defaults: the `kind` is `webhook`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(from = "AlertChannelFields")]
pub struct AlertChannelRequest {
    /// The name: 1 to 256 bytes without control characters.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 256))]
    pub name: String,
    /// The kind and its target.
    #[serde(flatten)]
    pub target: ChannelTarget,
    /// The lowest severity that the channel is notified of. Default: `info`.
    #[cfg_attr(feature = "openapi", schema(required = false))]
    pub min_severity: Severity,
    /// Whether the channel receives notifications. Default: `true`.
    #[cfg_attr(feature = "openapi", schema(required = false))]
    pub enabled: bool,
}

/// The fields of [`AlertChannelRequest`] in JSON, before validation: they may not match the kind.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct AlertChannelFields {
    /// The name: 1 to 256 bytes without control characters.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 256))]
    name: String,
    /// The kind.
    kind: ChannelKind,
    /// The URL, unless the kind is `email`.
    url: Option<String>,
    /// The recipients, if the kind is `email`.
    #[cfg_attr(feature = "openapi", schema(max_items = 20))]
    to: Vec<String>,
    /// The lowest severity that the channel is notified of.
    min_severity: Severity,
    /// Whether the channel receives notifications.
    enabled: bool,
}

impl Default for AlertChannelFields {
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
    /// Creates the settings of an enabled channel that is notified of all severities.
    pub fn new(name: impl Into<String>, target: ChannelTarget) -> Self {
        Self { name: name.into(), target, min_severity: Severity::Info, enabled: true }
    }
}

impl From<AlertChannelFields> for AlertChannelRequest {
    /// Drops the fields that do not belong to the kind.
    fn from(fields: AlertChannelFields) -> Self {
        let AlertChannelFields { name, kind, url, to, min_severity, enabled } = fields;
        let target = match kind {
            ChannelKind::Webhook => ChannelTarget::Webhook { url: url.unwrap_or_default() },
            ChannelKind::Slack => ChannelTarget::Slack { url: url.unwrap_or_default() },
            ChannelKind::Email => ChannelTarget::Email { to },
        };
        Self { name, target, min_severity, enabled }
    }
}

impl AlertChannelFields {
    /// Returns the kind.
    #[must_use]
    pub const fn kind(&self) -> ChannelKind {
        self.kind
    }

    /// Returns an error for every invalid field. Does not check whether the host of the URL is allowed: that is checked on
    /// every delivery.
    #[must_use]
    pub fn validate(&self) -> Vec<FieldError> {
        let (url, to) = match self.kind {
            ChannelKind::Webhook | ChannelKind::Slack => (
                self.url.as_deref().map_or(Err("is required"), check_url),
                check(self.to.is_empty(), "must be empty unless the kind is email"),
            ),
            ChannelKind::Email => (
                check(self.url.is_none(), "must be absent if the kind is email"),
                check((1..=limit::ALERT_EMAILS).contains(&self.to.len()), "must have 1 to 20 addresses"),
            ),
        };
        let emails = (0..).zip(&self.to).map(|(index, email)| (format!("to[{index}]"), check_email(email)));
        let mut errors = FieldError::all([("name", check_name(&self.name)), ("url", url), ("to", to)]);
        errors.extend(FieldError::all(emails));
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
    /// The recipients of an e-mail channel. Only those who have confirmed receive notifications.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recipients: Vec<AlertRecipient>,
    /// The newest delivery.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_delivery: Option<AlertDelivery>,
    /// The signing secret of a webhook (`whsec_…`). Only in the response that creates the channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}

/// A recipient of an e-mail channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AlertRecipient {
    /// The e-mail address.
    pub address: String,
    /// The state.
    pub state: RecipientState,
}

/// The state of a recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum RecipientState {
    /// The recipient is a member of the workspace or has confirmed by a link, and receives notifications.
    Confirmed,
    /// The recipient has not confirmed.
    Pending,
}

/// The recipient to whom a link is sent again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RecipientRequest {
    /// The e-mail address: a recipient of the channel.
    pub address: String,
}

/// The confirmation of a recipient.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ConfirmRecipientRequest {
    /// The token of the link.
    pub token: String,
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
    /// A link by which a recipient of an e-mail channel confirms.
    Confirmation,
}

impl AlertEvent {
    /// All events.
    pub const ALL: [Self; 6] =
        [Self::Firing, Self::Escalated, Self::Reminder, Self::Resolved, Self::Test, Self::Confirmation];

    /// Returns the name in JSON and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Firing => "firing",
            Self::Escalated => "escalated",
            Self::Reminder => "reminder",
            Self::Resolved => "resolved",
            Self::Test => "test",
            Self::Confirmation => "confirmation",
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
    /// The alert; the first one if the notification is about several. Absent for a test.
    pub alert_id: Option<Uuid>,
    /// The number of alerts that the notification is about: those of a rule that changed at once share one.
    #[serde(default)]
    pub alert_count: u64,
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
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use serde_json::json;

    use super::*;

    fn fields(channel: &AlertChannelFields) -> Vec<String> {
        channel.validate().into_iter().map(|error| error.field).collect()
    }

    fn webhook(url: &str) -> AlertChannelFields {
        AlertChannelFields {
            name: "ops".to_owned(),
            url: Some(url.to_owned()),
            ..AlertChannelFields::default()
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
        let email = |to: &[&str]| AlertChannelFields {
            kind: ChannelKind::Email,
            url: None,
            to: to.iter().map(|&to| to.to_owned()).collect(),
            ..webhook("")
        };
        assert!(fields(&email(&["a@b.c"])).is_empty());
        assert_eq!(fields(&email(&[])), ["to"]);
        assert_eq!(fields(&email(&["a@b.c", "a"])), ["to[1]"]);
        assert_eq!(fields(&email(&["a@b.c"; limit::ALERT_EMAILS + 1])), ["to"]);
        let both = AlertChannelFields { kind: ChannelKind::Webhook, ..email(&["a@b.c"]) };
        assert_eq!(fields(&both), ["url", "to"]);
        let url = AlertChannelFields { url: Some("https://a".to_owned()), ..email(&["a@b.c"]) };
        assert_eq!(fields(&url), ["url"]);
    }

    #[test]
    fn every_kind_survives_json() {
        for json in [
            json!({"name": "a", "kind": "webhook", "url": "https://a", "min_severity": "info", "enabled": true}),
            json!({"name": "b", "kind": "slack", "url": "https://b", "min_severity": "warning", "enabled": false}),
            json!({"name": "c", "kind": "email", "to": ["a@b.c"], "min_severity": "critical", "enabled": true}),
        ] {
            let channel: AlertChannelRequest = serde_json::from_value(json.clone()).unwrap();
            assert_eq!(channel.target.kind().as_str(), json["kind"].as_str().unwrap());
            assert_eq!(serde_json::to_value(&channel).unwrap(), json);
        }
    }

    #[test]
    fn absent_fields_have_defaults() {
        let channel: AlertChannelRequest =
            serde_json::from_value(json!({"name": "ops", "url": "https://a"})).unwrap();
        let target = ChannelTarget::Webhook { url: "https://a".to_owned() };
        assert_eq!(channel, AlertChannelRequest::new("ops", target));
    }
}
