//! Evaluates alert rules: takes those that are due and that nobody else evaluates, reads for all rules of a workspace at
//! once what they look at, and keeps what came of it in one transaction with what they remember. Who dies in the middle has
//! changed nothing; another goes on there once the lease is over.

use std::{
    collections::{BTreeMap, BTreeSet},
    convert::Infallible,
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
    alert::read::{facts, readings},
    cache::Invalidator,
    clock::Clock,
    telemetry::metrics::Metrics,
};

/// How often rules that are due are looked for.
const LOOK: Duration = Duration::from_millis(500);
/// How long a rule is somebody's.
pub const LEASE: Duration = Duration::from_secs(60);
/// After how long of that it is renewed.
const RENEWED: Duration = Duration::from_secs(20);
/// Rules that are taken at once: as many as a workspace may have, so that they share what they read.
const TAKEN: u32 = 1000;

/// Who evaluates rules in this process.
#[derive(Clone, Debug)]
pub struct Evaluator {
    traces: TraceStore,
    alerts: AlertStore,
    invalidator: Invalidator,
    clock: Clock,
    metrics: Metrics,
    interval: Duration,
    id: Uuid,
    /// Workspaces whose last evaluation failed: theirs is not made larger by what was missed.
    failed: Arc<Mutex<BTreeSet<Uuid>>>,
}

impl Evaluator {
    /// Evaluates each rule of `traces` once in an interval, and drops answers through `invalidator`.
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

    /// Runs until it is aborted. It begins after one interval: what waited while nobody wrote is there by then.
    pub async fn run(self) {
        let mut ticks = tokio::time::interval_at(tokio::time::Instant::now() + self.interval, LOOK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            if let Err(error) = self.round().await {
                tracing::warn!(error = chain(&error), "alert rules were not evaluated, trying again later");
            }
        }
    }

    /// Evaluates whatever is due, and answers how many rules that were. What fails for one workspace is tried again when
    /// its lease is over, and stops no other.
    ///
    /// # Errors
    /// Where rules cannot be taken.
    pub async fn round(&self) -> Result<usize, StoreError> {
        let mut done = 0;
        loop {
            let now = self.clock.now();
            let due = self.alerts.lease_rules(self.id, now, now + LEASE, TAKEN).await?;
            if due.is_empty() {
                return Ok(done);
            }
            let mut workspaces: BTreeMap<Uuid, Vec<DueRule>> = BTreeMap::new();
            for rule in due {
                workspaces.entry(rule.workspace_id).or_default().push(rule);
            }
            for (workspace_id, rules) in workspaces {
                let evaluated = self.held(workspace_id, now, self.workspace(workspace_id, &rules, now)).await;
                self.note(workspace_id, evaluated.is_err());
                match evaluated {
                    Ok(kept) => done += kept,
                    Err(error) => {
                        self.metrics.alert_evaluations_failed(rules.len());
                        tracing::warn!(
                            error = chain(&error),
                            %workspace_id,
                            rules = rules.len(),
                            "a workspace's alert rules were not evaluated, trying again later"
                        );
                    }
                }
            }
        }
    }

    /// Does what is done with a workspace's rules, and keeps them this one's for as long as that takes. Those that were
    /// taken with them are not: where they are another's by their turn, what comes of them here is void.
    async fn held<T>(&self, workspace_id: Uuid, taken: Timestamp, work: impl Future<Output = T>) -> T {
        tokio::select! {
            done = work => done,
            never = self.hold(workspace_id, taken) => match never {},
        }
    }

    /// Renews a lease for ever. Mostly the work is done long before the first time, and that costs no write.
    async fn hold(&self, workspace_id: Uuid, taken: Timestamp) -> Infallible {
        let mut rest = RENEWED.saturating_sub(self.clock.now().since(taken));
        loop {
            tokio::time::sleep(rest).await;
            let until = self.clock.now() + LEASE;
            if let Err(error) = self.alerts.renew_lease(self.id, workspace_id, until).await {
                tracing::warn!(error = chain(&error), %workspace_id, "a lease was not renewed");
            }
            rest = RENEWED;
        }
    }

