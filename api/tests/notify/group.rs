//! Messages about several alerts of a rule.

use domain::alert::record::NotifiedGroup;
use serde_json::json;
use shared::{
    alert::{Alert, Severity},
    alert_channel::{AlertChannelRequest, AlertEvent, ChannelTarget, DeliveryState},
};
use uuid::Uuid;

use crate::{
    email::{TIMEOUT, settings_for},
    smtp::{MailServer, Replies},
    stage::Stage,
};
use test_support::receiver::Receiver;

/// Two of twelve alerts.
fn group(stage: &Stage) -> NotifiedGroup {
    let warning = Alert {
        title: "High error rate: sales-bot".to_owned(),
        severity: Severity::Warning,
        ..stage.alert()
    };
    NotifiedGroup { id: Uuid::new_v4(), alerts: vec![stage.alert(), warning], total: 12 }
}

#[tokio::test]
async fn a_webhook_has_the_first_alerts_and_the_number_of_all() {
    let stage = Stage::new().await;
    let receiver = Receiver::start([]).await;
    let channel = stage.webhook(receiver.url()).await;
    let group = group(&stage);
    let id = stage.notify_group(&channel, AlertEvent::Firing, group.clone()).await;
    let _delivering = stage.deliverer().await;
    assert_eq!(stage.finished(&channel, id).await.state, DeliveryState::Delivered);
    let body = receiver.received()[0].json();
    assert_eq!(body["type"], "alert.firing");
    assert_eq!(body["data"]["alert"], json!(group.alerts[0]));
    assert_eq!(body["data"]["alerts"], json!(group.alerts));
    assert_eq!(body["data"]["alerts_total"], 12);
}

#[tokio::test]
async fn a_slack_message_lists_the_first_alerts() {
    let stage = Stage::new().await;
    let receiver = Receiver::start([]).await;
    let channel = stage.slack(receiver.url()).await;
    let id = stage.notify_group(&channel, AlertEvent::Resolved, group(&stage)).await;
    let _delivering = stage.deliverer().await;
    assert_eq!(stage.finished(&channel, id).await.state, DeliveryState::Delivered);
    let body = receiver.received()[0].json();
    assert_eq!(body["text"], "[resolved] High error rate: support-bot and 11 more");
    assert_eq!(
        body["attachments"][0]["text"],
        "12 alerts were resolved:\n\
         High error rate: support-bot (critical, value 7.5%, threshold 5%)\n\
         High error rate: sales-bot (warning, value 7.5%, threshold 5%)\n\
         and 10 more\n\
         <https://example.com/obs/alerts|Alerts>"
    );
    assert_eq!(body["attachments"][0]["fields"], json!([]));
}

#[tokio::test]
async fn an_email_lists_the_first_alerts_and_belongs_to_the_thread_of_the_rule() {
    let stage = Stage::new().await;
    let server = MailServer::start(Replies::default()).await;
    let target = ChannelTarget::Email { to: vec!["ada@example.com".to_owned()] };
    let channel = stage.create_channel(AlertChannelRequest::new("ops", target)).await;
    let group = group(&stage);
    let id = stage.notify_group(&channel, AlertEvent::Escalated, group.clone()).await;
    let _delivering = stage.deliverer_with(settings_for(&server), TIMEOUT).await;
    assert_eq!(stage.finished(&channel, id).await.state, DeliveryState::Delivered);
    let [mail] = server.mails().try_into().unwrap();
    assert_eq!(mail.header("Subject").unwrap(), "[critical] Agent Observability: 12 alerts escalated");
    let rule_id = group.alerts[0].rule_id.unwrap();
    assert_eq!(mail.header("References"), Some(format!("<rule.{rule_id}@example.com>")));
    let text = mail.text.replace("=\r\n", "").replace("=3D", "=");
    for part in ["12 alerts escalated:", "High error rate: sales-bot (warning,", "and 10 more"] {
        assert!(text.contains(part), "{part} is missing in {text}");
    }
}
