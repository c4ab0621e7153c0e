//! Which notifications channels receive, and when.

use shared::{alert::Severity, alert_rule::AlertRuleRequest};

use crate::stage::{Stage, errors};

pub async fn a_muted_rule_notifies_about_open_alerts_when_the_mute_ends(stage: &mut Stage) {
    let until =
        |stage: &Stage, minutes: u32| Some(stage.clock.now() + std::time::Duration::from_secs(60) * minutes);
    let rule = stage.create_rule(AlertRuleRequest { muted_until: until(stage, 15), ..errors() }).await;
    let ops = stage.create_channel("ops", Severity::Info).await;
    stage.failures("bot", &[3, 3, 0, 0, 0, 0, 0, 0]).await;
    stage.failures("bot", &[3; 12]).await;
    let expected_alerts = ["1–6 Recovered Errors, warning, 30.0", "10– Errors, warning, 30.0"];
    assert_eq!(stage.alert_lines().await, expected_alerts);
    assert_eq!(stage.notification_lines(ops).await, ["15 firing: Errors"]);
    // The rule is muted again, so the resolution sends no notification.
    let again = until(stage, 60);
    stage.update_rule(rule, |rule| rule.muted_until = again).await;
    stage.failures("bot", &[0; 8]).await;
    assert_eq!(stage.notification_lines(ops).await, ["15 firing: Errors"]);
}

pub async fn reminders_stop_after_acknowledgement(stage: &mut Stage) {
    stage.create_rule(AlertRuleRequest { renotify_minutes: Some(5), ..errors() }).await;
    let ops = stage.create_channel("ops", Severity::Info).await;
    stage.failures("bot", &[3; 13]).await;
    let id = stage.alerts().await[0].id;
    let now = stage.clock.now();
    stage.alerts.acknowledge_alert(stage.workspace_id, id, "ada@example.com", now).await.unwrap().unwrap();
    stage.failures("bot", &[3; 10]).await;
    let alert = stage.alerts().await.remove(0);
    assert_eq!(alert.acknowledged_by.as_deref(), Some("ada@example.com"));
    // An escalation notifies even after the acknowledgement.
    stage.failures("bot", &[10; 5]).await;
    stage.failures("bot", &[0; 6]).await;
    let expected_notifications = [
        "1 firing: Errors",
        "6 reminder: Errors",
        "11 reminder: Errors",
        "25 escalated: Errors",
        "33 resolved: Errors",
    ];
    assert_eq!(stage.notification_lines(ops).await, expected_notifications);
    let alert = stage.alerts().await.remove(0);
    assert_eq!((alert.acknowledged_at, alert.severity), (Some(now), Severity::Warning));
}

pub async fn channels_receive_alerts_of_rules_that_name_them_from_their_minimum_severity(stage: &mut Stage) {
    let all = stage.create_channel("all", Severity::Info).await;
    let bad = stage.create_channel("bad", Severity::Critical).await;
    let own = stage.create_channel("own", Severity::Info).await;
    stage.create_rule(AlertRuleRequest { channel_ids: Some(vec![all, bad]), ..errors() }).await;
    let named = AlertRuleRequest { name: "Other".to_owned(), channel_ids: Some(vec![own]), ..errors() };
    stage.create_rule(AlertRuleRequest { critical: None, ..named }).await;
    stage
        .create_rule(AlertRuleRequest { name: "Nobody".to_owned(), channel_ids: Some(vec![]), ..errors() })
        .await;
    stage.failures("bot", &[3, 10, 0]).await;
    let late = stage.create_channel("late", Severity::Info).await;
    stage.failures("bot", &[0, 0, 0, 0, 0]).await;
    let lines = |name: &str, events: &[&str]| {
        events.iter().map(|event| format!("{event}: {name}")).collect::<Vec<_>>()
    };
    assert_eq!(
        stage.notification_lines(all).await,
        lines("Errors", &["1 firing", "2 escalated", "7 resolved"])
    );
    assert_eq!(stage.notification_lines(bad).await, lines("Errors", &["2 escalated", "7 resolved"]));
    assert_eq!(stage.notification_lines(own).await, lines("Other", &["1 firing", "7 resolved"]));
    assert_eq!(stage.notification_lines(late).await, [""; 0]);
    assert_eq!(stage.alert_lines().await.len(), 3);
}
