//! Alert rules.

use domain::error::CorruptData;
use shared::{
    Timestamp,
    alert_rule::{AlertRule, AlertRuleRequest},
    limit,
};
use uuid::Uuid;

use super::{AlertStore, decode, encode, readable};
use crate::{
    database::{Statement, Transaction, count, timestamp::SqlTimestamp},
    error::StoreError,
};

/// The columns of [`RuleRow`].
macro_rules! rule_columns {
    () => {
        "id, rule, created_at, updated_at, evaluated_at, version, \
         (SELECT COUNT(*) FROM alerts WHERE rule_id = alert_rules.id AND resolved_at IS NULL) AS open_alerts"
    };
}

/// Inserts a rule, whose values [`bind_rule`] binds.
macro_rules! insert_rule {
    () => {
        "INSERT INTO alert_rules (id, workspace_id, rule, created_at, updated_at, version, deleted, state, due_at) \
         VALUES ($1, $2, $3, $4, $5, 1, 0, '', $6)"
    };
}

#[derive(sqlx::FromRow)]
struct RuleRow {
    id: Uuid,
    rule: String,
    created_at: SqlTimestamp,
    updated_at: SqlTimestamp,
    evaluated_at: Option<SqlTimestamp>,
    version: i64,
    open_alerts: i64,
}

impl RuleRow {
    /// Returns the rule and its version.
    fn into_rule(self) -> Result<(AlertRule, i64), CorruptData> {
        let rule = AlertRule {
            id: self.id,
            rule: decode(&self.rule)?,
            created_at: self.created_at.0,
            updated_at: self.updated_at.0,
            evaluated_at: self.evaluated_at.map(|moment| moment.0),
            open_alerts: count(self.open_alerts),
        };
        Ok((rule, self.version))
    }
}

/// Binds the values of [`insert_rule`].
fn bind_rule<'t>(
    statement: Statement<'t>,
    workspace_id: Uuid,
    rule: &AlertRule,
    due_at: Timestamp,
) -> Result<Statement<'t>, CorruptData> {
    Ok(statement
        .bind(rule.id)
        .bind(workspace_id)
        .bind(encode(&rule.rule)?)
        .bind(SqlTimestamp(rule.created_at))
        .bind(SqlTimestamp(rule.updated_at))
        .bind(SqlTimestamp(due_at)))
}

/// Marks a workspace as one that has its default rules, and returns whether it was not marked before.
async fn mark_workspace(
    transaction: &mut Transaction,
    workspace_id: Uuid,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let marked = transaction
        .sql("INSERT INTO alert_workspaces (workspace_id, begun_at) VALUES ($1, $2) ON CONFLICT DO NOTHING")
        .bind(workspace_id)
        .bind(SqlTimestamp(now))
        .execute()
        .await?;
    Ok(marked > 0)
}

impl AlertStore {
    /// Creates the default rules of a workspace, and returns whether it did: each workspace gets them once, even if they
    /// are deleted later.
    ///
    /// # Errors
    /// Returns an error if the transaction was not committed.
    pub async fn create_default_rules(
        &self,
        workspace_id: Uuid,
        rules: &[AlertRuleRequest],
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        // Most workspaces have them: find out without a write transaction.
        let marked: i64 = self
            .database
            .sql("SELECT COUNT(*) FROM alert_workspaces WHERE workspace_id = $1")
            .bind(workspace_id)
            .fetch_scalar()
            .await?;
        if marked > 0 {
            return Ok(false);
        }
        let mut transaction = self.database.write().await?;
        if !mark_workspace(&mut transaction, workspace_id, now).await? {
            return Ok(false);
        }
        // Rules with the same creation time are listed by id: ascending ids keep the order.
        let mut ids: Vec<_> = rules.iter().map(|_| Uuid::new_v4()).collect();
        ids.sort_unstable();
        for (rule, id) in rules.iter().cloned().zip(ids) {
            let rule =
                AlertRule { id, rule, created_at: now, updated_at: now, evaluated_at: None, open_alerts: 0 };
            bind_rule(transaction.sql(insert_rule!()), workspace_id, &rule, now)?.execute().await?;
        }
        transaction.commit().await?;
        Ok(true)
    }

