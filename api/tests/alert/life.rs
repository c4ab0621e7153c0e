//! How alerts begin, change and end.

use domain::trace::record::NewTrace;
use shared::{
    alert::Severity,
    alert_rule::{AlertMetric, AlertRuleRequest, Baseline, Side},
    metric::Dimension,
    trace::TraceStatus,
};
use uuid::Uuid;

use crate::stage::{NOON, Stage, errors};
use test_support::store_sample::{DAY, MINUTE};

pub async fn errors_that_rise_warn_then_get_critical_and_are_over_once(stage: &mut Stage) {
    stage.rule(errors()).await;
    let ops = stage.channel("ops", Severity::Info).await;
    // Percent of the five minutes: 0, 0, 10, 18, 34, 50, 70, 78, 72, 56, 40, 20, 4, 0.
    stage.failures("bot", &[0, 0, 3, 4, 10, 8, 10, 7, 1, 2, 0, 0, 0, 0]).await;
    let lives = stage.lives().await;
    assert_eq!(lives, ["3–13 Recovered Errors, warning, 78.0"]);
    let told = ["3 firing: Errors", "6 escalated: Errors", "13 resolved: Errors"];
    assert_eq!(stage.told(ops).await, told);
}

pub async fn a_value_that_flaps_within_the_hysteresis_is_one_alert(stage: &mut Stage) {
    stage.rule(errors()).await;
    let ops = stage.channel("ops", Severity::Info).await;
    // Of fifty traces 5 fail, then 4, then 5…: 10 %, 8 %, 10 %, until 2 do.
    stage.failures("bot", &[1, 1, 1, 1, 1, 0, 2, 0, 2, 0, 2, 0, 0, 0]).await;
    assert_eq!(stage.lives().await, ["1–14 Recovered Errors, warning, 12.0"]);
    assert_eq!(stage.told(ops).await, ["1 firing: Errors", "14 resolved: Errors"]);
}

pub async fn what_does_not_last_long_enough_does_not_fire(stage: &mut Stage) {
    stage.rule(AlertRuleRequest { for_minutes: 5, ..errors() }).await;
    // Five minutes after the first failures they are out of the window: four evaluations find them.
    stage.failures("bot", &[0, 0, 6, 0, 0, 0, 0, 0, 0, 0]).await;
    assert_eq!(stage.lives().await, [""; 0]);
    // From minute 11 on it is wrong without a break; what is critical begins in minute 15.
    stage.failures("bot", &[6, 6, 6, 6, 6, 6]).await;
    assert_eq!(stage.lives().await, ["16– Errors, warning, 60.0"]);
}

pub async fn an_alert_is_over_when_nothing_was_measured_for_a_window(stage: &mut Stage) {
    stage.rule(AlertRuleRequest { min_traces: 30, ..errors() }).await;
    let ops = stage.channel("ops", Severity::Info).await;
    stage.failures("bot", &[2, 2, 2]).await;
    // Thirty traces are in the window for two more minutes; then there is no value, for as long as the window.
    stage.minutes(12).await;
    assert_eq!(stage.lives().await, ["3–10 NothingMeasured Errors, warning, 20.0"]);
    assert_eq!(stage.told(ops).await, ["3 firing: Errors", "10 resolved: Errors"]);
}

pub async fn each_agent_has_an_alert_of_its_own(stage: &mut Stage) {
    stage.rule(AlertRuleRequest { group_by: Some(Dimension::Agent), ..errors() }).await;
    let ops = stage.channel("ops", Severity::Info).await;
    for minute in 0..8 {
        stage.send("sound", 10, 0).await;
        stage.send("sick", 7, 3).await;
        stage.send("recovering", 10, if minute == 0 { 10 } else { 0 }).await;
        stage.minute().await;
    }
    let lives = ["1–6 Recovered Errors: recovering, warning, 50.0", "1– Errors: sick, warning, 30.0"];
    assert_eq!(stage.lives().await, lives);
    let told = ["1 firing: Errors: recovering", "1 firing: Errors: sick", "6 resolved: Errors: recovering"];
    assert_eq!(stage.told(ops).await, told);
    let sick = &stage.alerts().await[1];
    assert_eq!((sick.agent_id.as_deref(), sick.model.as_deref()), (Some("sick"), None));
}

