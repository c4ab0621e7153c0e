//! Works on pricings anew: takes one that nobody works on, goes through its traces a part at a time, and notes after each
//! how far it has come. Who dies or stops in the middle is followed by another, who goes on there; a part that is done
//! twice is done once.

use std::time::Duration;

use domain::{
    error::chain,
    trace::usage::{CostChange, TraceUsage},
};
use shared::{Timestamp, time_range::Window};
use store::{
    StoreError,
    job::{JobStore, RepriceLease, RepriceStep},
    trace::TraceStore,
};
use uuid::Uuid;

use crate::{cache::Invalidator, clock::Clock, pricer::Pricer};

/// How often something to do is looked for.
const LOOK: Duration = Duration::from_secs(1);
/// How long a pricing is somebody's after the last part of it: much longer than one takes.
pub const LEASE: Duration = Duration::from_secs(15);
/// Traces of one part at most, and of the first.
const MOST_TRACES: usize = 500;
const FIRST_TRACES: usize = 50;
/// Spans after which a part is large enough: the next one has fewer traces.
const MANY_SPANS: usize = 20_000;

/// Who works on pricings anew in this process.
#[derive(Clone, Debug)]
pub struct Repricer {
    traces: TraceStore,
    jobs: JobStore,
    pricer: Pricer,
    invalidator: Invalidator,
    clock: Clock,
    id: Uuid,
}

impl Repricer {
    /// Changes costs in `traces` by what `pricer` knows, and drops answers through `invalidator`.
    #[must_use]
    pub fn new(traces: TraceStore, pricer: Pricer, invalidator: Invalidator, clock: Clock) -> Self {
        let jobs = JobStore::new(traces.database());
        Self { traces, jobs, pricer, invalidator, clock, id: Uuid::new_v4() }
    }

    /// Runs until it is aborted.
    pub async fn run(self) {
        let mut ticks = tokio::time::interval(LOOK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            if let Err(error) = self.work().await {
                tracing::warn!(error = chain(&error), "pricing anew does not go on, trying again later");
            }
        }
    }

    /// Works on whatever is to be done.
    async fn work(&self) -> Result<(), StoreError> {
        loop {
            let now = self.clock.now();
            let Some(turn) = self.jobs.lease_reprice(self.id, now, now + LEASE).await? else {
                return Ok(());
            };
            self.finish(turn).await?;
        }
    }

    async fn finish(&self, mut turn: RepriceLease) -> Result<(), StoreError> {
        let request = turn.reprice.request;
        let window = Window { start: request.start, end: request.end };
        let mut size = FIRST_TRACES;
        loop {
            let page = self.traces.usages(turn.workspace_id, window, turn.last, size).await?;
            let (seen, spans) = (page.len(), page.iter().map(|trace| trace.spans.len()).sum::<usize>());
            turn.last = page.last().map(|trace| trace.cursor).or(turn.last);
            let changed = self.reprice(turn.workspace_id, page).await?;
            // A page ends early where its traces have many spans.
            let is_last = seen == 0;
            if !self.note(&turn, seen, changed, is_last.then(|| self.clock.now())).await? || is_last {
                return Ok(());
            }
            size = if spans > MANY_SPANS { (size / 2).max(1) } else { (size * 2).min(MOST_TRACES) };
        }
    }

    /// Prices a part anew, and answers how many traces that changed.
    async fn reprice(&self, workspace_id: Uuid, page: Vec<TraceUsage>) -> Result<usize, StoreError> {
        let prices = self.pricer.prices_now(workspace_id).await?;
        let work = tokio::task::spawn_blocking(move || -> Vec<CostChange> {
            page.iter().flat_map(|trace| prices.reprice(workspace_id, trace)).collect()
        });
        let recosts = match work.await {
            Ok(recosts) => recosts,
            // It is not cancelled: it panicked, and so does this.
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        };
        if recosts.is_empty() {
            return Ok(0);
        }
        let changed = self.traces.reprice(workspace_id, &recosts).await?;
        self.invalidator.written(workspace_id).await;
        Ok(changed)
    }

    /// Answers whether it is still this worker's.
    async fn note(
        &self,
        turn: &RepriceLease,
        seen: usize,
        changed: usize,
        finished_at: Option<Timestamp>,
    ) -> Result<bool, StoreError> {
        let step = RepriceStep {
            last: turn.last,
            seen: seen as u64,
            changed: changed as u64,
            finished_at,
            leased_until: self.clock.now() + LEASE,
        };
        self.jobs.record_reprice_step(turn, step).await
    }
}
