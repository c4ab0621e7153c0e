//! Describes a rule in one line. Pure functions.

use shared::{
    alert::Severity,
    alert_rule::{AlertMetric, AlertRuleRequest, Baseline, Side},
    format::minutes,
    metric::Dimension,
};

use super::label::{baseline_label, metric_label, severity_label, threshold};

/// Returns a summary like `Error rate of each agent over 30 min ≥ 5% (warning), ≥ 20% (critical)`.
#[must_use]
pub fn rule_summary(rule: &AlertRuleRequest) -> String {
    format!("{} {}", subject(rule), comparison(rule))
}

/// Describes the metric, its scope and its window.
fn subject(rule: &AlertRuleRequest) -> String {
    let mut scope: Vec<String> = Vec::new();
    match rule.group_by {
        Some(Dimension::Agent) => scope.push("each agent".to_owned()),
        Some(Dimension::Model) => scope.push("each model".to_owned()),
        None => {}
    }
    scope.extend(rule.agent_id.iter().map(|agent| format!("agent {agent}")));
    scope.extend(rule.model.iter().map(|model| format!("model {model}")));
    let (preposition, window) = match rule.metric {
        AlertMetric::NoData => ("from", format!("within {}", minutes(rule.window_minutes.into()))),
        _ => ("of", format!("over {}", minutes(rule.window_minutes.into()))),
    };
    let scope = if scope.is_empty() { String::new() } else { format!(" {preposition} {}", scope.join(", ")) };
    let baseline = match rule.baseline {
        Baseline::None => String::new(),
        baseline => format!(" vs. {}", baseline_label(baseline).to_ascii_lowercase()),
    };
    format!("{}{scope} {window}{baseline}", metric_label(rule.metric))
}

/// Describes the thresholds with their severities.
fn comparison(rule: &AlertRuleRequest) -> String {
    let sign = match rule.side {
        Side::Above => "≥",
        Side::Below => "≤",
    };
    let thresholds = Severity::ALL.into_iter().filter_map(|severity| {
        let threshold = threshold(rule.metric, rule.is_change(), rule.threshold(severity)?);
        Some(format!("{sign} {threshold} ({})", severity_label(severity).to_ascii_lowercase()))
    });
    thresholds.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summarizes_metric_scope_window_and_thresholds() {
        let rule = AlertRuleRequest {
            group_by: Some(Dimension::Agent),
            warning: Some(5.0),
            critical: Some(20.0),
            ..AlertRuleRequest::default()
        };
        assert_eq!(
            rule_summary(&rule),
            "Error rate of each agent over 30 min ≥ 5% (warning), ≥ 20% (critical)"
        );
    }

    #[test]
    fn summarizes_filters_and_baseline() {
        let rule = AlertRuleRequest {
            metric: AlertMetric::CostUsd,
            model: Some("gpt-4o".to_owned()),
            agent_id: Some("bot".to_owned()),
            window_minutes: 60,
            baseline: Baseline::DayBefore,
            info: Some(50.0),
            ..AlertRuleRequest::default()
        };
        assert_eq!(
            rule_summary(&rule),
            "Cost of agent bot, model gpt-4o over 1 h vs. previous day ≥ +50% (info)"
        );
        let no_data = AlertRuleRequest {
            metric: AlertMetric::NoData,
            group_by: Some(Dimension::Agent),
            window_minutes: 1440,
            warning: Some(90.0),
            ..AlertRuleRequest::default()
        };
        assert_eq!(rule_summary(&no_data), "No data from each agent within 1 d ≥ 1 h 30 min (warning)");
        let below = AlertRuleRequest {
            metric: AlertMetric::QualityScore,
            side: Side::Below,
            critical: Some(60.0),
            ..AlertRuleRequest::default()
        };
        assert_eq!(rule_summary(&below), "Quality over 30 min ≤ 60 (critical)");
    }
}
