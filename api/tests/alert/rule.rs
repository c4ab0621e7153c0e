//! The effect of changes to a rule on its alerts.

use shared::{
    alert::Severity,
    alert_rule::{AlertMetric, AlertRuleRequest},
};

use crate::stage::{Stage, errors};

pub async fn disabling_a_rule_resolves_its_alerts_and_resets_its_state(stage: &mut Stage) {
    let rule = stage.create_rule(errors()).await;
    let ops = stage.create_channel("ops", Severity::Info).await;
    stage.failures("bot", &[3, 3]).await;
    stage.update_rule(rule, |rule| rule.enabled = false).await;
    assert_eq!(stage.evaluate().await, 1);
    // A disabled rule is not evaluated, and failures during this time do not count.
    stage.failures("bot", &[10; 8]).await;
    assert_eq!(stage.evaluate().await, 0);
    stage.failures("bot", &[0; 6]).await;
    stage.update_rule(rule, |rule| rule.enabled = true).await;
    stage.failures("bot", &[0, 3, 3, 3]).await;
    let expected_alerts = ["1–2 RuleDisabled Errors, warning, 30.0", "19– Errors, warning, 18.0"];
    assert_eq!(stage.alert_lines().await, expected_alerts);
    assert_eq!(
        stage.notification_lines(ops).await,
        ["1 firing: Errors", "2 resolved: Errors", "19 firing: Errors"]
    );
}

pub async fn deleting_a_rule_resolves_its_alerts(stage: &mut Stage) {
    let rule = stage.create_rule(errors()).await;
    let ops = stage.create_channel("ops", Severity::Info).await;
    stage.failures("bot", &[3, 3]).await;
    assert!(stage.alerts.delete_rule(stage.workspace_id, rule, stage.clock.now()).await.unwrap());
    assert_eq!(stage.evaluate().await, 1);
    stage.failures("bot", &[3, 3]).await;
    assert_eq!(stage.alert_lines().await, ["1–2 RuleDeleted Errors, warning, 30.0"]);
    assert_eq!(stage.notification_lines(ops).await, ["1 firing: Errors", "2 resolved: Errors"]);
    assert_eq!(stage.evaluate().await, 0);
}

pub async fn changing_what_a_rule_measures_resolves_its_alerts_and_resets_its_state(stage: &mut Stage) {
    let rule = stage.create_rule(errors()).await;
    let ops = stage.create_channel("ops", Severity::Info).await;
    stage.failures("bot", &[3, 3]).await;
    // The rule fires with its new definition in the same evaluation.
    stage.update_rule(rule, |rule| rule.window_minutes = 10).await;
    stage.evaluate().await;
    stage
        .update_rule(rule, |rule| {
            *rule = AlertRuleRequest { metric: AlertMetric::Tokens, critical: Some(1e9), ..rule.clone() };
        })
        .await;
    stage.advance_minute().await;
    let expected_alerts = [
        "1–2 RuleChanged Errors, warning, 30.0",
        "2–3 RuleChanged Errors, warning, 30.0",
        "3– Errors, warning, 200.0",
    ];
    assert_eq!(stage.alert_lines().await, expected_alerts);
    let expected_notifications = [
        "1 firing: Errors",
        "2 firing: Errors",
        "2 resolved: Errors",
        "3 firing: Errors",
        "3 resolved: Errors",
    ];
    assert_eq!(stage.notification_lines(ops).await, expected_notifications);
}

pub async fn an_open_alert_follows_new_thresholds(stage: &mut Stage) {
    let rule = stage.create_rule(errors()).await;
    let ops = stage.create_channel("ops", Severity::Info).await;
    stage.failures("bot", &[3, 3]).await;
    stage.update_rule(rule, |rule| rule.critical = Some(25.0)).await;
    stage.failures("bot", &[3]).await;
    let alert = stage.alerts().await.remove(0);
    assert_eq!((alert.severity, alert.threshold), (Severity::Critical, Some(25.0)));
    stage.update_rule(rule, |rule| (rule.warning, rule.critical) = (Some(90.0), None)).await;
    stage.failures("bot", &[3]).await;
    assert_eq!(stage.alert_lines().await, ["1–4 Recovered Errors, critical, 30.0"]);
    assert_eq!(
        stage.notification_lines(ops).await,
        ["1 firing: Errors", "3 escalated: Errors", "4 resolved: Errors"]
    );
}

pub async fn restored_alerts_continue_without_rule_state(stage: &mut Stage) {
    let rule = stage.create_rule(errors()).await;
    stage.failures("bot", &[3]).await;
    let moved = stage.alerts.get_rule(stage.workspace_id, rule).await.unwrap().unwrap().0;
    let mut alerts = stage.alerts().await;
    // Another workspace serves as the other database.
    stage.workspace_id = uuid::Uuid::new_v4();
    let moved = shared::alert_rule::AlertRule { id: uuid::Uuid::new_v4(), ..moved };
    let mut alert = alerts.remove(0);
    (alert.id, alert.workspace_id, alert.rule_id) =
        (uuid::Uuid::new_v4(), stage.workspace_id, Some(moved.id));
    let record = domain::alert::record::AlertRecord { alert, group_key: String::new() };
    assert_eq!(stage.alerts.restore_rules(stage.workspace_id, &[moved]).await.unwrap(), 1);
    assert_eq!(stage.alerts.insert_alerts(&[record]).await.unwrap(), 1);
    let ops = stage.create_channel("ops", Severity::Info).await;
    stage.failures("bot", &[2, 2, 0, 0, 0, 0, 0]).await;
    assert_eq!(stage.alert_lines().await, ["1–7 Recovered Errors, warning, 30.0"]);
    assert_eq!(stage.notification_lines(ops).await, ["7 resolved: Errors"]);
}
