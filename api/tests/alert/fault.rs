//! What must not make a difference: traces that come late, processes that stop and start, several of them at once.

use std::time::Duration;

use api::processing::alert::LEASE;
use shared::alert::Severity;
use uuid::Uuid;

use crate::stage::{NOON, Stage, errors};
use test_support::store_sample::MINUTE;

pub async fn late_traces_count_in_the_windows_that_still_hold_them(stage: &mut Stage) {
    stage.rule(errors()).await;
    stage.failures("bot", &[0; 10]).await;
    // Three minutes late, in a window of five.
    stage.send_at("bot", NOON + 7 * MINUTE, 0, 10).await;
    stage.failures("bot", &[0; 6]).await;
    assert_eq!(stage.lives().await, ["11–13 Recovered Errors, warning, 16.7"]);
    // Six minutes late.
    stage.send_at("bot", NOON + 10 * MINUTE, 0, 10).await;
    stage.failures("bot", &[0; 3]).await;
    assert_eq!(stage.lives().await.len(), 1);
}

pub async fn who_starts_again_goes_on_where_another_stopped(stage: &mut Stage) {
    stage.rule(shared::alert_rule::AlertRuleRequest { for_minutes: 4, ..errors() }).await;
    let ops = stage.channel("ops", Severity::Info).await;
    for _ in 0..10 {
        stage.failures("bot", &[3]).await;
        stage.restart();
    }
    for _ in 0..6 {
        stage.failures("bot", &[0]).await;
        stage.restart();
    }
    assert_eq!(stage.lives().await, ["5–14 Recovered Errors, warning, 30.0"]);
    assert_eq!(stage.told(ops).await, ["5 firing: Errors", "14 resolved: Errors"]);
}

pub async fn who_dies_in_the_middle_is_followed_when_the_lease_is_over(stage: &mut Stage) {
    stage.rule(errors()).await;
    let ops = stage.channel("ops", Severity::Info).await;
    stage.send("bot", 5, 5).await;
    stage.sleep(1);
    let now = stage.clock.now();
    let taken = stage.alerts.lease_rules(Uuid::new_v4(), now, now + LEASE, 10).await.unwrap();
    assert_eq!(taken.len(), 1);
    assert_eq!(stage.evaluate().await, 0);
    stage.clock.advance(LEASE - Duration::from_micros(1));
    assert_eq!(stage.evaluate().await, 0);
    stage.clock.advance(Duration::from_micros(1));
    assert_eq!(stage.evaluate().await, 1);
    assert_eq!(stage.lives().await, ["2– Errors, critical, 50.0"]);
    assert_eq!(stage.told(ops).await, ["2 firing: Errors"]);
}

pub async fn what_happened_while_nobody_evaluated_is_caught_up_with(stage: &mut Stage) {
    stage.rule(errors()).await;
    let ops = stage.channel("ops", Severity::Info).await;
    stage.failures("bot", &[0]).await;
    // Traces are written all the same, by others.
    for failed in [0, 6, 6, 0, 0, 0, 0, 0, 0, 0, 3, 3] {
        stage.send("bot", 10 - failed, failed).await;
        stage.sleep(1);
    }
    stage.restart();
    assert_eq!(stage.evaluate().await, 1);
    let lives = ["3–9 Recovered Errors, warning, 30.0", "13– Errors, warning, 12.0"];
    assert_eq!(stage.lives().await, lives);
    let told = ["3 firing: Errors", "9 resolved: Errors", "13 firing: Errors"];
    assert_eq!(stage.told(ops).await, told);
    stage.failures("bot", &[3]).await;
    assert_eq!(stage.told(ops).await, told);
}

pub async fn two_who_evaluate_at_once_raise_and_tell_everything_once(stage: &mut Stage) {
    for number in 0..20 {
        let rule = shared::alert_rule::AlertRuleRequest { name: format!("Errors {number:02}"), ..errors() };
        stage.rule(rule).await;
    }
    let ops = stage.channel("ops", Severity::Info).await;
    let (one, other) = (stage.evaluator(), stage.evaluator());
    let mut done = 0;
    for failed in [0, 3, 3, 0, 0, 0, 0, 0, 0] {
        stage.send("bot", 10 - failed, failed).await;
        stage.sleep(1);
        let (one, other) = tokio::join!(one.round(), other.round());
        done += one.unwrap() + other.unwrap();
    }
    assert_eq!(done, 20 * 9);
    let lives: Vec<_> =
        (0..20).map(|number| format!("2–7 Recovered Errors {number:02}, warning, 20.0")).collect();
    assert_eq!(stage.lives().await, lives);
    let told: Vec<_> = ["2 firing", "7 resolved"]
        .iter()
        .flat_map(|event| (0..20).map(move |number| format!("{event}: Errors {number:02}")))
        .collect();
    assert_eq!(stage.told(ops).await, told);
}
