//! The leases under which alert rules are evaluated, and the results. A rule's state, its alerts and their deliveries are
//! committed in one transaction.

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
    delivery::insert_delivery,
    log_unreadable, readable,
};
use crate::{database::timestamp::SqlTimestamp, error::StoreError};

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
                 SELECT id FROM alert_rules WHERE due_at <= $3 \
                 AND (leased_until IS NULL OR leased_until <= $3) \
                 ORDER BY due_at, workspace_id, id LIMIT $4",
            $lock,
            ") AND due_at <= $3 AND (leased_until IS NULL OR leased_until <= $3) \
             RETURNING id, workspace_id, rule, version, deleted, state, evaluated_at"
        )
    };
}

impl AlertStore {
    /// Leases up to `limit` due rules to `worker`, and returns them with their open alerts, by workspace. The rules that
    /// have been due longest are leased first. Rules that cannot be read are leased, too, and left out: they are retried
    /// when the lease expires.
    ///
    /// # Errors
    /// Returns an error if the transaction was not committed.
    pub async fn lease_rules(
        &self,
        worker: Uuid,
        now: Timestamp,
        leased_until: Timestamp,
        limit: u32,
    ) -> Result<Vec<DueRule>, StoreError> {
        // Most of the time none is due: find out without a write transaction.
        let due: i64 = self
            .database
            .sql(
                "SELECT COUNT(*) FROM alert_rules WHERE due_at <= $1 \
                 AND (leased_until IS NULL OR leased_until <= $1)",
            )
            .bind(SqlTimestamp(now))
            .fetch_scalar()
            .await?;
        if due == 0 {
            return Ok(Vec::new());
        }
        let mut transaction = self.database.write().await?;
        // The outer conditions are checked again when the row is locked: another worker may have leased it meanwhile. Workers
        // that lease at the same time skip each other's rows, because waiting for them could end in a deadlock.
        let rows: Vec<DueRow> = transaction
            .sql_by_engine(lease_due!(""), lease_due!(" FOR UPDATE SKIP LOCKED"))
            .bind(worker)
            .bind(SqlTimestamp(leased_until))
            .bind(SqlTimestamp(now))
            .bind(i64::from(limit))
            .fetch_all()
            .await?;
        let mut rules = BTreeMap::new();
        for rule in readable("alert_rules", rows, |row| row.id, DueRow::into_due) {
            rules.insert((rule.workspace_id, rule.id), rule);
        }
        let open: Vec<AlertRow> = transaction
            .sql(concat!(
                "SELECT ",
                alert_columns!(),
                " FROM alerts WHERE resolved_at IS NULL AND rule_id IN ( \
                     SELECT id FROM alert_rules WHERE worker = $1 AND leased_until = $2)"
            ))
            .bind(worker)
            .bind(SqlTimestamp(leased_until))
            .fetch_all()
            .await?;
        for row in open {
            let (id, rule_id) = (row.id, row.rule_id);
            match row.into_record() {
                Ok(record) => {
                    let key = rule_id.map(|rule_id| (record.alert.workspace_id, rule_id));
                    if let Some(rule) = key.and_then(|key| rules.get_mut(&key)) {
                        rule.open.push(record);
                    }
                }
                Err(error) => {
                    log_unreadable("alerts", id, &error);
                    // Without this alert, its rule would raise another one.
                    rules.retain(|&(_, id), _| Some(id) != rule_id);
                }
            }
        }
        transaction.commit().await?;
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

    /// Stores evaluations in one transaction, and returns the rules whose evaluation was stored: those that are still
    /// leased to `worker` and have the version that was evaluated.
    ///
    /// # Errors
    /// Returns an error if the transaction was not committed.
    pub async fn commit_evaluations(
        &self,
        worker: Uuid,
        evaluations: &[Evaluation],
    ) -> Result<Vec<Uuid>, StoreError> {
        let mut transaction = self.database.write().await?;
        let mut stored = Vec::new();
        for evaluation in evaluations {
            let updated = transaction
                .sql(
                    "UPDATE alert_rules SET state = $1, evaluated_at = $2, due_at = $3, worker = NULL, \
                     leased_until = NULL WHERE id = $4 AND worker = $5 AND version = $6",
                )
                .bind(&evaluation.state)
                .bind(SqlTimestamp(evaluation.evaluated_at))
                .bind(evaluation.due_at.map(SqlTimestamp))
                .bind(evaluation.rule_id)
                .bind(worker)
                .bind(evaluation.version)
                .execute()
                .await?;
            if updated == 0 {
                continue;
            }
            stored.push(evaluation.rule_id);
            for record in &evaluation.alerts {
                let insert = transaction.sql(concat!(
                    insert_alert!(),
                    "(id) DO UPDATE SET title = excluded.title, description = excluded.description, \
                     severity = excluded.severity, metric_value = excluded.metric_value, \
                     details = excluded.details, resolved_at = excluded.resolved_at"
                ));
                bind_alert(insert, record)?.execute().await?;
            }
            for delivery in &evaluation.deliveries {
                insert_delivery(&mut transaction, delivery, evaluation.evaluated_at).await?;
            }
            if evaluation.deletes_rule {
                transaction
                    .sql("DELETE FROM alert_rules WHERE id = $1")
                    .bind(evaluation.rule_id)
                    .execute()
                    .await?;
            }
        }
        transaction.commit().await?;
        Ok(stored)
    }
}
