//! A rule as a sentence. Pure.

use shared::{
    alert::Severity,
    alert_rule::{AlertMetric, AlertRuleRequest, Baseline, Side},
    metric::Dimension,
};

use super::word::{baseline_label, metric_label, severity_label, threshold};
use crate::format::minutes;

/// `Error rate of each agent over 30 min ≥ 5% (warning), ≥ 20% (critical)`.
#[must_use]
pub fn sentence(rule: &AlertRuleRequest) -> String {
    format!("{} {}", subject(rule), comparison(rule))
}

/// What is measured, of what, over how long.
fn subject(rule: &AlertRuleRequest) -> String {
    let mut of: Vec<String> = Vec::new();
    match rule.group_by {
        Some(Dimension::Agent) => of.push("each agent".to_owned()),
        Some(Dimension::Model) => of.push("each model".to_owned()),
        None => {}
    }
    of.extend(rule.agent_id.iter().map(|agent| format!("agent {agent}")));
    of.extend(rule.model.iter().map(|model| format!("model {model}")));
    let (preposition, window) = match rule.metric {
        AlertMetric::NoData => ("from", format!("within {}", minutes(rule.window_minutes.into()))),
        _ => ("of", format!("over {}", minutes(rule.window_minutes.into()))),
    };
    let of = if of.is_empty() { String::new() } else { format!(" {preposition} {}", of.join(", ")) };
    let than = match rule.baseline {
        Baseline::None => String::new(),
        baseline => format!(" against {}", baseline_label(baseline)),
    };
    format!("{}{of} {window}{than}", metric_label(rule.metric))
}

/// The thresholds with their severities.
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
    fn a_rule_says_what_it_watches_and_from_where_on() {
        let rule = AlertRuleRequest {
            group_by: Some(Dimension::Agent),
            warning: Some(5.0),
            critical: Some(20.0),
            ..AlertRuleRequest::default()
        };
        assert_eq!(sentence(&rule), "Error rate of each agent over 30 min ≥ 5% (warning), ≥ 20% (critical)");
    }

    #[test]
    fn a_rule_says_what_it_is_compared_with_and_of_what() {
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
            sentence(&rule),
            "Cost of agent bot, model gpt-4o over 1 h against the day before ≥ +50% (info)"
        );
        let silent = AlertRuleRequest {
            metric: AlertMetric::NoData,
            group_by: Some(Dimension::Agent),
            window_minutes: 1440,
            warning: Some(90.0),
            ..AlertRuleRequest::default()
        };
        assert_eq!(sentence(&silent), "No data from each agent within 1 d ≥ 1 h 30 min (warning)");
        let below = AlertRuleRequest {
            metric: AlertMetric::QualityScore,
            side: Side::Below,
            critical: Some(60.0),
            ..AlertRuleRequest::default()
        };
        assert_eq!(sentence(&below), "Quality score over 30 min ≤ 60 (critical)");
    }
}
