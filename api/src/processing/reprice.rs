//! Reprices stored traces: leases a job of a user, works through its traces page by page, and stores the progress after
//! each page. If the process dies or stops, another process continues from there; a page that is repriced twice has the
//! same result.

use std::time::Duration;

use domain::trace::usage::{CostChange, TraceUsage};
use shared::time_range::Window;
use store::{
    StoreError,
    job::{JobStore, RepriceLease, RepriceStep},
    trace::TraceStore,
};
use uuid::Uuid;

use crate::{
    cache::Invalidator,
    clock::Clock,
    job::{Job, Lease, Stop},
    pricer::Pricer,
};

/// The time between two checks for unfinished jobs.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// The duration of a lease on a job, renewed after each page, which takes much less time.
pub const LEASE: Duration = Duration::from_secs(15);
/// The maximum number of traces of a page.
const MAX_PAGE_TRACES: usize = 500;
/// The number of traces of the first page.
const INITIAL_PAGE_TRACES: usize = 50;
/// The number of spans of a page above which the next page has fewer traces.
const TARGET_SPANS: usize = 20_000;

/// Reprices the traces of unfinished jobs.
#[derive(Clone, Debug)]
pub struct Repricer {
    traces: TraceStore,
    jobs: JobStore,
    pricer: Pricer,
    invalidator: Invalidator,
    clock: Clock,
    id: Uuid,
}

impl Job for Repricer {
    const NAME: &'static str = "repricing";

    fn interval(&self) -> Duration {
        POLL_INTERVAL
    }

    async fn run(&self, stop: &Stop) -> Result<(), StoreError> {
        while !stop.is_requested() {
            let now = self.clock.now();
            let lease = Lease::new(self.id, now, LEASE);
            let Some(job) = self.jobs.lease_reprice(lease.worker, now, lease.until).await? else {
                return Ok(());
            };
            self.work_on(job, lease, stop).await?;
        }
        Ok(())
    }
}

impl Repricer {
    /// Creates a repricer of the traces in `traces` with the prices of `pricer`.
    #[must_use]
    pub fn new(traces: TraceStore, pricer: Pricer, invalidator: Invalidator, clock: Clock) -> Self {
        let jobs = JobStore::new(traces.database());
        Self { traces, jobs, pricer, invalidator, clock, id: Uuid::new_v4() }
    }

    /// Works on a job until it is finished, another worker has taken over, or a stop is requested.
    async fn work_on(&self, mut job: RepriceLease, lease: Lease, stop: &Stop) -> Result<(), StoreError> {
        let request = job.reprice.request;
        let window = Window { start: request.start, end: request.end };
        let mut size = INITIAL_PAGE_TRACES;
        while !stop.is_requested() {
            let page = self.traces.usages(job.workspace_id, window, job.last, size).await?;
            let (seen, spans) = (page.len(), page.iter().map(|trace| trace.spans.len()).sum::<usize>());
            job.last = page.last().map(|trace| trace.cursor).or(job.last);
            let changed = self.reprice(job.workspace_id, page).await?;
            // A page with many spans may have fewer traces than requested, so only an empty page is the last one.
            let is_last = seen == 0;
            let now = self.clock.now();
            let step = RepriceStep {
                last: job.last,
                seen: seen as u64,
                changed: changed as u64,
                finished_at: is_last.then_some(now),
                leased_until: lease.renewed_until(now),
            };
            if !self.jobs.record_reprice_step(&job, step).await? || is_last {
                return Ok(());
            }
            size = if spans > TARGET_SPANS { (size / 2).max(1) } else { (size * 2).min(MAX_PAGE_TRACES) };
        }
        Ok(())
    }

    /// Reprices a page, and returns how many traces changed.
    async fn reprice(&self, workspace_id: Uuid, page: Vec<TraceUsage>) -> Result<usize, StoreError> {
        let prices = self.pricer.prices_now(workspace_id).await?;
        let work = tokio::task::spawn_blocking(move || -> Vec<CostChange> {
            page.iter().flat_map(|trace| prices.reprice(workspace_id, trace)).collect()
        });
        let changes = match work.await {
            Ok(changes) => changes,
            // The task is never cancelled, so it panicked.
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        };
        if changes.is_empty() {
            return Ok(0);
        }
        let changed = self.traces.reprice(workspace_id, &changes).await?;
        self.invalidator.invalidate(workspace_id).await;
        Ok(changed)
    }
}
