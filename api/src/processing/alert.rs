//! Evaluates alert rules: leases the due rules of a workspace, reads what all of them need at once, and stores the state, the
//! alerts and the notifications of each rule in one transaction. If the process dies before that, nothing has changed, and
//! another process evaluates the rules once the lease expires. Several workspaces are evaluated at once, so that one with many
//! rules does not delay the others.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use domain::{
    alert::{
        evaluate::{GroupEvent, RuleRun},
        lifecycle::{self, Outcome},
        record::{DueRule, Evaluation},
    },
    error::chain,
};
use shared::Timestamp;
use store::{StoreError, alert::AlertStore, trace::TraceStore};
use tokio::task::{JoinSet, yield_now};
use uuid::Uuid;

use crate::{
    alert::read::{description_data, readings},
    cache::Invalidator,
    clock::Clock,
    job::{Job, Lease, Stop},
    telemetry::metrics::Metrics,
};

/// The time between two checks for due rules.
const POLL_INTERVAL: Duration = Duration::from_millis(500);
/// The duration of a lease on rules.
pub const LEASE: Duration = Duration::from_secs(60);
/// The maximum number of rules of a workspace that are evaluated at once, sharing what is read. Then it is the turn of others.
const RULES_PER_TURN: u32 = 250;
/// The maximum number of workspaces that this process evaluates at once: each reads through a connection to the database.
const MAX_WORKSPACES: usize = 2;

/// Evaluates the due alert rules of all workspaces.
#[derive(Clone, Debug)]
pub struct Evaluator {
    traces: TraceStore,
    alerts: AlertStore,
    invalidator: Invalidator,
    clock: Clock,
    metrics: Metrics,
    interval: Duration,
    id: Uuid,
    /// Workspaces whose last evaluation failed: their missed evaluations are skipped, which makes the next one smaller.
    failed: Arc<Mutex<BTreeSet<Uuid>>>,
}

/// A due rule and its evaluation.
struct DueEvaluation {
    due: DueRule,
    run: RuleRun,
    /// Empty until the run is evaluated.
    events: Vec<GroupEvent>,
}

impl DueEvaluation {
    fn outcome(
        &self,
        now: Timestamp,
        interval: Duration,
        outcome: Outcome,
    ) -> Result<Evaluation, StoreError> {
        let state =
            serde_json::to_string(&self.run.state).map_err(|error| StoreError::corrupt(error.to_string()))?;
        Ok(Evaluation {
            rule_id: self.due.id,
            version: self.due.version,
            state,
            evaluated_at: now,
            due_at: (!self.run.times.is_empty()).then(|| now + interval),
            alerts: outcome.alerts,
            groups: outcome.groups,
            deliveries: outcome.deliveries,
            deletes_rule: self.due.is_deleted,
        })
    }
}

impl Job for Evaluator {
    const NAME: &'static str = "alert_evaluation";

    fn interval(&self) -> Duration {
        POLL_INTERVAL
    }

    /// Waits for one evaluation interval: traces that were queued while no process wrote are stored by then.
    fn first_delay(&self) -> Duration {
        self.interval
    }

    async fn run(&self, stop: &Stop) -> Result<(), StoreError> {
        self.evaluate_due(stop).await.map(drop)
    }
}

impl Evaluator {
    /// Creates an evaluator of the rules in the database of `traces`. Each rule is evaluated once per `interval`.
    #[must_use]
    pub fn new(
        traces: TraceStore,
        invalidator: Invalidator,
        clock: Clock,
        metrics: Metrics,
        interval: Duration,
    ) -> Self {
        let alerts = AlertStore::new(traces.database());
        let (id, failed) = (Uuid::new_v4(), Arc::default());
        Self { traces, alerts, invalidator, clock, metrics, interval, id, failed }
    }

    /// Evaluates all due rules, and returns how many. A failure in one workspace does not affect the others; its rules are
    /// evaluated again when the lease expires.
    ///
    /// # Errors
    /// Returns an error if no rules can be leased.
    pub async fn round(&self) -> Result<usize, StoreError> {
        self.evaluate_due(&Stop::never()).await
    }

    async fn evaluate_due(&self, stop: &Stop) -> Result<usize, StoreError> {
        let (mut evaluated, mut result) = (0, Ok(()));
        let (mut running, mut workspaces, mut turns) = (JoinSet::new(), BTreeSet::new(), BTreeMap::new());
        loop {
            while running.len() < MAX_WORKSPACES && !stop.is_requested() && result.is_ok() {
                match self.lease_next(&workspaces, &turns).await {
                    Ok(Some((workspace_id, lease, rules))) => {
                        workspaces.insert(workspace_id);
                        *turns.entry(workspace_id).or_default() += 1;
                        running.spawn(self.clone().evaluate_leased(workspace_id, lease, rules));
                    }
                    Ok(None) => break,
                    Err(error) => result = Err(error),
                }
            }
            match running.join_next().await {
                Some(Ok((workspace_id, stored))) => {
                    workspaces.remove(&workspace_id);
                    evaluated += stored;
                }
                Some(Err(error)) => match error.try_into_panic() {
                    Ok(panic) => std::panic::resume_unwind(panic),
                    // The runtime is shutting down.
                    Err(_) => return Ok(evaluated),
                },
                None => return result.map(|()| evaluated),
            }
        }
    }

