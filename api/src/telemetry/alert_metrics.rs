//! Metrics of alert evaluation.

use std::time::Duration;

use domain::alert::state::Change;
use prometheus::{Error, Histogram, IntCounterVec};

use super::registrar::Registrar;

/// Metrics of alert evaluation.
#[derive(Debug)]
pub struct AlertMetrics {
    evaluations: IntCounterVec,
    durations: Histogram,
    changes: IntCounterVec,
}

impl AlertMetrics {
    pub(super) fn new(registrar: &Registrar) -> Result<Self, Error> {
        Ok(Self {
            evaluations: registrar.counters(
                "agent_obs_alert_evaluations_total",
                "Evaluations of alert rules by outcome",
                &["outcome"],
            )?,
            durations: registrar.histogram(
                "agent_obs_alert_evaluation_duration_seconds",
                "Duration of evaluating the due alert rules of a workspace",
                (0.001, 2.0, 14),
            )?,
            changes: registrar.counters(
                "agent_obs_alert_changes_total",
                "Alerts that fired, escalated, de-escalated or were resolved",
                &["change"],
            )?,
        })
    }

    /// Records an evaluation of the due rules of a workspace.
    pub fn record_evaluation(&self, rules: usize, took: Duration) {
        self.evaluations.with_label_values(&["done"]).inc_by(rules as u64);
        self.durations.observe(took.as_secs_f64());
    }

    /// Counts alert rules that could not be evaluated.
    pub fn record_failures(&self, rules: usize) {
        self.evaluations.with_label_values(&["failed"]).inc_by(rules as u64);
    }

    /// Counts a state change of an alert.
    pub fn record_change(&self, change: Change) {
        let change = match change {
            Change::Fired(_) => "fired",
            Change::Escalated(_) => "escalated",
            Change::Deescalated(_) => "eased",
            Change::Resolved(_) => "resolved",
        };
        self.changes.with_label_values(&[change]).inc();
    }
}
