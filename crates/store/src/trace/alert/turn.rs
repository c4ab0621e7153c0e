//! Whose turn it is to evaluate a rule, and what came of it: the rule's memory, its alerts and what channels are to be told
//! change in one transaction, or none of them does.

use domain::alert::record::{DueRule, Evaluation};
use shared::Timestamp;
use uuid::Uuid;

use super::{
    super::{StoreError, TraceStore, on_engine, row::Columns},
    decode,
};

/// A row of id, workspace_id, rule, version, deleted, state, evaluated_at.
pub(in crate::trace) fn due(row: &impl Columns) -> Result<DueRule, StoreError> {
    Ok(DueRule {
        id: row.uuid(0)?,
        workspace_id: row.uuid(1)?,
        rule: decode(row.text(2)?)?,
        version: row.integer(3)?,
        is_deleted: row.integer(4)? != 0,
        state: row.text(5)?.to_owned(),
        evaluated_at: row.moment_or_null(6)?,
        open: Vec::new(),
    })
}

impl TraceStore {
    /// Takes rules that are due and that nobody evaluates, until some moment: nobody else is given them until then. Those
    /// that have waited longest come first, and those of a workspace together. What cannot be read is taken, too, and left
    /// out: it is tried again when that moment has come.
    ///
    /// # Errors
    /// Where the transaction did not commit.
    pub async fn take_alert_rules(
        &self,
        worker: Uuid,
        now: Timestamp,
        leased_until: Timestamp,
        most: u32,
    ) -> Result<Vec<DueRule>, StoreError> {
        on_engine!(self, store => store.take_alert_rules(worker, now, leased_until, most).await)
    }

    /// Keeps a workspace's rules that are this worker's its own until a later moment.
    ///
    /// # Errors
    /// Where the transaction did not commit.
    pub async fn hold_alert_rules(
        &self,
        worker: Uuid,
        workspace_id: Uuid,
        leased_until: Timestamp,
    ) -> Result<(), StoreError> {
        on_engine!(self, store => store.hold_alert_rules(worker, workspace_id, leased_until).await)
    }

    /// Keeps what came of evaluating rules, all of it in one transaction, and answers which rules that were: those that
    /// are still this worker's, in the version that it evaluated.
    ///
    /// # Errors
    /// Where the transaction did not commit; nothing of it is kept then.
    pub async fn commit_evaluations(
        &self,
        worker: Uuid,
        evaluations: &[Evaluation],
    ) -> Result<Vec<Uuid>, StoreError> {
        on_engine!(self, store => store.commit_evaluations(worker, evaluations).await)
    }
}

