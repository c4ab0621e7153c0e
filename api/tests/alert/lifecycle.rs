//! The lifecycle of alerts: firing, escalation, resolution.

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

pub async fn rising_errors_escalate_one_alert_that_resolves_once(stage: &mut Stage) {
    stage.create_rule(errors()).await;
    let ops = stage.create_channel("ops", Severity::Info).await;
    // Error rate of the five-minute window in percent: 0, 0, 10, 18, 34, 50, 70, 78, 72, 56, 40, 20, 4, 0.
    stage.failures("bot", &[0, 0, 3, 4, 10, 8, 10, 7, 1, 2, 0, 0, 0, 0]).await;
    assert_eq!(stage.alert_lines().await, ["3–13 Recovered Errors, warning, 78.0"]);
    let expected_notifications = ["3 firing: Errors", "6 escalated: Errors", "13 resolved: Errors"];
    assert_eq!(stage.notification_lines(ops).await, expected_notifications);
}

pub async fn a_value_flapping_within_the_hysteresis_keeps_one_alert_open(stage: &mut Stage) {
    stage.create_rule(errors()).await;
    let ops = stage.create_channel("ops", Severity::Info).await;
    // 5 of 50 traces fail, then 4, then 5 and so on (10 %, 8 %, 10 %), until only 2 fail.
    stage.failures("bot", &[1, 1, 1, 1, 1, 0, 2, 0, 2, 0, 2, 0, 0, 0]).await;
    assert_eq!(stage.alert_lines().await, ["1–14 Recovered Errors, warning, 12.0"]);
    assert_eq!(stage.notification_lines(ops).await, ["1 firing: Errors", "14 resolved: Errors"]);
}

pub async fn a_breach_shorter_than_the_required_duration_does_not_fire(stage: &mut Stage) {
    stage.create_rule(AlertRuleRequest { for_minutes: 5, ..errors() }).await;
    // The first failures leave the window after five minutes, before `for_minutes` has passed.
    stage.failures("bot", &[0, 0, 6, 0, 0, 0, 0, 0, 0, 0]).await;
    assert_eq!(stage.alert_lines().await, [""; 0]);
    // The threshold is exceeded without a break from minute 11. The critical level begins in minute 15.
    stage.failures("bot", &[6, 6, 6, 6, 6, 6]).await;
    assert_eq!(stage.alert_lines().await, ["16– Errors, warning, 60.0"]);
}

pub async fn an_alert_resolves_after_a_window_without_measurements(stage: &mut Stage) {
    stage.create_rule(AlertRuleRequest { min_traces: 30, ..errors() }).await;
    let ops = stage.create_channel("ops", Severity::Info).await;
    stage.failures("bot", &[2, 2, 2]).await;
    // The window holds thirty traces for two more minutes. After that there is no value, and the alert resolves after
    // one window without values.
    stage.advance_minutes(12).await;
    assert_eq!(stage.alert_lines().await, ["3–10 NothingMeasured Errors, warning, 20.0"]);
    assert_eq!(stage.notification_lines(ops).await, ["3 firing: Errors", "10 resolved: Errors"]);
}

pub async fn each_agent_gets_its_own_alert(stage: &mut Stage) {
    stage.create_rule(AlertRuleRequest { group_by: Some(Dimension::Agent), ..errors() }).await;
    let ops = stage.create_channel("ops", Severity::Info).await;
    for minute in 0..8 {
        stage.send("healthy", 10, 0).await;
        stage.send("unhealthy", 7, 3).await;
        stage.send("recovering", 10, if minute == 0 { 10 } else { 0 }).await;
        stage.advance_minute().await;
    }
    let expected_alerts =
        ["1–6 Recovered Errors: recovering, warning, 50.0", "1– Errors: unhealthy, warning, 30.0"];
    assert_eq!(stage.alert_lines().await, expected_alerts);
    let expected_notifications =
        ["1 firing: Errors: recovering and 1 more", "6 resolved: Errors: recovering"];
    assert_eq!(stage.notification_lines(ops).await, expected_notifications);
    let unhealthy = &stage.alerts().await[1];
    assert_eq!((unhealthy.agent_id.as_deref(), unhealthy.model.as_deref()), (Some("unhealthy"), None));
}

