//! What a webhook gets, as Standard Webhooks says (<https://www.standardwebhooks.com>). Others read this: what is in it
//! stays.

use domain::alert::record::DueDelivery;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde::Serialize;
use shared::{Timestamp, alert::Alert, alert_channel::AlertEvent};
use uuid::Uuid;

use super::{Failure, link::Links, signature};

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
    /// The page of the alert, where it is known where pages are.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    /// The page of the traces behind it.
    #[serde(skip_serializing_if = "Option::is_none")]
    traces_url: Option<String>,
}

/// What is posted.
pub(super) struct Message {
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

/// A delivery's message: with every attempt the same but for the time, which is signed, too.
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
    let body = body.map_err(|error| Failure::lasting(None, format!("it cannot be written: {error}")))?;
    let (id, seconds) = (delivery.id.to_string(), now.as_millis().div_euclid(1000));
    let signature = signature::sign(&delivery.secret, &id, seconds, &body)
        .ok_or_else(|| Failure::lasting(None, "the channel's secret is damaged: make the channel anew"))?;
    let mut headers = HeaderMap::new();
    for (name, value) in
        [("webhook-id", id), ("webhook-timestamp", seconds.to_string()), ("webhook-signature", signature)]
    {
        // All of them are plain ASCII.
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    Ok(Message { headers, body })
}

/// What happened, in the words of the body.
const fn kind(event: AlertEvent) -> &'static str {
    match event {
        AlertEvent::Firing => "alert.firing",
        AlertEvent::Escalated => "alert.escalated",
        AlertEvent::Reminder => "alert.reminder",
        AlertEvent::Resolved => "alert.resolved",
        AlertEvent::Test => "test",
    }
}
