//! Late traces, restarts, downtime and concurrent evaluators do not change the alerts.

use std::time::Duration;

use api::processing::alert::LEASE;
use shared::alert::Severity;
use uuid::Uuid;

use crate::stage::{NOON, Stage, errors};
use test_support::store_sample::MINUTE;

pub async fn late_traces_count_in_windows_that_still_contain_them(stage: &mut Stage) {
    stage.create_rule(errors()).await;
    stage.failures("bot", &[0; 10]).await;
    // Three minutes late, in a window of five.
    stage.send_at("bot", NOON + 7 * MINUTE, 0, 10).await;
    stage.failures("bot", &[0; 6]).await;
    assert_eq!(stage.alert_lines().await, ["11–13 Recovered Errors, warning, 16.7"]);
    // Six minutes late.
    stage.send_at("bot", NOON + 10 * MINUTE, 0, 10).await;
    stage.failures("bot", &[0; 3]).await;
    assert_eq!(stage.alert_lines().await.len(), 1);
}

pub async fn a_restarted_evaluator_continues_from_stored_state(stage: &mut Stage) {
    stage.create_rule(shared::alert_rule::AlertRuleRequest { for_minutes: 4, ..errors() }).await;
    let ops = stage.create_channel("ops", Severity::Info).await;
    for _ in 0..10 {
        stage.failures("bot", &[3]).await;
        stage.restart();
    }
    for _ in 0..6 {
        stage.failures("bot", &[0]).await;
        stage.restart();
    }
    assert_eq!(stage.alert_lines().await, ["5–14 Recovered Errors, warning, 30.0"]);
    assert_eq!(stage.notification_lines(ops).await, ["5 firing: Errors", "14 resolved: Errors"]);
}

pub async fn another_evaluator_takes_over_when_a_lease_expires(stage: &mut Stage) {
    stage.create_rule(errors()).await;
    let ops = stage.create_channel("ops", Severity::Info).await;
    stage.send("bot", 5, 5).await;
    stage.sleep(1);
    let now = stage.clock.now();
    let leased =
        stage.alerts.lease_rules(Uuid::new_v4(), stage.workspace_id, now, now + LEASE, 10).await.unwrap();
    assert_eq!(leased.len(), 1);
    assert_eq!(stage.evaluate().await, 0);
    stage.clock.advance(LEASE - Duration::from_micros(1));
    assert_eq!(stage.evaluate().await, 0);
    stage.clock.advance(Duration::from_micros(1));
    assert_eq!(stage.evaluate().await, 1);
    assert_eq!(stage.alert_lines().await, ["2– Errors, critical, 50.0"]);
    assert_eq!(stage.notification_lines(ops).await, ["2 firing: Errors"]);
}

pub async fn an_evaluator_catches_up_after_downtime(stage: &mut Stage) {
    stage.create_rule(errors()).await;
    let ops = stage.create_channel("ops", Severity::Info).await;
    stage.failures("bot", &[0]).await;
    // Traces are stored while no evaluator runs.
    for failed in [0, 6, 6, 0, 0, 0, 0, 0, 0, 0, 3, 3] {
        stage.send("bot", 10 - failed, failed).await;
        stage.sleep(1);
    }
    stage.restart();
    assert_eq!(stage.evaluate().await, 1);
    let expected_alerts = ["3–9 Recovered Errors, warning, 30.0", "13– Errors, warning, 12.0"];
    assert_eq!(stage.alert_lines().await, expected_alerts);
    let expected_notifications = ["3 firing: Errors", "9 resolved: Errors", "13 firing: Errors"];
    assert_eq!(stage.notification_lines(ops).await, expected_notifications);
    stage.failures("bot", &[3]).await;
    assert_eq!(stage.notification_lines(ops).await, expected_notifications);
}

pub async fn concurrent_evaluators_raise_and_notify_once(stage: &mut Stage) {
    for number in 0..20 {
        let rule = shared::alert_rule::AlertRuleRequest { name: format!("Errors {number:02}"), ..errors() };
        stage.create_rule(rule).await;
    }
    let ops = stage.create_channel("ops", Severity::Info).await;
    let (first, second) = (stage.evaluator(), stage.evaluator());
    let mut evaluated = 0;
    for failed in [0, 3, 3, 0, 0, 0, 0, 0, 0] {
        stage.send("bot", 10 - failed, failed).await;
        stage.sleep(1);
        let (one, other) = tokio::join!(first.round(), second.round());
        evaluated += one.unwrap() + other.unwrap();
    }
    assert_eq!(evaluated, 20 * 9);
    let expected_alerts: Vec<_> =
        (0..20).map(|number| format!("2–7 Recovered Errors {number:02}, warning, 20.0")).collect();
    assert_eq!(stage.alert_lines().await, expected_alerts);
    let expected_notifications: Vec<_> = ["2 firing", "7 resolved"]
        .iter()
        .flat_map(|event| (0..20).map(move |number| format!("{event}: Errors {number:02}")))
        .collect();
    assert_eq!(stage.notification_lines(ops).await, expected_notifications);
}
