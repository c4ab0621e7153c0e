//! The format of Slack incoming webhooks: a text and one attachment with a color. Mattermost and Rocket.Chat accept it too,
//! unlike the newer blocks.

use domain::alert::record::Notification;
use serde::Serialize;
use shared::{alert::Severity, alert_channel::AlertEvent};

use super::{
    Failure,
    escape::{slack, slack_entities},
    text::Text,
};

#[derive(Serialize)]
struct Body {
    text: String,
    attachments: [Attachment; 1],
}

#[derive(Serialize)]
struct Attachment {
    fallback: String,
    color: &'static str,
    text: String,
    fields: Vec<Field>,
    /// Seconds since 1970.
    ts: i64,
}

#[derive(Serialize)]
struct Field {
    title: &'static str,
    value: String,
    short: bool,
}

/// Returns a notification as JSON.
pub(super) fn body(text: &Text, notification: &Notification) -> Result<Vec<u8>, Failure> {
    let headline = slack(&text.headline);
    let mut paragraphs = vec![text.sentences.iter().map(|text| slack(text)).collect::<Vec<_>>().join("\n")];
    let links: Vec<_> =
        text.links.iter().map(|(name, url)| format!("<{}|{name}>", slack_entities(url))).collect();
    if !links.is_empty() {
        paragraphs.push(links.join("  ·  "));
    }
    let attachment = Attachment {
        fallback: headline.clone(),
        color: color(notification),
        text: paragraphs.join("\n"),
        fields: text
            .fields
            .iter()
            .map(|(title, value)| Field { title, value: slack(value), short: true })
            .collect(),
        ts: notification.at.as_millis().div_euclid(1000),
    };
    serde_json::to_vec(&Body { text: headline, attachments: [attachment] })
        .map_err(|error| Failure::permanent(None, format!("failed to serialize the message: {error}")))
}

fn color(notification: &Notification) -> &'static str {
    match (notification.event, notification.alert.as_ref().map(|alert| alert.severity)) {
        (AlertEvent::Resolved, _) => "#2e9e5b",
        (_, Some(Severity::Critical)) => "#d13438",
        (_, Some(Severity::Warning)) => "#e8a317",
        _ => "#3b82f6",
    }
}
