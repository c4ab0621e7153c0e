//! Metrics of background jobs.

use std::time::Duration;

use prometheus::{HistogramOpts, HistogramVec, IntCounterVec, Opts, Registry, exponential_buckets};

/// The outcome of a run of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobOutcome {
    /// The run did what was due.
    Succeeded,
    /// The run returned an error; the next run tries again.
    Failed,
}

impl JobOutcome {
    const ALL: [Self; 2] = [Self::Succeeded, Self::Failed];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
        }
    }
}

#[derive(Debug)]
pub(super) struct JobMetrics {
    runs: IntCounterVec,
    durations: HistogramVec,
}

impl JobMetrics {
    pub(super) fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        let runs = IntCounterVec::new(
            Opts::new(
                "agent_obs_job_runs_total",
                "Runs of background jobs by job and outcome (succeeded or failed)",
            ),
            &["job", "outcome"],
        )?;
        let durations = HistogramVec::new(
            HistogramOpts::new(
                "agent_obs_job_duration_seconds",
                "Duration of runs of background jobs by job",
            )
            .buckets(exponential_buckets(0.001, 4.0, 10)?),
            &["job"],
        )?;
        registry.register(Box::new(runs.clone()))?;
        registry.register(Box::new(durations.clone()))?;
        Ok(Self { runs, durations })
    }

    pub(super) fn added(&self, job: &str) {
        // Jobs that have not run yet are zero, not absent.
        for outcome in JobOutcome::ALL {
            self.runs.with_label_values(&[job, outcome.as_str()]);
        }
    }

    pub(super) fn ran(&self, job: &str, outcome: JobOutcome, took: Duration) {
        self.runs.with_label_values(&[job, outcome.as_str()]).inc();
        self.durations.with_label_values(&[job]).observe(took.as_secs_f64());
    }
}
