//! Agents that used to report and do not any more.

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

pub async fn an_agent_that_falls_silent_is_missed_until_it_is_back(stage: &mut Stage) {
    stage.rule(silence()).await;
    let ops = stage.channel("ops", Severity::Info).await;
    stage.send("once", 1, 0).await;
    for _ in 0..6 {
        stage.send("steady", 1, 0).await;
        stage.send("gone", 1, 0).await;
        stage.minute().await;
    }
    for minute in 6..89 {
        stage.send("steady", 1, 0).await;
        if minute == 80 {
            stage.send("gone", 1, 0).await;
        }
        stage.minute().await;
    }
    // Its last trace started in minute 5.
    assert_eq!(stage.lives().await, ["15–81 Recovered Silent: gone, critical, 75.0"]);
    let told = ["15 firing: Silent: gone", "65 escalated: Silent: gone", "81 resolved: Silent: gone"];
    assert_eq!(stage.told(ops).await, told);
    let alert = stage.alerts().await.remove(0);
    let says = "gone has sent no traces for 1 h. Newest trace: 2025-03-10 12:05 UTC. Traces in the last 2 h: 6. \
                Threshold for critical: 1 h.";
    assert_eq!(alert.description, says);
}

pub async fn nobody_is_missed_while_the_server_itself_was_away(stage: &mut Stage) {
    stage.rule(silence()).await;
    for _ in 0..6 {
        stage.send("bot", 1, 0).await;
        stage.minute().await;
    }
    stage.sleep(45);
    stage.restart();
    stage.minutes(9).await;
    assert_eq!(stage.lives().await, [""; 0]);
    stage.minutes(2).await;
    // Ten minutes after the server is back, which is in minute 52.
    assert_eq!(stage.lives().await, ["62– Silent: bot, warning, 10.0"]);
}

pub async fn an_agent_that_was_missed_before_the_server_went_away_still_is(stage: &mut Stage) {
    stage.rule(silence()).await;
    let ops = stage.channel("ops", Severity::Info).await;
    for _ in 0..6 {
        stage.send("bot", 1, 0).await;
        stage.minute().await;
    }
    stage.minutes(15).await;
    stage.sleep(20);
    stage.restart();
    stage.minutes(3).await;
    stage.send("bot", 1, 0).await;
    stage.minute().await;
    assert_eq!(stage.lives().await, ["15–45 Recovered Silent: bot, warning, 39.0"]);
    assert_eq!(stage.told(ops).await, ["15 firing: Silent: bot", "45 resolved: Silent: bot"]);
}
