//! Who is told what, and when.

use shared::{alert::Severity, alert_rule::AlertRuleRequest};

use crate::stage::{Stage, errors};

pub async fn while_muted_alerts_live_and_after_it_what_lasts_is_told(stage: &mut Stage) {
    let until =
        |stage: &Stage, minutes: u32| Some(stage.clock.now() + std::time::Duration::from_secs(60) * minutes);
    let rule = stage.rule(AlertRuleRequest { muted_until: until(stage, 15), ..errors() }).await;
    let ops = stage.channel("ops", Severity::Info).await;
    stage.failures("bot", &[3, 3, 0, 0, 0, 0, 0, 0]).await;
    stage.failures("bot", &[3; 12]).await;
    let lives = ["1–6 Recovered Errors, warning, 30.0", "10– Errors, warning, 30.0"];
    assert_eq!(stage.lives().await, lives);
    assert_eq!(stage.told(ops).await, ["15 firing: Errors"]);
    // Muted again: nobody is told that it is over.
    let again = until(stage, 60);
    stage.change(rule, |rule| rule.muted_until = again).await;
    stage.failures("bot", &[0; 8]).await;
    assert_eq!(stage.told(ops).await, ["15 firing: Errors"]);
}

pub async fn reminders_come_until_somebody_is_on_it(stage: &mut Stage) {
    stage.rule(AlertRuleRequest { renotify_minutes: Some(5), ..errors() }).await;
    let ops = stage.channel("ops", Severity::Info).await;
    stage.failures("bot", &[3; 13]).await;
    let id = stage.alerts().await[0].id;
    let now = stage.clock.now();
    stage.alerts.acknowledge_alert(stage.workspace_id, id, "ada@example.com", now).await.unwrap().unwrap();
    stage.failures("bot", &[3; 10]).await;
    let alert = stage.alerts().await.remove(0);
    assert_eq!(alert.acknowledged_by.as_deref(), Some("ada@example.com"));
    // It gets worse, which is news all the same.
    stage.failures("bot", &[10; 5]).await;
    stage.failures("bot", &[0; 6]).await;
    let told = [
        "1 firing: Errors",
        "6 reminder: Errors",
        "11 reminder: Errors",
        "25 escalated: Errors",
        "33 resolved: Errors",
    ];
    assert_eq!(stage.told(ops).await, told);
    let alert = stage.alerts().await.remove(0);
    assert_eq!((alert.acknowledged_at, alert.severity), (Some(now), Severity::Warning));
}

pub async fn channels_are_told_what_is_bad_enough_for_them_by_the_rules_that_name_them(stage: &mut Stage) {
    let all = stage.channel("all", Severity::Info).await;
    let bad = stage.channel("bad", Severity::Critical).await;
    let own = stage.channel("own", Severity::Info).await;
    stage.rule(AlertRuleRequest { channel_ids: Some(vec![all, bad]), ..errors() }).await;
    let named = AlertRuleRequest { name: "Other".to_owned(), channel_ids: Some(vec![own]), ..errors() };
    stage.rule(AlertRuleRequest { critical: None, ..named }).await;
    stage.rule(AlertRuleRequest { name: "Nobody".to_owned(), channel_ids: Some(vec![]), ..errors() }).await;
    stage.failures("bot", &[3, 10, 0]).await;
    let late = stage.channel("late", Severity::Info).await;
    stage.failures("bot", &[0, 0, 0, 0, 0]).await;
    let of =
        |name: &str, told: &[&str]| told.iter().map(|told| format!("{told}: {name}")).collect::<Vec<_>>();
    assert_eq!(stage.told(all).await, of("Errors", &["1 firing", "2 escalated", "7 resolved"]));
    assert_eq!(stage.told(bad).await, of("Errors", &["2 escalated", "7 resolved"]));
    assert_eq!(stage.told(own).await, of("Other", &["1 firing", "7 resolved"]));
    assert_eq!(stage.told(late).await, [""; 0]);
    assert_eq!(stage.lives().await.len(), 3);
}
