//! Which notifications channels receive, and when.

use domain::alert::record::DeliveryFilter;
use shared::{alert::Severity, alert_channel::AlertEvent, alert_rule::AlertRuleRequest, metric::Dimension};

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

pub async fn alerts_of_a_rule_that_change_at_once_share_a_message_per_channel(stage: &mut Stage) {
    let all = stage.create_channel("all", Severity::Info).await;
    let bad = stage.create_channel("bad", Severity::Critical).await;
    stage.create_rule(AlertRuleRequest { group_by: Some(Dimension::Agent), ..errors() }).await;
    for (agent, failed) in [("one", 3), ("two", 10), ("three", 3)] {
        stage.send(agent, 10 - failed, failed).await;
    }
    stage.advance_minute().await;
    // They are resolved at once, too.
    stage.advance_minutes(12).await;
    let mut lines = Vec::new();
    for channel in [all, bad] {
        let of = DeliveryFilter::Channel(channel);
        for delivery in stage.alerts.list_deliveries(stage.workspace_id, of, 10).await.unwrap().items {
            lines.push((channel == bad, delivery.event, delivery.alert_count));
        }
    }
    lines.sort_by_key(|&(is_bad, event, _)| (is_bad, event.as_str()));
    let expected = [
        (false, AlertEvent::Firing, 3),
        (false, AlertEvent::Resolved, 3),
        (true, AlertEvent::Firing, 1),
        (true, AlertEvent::Resolved, 1),
    ];
    assert_eq!(lines, expected);
    let alerts = stage.alerts().await;
    assert_eq!(alerts.len(), 3);
    for alert in alerts {
        let of = DeliveryFilter::Alert(alert.id);
        let total = stage.alerts.list_deliveries(stage.workspace_id, of, 10).await.unwrap().total;
        let is_bad = alert.agent_id.as_deref() == Some("two");
        assert_eq!(total, if is_bad { 4 } else { 2 }, "{:?} lists the messages about it", alert.agent_id);
    }
}
