//! Many rules and many groups.

use domain::trace::record::NewTrace;
use shared::{
    alert_rule::{AlertMetric, AlertRuleRequest, Baseline},
    limit,
    metric::Dimension,
};

use crate::stage::{Stage, errors};

pub async fn evaluates_a_thousand_rules_in_one_round(stage: &mut Stage) {
    let metrics = AlertMetric::ALL;
    for number in 0..limit::ALERT_RULES {
        let metric = metrics[number % metrics.len()];
        let is_silence = metric == AlertMetric::NoData;
        let rule = AlertRuleRequest {
            name: format!("Rule {number}"),
            metric,
            window_minutes: [5, 30, 60, 1440][number / 10 % 4],
            group_by: [None, Some(Dimension::Agent), Some(Dimension::Model)][number % 3],
            baseline: if is_silence { Baseline::None } else { Baseline::ALL[number / 7 % 4] },
            // Only rules on the error rate without a baseline fire.
            warning: Some(if metric == AlertMetric::ErrorRate { 40.0 } else { 4.0 })
                .filter(|_| is_silence || metric == AlertMetric::ErrorRate),
            critical: (!is_silence && metric != AlertMetric::ErrorRate)
                .then_some(metric.highest().unwrap_or(9_999.0)),
            ..AlertRuleRequest::default()
        };
        stage.create_rule(rule).await;
    }
    let is_error_rate =
        |alert: &shared::alert::Alert| alert.metric == Some(AlertMetric::ErrorRate) && !alert.is_change;
    stage.failures("bot", &[5, 5]).await;
    assert_eq!(stage.alerts().await.iter().filter(|alert| is_error_rate(alert)).count(), {
        let fires = |&number: &usize| number % 10 == 1 && number / 7 % 4 == 0;
        (0..limit::ALERT_RULES).filter(fires).count()
    });
    assert_eq!(stage.evaluate().await, 0);
    stage.sleep(1);
    assert_eq!(stage.evaluate().await, limit::ALERT_RULES);
}

pub async fn a_rule_evaluates_no_more_groups_than_the_limit(stage: &mut Stage) {
    stage
        .create_rule(AlertRuleRequest { group_by: Some(Dimension::Agent), critical: None, ..errors() })
        .await;
    let now = stage.clock.now().as_micros();
    let agents = limit::ALERT_GROUPS + 20;
    // Agents with higher numbers have more traces.
    let mut traces = Vec::new();
    for agent in 0..agents {
        for number in 0..=agent / 20 {
            let trace = stage.trace(now + i64::try_from(number).unwrap());
            let status = shared::trace::TraceStatus::Error;
            traces.push(NewTrace { agent_id: format!("agent {agent:03}"), status, ..trace });
        }
    }
    stage.write(&traces).await;
    stage.advance_minute().await;
    let alerts = stage.alerts().await;
    assert_eq!(alerts.len(), limit::ALERT_GROUPS);
    assert_eq!(alerts[0].title, "Errors: agent 020");
    // Groups with an open alert are evaluated first, so their alerts resolve.
    stage.advance_minutes(12).await;
    assert!(stage.alerts().await.iter().all(|alert| alert.resolved_at.is_some()));
}
