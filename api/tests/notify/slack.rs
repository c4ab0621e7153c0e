//! Messages for Slack and compatible receivers.

use std::time::Duration;

use serde_json::json;
use shared::{
    alert::{Alert, Resolution, Severity},
    alert_channel::{AlertEvent, DeliveryState},
};

use crate::stage::{START, Stage};
use test_support::receiver::{Receiver, Reply};

#[tokio::test]
async fn a_message_contains_color_fields_and_links() {
    let stage = Stage::new().await;
    let receiver = Receiver::start([]).await;
    let channel = stage.slack(receiver.url()).await;
    let alert = Alert { title: "<!channel> & more".to_owned(), ..stage.alert() };
    let id = stage.notify(&channel, AlertEvent::Firing, Some(&alert)).await;
    let _delivering = stage.deliverer().await;
    assert_eq!(stage.finished(&channel, id).await.state, DeliveryState::Delivered);
    let received = &receiver.received()[0];
    assert!(!received.headers.contains_key("webhook-signature"));
    let page = "https://example.com/obs";
    let traces = "range=custom&amp;start=2023-11-14T21%3A43%3A20Z&amp;end=2023-11-14T22%3A13%3A20Z\
                  &amp;agent_id=support-bot&amp;status=error";
    assert_eq!(
        received.json(),
        json!({
            "text": "[critical] &lt;!channel&gt; &amp; more",
            "attachments": [{
                "fallback": "[critical] &lt;!channel&gt; &amp; more",
                "color": "#d13438",
                "text": format!(
                    "7.5 % of 200 traces failed; the threshold is 5 %.\n\
                     <{page}/alerts/{}|Alert>  ·  <{page}/traces?{traces}|Traces>",
                    alert.id
                ),
                "fields": [
                    { "title": "Value", "value": "7.5%", "short": true },
                    { "title": "Threshold", "value": "5%", "short": true },
                    { "title": "Worst value", "value": "9.3%", "short": true },
                    { "title": "Agent", "value": "support-bot", "short": true },
                    { "title": "Fired", "value": "2023-11-14 22:13:20 UTC", "short": true },
                ],
                "ts": 1_700_000_000,
            }],
        })
    );
}

#[tokio::test]
async fn a_message_begins_with_the_event_and_a_resolved_alert_is_green() {
    let stage = Stage::new().await;
    let receiver = Receiver::start([]).await;
    let channel = stage.slack(receiver.url()).await;
    let _delivering = stage.deliverer().await;
    stage.clock.advance(Duration::from_secs(3600 + 23 * 60));
    let now = stage.clock.now();
    let escalated = stage.alert();
    let ongoing = Alert { severity: Severity::Warning, ..stage.alert() };
    let resolved = Alert { resolved_at: Some(now), resolution: Some(Resolution::Recovered), ..stage.alert() };
    for (event, alert, headline, sentence, color) in [
        (AlertEvent::Escalated, &escalated, "[critical] ", "The severity increased to critical.", "#d13438"),
        (
            AlertEvent::Reminder,
            &ongoing,
            "[warning] ",
            "Active for 1 h 23 min and not acknowledged.",
            "#e8a317",
        ),
        (
            AlertEvent::Resolved,
            &resolved,
            "[resolved] ",
            "Resolved after 1 h 23 min: the value returned within the threshold.",
            "#2e9e5b",
        ),
    ] {
        let id = stage.notify(&channel, event, Some(alert)).await;
        stage.finished(&channel, id).await;
        let body = receiver.received().last().unwrap().json();
        assert!(body["text"].as_str().unwrap().starts_with(headline), "{body}");
        let attachment = &body["attachments"][0];
        assert!(attachment["text"].as_str().unwrap().starts_with(sentence), "{body}");
        assert_eq!(attachment["color"], color);
        assert_eq!(attachment["ts"], START.since(shared::Timestamp::from_micros(0)).as_secs() + 4980);
    }
}

#[tokio::test]
async fn a_long_description_is_truncated_and_an_unknown_address_fails() {
    let stage = Stage::new().await;
    let receiver = Receiver::start([Reply::Status(404, "", "no_team")]).await;
    let channel = stage.slack(receiver.url()).await;
    let alert = Alert {
        title: "é".repeat(5000),
        description: "<".repeat(50_000),
        agent_id: Some("a".repeat(5000)),
        ..stage.alert()
    };
    let id = stage.notify(&channel, AlertEvent::Firing, Some(&alert)).await;
    let _delivering = stage.deliverer().await;
    let delivery = stage.finished(&channel, id).await;
    assert_eq!(delivery.error.as_deref(), Some("responded 404 Not Found"));
    let received = &receiver.received()[0];
    assert!(received.body.len() < 16_384, "{} bytes", received.body.len());
    assert_eq!(received.json()["text"].as_str().unwrap().chars().count(), 250);
}

#[tokio::test]
async fn hostile_names_cannot_mention_people_load_images_or_show_false_links() {
    let stage = Stage::new().await;
    let receiver = Receiver::start([]).await;
    let channel = stage.slack(receiver.url()).await;
    let _delivering = stage.deliverer().await;
    let hostile =
        "@here <!channel> ![](https://evil.example/pixel.png) [Alert](http://evil.example) ``` \u{202e}\n";
    let alert = Alert {
        title: hostile.to_owned(),
        description: format!("The agent {hostile}failed: {hostile}"),
        agent_id: Some(hostile.to_owned()),
        model: Some(hostile.to_owned()),
        ..stage.alert()
    };
    let id = stage.notify(&channel, AlertEvent::Firing, Some(&alert)).await;
    stage.finished(&channel, id).await;
    let body = receiver.received()[0].json();
    let (text, links) = body["attachments"][0]["text"].as_str().unwrap().rsplit_once('\n').unwrap();
    assert!(links.starts_with("<https://example.com/obs/alerts/"), "{links}");
    let fields = body["attachments"][0]["fields"].as_array().unwrap();
    let values = fields.iter().map(|field| field["value"].as_str().unwrap());
    let texts = [text, body["text"].as_str().unwrap(), body["attachments"][0]["fallback"].as_str().unwrap()];
    for text in texts.into_iter().chain(values) {
        for harmful in ["@h", "<", ">", "](", "://", "```", "\u{202e}", "\n"] {
            assert!(!text.contains(harmful), "{harmful:?}: {text:?}");
        }
    }
}
