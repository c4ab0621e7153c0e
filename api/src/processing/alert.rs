//! Evaluates alert rules: leases the rules that are due, reads what all rules of a workspace need at once, and stores the
//! alerts, the notifications and the states of the rules in one transaction. If the process dies before that, nothing has
//! changed, and another process evaluates the rules once the lease expires.

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
/// The maximum number of rules that are leased at once. A workspace has no more, so its rules share what is read.
const MAX_LEASED_RULES: u32 = 1000;

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
        let mut evaluated = 0;
        loop {
            let now = self.clock.now();
            let lease = Lease::new(self.id, now, LEASE);
            let due = self.alerts.lease_rules(lease.worker, now, lease.until, MAX_LEASED_RULES).await?;
            if due.is_empty() {
                return Ok(evaluated);
            }
            let mut workspaces: BTreeMap<Uuid, Vec<DueRule>> = BTreeMap::new();
            for rule in due {
                workspaces.entry(rule.workspace_id).or_default().push(rule);
            }
            for (workspace_id, rules) in workspaces {
                if stop.is_requested() {
                    return Ok(evaluated);
                }
                let count = rules.len();
                // Only the rules of this workspace are renewed. If another process takes over those of the next one
                // meanwhile, the store rejects their evaluations from here.
                let renew = |until| self.alerts.renew_lease(lease.worker, workspace_id, until);
                let result =
                    lease.renew_while(&self.clock, renew, self.evaluate(workspace_id, rules, now)).await;
                self.set_failed(workspace_id, result.is_err());
                match result {
                    Ok(stored) => evaluated += stored,
                    Err(error) => {
                        self.metrics.alerts.record_failures(count);
                        tracing::warn!(
                            error = chain(&error),
                            workspace.id = %workspace_id,
                            rules = count,
                            "failed to evaluate alert rules of workspace"
                        );
                    }
                }
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
        }
        let outcomes = self.apply_events(workspace_id, &evaluations, now).await?;
        let stored = self.alerts.commit_evaluations(self.id, &outcomes).await?;

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
