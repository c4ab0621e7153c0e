//! Metrics of alert evaluation.

use std::time::Duration;

use domain::alert::state::Change;
use prometheus::{Histogram, HistogramOpts, IntCounterVec, Opts, Registry, exponential_buckets};

#[derive(Debug)]
pub(super) struct AlertMetrics {
    evaluations: IntCounterVec,
    durations: Histogram,
    changes: IntCounterVec,
}

impl AlertMetrics {
    pub(super) fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        let evaluations = IntCounterVec::new(
            Opts::new("agent_obs_alert_evaluations_total", "Evaluations of alert rules by outcome"),
            &["outcome"],
        )?;
        let durations = Histogram::with_opts(
            HistogramOpts::new(
                "agent_obs_alert_evaluation_duration_seconds",
                "Duration of evaluating the due alert rules of a workspace",
            )
            .buckets(exponential_buckets(0.001, 2.0, 14)?),
        )?;
        let changes = IntCounterVec::new(
            Opts::new(
                "agent_obs_alert_changes_total",
                "Alerts that fired, escalated, eased or were resolved",
            ),
            &["change"],
        )?;
        registry.register(Box::new(evaluations.clone()))?;
        registry.register(Box::new(durations.clone()))?;
        registry.register(Box::new(changes.clone()))?;
        Ok(Self { evaluations, durations, changes })
    }

    pub(super) fn evaluated(&self, rules: usize, took: Duration) {
        self.evaluations.with_label_values(&["done"]).inc_by(rules as u64);
        self.durations.observe(took.as_secs_f64());
    }

    pub(super) fn failed(&self, rules: usize) {
        self.evaluations.with_label_values(&["failed"]).inc_by(rules as u64);
    }

    pub(super) fn changed(&self, change: Change) {
        let change = match change {
            Change::Fired(_) => "fired",
            Change::Escalated(_) => "escalated",
            Change::Eased(_) => "eased",
            Change::Resolved(_) => "resolved",
        };
        self.changes.with_label_values(&[change]).inc();
    }
}
