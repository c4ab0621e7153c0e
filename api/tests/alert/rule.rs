//! What becomes of alerts when their rule does.

use shared::{
    alert::Severity,
    alert_rule::{AlertMetric, AlertRuleRequest},
};

use crate::stage::{Stage, errors};

pub async fn a_rule_that_is_switched_off_ends_its_alerts_and_begins_anew_when_it_is_on(stage: &mut Stage) {
    let rule = stage.rule(errors()).await;
    let ops = stage.channel("ops", Severity::Info).await;
    stage.failures("bot", &[3, 3]).await;
    stage.change(rule, |rule| rule.enabled = false).await;
    assert_eq!(stage.evaluate().await, 1);
    // It is not even looked at while it is off, and what happens then is nobody's business.
    stage.failures("bot", &[10; 8]).await;
    assert_eq!(stage.evaluate().await, 0);
    stage.failures("bot", &[0; 6]).await;
    stage.change(rule, |rule| rule.enabled = true).await;
    stage.failures("bot", &[0, 3, 3, 3]).await;
    let lives = ["1–2 RuleDisabled Errors, warning, 30.0", "19– Errors, warning, 18.0"];
    assert_eq!(stage.lives().await, lives);
    assert_eq!(stage.told(ops).await, ["1 firing: Errors", "2 resolved: Errors", "19 firing: Errors"]);
}

pub async fn a_rule_that_is_removed_ends_its_alerts_and_goes(stage: &mut Stage) {
    let rule = stage.rule(errors()).await;
    let ops = stage.channel("ops", Severity::Info).await;
    stage.failures("bot", &[3, 3]).await;
    assert!(stage.alerts.delete_rule(stage.workspace_id, rule, stage.clock.now()).await.unwrap());
    assert_eq!(stage.evaluate().await, 1);
    stage.failures("bot", &[3, 3]).await;
    assert_eq!(stage.lives().await, ["1–2 RuleDeleted Errors, warning, 30.0"]);
    assert_eq!(stage.told(ops).await, ["1 firing: Errors", "2 resolved: Errors"]);
    assert_eq!(stage.evaluate().await, 0);
}

pub async fn a_rule_that_measures_something_else_ends_its_alerts_and_begins_anew(stage: &mut Stage) {
    let rule = stage.rule(errors()).await;
    let ops = stage.channel("ops", Severity::Info).await;
    stage.failures("bot", &[3, 3]).await;
    // It fires at once by what it measures now, in the same evaluation.
    stage.change(rule, |rule| rule.window_minutes = 10).await;
    stage.evaluate().await;
    stage
        .change(rule, |rule| {
            *rule = AlertRuleRequest { metric: AlertMetric::Tokens, critical: Some(1e9), ..rule.clone() };
        })
        .await;
    stage.minute().await;
    let lives = [
        "1–2 RuleChanged Errors, warning, 30.0",
        "2–3 RuleChanged Errors, warning, 30.0",
        "3– Errors, warning, 200.0",
    ];
    assert_eq!(stage.lives().await, lives);
    let told = [
        "1 firing: Errors",
        "2 firing: Errors",
        "2 resolved: Errors",
        "3 firing: Errors",
        "3 resolved: Errors",
    ];
    assert_eq!(stage.told(ops).await, told);
}

pub async fn an_alert_goes_on_under_new_thresholds(stage: &mut Stage) {
    let rule = stage.rule(errors()).await;
    let ops = stage.channel("ops", Severity::Info).await;
    stage.failures("bot", &[3, 3]).await;
    stage.change(rule, |rule| rule.critical = Some(25.0)).await;
    stage.failures("bot", &[3]).await;
    let alert = stage.alerts().await.remove(0);
    assert_eq!((alert.severity, alert.threshold), (Severity::Critical, Some(25.0)));
    stage.change(rule, |rule| (rule.warning, rule.critical) = (Some(90.0), None)).await;
    stage.failures("bot", &[3]).await;
    assert_eq!(stage.lives().await, ["1–4 Recovered Errors, critical, 30.0"]);
    assert_eq!(stage.told(ops).await, ["1 firing: Errors", "3 escalated: Errors", "4 resolved: Errors"]);
}

pub async fn alerts_that_came_from_elsewhere_without_memory_go_on(stage: &mut Stage) {
    let rule = stage.rule(errors()).await;
    stage.failures("bot", &[3]).await;
    let moved = stage.alerts.get_rule(stage.workspace_id, rule).await.unwrap().unwrap().0;
    let mut alerts = stage.alerts().await;
    // Another workspace stands for another database.
    stage.workspace_id = uuid::Uuid::new_v4();
    let moved = shared::alert_rule::AlertRule { id: uuid::Uuid::new_v4(), ..moved };
    let mut alert = alerts.remove(0);
    (alert.id, alert.workspace_id, alert.rule_id) =
        (uuid::Uuid::new_v4(), stage.workspace_id, Some(moved.id));
    let record = domain::alert::record::AlertRecord { alert, group_key: String::new() };
    assert_eq!(stage.alerts.restore_rules(stage.workspace_id, &[moved]).await.unwrap(), 1);
    assert_eq!(stage.alerts.insert_alerts(&[record]).await.unwrap(), 1);
    let ops = stage.channel("ops", Severity::Info).await;
    stage.failures("bot", &[2, 2, 0, 0, 0, 0, 0]).await;
    assert_eq!(stage.lives().await, ["1–7 Recovered Errors, warning, 30.0"]);
    assert_eq!(stage.told(ops).await, ["7 resolved: Errors"]);
}
