//! The messages of webhooks, according to Standard Webhooks (<https://www.standardwebhooks.com>). A public interface: fields
//! must not be removed or renamed.

use domain::alert::record::DueDelivery;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde::Serialize;
use shared::{Timestamp, alert::Alert, alert_channel::AlertEvent};
use uuid::Uuid;

use super::{Failure, link::Links, signature};

/// The body of a message.
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
    /// The first alerts, including `alert`, if the event concerns several alerts of a rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    alerts: Option<&'a [Alert]>,
    /// The number of all of these alerts.
    #[serde(skip_serializing_if = "Option::is_none")]
    alerts_total: Option<u64>,
    /// The page of the alert. Absent without a public URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    /// The list of the measured traces.
    #[serde(skip_serializing_if = "Option::is_none")]
    traces_url: Option<String>,
}

/// Returns the signed headers and the body of the message of a delivery. All attempts have the same body and id; the time
/// and the signature differ.
pub(super) fn message(
    delivery: &DueDelivery,
    links: &Links,
    now: Timestamp,
) -> Result<(HeaderMap, Vec<u8>), Failure> {
    let notification = &delivery.notification;
    let alert = notification.alert.as_ref();
    let body = serde_json::to_vec(&Body {
        r#type: kind(notification.event),
        timestamp: notification.at,
        data: Data {
            workspace_id: notification.workspace_id,
            alert,
            alerts: notification.group.as_ref().map(|group| group.alerts.as_slice()),
            alerts_total: notification.group.as_ref().map(|group| group.total),
            url: alert.and_then(|alert| links.alert(alert.id)),
            traces_url: alert.and_then(|alert| links.traces(alert.traces.as_ref()?)),
        },
    });
    let body =
        body.map_err(|error| Failure::permanent(None, format!("failed to serialize the message: {error}")))?;
    let (id, seconds) = (delivery.id.to_string(), now.as_millis().div_euclid(1000));
    let signature = signature::sign(&delivery.secret, &id, seconds, &body).ok_or_else(|| {
        Failure::permanent(None, "the secret of the channel is invalid; create the channel again")
    })?;
    let mut headers = HeaderMap::new();
    for (name, value) in
        [("webhook-id", id), ("webhook-timestamp", seconds.to_string()), ("webhook-signature", signature)]
    {
        // Never fails: all values are ASCII.
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    Ok((headers, body))
}

/// Returns the type in the body.
const fn kind(event: AlertEvent) -> &'static str {
    match event {
        AlertEvent::Firing => "alert.firing",
        AlertEvent::Escalated => "alert.escalated",
        AlertEvent::Reminder => "alert.reminder",
        AlertEvent::Resolved => "alert.resolved",
        // Only recipients of e-mail channels confirm.
        AlertEvent::Test | AlertEvent::Confirmation => "test",
    }
}
