//! The body of webhooks, by Standard Webhooks (<https://www.standardwebhooks.com>). Receivers depend on it, so its
//! format must not change.

use domain::alert::record::DueDelivery;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde::Serialize;
use shared::{Timestamp, alert::Alert, alert_channel::AlertEvent};
use uuid::Uuid;

use super::{link::Links, outcome::Failure, signature};

/// The body.
#[derive(Serialize)]
struct Body<'a> {
    r#type: &'static str,
    timestamp: Timestamp,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    workspace_id: Uuid,
    #[serde(skip_serializing_if = "Option::is_none")]
    alert: Option<&'a Alert>,
    /// The URL of the alert, if the public URL is configured.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    /// The URL of the traces behind the alert.
    #[serde(skip_serializing_if = "Option::is_none")]
    traces_url: Option<String>,
}

/// The request to post.
pub(super) struct Message {
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

/// Builds the message of a delivery: the same for every attempt except for its signed time.
pub(super) fn message(delivery: &DueDelivery, links: &Links, now: Timestamp) -> Result<Message, Failure> {
    let notification = &delivery.notification;
    let alert = notification.alert.as_ref();
    let body = serde_json::to_vec(&Body {
        r#type: kind(notification.event),
        timestamp: notification.at,
        data: Data {
            workspace_id: notification.workspace_id,
            alert,
            url: alert.and_then(|alert| links.alert(alert.id)),
            traces_url: alert.and_then(|alert| links.traces(alert.traces.as_ref()?)),
        },
    });
    let body =
        body.map_err(|error| Failure::permanent(None, format!("cannot serialize the message: {error}")))?;
    let (id, seconds) = (delivery.id.to_string(), now.as_millis().div_euclid(1000));
    let signature = signature::sign(&delivery.secret, &id, seconds, &body).ok_or_else(|| {
        Failure::permanent(None, "the secret of the channel is damaged; create the channel again")
    })?;
    let mut headers = HeaderMap::new();
    for (name, value) in
        [("webhook-id", id), ("webhook-timestamp", seconds.to_string()), ("webhook-signature", signature)]
    {
        // All values are ASCII.
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    Ok(Message { headers, body })
}

/// Returns the type of an event in the body.
const fn kind(event: AlertEvent) -> &'static str {
    match event {
        AlertEvent::Firing => "alert.firing",
        AlertEvent::Escalated => "alert.escalated",
        AlertEvent::Reminder => "alert.reminder",
        AlertEvent::Resolved => "alert.resolved",
        AlertEvent::Test => "test",
    }
}