    /// Leases due rules of the workspace that had the fewest turns; among several, of the one whose rules have been due longest.
    /// Leaves out workspaces that are being evaluated.
    async fn lease_next(
        &self,
        running: &BTreeSet<Uuid>,
        turns: &BTreeMap<Uuid, u64>,
    ) -> Result<Option<(Uuid, Lease, Vec<DueRule>)>, StoreError> {
        let now = self.clock.now();
        let mut workspaces = self.alerts.list_due_workspaces(now).await?;
        workspaces.retain(|workspace_id| !running.contains(workspace_id));
        workspaces.sort_by_key(|workspace_id| turns.get(workspace_id).copied().unwrap_or(0));
        for workspace_id in workspaces {
            let lease = Lease::new(self.id, now, LEASE);
            let rules =
                self.alerts.lease_rules(lease.worker, workspace_id, now, lease.until, RULES_PER_TURN).await?;
            // Another process may have leased them meanwhile.
            if !rules.is_empty() {
                return Ok(Some((workspace_id, lease, rules)));
            }
        }
        Ok(None)
    }

    /// Evaluates leased rules of a workspace, and returns it with the number of evaluations that were stored.
    async fn evaluate_leased(self, workspace_id: Uuid, lease: Lease, rules: Vec<DueRule>) -> (Uuid, usize) {
        let (count, now) = (rules.len(), self.clock.now());
        let renew = |until| self.alerts.renew_lease(lease.worker, workspace_id, until);
        let result = lease.renew_while(&self.clock, renew, self.evaluate(workspace_id, rules, now)).await;
        self.set_failed(workspace_id, result.is_err());
        match result {
            Ok(stored) => (workspace_id, stored),
            Err(error) => {
                self.metrics.alerts.record_failures(count);
                tracing::warn!(
                    error = chain(&error),
                    workspace.id = %workspace_id,
                    rules = count,
                    "failed to evaluate alert rules of workspace"
                );
                (workspace_id, 0)
            }
        }
    }

    /// Evaluates rules of a workspace, and returns how many evaluations were stored: those that were still leased to this
    /// process.
    async fn evaluate(
        &self,
        workspace_id: Uuid,
        rules: Vec<DueRule>,
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        let start = Instant::now();
        let skips_missed = self.has_failed(workspace_id);
        let plan = |due: DueRule| {
            let mut run = RuleRun::plan(&due, now, self.interval);
            if skips_missed {
                run.skip_missed();
            }
            DueEvaluation { due, run, events: Vec::new() }
        };
        let mut evaluations: Vec<DueEvaluation> = rules.into_iter().map(plan).collect();
        let needed = evaluations.iter().map(|rule| (&rule.due.rule, rule.run.times.as_slice()));
        let readings = readings(&self.traces, workspace_id, needed).await?;
        for rule in &mut evaluations {
            rule.events = rule.run.evaluate(&rule.due, &readings);
            // A rule with many groups takes milliseconds: other tasks of this thread run in between.
            yield_now().await;
        }
        let outcomes = self.apply_events(workspace_id, &evaluations, now).await?;
        let committed = self.alerts.commit_evaluations(self.id, &outcomes).await?;
        let stored = committed.rule_ids;
        if committed.dropped_deliveries > 0 {
            self.metrics.deliveries.record_dropped(committed.dropped_deliveries);
            tracing::warn!(
                workspace.id = %workspace_id,
                deliveries = committed.dropped_deliveries,
                "dropped notification deliveries: the workspace has too many pending ones"
            );
        }

        let has_changes =
            |outcome: &Evaluation| !outcome.alerts.is_empty() && stored.contains(&outcome.rule_id);
        if outcomes.iter().any(has_changes) {
            self.invalidator.invalidate(workspace_id).await;
        }
        self.metrics.alerts.record_evaluation(stored.len(), start.elapsed());
        for rule in evaluations.iter().filter(|rule| stored.contains(&rule.due.id)) {
            self.log_changes(rule);
        }
        Ok(stored.len())
    }

    /// Turns events into what is stored. Descriptions and channels are read only if there are events that need them.
    async fn apply_events(
        &self,
        workspace_id: Uuid,
        evaluations: &[DueEvaluation],
        now: Timestamp,
    ) -> Result<Vec<Evaluation>, StoreError> {
        let subjects: Vec<_> = evaluations
            .iter()
            .flat_map(|rule| rule.events.iter().filter_map(|event| lifecycle::subject(&rule.due, event)))
            .collect();
        let data = description_data(&self.traces, workspace_id, &subjects).await?;
        let mut events = evaluations.iter().flat_map(|rule| &rule.events);
        let channels = if events.any(|event| event.notification.is_some()) {
            self.alerts.list_channels(workspace_id).await?
        } else {
            Vec::new()
        };
        let outcome = |rule: &DueEvaluation| {
            let outcome = lifecycle::apply_events(&rule.due, &rule.events, &data, &channels);
            rule.outcome(now, self.interval, outcome)
        };
        evaluations.iter().map(outcome).collect()
    }

    fn has_failed(&self, workspace_id: Uuid) -> bool {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).contains(&workspace_id)
    }

    fn set_failed(&self, workspace_id: Uuid, has_failed: bool) {
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        if has_failed {
            failed.insert(workspace_id);
        } else {
            failed.remove(&workspace_id);
        }
    }

    fn log_changes(&self, rule: &DueEvaluation) {
        for change in rule.events.iter().filter_map(|event| event.change) {
            self.metrics.alerts.record_change(change);
            // The log omits the group, whose name is data of the workspace.
            tracing::info!(
                workspace.id = %rule.due.workspace_id,
                rule.id = %rule.due.id,
                ?change,
                "alert changed"
            );
        }
    }
}
