//! Who moved a value: the agents and models that an alert names.

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
    window::{Summed, WindowSums},
};

/// Agents or models that are named at most.
const NAMED: usize = 3;

/// An agent or model, and what it did.
pub(super) struct Moved {
    /// By how much it moved the value, in the direction that is wrong.
    amount: f64,
    /// How many of its traces failed.
    pub(super) failed: i64,
    /// What an alert says of it.
    pub(super) change: AlertChange,
}

/// The agents and models that moved the value most, the most first.
pub(super) fn moved(read: &WindowSums, subject: &Subject<'_>, overall: Option<f64>) -> Vec<Moved> {
    let rule = subject.rule;
    let Some(metric) = rule.metric.metric() else { return Vec::new() };
    let is_fixed = |by: Dimension| {
        rule.group_by == Some(by)
            || match by {
                Dimension::Agent => rule.agent_id.is_some(),
                Dimension::Model => rule.model.is_some(),
            }
    };
    let mut moved: Vec<Moved> = Vec::new();
    for by in [Dimension::Agent, Dimension::Model].into_iter().filter(|&by| !is_fixed(by)) {
        let by_key = |window| {
            read.fold(window, true, |pair| {
                let name = match by {
                    Dimension::Agent => &pair.agent_id,
                    Dimension::Model => &pair.model,
                };
                (group_of(rule, pair) == Some(subject.key)).then_some(name)
            })
        };
        let (now, before) = (by_key(now(subject)), by_key(before(subject)));
        let keys: BTreeSet<&str> = now.keys().chain(before.keys()).copied().collect();
        for key in keys {
            let (now, before) = (now.get(key), before.get(key));
            let amount = amount(metric, now, before, overall);
            let amount = if rule.side == Side::Above { amount } else { -amount };
            if amount > 0.0 {
                let value = |sum: Option<&Summed>| sum.and_then(|sum| sum.distribution.metric(metric));
                let name = (!key.is_empty()).then(|| key.to_owned());
                let change = AlertChange { by, key: name, before: value(before), now: value(now) };
                let failed = now.map_or(0, |now| failures(&now.distribution));
                moved.push(Moved { amount, failed, change });
            }
        }
    }
    moved.sort_by(|one, other| other.amount.total_cmp(&one.amount));
    moved.truncate(NAMED);
    moved
}

/// By how much an agent or model moved a value: the difference of sums; of means and shares how far its own is off what it
/// was, times its traces.
fn amount(metric: Metric, now: Option<&Summed>, before: Option<&Summed>, overall: Option<f64>) -> f64 {
    let value = |sum: Option<&Summed>| sum.and_then(|sum| sum.distribution.metric(metric));
    if matches!(metric, Metric::Requests | Metric::Errors | Metric::CostUsd | Metric::Tokens) {
        return value(now).unwrap_or(0.0) - value(before).unwrap_or(0.0);
    }
    let Some(here) = value(now) else { return 0.0 };
    let there = value(before).or(overall).unwrap_or(0.0);
    (here - there) * now.map_or(0.0, |now| weight(metric, &now.distribution) as f64)
}

/// How many traces a mean or share is taken over.
fn weight(metric: Metric, distribution: &Distribution) -> i64 {
    if metric == Metric::QualityScore { distribution.sums.scored } else { distribution.sums.requests }
}

/// Traces that ended in an error or a timeout.
pub(super) fn failures(distribution: &Distribution) -> i64 {
    distribution.sums.errors + distribution.sums.timeouts
}
