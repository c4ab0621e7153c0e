//! The rules of a new workspace.

use shared::{
    alert_rule::{AlertMetric, AlertRuleRequest, Baseline},
    metric::Dimension,
};

/// Minutes per day.
const DAY: u32 = 24 * 60;

/// Returns the rules of a new workspace, in the order in which they are listed.
#[must_use]
pub fn default_rules() -> Vec<AlertRuleRequest> {
    vec![
        // The rule has one value for all agents, so that an outage of a provider is one alert; its contributors name
        // the agents. The window is one hour so that a few random failures do not fire. If all traces fail, 10 % is
        // reached after six minutes.
        AlertRuleRequest {
            name: "High error rate".to_owned(),
            metric: AlertMetric::ErrorRate,
            window_minutes: 60,
            warning: Some(10.0),
            critical: Some(30.0),
            min_traces: 40,
            for_minutes: 5,
            ..AlertRuleRequest::default()
        },
        // Normal latencies differ between workspaces, so the rule compares with the day before.
        AlertRuleRequest {
            name: "Slow responses".to_owned(),
            metric: AlertMetric::P95LatencyMs,
            window_minutes: 60,
            baseline: Baseline::DayBefore,
            warning: Some(100.0),
            critical: Some(400.0),
            min_traces: 50,
            for_minutes: 10,
            ..AlertRuleRequest::default()
        },
        // The rule compares with the week before. Compared with the day before, every Monday would be a spike.
        AlertRuleRequest {
            name: "Cost spike".to_owned(),
            metric: AlertMetric::CostUsd,
            window_minutes: 60,
            baseline: Baseline::WeekBefore,
            warning: Some(200.0),
            critical: Some(900.0),
            min_traces: 50,
            for_minutes: 10,
            ..AlertRuleRequest::default()
        },
        // The thresholds are longer than one day for agents that run nightly, and longer than a weekend for agents that
        // only run on working days. Agents with few traces were probably only tried out.
        AlertRuleRequest {
            name: "Silent agent".to_owned(),
            metric: AlertMetric::NoData,
            group_by: Some(Dimension::Agent),
            window_minutes: 7 * DAY,
            info: Some(f64::from(DAY + 120)),
            warning: Some(f64::from(3 * DAY + 60)),
            min_traces: 100,
            ..AlertRuleRequest::default()
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_rules_are_valid() {
        for rule in default_rules() {
            assert_eq!(rule.validate(), [], "{}", rule.name);
        }
    }
}
