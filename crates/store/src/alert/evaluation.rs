//! The leases under which alert rules are evaluated, workspace by workspace, and the results. A rule's state, its alerts and
//! their deliveries are committed in one transaction.

use std::collections::BTreeMap;

use domain::{
    alert::record::{DueRule, Evaluation},
    error::CorruptData,
};
use shared::Timestamp;
use uuid::Uuid;

use super::{
    AlertStore,
    alert::{AlertRow, alert_columns, bind_alert, insert_alert},
    decode,
    delivery::{Dropped, insert_deliveries, insert_dropped, insert_groups},
    log_unreadable, readable,
};
use crate::{
    database::{Transaction, timestamp::SqlTimestamp},
    error::StoreError,
};

/// The number of rows after which a transaction with evaluations ends.
const TRANSACTION_ROWS: usize = 500;

/// What was stored of evaluations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommittedEvaluations {
    /// The rules whose evaluations were stored.
    pub rule_ids: Vec<Uuid>,
    /// The number of deliveries that were dropped because the workspace has too many pending ones.
    pub dropped_deliveries: u64,
}

#[derive(sqlx::FromRow)]
struct DueRow {
    id: Uuid,
    workspace_id: Uuid,
    rule: String,
    version: i64,
    deleted: i64,
    state: String,
    evaluated_at: Option<SqlTimestamp>,
}

impl DueRow {
    fn into_due(self) -> Result<DueRule, CorruptData> {
        Ok(DueRule {
            id: self.id,
            workspace_id: self.workspace_id,
            rule: decode(&self.rule)?,
            version: self.version,
            is_deleted: self.deleted != 0,
            state: self.state,
            evaluated_at: self.evaluated_at.map(|moment| moment.0),
            open: Vec::new(),
        })
    }
}

/// Returns the statement that leases due rules. `$lock` locks the selected rows, where the engine has row locks.
macro_rules! lease_due {
    ($lock:literal) => {
        concat!(
            "UPDATE alert_rules SET worker = $1, leased_until = $2 WHERE id IN ( \
                 SELECT id FROM alert_rules WHERE workspace_id = $4 AND due_at <= $3 \
                 AND (leased_until IS NULL OR leased_until <= $3) ORDER BY due_at, id LIMIT $5",
            $lock,
            ") AND due_at <= $3 AND (leased_until IS NULL OR leased_until <= $3) \
             RETURNING id, workspace_id, rule, version, deleted, state, evaluated_at"
        )
    };
}

impl AlertStore {
    /// Returns the workspaces with due rules, those that have been due longest first.
    ///
    /// # Errors
    /// Returns an error if the database fails.
    pub async fn list_due_workspaces(&self, now: Timestamp) -> Result<Vec<Uuid>, StoreError> {
        let rows: Vec<(Uuid,)> = self
            .database
            .sql(
                "SELECT workspace_id FROM alert_rules WHERE due_at <= $1 \
                 AND (leased_until IS NULL OR leased_until <= $1) \
                 GROUP BY workspace_id ORDER BY MIN(due_at), workspace_id",
            )
            .bind(SqlTimestamp(now))
            .fetch_all()
            .await?;
        Ok(rows.into_iter().map(|(id,)| id).collect())
    }

    /// Leases up to `limit` due rules of a workspace to `worker`, those that have been due longest, and returns them with their
    /// open alerts. Rules that cannot be read are
    /// leased, too, and left out: they are retried when the lease expires.
    ///
    /// # Errors
    /// Returns an error if the transaction was not committed.
    pub async fn lease_rules(
        &self,
        worker: Uuid,
        workspace_id: Uuid,
        now: Timestamp,
        leased_until: Timestamp,
        limit: u32,
    ) -> Result<Vec<DueRule>, StoreError> {
        let mut transaction = self.database.write().await?;
        // The outer conditions are checked again when the row is locked: another worker may have leased it meanwhile. Workers
        // that lease at the same time skip each other's rows, because waiting for them could end in a deadlock.
        let rows: Vec<DueRow> = transaction
            .sql_by_engine(lease_due!(""), lease_due!(" FOR UPDATE SKIP LOCKED"))
            .bind(worker)
            .bind(SqlTimestamp(leased_until))
            .bind(SqlTimestamp(now))
            .bind(workspace_id)
            .bind(i64::from(limit))
            .fetch_all()
            .await?;
        transaction.commit().await?;
        let mut rules: BTreeMap<Uuid, DueRule> =
            readable("alert_rules", rows, |row| row.id, DueRow::into_due)
                .into_iter()
                .map(|rule| (rule.id, rule))
                .collect();
        if rules.is_empty() {
            return Ok(Vec::new());
        }
        // Only the owner of the lease changes them, so they can be read without blocking other writers.
        let open: Vec<AlertRow> = self
            .database
            .sql(concat!(
                "SELECT ",
                alert_columns!(),
                " FROM alerts WHERE workspace_id = $1 AND resolved_at IS NULL AND rule_id IN ( \
                     SELECT id FROM alert_rules WHERE workspace_id = $1 AND worker = $2 AND leased_until = $3)"
            ))
            .bind(workspace_id)
            .bind(worker)
            .bind(SqlTimestamp(leased_until))
            .fetch_all()
            .await?;
        for row in open {
            let (id, rule_id) = (row.id, row.rule_id);
            match row.into_record() {
                Ok(record) => {
                    if let Some(rule) = rule_id.and_then(|rule_id| rules.get_mut(&rule_id)) {
                        rule.open.push(record);
                    }
                }
                Err(error) => {
                    log_unreadable("alerts", id, &error);
                    // Without this alert, its rule would raise another one.
                    rules.retain(|&id, _| Some(id) != rule_id);
                }
            }
        }
        Ok(rules.into_values().collect())
    }

