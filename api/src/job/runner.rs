//! Runs the jobs of a process.

use std::{
    fmt,
    pin::Pin,
    time::{Duration, Instant},
};

use domain::error::chain;
use tokio::{
    task::JoinSet,
    time::{MissedTickBehavior, interval_at, timeout},
};

use super::{
    Job,
    stop::{Stop, StopSignal},
};
use crate::telemetry::metrics::Metrics;

/// The jobs of a process, each in a task. If they are dropped without [`Jobs::stop`], they end at once, as in a process
/// that is killed.
pub struct Jobs {
    metrics: Metrics,
    signal: StopSignal,
    added: Vec<Pin<Box<dyn Future<Output = ()> + Send>>>,
    tasks: JoinSet<()>,
}

impl Jobs {
    /// Creates a runner without jobs.
    #[must_use]
    pub fn new(metrics: Metrics) -> Self {
        Self { metrics, signal: StopSignal::default(), added: Vec::new(), tasks: JoinSet::new() }
    }

    /// Adds a job that runs after the next [`Jobs::start`].
    pub fn add<J: Job>(&mut self, job: J) {
        self.metrics.jobs.register(J::NAME);
        self.added.push(Box::pin(repeat(job, self.signal.subscribe(), self.metrics.clone())));
    }

    /// Starts the added jobs.
    pub fn start(&mut self) {
        for job in self.added.drain(..) {
            self.tasks.spawn(job);
        }
    }

    /// Requests the jobs to stop, waits for what is in flight for at most `limit`, and aborts the rest.
    pub async fn stop(mut self, limit: Duration) {
        self.signal.request();
        // A panic of a job was logged when it happened.
        let ended = timeout(limit, async { while self.tasks.join_next().await.is_some() {} }).await;
        if ended.is_err() {
            tracing::warn!(jobs = self.tasks.len(), "jobs did not stop in time, aborting them");
            self.tasks.shutdown().await;
        }
    }
}

impl fmt::Debug for Jobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jobs").field("running", &self.tasks.len()).finish_non_exhaustive()
    }
}

async fn repeat<J: Job>(job: J, stop: Stop, metrics: Metrics) {
    let mut ticks = interval_at(tokio::time::Instant::now() + job.first_delay(), job.interval());
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while stop.unless_requested(ticks.tick()).await.is_some() {
        run(&job, &stop, &metrics).await;
    }
    if J::HAS_FINAL_RUN {
        run(&job, &stop, &metrics).await;
    }
}

async fn run<J: Job>(job: &J, stop: &Stop, metrics: &Metrics) {
    let start = Instant::now();
    let result = job.run(stop).await;
    metrics.jobs.record_run(J::NAME, result.is_ok(), start.elapsed());
    if let Err(error) = result {
        tracing::warn!(job.name = J::NAME, error = chain(&error), "job failed");
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    use store::StoreError;
    use tokio::time::sleep;

    use super::*;

    const INTERVAL: Duration = Duration::from_secs(10);

    /// Counts its starts and ends; each run takes `takes`, and the second run fails.
    #[derive(Clone, Default)]
    struct Sample {
        takes: Duration,
        first_delay: Duration,
        started: Arc<AtomicUsize>,
        ended: Arc<AtomicUsize>,
    }

    impl Job for Sample {
        const NAME: &'static str = "sample";
        const HAS_FINAL_RUN: bool = true;

        fn interval(&self) -> Duration {
            INTERVAL
        }

        fn first_delay(&self) -> Duration {
            self.first_delay
        }

        async fn run(&self, _: &Stop) -> Result<(), StoreError> {
            self.started.fetch_add(1, Ordering::SeqCst);
            sleep(self.takes).await;
            match self.ended.fetch_add(1, Ordering::SeqCst) {
                1 => Err(StoreError::corrupt("sample")),
                _ => Ok(()),
            }
        }
    }

    impl Sample {
        fn counts(&self) -> (usize, usize) {
            (self.started.load(Ordering::SeqCst), self.ended.load(Ordering::SeqCst))
        }

        fn start(&self) -> (Jobs, Metrics) {
            let metrics = Metrics::new().unwrap();
            let mut jobs = Jobs::new(metrics.clone());
            jobs.add(self.clone());
            jobs.start();
            (jobs, metrics)
        }
    }

    #[tokio::test(start_paused = true)]
    async fn runs_a_job_at_its_interval_and_counts_failures() {
        let job = Sample { first_delay: INTERVAL / 2, ..Sample::default() };
        let (jobs, metrics) = job.start();
        sleep(INTERVAL / 4).await;
        assert_eq!(job.counts(), (0, 0), "the first run is delayed");
        sleep(INTERVAL * 2).await;
        assert_eq!(job.counts(), (2, 2));
        jobs.stop(INTERVAL).await;
        assert_eq!(job.counts(), (3, 3), "the final run follows the stop");
        let text = String::from_utf8(metrics.text().unwrap()).unwrap();
        for line in [
            "agent_obs_job_runs_total{job=\"sample\",outcome=\"failed\"} 1",
            "agent_obs_job_runs_total{job=\"sample\",outcome=\"succeeded\"} 2",
            "agent_obs_job_duration_seconds_count{job=\"sample\"} 3",
        ] {
            assert!(text.contains(line), "{line} is missing in {text}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn does_not_overlap_runs_that_take_longer_than_the_interval() {
        let job = Sample { takes: INTERVAL * 2, ..Sample::default() };
        let (_jobs, _) = job.start();
        sleep(INTERVAL * 5).await;
        assert_eq!(job.counts(), (3, 2));
    }

    #[tokio::test(start_paused = true)]
    async fn waits_for_runs_in_flight_and_aborts_them_after_the_limit() {
        let job = Sample { takes: INTERVAL, ..Sample::default() };
        let (jobs, _) = job.start();
        sleep(INTERVAL / 2).await;
        jobs.stop(INTERVAL * 3).await;
        assert_eq!(job.counts(), (2, 2), "the run in flight and the final run have ended");

        let job = Sample { takes: INTERVAL * 9, ..Sample::default() };
        let (jobs, _) = job.start();
        sleep(INTERVAL / 2).await;
        jobs.stop(INTERVAL).await;
        sleep(INTERVAL * 20).await;
        assert_eq!(job.counts(), (1, 0), "the run in flight was aborted");
    }
}