/// Gives a store turns: `begin_write` and `begin_read` are its own methods that begin a transaction.
macro_rules! impl_alert_turns {
    ($store:ty) => {
        impl $store {
            pub(in crate::trace) async fn take_alert_rules(
                &self,
                worker: uuid::Uuid,
                now: shared::Timestamp,
                leased_until: shared::Timestamp,
                most: u32,
            ) -> Result<Vec<domain::alert::record::DueRule>, crate::error::StoreError> {
                use crate::{database::moment::Moment, trace::alert::{life::{alert, alert_columns}, readable, turn::due, unreadable}};
                // Mostly there is nothing: found out without a transaction that writes.
                let mut snapshot = self.begin_read().await?;
                let found: i64 = sqlx::query_scalar(
                    "SELECT COUNT(*) FROM alert_rules WHERE due_at <= $1 \
                     AND (leased_until IS NULL OR leased_until <= $1)",
                )
                .bind(Moment(now))
                .fetch_one(&mut *snapshot)
                .await?;
                drop(snapshot);
                if found == 0 {
                    return Ok(Vec::new());
                }
                let mut transaction = self.begin_write().await?;
                // The conditions stand outside, too: another may have been quicker.
                let rows = sqlx::query(
                    "UPDATE alert_rules SET worker = $1, leased_until = $2 WHERE id IN ( \
                         SELECT id FROM alert_rules WHERE due_at <= $3 \
                         AND (leased_until IS NULL OR leased_until <= $3) \
                         ORDER BY due_at, workspace_id, id LIMIT $4 \
                     ) AND due_at <= $3 AND (leased_until IS NULL OR leased_until <= $3) \
                     RETURNING id, workspace_id, rule, version, deleted, state, evaluated_at",
                )
                .bind(worker)
                .bind(Moment(leased_until))
                .bind(Moment(now))
                .bind(i64::from(most))
                .fetch_all(&mut *transaction)
                .await?;
                let mut rules = std::collections::BTreeMap::new();
                for rule in readable("alert_rules", &rows, due) {
                    rules.insert((rule.workspace_id, rule.id), rule);
                }
                let open = sqlx::query(concat!(
                    "SELECT ",
                    alert_columns!(),
                    " FROM alerts WHERE resolved_at IS NULL AND rule_id IN ( \
                         SELECT id FROM alert_rules WHERE worker = $1 AND leased_until = $2)"
                ))
                .bind(worker)
                .bind(Moment(leased_until))
                .fetch_all(&mut *transaction)
                .await?;
                for row in &open {
                    let record = match alert(row) {
                        Ok(record) => record,
                        Err(error) => {
                            unreadable("alerts", row, &error);
                            // Without it, its rule would raise another.
                            let rule_id: Option<uuid::Uuid> = sqlx::Row::try_get(row, "rule_id")?;
                            rules.retain(|&(_, id), _| Some(id) != rule_id);
                            continue;
                        }
                    };
                    let key = record.alert.rule_id.map(|rule_id| (record.alert.workspace_id, rule_id));
                    if let Some(rule) = key.and_then(|key| rules.get_mut(&key)) {
                        rule.open.push(record);
                    }
                }
                transaction.commit().await?;
                Ok(rules.into_values().collect())
            }

            pub(in crate::trace) async fn hold_alert_rules(
                &self,
                worker: uuid::Uuid,
                workspace_id: uuid::Uuid,
                leased_until: shared::Timestamp,
            ) -> Result<(), crate::error::StoreError> {
                let mut transaction = self.begin_write().await?;
                sqlx::query("UPDATE alert_rules SET leased_until = $1 WHERE workspace_id = $2 AND worker = $3")
                    .bind(crate::database::moment::Moment(leased_until))
                    .bind(workspace_id)
                    .bind(worker)
                    .execute(&mut *transaction)
                    .await?;
                transaction.commit().await?;
                Ok(())
            }

            pub(in crate::trace) async fn commit_evaluations(
                &self,
                worker: uuid::Uuid,
                evaluations: &[domain::alert::record::Evaluation],
            ) -> Result<Vec<uuid::Uuid>, crate::error::StoreError> {
                use crate::{database::moment::Moment, trace::alert::{delivery::add_delivery, life::{bind_alert, insert_alert}}};
                let mut transaction = self.begin_write().await?;
                let mut kept = Vec::new();
                for evaluation in evaluations {
                    let mine = sqlx::query(
                        "UPDATE alert_rules SET state = $1, evaluated_at = $2, due_at = $3, worker = NULL, \
                         leased_until = NULL WHERE id = $4 AND worker = $5 AND version = $6",
                    )
                    .bind(&evaluation.state)
                    .bind(Moment(evaluation.evaluated_at))
                    .bind(evaluation.due_at.map(Moment))
                    .bind(evaluation.rule_id)
                    .bind(worker)
                    .bind(evaluation.version)
                    .execute(&mut *transaction)
                    .await?
                    .rows_affected();
                    if mine == 0 {
                        continue;
                    }
                    kept.push(evaluation.rule_id);
                    for record in &evaluation.alerts {
                        bind_alert!(
                            concat!(
                                insert_alert!(),
                                "(id) DO UPDATE SET title = excluded.title, description = excluded.description, \
                                 severity = excluded.severity, metric_value = excluded.metric_value, \
                                 details = excluded.details, resolved_at = excluded.resolved_at"
                            ),
                            record
                        )
                        .execute(&mut *transaction)
                        .await?;
                    }
                    for delivery in &evaluation.deliveries {
                        add_delivery!(transaction, delivery, evaluation.evaluated_at);
                    }
                    if evaluation.is_removed {
                        sqlx::query("DELETE FROM alert_rules WHERE id = $1")
                            .bind(evaluation.rule_id)
                            .execute(&mut *transaction)
                            .await?;
                    }
                }
                transaction.commit().await?;
                Ok(kept)
            }
        }
    };
}
pub(in crate::trace) use impl_alert_turns;