    /// Returns the workspace's rules, oldest first. Rows that cannot be read are left out and logged.
    ///
    /// # Errors
    /// Returns an error if the database fails.
    pub async fn list_rules(&self, workspace_id: Uuid) -> Result<Vec<AlertRule>, StoreError> {
        let rows: Vec<RuleRow> = self
            .database
            .sql(concat!(
                "SELECT ",
                rule_columns!(),
                " FROM alert_rules WHERE workspace_id = $1 AND deleted = 0 ORDER BY created_at, id"
            ))
            .bind(workspace_id)
            .fetch_all()
            .await?;
        Ok(readable("alert_rules", rows, |row| row.id, |row| Ok(row.into_rule()?.0)))
    }

    /// Returns a rule and its version.
    ///
    /// # Errors
    /// Returns an error if the database fails or the row cannot be read.
    pub async fn get_rule(
        &self,
        workspace_id: Uuid,
        id: Uuid,
    ) -> Result<Option<(AlertRule, i64)>, StoreError> {
        let row: Option<RuleRow> = self
            .database
            .sql(concat!(
                "SELECT ",
                rule_columns!(),
                " FROM alert_rules WHERE workspace_id = $1 AND id = $2 AND deleted = 0"
            ))
            .bind(workspace_id)
            .bind(id)
            .fetch_optional()
            .await?;
        Ok(row.map(RuleRow::into_rule).transpose()?)
    }

    /// Creates a rule, which is due at once. Returns false if the workspace has [`limit::ALERT_RULES`] already.
    ///
    /// # Errors
    /// Returns an error if the transaction was not committed.
    pub async fn create_rule(&self, workspace_id: Uuid, rule: &AlertRule) -> Result<bool, StoreError> {
        let mut transaction = self.database.write().await?;
        let existing: i64 = transaction
            .sql("SELECT COUNT(*) FROM alert_rules WHERE workspace_id = $1 AND deleted = 0")
            .bind(workspace_id)
            .fetch_scalar()
            .await?;
        if usize::try_from(existing).unwrap_or(0) >= limit::ALERT_RULES {
            return Ok(false);
        }
        let insert = transaction.sql(insert_rule!());
        bind_rule(insert, workspace_id, rule, rule.created_at)?.execute().await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Updates a rule, which is then due at once, and returns whether it existed in this version.
    ///
    /// # Errors
    /// Returns an error if the transaction was not committed.
    pub async fn update_rule(
        &self,
        workspace_id: Uuid,
        id: Uuid,
        version: i64,
        rule: &AlertRuleRequest,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.database.write().await?;
        // The new version invalidates an evaluation in flight.
        let updated = transaction
            .sql(
                "UPDATE alert_rules SET rule = $1, updated_at = $2, due_at = $3, version = version + 1, \
                 worker = NULL, leased_until = NULL \
                 WHERE workspace_id = $4 AND id = $5 AND version = $6 AND deleted = 0",
            )
            .bind(encode(rule)?)
            .bind(SqlTimestamp(now))
            .bind(SqlTimestamp(now))
            .bind(workspace_id)
            .bind(id)
            .bind(version)
            .execute()
            .await?;
        transaction.commit().await?;
        Ok(updated > 0)
    }

    /// Deletes a rule and returns whether it existed. It is hidden at once; its row is deleted by the evaluation that
    /// resolves its alerts.
    ///
    /// # Errors
    /// Returns an error if the transaction was not committed.
    pub async fn delete_rule(
        &self,
        workspace_id: Uuid,
        id: Uuid,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.database.write().await?;
        let deleted = transaction
            .sql(
                "UPDATE alert_rules SET deleted = 1, due_at = $1, version = version + 1, worker = NULL, \
                 leased_until = NULL WHERE workspace_id = $2 AND id = $3 AND deleted = 0",
            )
            .bind(SqlTimestamp(now))
            .bind(workspace_id)
            .bind(id)
            .execute()
            .await?;
        transaction.commit().await?;
        Ok(deleted > 0)
    }

    /// Inserts rules with their ids and returns how many were new: existing ids are skipped. Unless `rules` is empty,
    /// default rules are not created for the workspace later.
    ///
    /// # Errors
    /// Returns an error if the transaction was not committed.
    pub async fn restore_rules(&self, workspace_id: Uuid, rules: &[AlertRule]) -> Result<u64, StoreError> {
        let Some(first) = rules.first() else { return Ok(0) };
        let mut transaction = self.database.write().await?;
        mark_workspace(&mut transaction, workspace_id, first.created_at).await?;
        let mut new = 0;
        for rule in rules {
            let insert = transaction.sql(concat!(insert_rule!(), " ON CONFLICT DO NOTHING"));
            new += bind_rule(insert, workspace_id, rule, rule.updated_at)?.execute().await?;
        }
        transaction.commit().await?;
        Ok(new)
    }
}
