//! Finds contributors: the agents and models that contributed most to the change of a value.

use std::collections::BTreeSet;

use shared::{
    alert::AlertChange,
    alert_rule::Side,
    metric::{Dimension, Metric},
};

use super::{
    measure::group_of,
    subject::{Subject, before, now},
};
use crate::rollup::{
    sums::Distribution,
    window::{GroupSums, WindowSums},
};

/// Maximum number of contributors of an alert.
const MAX_CONTRIBUTORS: usize = 3;

/// An agent or model that contributed to a change.
pub(super) struct Contributor {
    /// The contribution in the direction that is bad; see [`contribution`] for the unit.
    amount: f64,
    /// The number of its failed traces.
    pub(super) failed: i64,
    /// Its values, as part of the alert.
    pub(super) change: AlertChange,
}

/// Returns the agents and models that contributed most to the change, largest contribution first.
pub(super) fn contributors(
    read: &WindowSums,
    subject: &Subject<'_>,
    overall: Option<f64>,
) -> Vec<Contributor> {
    let rule = subject.rule;
    let Some(metric) = rule.metric.metric() else { return Vec::new() };
    let is_fixed =
        |by: Dimension| rule.group_by == Some(by) || by.select(rule.agent_id.is_some(), rule.model.is_some());
    let mut contributors = Vec::new();
    for by in [Dimension::Agent, Dimension::Model].into_iter().filter(|&by| !is_fixed(by)) {
        let by_key = |window| {
            read.fold(window, true, |pair| {
                let is_in_group = group_of(rule, pair) == Some(subject.key);
                is_in_group.then(|| by.select(&*pair.agent_id, &*pair.model))
            })
        };
        let (now, before) = (by_key(now(subject)), by_key(before(subject)));
        let keys: BTreeSet<&str> = now.keys().chain(before.keys()).copied().collect();
        for key in keys {
            let (now, before) = (now.get(key), before.get(key));
            let amount = contribution(metric, now, before, overall);
            let amount = if rule.side == Side::Above { amount } else { -amount };
            if amount > 0.0 {
                let value = |sum: Option<&GroupSums>| sum.and_then(|sum| sum.distribution.metric(metric));
                let name = (!key.is_empty()).then(|| key.to_owned());
                let change = AlertChange { by, key: name, before: value(before), now: value(now) };
                let failed = now.map_or(0, |now| failures(&now.distribution));
                contributors.push(Contributor { amount, failed, change });
            }
        }
    }
    contributors.sort_by(|one: &Contributor, other| other.amount.total_cmp(&one.amount));
    contributors.truncate(MAX_CONTRIBUTORS);
    contributors
}

/// Computes the contribution of an agent or model to a change. For sums, it is the difference of the sums. For means and
/// shares, it is the difference of the values times the number of traces; `overall` replaces a missing earlier value.
fn contribution(
    metric: Metric,
    now: Option<&GroupSums>,
    before: Option<&GroupSums>,
    overall: Option<f64>,
) -> f64 {
    let value = |sum: Option<&GroupSums>| sum.and_then(|sum| sum.distribution.metric(metric));
    if matches!(metric, Metric::Requests | Metric::Errors | Metric::CostUsd | Metric::Tokens) {
        return value(now).unwrap_or(0.0) - value(before).unwrap_or(0.0);
    }
    let Some(current) = value(now) else { return 0.0 };
    let earlier = value(before).or(overall).unwrap_or(0.0);
    (current - earlier) * now.map_or(0.0, |now| weight(metric, &now.distribution) as f64)
}

/// Returns the number of traces that a mean or share is computed from.
fn weight(metric: Metric, distribution: &Distribution) -> i64 {
    if metric == Metric::QualityScore { distribution.sums.scored } else { distribution.sums.requests }
}

/// Returns the number of traces with an error or a timeout.
pub(super) fn failures(distribution: &Distribution) -> i64 {
    distribution.sums.errors + distribution.sums.timeouts
}