    /// Extends the lease of `worker` on the rules of a workspace.
    ///
    /// # Errors
    /// Returns an error if the transaction was not committed.
    pub async fn renew_lease(
        &self,
        worker: Uuid,
        workspace_id: Uuid,
        leased_until: Timestamp,
    ) -> Result<(), StoreError> {
        let mut transaction = self.database.write().await?;
        transaction
            .sql("UPDATE alert_rules SET leased_until = $1 WHERE workspace_id = $2 AND worker = $3")
            .bind(SqlTimestamp(leased_until))
            .bind(workspace_id)
            .bind(worker)
            .execute()
            .await?;
        transaction.commit().await
    }

    /// Stores evaluations. Each is stored as a whole, if its rule is still leased to `worker` and has the version that was
    /// evaluated. Stores some in each transaction, so that other writers do not wait for all of them.
    ///
    /// # Errors
    /// Returns an error if a transaction was not committed; earlier ones were, and their rules are not leased any more.
    pub async fn commit_evaluations(
        &self,
        worker: Uuid,
        evaluations: &[Evaluation],
    ) -> Result<CommittedEvaluations, StoreError> {
        let (mut stored, mut dropped) = (Vec::new(), Dropped::default());
        let mut result = Ok(());
        let mut rest = evaluations;
        while !rest.is_empty() {
            let (some, others) = rest.split_at(transaction_length(rest));
            result = self.commit_some(worker, some, &mut stored, &mut dropped).await;
            if result.is_err() {
                break;
            }
            rest = others;
        }
        if let Some(last) = evaluations.last().filter(|_| dropped.count() > 0) {
            let mut transaction = self.database.write().await?;
            insert_dropped(&mut transaction, &dropped, last.evaluated_at).await?;
            transaction.commit().await?;
        }
        result?;
        Ok(CommittedEvaluations { rule_ids: stored, dropped_deliveries: dropped.count() })
    }

    async fn commit_some(
        &self,
        worker: Uuid,
        evaluations: &[Evaluation],
        stored: &mut Vec<Uuid>,
        dropped: &mut Dropped,
    ) -> Result<(), StoreError> {
        let mut transaction = self.database.write().await?;
        let (mut new, mut newly_dropped) = (Vec::new(), Dropped::default());
        for evaluation in evaluations {
            if commit_one(&mut transaction, worker, evaluation, &mut newly_dropped).await? {
                new.push(evaluation.rule_id);
            }
        }
        transaction.commit().await?;
        stored.extend(new);
        dropped.extend(newly_dropped);
        Ok(())
    }
}

/// Returns how many of the evaluations to store in the next transaction: at least one.
fn transaction_length(evaluations: &[Evaluation]) -> usize {
    let rows = evaluations.iter().map(|evaluation| {
        let grouped: usize = evaluation.groups.iter().map(|group| group.alert_ids.len()).sum();
        1 + evaluation.alerts.len() + 2 * evaluation.deliveries.len() + grouped
    });
    let mut total = 0;
    let within = rows.take_while(|rows| {
        total += rows;
        total <= TRANSACTION_ROWS
    });
    within.count().max(1)
}

/// Stores an evaluation and returns whether it did.
async fn commit_one(
    transaction: &mut Transaction,
    worker: Uuid,
    evaluation: &Evaluation,
    dropped: &mut Dropped,
) -> Result<bool, StoreError> {
    let workspace: Option<(Uuid,)> = transaction
        .sql(
            "UPDATE alert_rules SET state = $1, evaluated_at = $2, due_at = $3, worker = NULL, \
             leased_until = NULL WHERE id = $4 AND worker = $5 AND version = $6 RETURNING workspace_id",
        )
        .bind(&evaluation.state)
        .bind(SqlTimestamp(evaluation.evaluated_at))
        .bind(evaluation.due_at.map(SqlTimestamp))
        .bind(evaluation.rule_id)
        .bind(worker)
        .bind(evaluation.version)
        .fetch_optional()
        .await?;
    let Some((workspace_id,)) = workspace else { return Ok(false) };
    for record in &evaluation.alerts {
        let insert = transaction.sql(concat!(
            insert_alert!(),
            "(id) DO UPDATE SET title = excluded.title, description = excluded.description, \
             severity = excluded.severity, metric_value = excluded.metric_value, \
             details = excluded.details, resolved_at = excluded.resolved_at"
        ));
        bind_alert(insert, record)?.execute().await?;
    }
    let at = evaluation.evaluated_at;
    insert_groups(transaction, &evaluation.groups, at).await?;
    insert_deliveries(transaction, workspace_id, &evaluation.deliveries, at, dropped).await?;
    if evaluation.deletes_rule {
        let delete = transaction.sql("DELETE FROM alert_rules WHERE id = $1");
        delete.bind(evaluation.rule_id).execute().await?;
    }
    Ok(true)
}
