//! The rules that every workspace begins with: few, and each quiet unless somebody should look.

use shared::{
    alert_rule::{AlertMetric, AlertRuleRequest, Baseline},
    metric::Dimension,
};

/// Minutes of a day.
const DAY: u32 = 24 * 60;

/// The rules of a new workspace, in the order in which they are listed.
#[must_use]
pub fn default_rules() -> Vec<AlertRuleRequest> {
    vec![
        // All agents together: when a provider is down that is one alert and not one for each agent, and it says which
        // of them fail. Over an hour, since a few failures among a few traces are bad luck; where everything fails, it is a
        // tenth of the hour's after six minutes.
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
        // What is slow depends on what agents do: they are compared with themselves.
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
        // Against the same hour a week before: against the day before, every Monday would be a spike.
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
        // Longer than a day, for what runs every night; longer than a weekend, for what rests on it. What ran a few times
        // only, somebody tried out.
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
    fn every_rule_is_one_that_the_api_would_take() {
        for rule in default_rules() {
            assert_eq!(rule.validate(), [], "{}", rule.name);
        }
    }
}