    /// Evaluates rules of one workspace, and answers how many of them were still this one's to evaluate.
    async fn workspace(
        &self,
        workspace_id: Uuid,
        rules: &[DueRule],
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        let start = Instant::now();
        let mut turns: Vec<RuleRun> =
            rules.iter().map(|due| RuleRun::plan(due, now, self.interval)).collect();
        if self.has_failed(workspace_id) {
            turns.iter_mut().for_each(RuleRun::skip_missed);
        }
        let asked = rules.iter().zip(&turns).map(|(due, turn)| (&due.rule, turn.moments.as_slice()));
        let readings = readings(&self.traces, workspace_id, asked).await?;
        let happened: Vec<_> =
            rules.iter().zip(&mut turns).map(|(due, turn)| turn.evaluate(due, &readings)).collect();
        let outcomes = self.outcomes(workspace_id, rules, &happened).await?;
        let evaluations = rules.iter().zip(&turns).zip(outcomes);
        let evaluations = evaluations
            .map(|((due, turn), outcome)| self.evaluation(due, turn, outcome, now))
            .collect::<Result<Vec<_>, _>>()?;
        let kept = self.alerts.commit_evaluations(self.id, &evaluations).await?;

        let changed = evaluations.iter().filter(|evaluation| kept.contains(&evaluation.rule_id));
        if changed.clone().any(|evaluation| !evaluation.alerts.is_empty()) {
            self.invalidator.written(workspace_id).await;
        }
        self.metrics.alerts_evaluated(kept.len(), start.elapsed());
        for (evaluation, happened) in evaluations.iter().zip(&happened) {
            if kept.contains(&evaluation.rule_id) {
                self.tell_log(workspace_id, evaluation, happened);
            }
        }
        Ok(kept.len())
    }

    fn has_failed(&self, workspace_id: Uuid) -> bool {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).contains(&workspace_id)
    }

    fn note(&self, workspace_id: Uuid, has_failed: bool) {
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        if has_failed {
            failed.insert(workspace_id);
        } else {
            failed.remove(&workspace_id);
        }
    }

    /// What came of each rule. Only where something happened is anything read for that.
    async fn outcomes(
        &self,
        workspace_id: Uuid,
        rules: &[DueRule],
        happened: &[Vec<GroupEvent>],
    ) -> Result<Vec<Outcome>, StoreError> {
        let each = || rules.iter().zip(happened);
        let subjects: Vec<_> = each()
            .flat_map(|(due, happened)| {
                happened.iter().filter_map(|happening| lifecycle::subject(due, happening))
            })
            .collect();
        let facts = facts(&self.traces, workspace_id, &subjects).await?;
        let is_told = happened.iter().flatten().any(|happening| happening.notification.is_some());
        let channels = if is_told { self.alerts.list_channels(workspace_id).await? } else { Vec::new() };
        Ok(each().map(|(due, happened)| lifecycle::apply_events(due, happened, &facts, &channels)).collect())
    }

    fn evaluation(
        &self,
        due: &DueRule,
        turn: &RuleRun,
        outcome: Outcome,
        now: Timestamp,
    ) -> Result<Evaluation, StoreError> {
        let state =
            serde_json::to_string(&turn.state).map_err(|error| StoreError::corrupt(error.to_string()))?;
        Ok(Evaluation {
            rule_id: due.id,
            version: due.version,
            state,
            evaluated_at: now,
            due_at: (!turn.moments.is_empty()).then(|| now + self.interval),
            alerts: outcome.alerts,
            deliveries: outcome.deliveries,
            deletes_rule: due.is_deleted,
        })
    }

    fn tell_log(&self, workspace_id: Uuid, evaluation: &Evaluation, happened: &[GroupEvent]) {
        for happening in happened {
            let Some(change) = happening.change else { continue };
            self.metrics.alert_changed(change);
            // The group's name is the workspace's, and the log's readers are not.
            tracing::info!(%workspace_id, rule = %evaluation.rule_id, ?change, "an alert changed");
        }
    }
}
