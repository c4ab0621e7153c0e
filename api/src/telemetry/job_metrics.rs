//! Metrics of background jobs.

use std::time::Duration;

use prometheus::{Error, HistogramVec, IntCounterVec};

use super::registrar::Registrar;

const SUCCEEDED: &str = "succeeded";
const FAILED: &str = "failed";

/// Metrics of background jobs.
#[derive(Debug)]
pub struct JobMetrics {
    runs: IntCounterVec,
    durations: HistogramVec,
}

impl JobMetrics {
    pub(super) fn new(registrar: &Registrar) -> Result<Self, Error> {
        Ok(Self {
            runs: registrar.counters(
                "agent_obs_job_runs_total",
                "Runs of background jobs by job and outcome (succeeded or failed)",
                &["job", "outcome"],
            )?,
            durations: registrar.histograms(
                "agent_obs_job_duration_seconds",
                "Duration of runs of background jobs by job",
                &["job"],
                (0.001, 4.0, 10),
            )?,
        })
    }

    /// Adds a job with all counters at zero: jobs that have not run yet are not absent.
    pub fn register(&self, job: &str) {
        for outcome in [SUCCEEDED, FAILED] {
            self.runs.with_label_values(&[job, outcome]);
        }
    }

    /// Records a run of a job.
    pub fn record_run(&self, job: &str, has_succeeded: bool, took: Duration) {
        let outcome = if has_succeeded { SUCCEEDED } else { FAILED };
        self.runs.with_label_values(&[job, outcome]).inc();
        self.durations.with_label_values(&[job]).observe(took.as_secs_f64());
    }
}