pub async fn what_changed_against_the_day_before_fires_and_without_a_day_before_nothing_does(
    stage: &mut Stage,
) {
    let rule = |name: &str, baseline| AlertRuleRequest {
        name: name.to_owned(),
        metric: AlertMetric::CostUsd,
        window_minutes: 10,
        baseline,
        warning: Some(200.0),
        min_traces: 5,
        ..AlertRuleRequest::default()
    };
    stage.rule(rule("Day", Baseline::DayBefore)).await;
    stage.rule(rule("Week", Baseline::WeekBefore)).await;
    // A trace a minute yesterday; two today, then four.
    for minute in 0..40 {
        stage.send_at("bot", NOON - DAY + minute * MINUTE, 1, 0).await;
    }
    for minute in 0..40 {
        stage.send("bot", if minute < 20 { 2 } else { 4 }, 0).await;
        stage.minute().await;
    }
    // Five minutes after the change the ten before hold 30, which is three times as many.
    assert_eq!(stage.lives().await, ["25– Day, warning, 300.0"]);
    let alert = stage.alerts().await.remove(0);
    let says = "Cost: $0.090 in the last 10 min (30 traces). Same time one day before: $0.030. Change: +200%. \
                Threshold for warning: +200%. Largest contributor: bot, from $0.030 to $0.090.";
    assert_eq!(alert.description, says);
    assert!(alert.is_change && alert.threshold == Some(200.0) && alert.metric_value == Some(300.0));
}

pub async fn a_workspace_s_rules_see_its_own_traces_alone(stage: &mut Stage) {
    stage.rule(errors()).await;
    let mine = std::mem::replace(&mut stage.workspace_id, Uuid::new_v4());
    stage.rule(AlertRuleRequest { name: "Theirs".to_owned(), ..errors() }).await;
    stage.failures("bot", &[5, 5]).await;
    assert_eq!(stage.lives().await, ["1– Theirs, critical, 50.0"]);
    stage.workspace_id = mine;
    assert_eq!(stage.lives().await, [""; 0]);
}

pub async fn an_alert_says_what_happened_in_numbers_and_who_did_it(stage: &mut Stage) {
    stage.rule(AlertRuleRequest { critical: None, ..errors() }).await;
    for _ in 0..5 {
        stage.send("sound", 4, 0).await;
        stage.send("sick", 5, 0).await;
        stage.minute().await;
    }
    for _ in 0..2 {
        stage.send("sound", 4, 0).await;
        stage.send("sick", 2, 3).await;
        stage.minute().await;
    }
    let alert = stage.alerts().await.remove(0);
    let says = "Error rate: 13.3% in the last 5 min (6 of 45 traces failed). Previous 5 min: 0%. \
                Threshold for warning: 10%. Most failures: sick, 6 of 6.";
    assert_eq!(alert.description, says);
    assert_eq!(alert.changes.len(), 2, "{:?}", alert.changes);
    let change = &alert.changes[0];
    assert_eq!((change.by, change.key.as_deref()), (Dimension::Agent, Some("sick")));
    assert_eq!((change.before, change.now.unwrap().round()), (Some(0.0), 24.0));
    let traces = alert.traces.unwrap();
    assert_eq!((traces.end, traces.end.since(traces.start).as_secs()), (alert.created_at, 300));
    assert_eq!(traces.status, Some(TraceStatus::Error));
}

pub async fn requests_that_stay_away_fall_below(stage: &mut Stage) {
    let rule = AlertRuleRequest {
        name: "Quiet".to_owned(),
        metric: AlertMetric::Requests,
        side: Side::Below,
        window_minutes: 5,
        warning: Some(10.0),
        critical: Some(0.0),
        for_minutes: 1,
        ..AlertRuleRequest::default()
    };
    stage.rule(rule.clone()).await;
    stage.rule(AlertRuleRequest { name: "Each".to_owned(), group_by: Some(Dimension::Model), ..rule }).await;
    let slow = |stage: &mut Stage, model: Option<&str>| NewTrace {
        model: model.map(str::to_owned),
        ..stage.trace(stage.clock.now().as_micros())
    };
    for _ in 0..6 {
        let traces: Vec<_> = (0..4).map(|number| slow(stage, (number < 3).then_some("gpt-4o"))).collect();
        stage.write(&traces).await;
        stage.minute().await;
    }
    stage.minutes(8).await;
    let lives = [
        // While the window fills there is little of each.
        "2–4 Recovered Each: gpt-4o, warning, 6.0",
        "2– Each: no model, critical, 0.0",
        "2–3 Recovered Quiet, warning, 8.0",
        "9– Each: gpt-4o, critical, 0.0",
        "10– Quiet, critical, 0.0",
    ];
    assert_eq!(stage.lives().await, lives);
}
