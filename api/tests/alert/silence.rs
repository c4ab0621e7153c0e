//! Agents that stop sending traces.

use shared::{
    alert::Severity,
    alert_rule::{AlertMetric, AlertRuleRequest},
    metric::Dimension,
};

use crate::stage::Stage;

fn silence() -> AlertRuleRequest {
    AlertRuleRequest {
        name: "Silent".to_owned(),
        metric: AlertMetric::NoData,
        group_by: Some(Dimension::Agent),
        window_minutes: 120,
        warning: Some(10.0),
        critical: Some(60.0),
        min_traces: 5,
        ..AlertRuleRequest::default()
    }
}

pub async fn a_silent_agent_fires_until_it_sends_traces_again(stage: &mut Stage) {
    stage.create_rule(silence()).await;
    let ops = stage.create_channel("ops", Severity::Info).await;
    stage.send("once", 1, 0).await;
    for _ in 0..6 {
        stage.send("steady", 1, 0).await;
        stage.send("stopped", 1, 0).await;
        stage.advance_minute().await;
    }
    for minute in 6..89 {
        stage.send("steady", 1, 0).await;
        if minute == 80 {
            stage.send("stopped", 1, 0).await;
        }
        stage.advance_minute().await;
    }
    // The last trace before the silence started in minute 5.
    assert_eq!(stage.alert_lines().await, ["15–81 Recovered Silent: stopped, critical, 75.0"]);
    let expected_notifications =
        ["15 firing: Silent: stopped", "65 escalated: Silent: stopped", "81 resolved: Silent: stopped"];
    assert_eq!(stage.notification_lines(ops).await, expected_notifications);
    let alert = stage.alerts().await.remove(0);
    let description = "stopped has sent no traces for 1 h. Newest trace: 2025-03-10 12:05 UTC. Traces in the last 2 h: 6. \
                Threshold for critical: 1 h.";
    assert_eq!(alert.description, description);
}

pub async fn downtime_of_the_server_does_not_count_as_silence(stage: &mut Stage) {
    stage.create_rule(silence()).await;
    for _ in 0..6 {
        stage.send("bot", 1, 0).await;
        stage.advance_minute().await;
    }
    stage.sleep(45);
    stage.restart();
    stage.advance_minutes(9).await;
    assert_eq!(stage.alert_lines().await, [""; 0]);
    stage.advance_minutes(2).await;
    // The server is back in minute 52, and the alert fires ten minutes later.
    assert_eq!(stage.alert_lines().await, ["62– Silent: bot, warning, 10.0"]);
}

pub async fn a_silence_alert_stays_open_during_downtime_of_the_server(stage: &mut Stage) {
    stage.create_rule(silence()).await;
    let ops = stage.create_channel("ops", Severity::Info).await;
    for _ in 0..6 {
        stage.send("bot", 1, 0).await;
        stage.advance_minute().await;
    }
    stage.advance_minutes(15).await;
    stage.sleep(20);
    stage.restart();
    stage.advance_minutes(3).await;
    stage.send("bot", 1, 0).await;
    stage.advance_minute().await;
    assert_eq!(stage.alert_lines().await, ["15–45 Recovered Silent: bot, warning, 39.0"]);
    assert_eq!(stage.notification_lines(ops).await, ["15 firing: Silent: bot", "45 resolved: Silent: bot"]);
}