pub async fn a_change_rule_fires_only_if_its_baseline_has_data(stage: &mut Stage) {
    let rule = |name: &str, baseline| AlertRuleRequest {
        name: name.to_owned(),
        metric: AlertMetric::CostUsd,
        window_minutes: 10,
        baseline,
        warning: Some(200.0),
        min_traces: 5,
        ..AlertRuleRequest::default()
    };
    stage.create_rule(rule("Day", Baseline::DayBefore)).await;
    stage.create_rule(rule("Week", Baseline::WeekBefore)).await;
    // One trace per minute yesterday. Today two per minute, then four.
    for minute in 0..40 {
        stage.send_at("bot", NOON - DAY + minute * MINUTE, 1, 0).await;
    }
    for minute in 0..40 {
        stage.send("bot", if minute < 20 { 2 } else { 4 }, 0).await;
        stage.advance_minute().await;
    }
    // Five minutes after the change the ten-minute window holds 30 traces, three times yesterday's number.
    assert_eq!(stage.alert_lines().await, ["25– Day, warning, 300.0"]);
    let alert = stage.alerts().await.remove(0);
    let description = "Cost: $0.090 in the last 10 min (30 traces). Same time one day before: $0.030. Change: +200%. \
                Threshold for warning: +200%. Largest contributor: bot, from $0.030 to $0.090.";
    assert_eq!(alert.description, description);
    assert!(alert.is_change && alert.threshold == Some(200.0) && alert.metric_value == Some(300.0));
}

pub async fn rules_evaluate_only_traces_of_their_own_workspace(stage: &mut Stage) {
    stage.create_rule(errors()).await;
    let first_workspace = std::mem::replace(&mut stage.workspace_id, Uuid::new_v4());
    stage.create_rule(AlertRuleRequest { name: "Other".to_owned(), ..errors() }).await;
    stage.failures("bot", &[5, 5]).await;
    assert_eq!(stage.alert_lines().await, ["1– Other, critical, 50.0"]);
    stage.workspace_id = first_workspace;
    assert_eq!(stage.alert_lines().await, [""; 0]);
}

pub async fn an_alert_describes_its_values_and_its_largest_contributor(stage: &mut Stage) {
    stage.create_rule(AlertRuleRequest { critical: None, ..errors() }).await;
    for _ in 0..5 {
        stage.send("healthy", 4, 0).await;
        stage.send("unhealthy", 5, 0).await;
        stage.advance_minute().await;
    }
    for _ in 0..2 {
        stage.send("healthy", 4, 0).await;
        stage.send("unhealthy", 2, 3).await;
        stage.advance_minute().await;
    }
    let alert = stage.alerts().await.remove(0);
    let description = "Error rate: 13.3% in the last 5 min (6 of 45 traces failed). Previous 5 min: 0%. \
                Threshold for warning: 10%. Most failures: unhealthy, 6 of 6.";
    assert_eq!(alert.description, description);
    assert_eq!(alert.changes.len(), 2, "{:?}", alert.changes);
    let change = &alert.changes[0];
    assert_eq!((change.by, change.key.as_deref()), (Dimension::Agent, Some("unhealthy")));
    assert_eq!((change.before, change.now.unwrap().round()), (Some(0.0), 24.0));
    let traces = alert.traces.unwrap();
    assert_eq!((traces.end, traces.end.since(traces.start).as_secs()), (alert.created_at, 300));
    assert_eq!(traces.status, Some(TraceStatus::Error));
}

pub async fn missing_requests_fire_a_rule_with_a_lower_bound(stage: &mut Stage) {
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
    stage.create_rule(rule.clone()).await;
    stage
        .create_rule(AlertRuleRequest { name: "Each".to_owned(), group_by: Some(Dimension::Model), ..rule })
        .await;
    let trace = |stage: &mut Stage, model: Option<&str>| NewTrace {
        model: model.map(str::to_owned),
        ..stage.trace(stage.clock.now().as_micros())
    };
    for _ in 0..6 {
        let traces: Vec<_> = (0..4).map(|number| trace(stage, (number < 3).then_some("gpt-4o"))).collect();
        stage.write(&traces).await;
        stage.advance_minute().await;
    }
    stage.advance_minutes(8).await;
    let expected_alerts = [
        // While the window fills, each group has few requests.
        "2–4 Recovered Each: gpt-4o, warning, 6.0",
        "2– Each: no model, critical, 0.0",
        "2–3 Recovered Quiet, warning, 8.0",
        "9– Each: gpt-4o, critical, 0.0",
        "10– Quiet, critical, 0.0",
    ];
    assert_eq!(stage.alert_lines().await, expected_alerts);
}
