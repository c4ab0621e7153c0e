//! Rules, as people keep them.

use shared::{
    Timestamp,
    alert_rule::{AlertRule, AlertRuleRequest},
    limit,
};
use uuid::Uuid;

use super::{
    super::{
        StoreError, TraceStore, on_engine,
        row::{self, Columns},
    },
    decode,
};

/// The columns of [`rule`].
macro_rules! rule_columns {
    () => {
        "id, rule, created_at, updated_at, evaluated_at, version, \
         (SELECT COUNT(*) FROM alerts WHERE rule_id = alert_rules.id AND resolved_at IS NULL)"
    };
}
pub(in crate::trace) use rule_columns;

/// Begins a statement that keeps a rule; how it ends says what becomes of one that is there.
macro_rules! insert_rule {
    () => {
        "INSERT INTO alert_rules (id, workspace_id, rule, created_at, updated_at, version, deleted, state, due_at) \
         VALUES ($1, $2, $3, $4, $5, 1, 0, '', $6)"
    };
}
pub(in crate::trace) use insert_rule;

/// A row of [`rule_columns`], with the rule's version.
pub(in crate::trace) fn rule(row: &impl Columns) -> Result<(AlertRule, i64), StoreError> {
    let rule = AlertRule {
        id: row.uuid(0)?,
        rule: decode(row.text(1)?)?,
        created_at: row.moment(2)?,
        updated_at: row.moment(3)?,
        evaluated_at: row.moment_or_null(4)?,
        open_alerts: row::count(row.integer(6)?),
    };
    Ok((rule, row.integer(5)?))
}

impl TraceStore {
    /// Gives a workspace the rules that every one begins with, once. Answers whether it was that time.
    ///
    /// # Errors
    /// Where the transaction did not commit.
    pub async fn begin_alerts(
        &self,
        workspace_id: Uuid,
        rules: &[AlertRuleRequest],
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        on_engine!(self, store => store.begin_alerts(workspace_id, rules, now).await)
    }

    /// The workspace's rules, oldest first. One that cannot be read is left out.
    ///
    /// # Errors
    /// Where the engine fails.
    pub async fn alert_rules(&self, workspace_id: Uuid) -> Result<Vec<AlertRule>, StoreError> {
        on_engine!(self, store => store.alert_rules(workspace_id).await)
    }

    /// One rule, and its version.
    ///
    /// # Errors
    /// Where the engine fails.
    pub async fn alert_rule(
        &self,
        workspace_id: Uuid,
        id: Uuid,
    ) -> Result<Option<(AlertRule, i64)>, StoreError> {
        on_engine!(self, store => store.alert_rule(workspace_id, id).await)
    }

    /// Keeps a new rule, which is due at once. Answers whether there was room: a workspace has [`limit::ALERT_RULES`] at
    /// most.
    ///
    /// # Errors
    /// Where the transaction did not commit.
    pub async fn keep_alert_rule(&self, workspace_id: Uuid, rule: &AlertRule) -> Result<bool, StoreError> {
        on_engine!(self, store => store.keep_alert_rule(workspace_id, rule, limit::ALERT_RULES).await)
    }

    /// Changes a rule, which is then due at once. Answers whether it was there in this version.
    ///
    /// # Errors
    /// Where the transaction did not commit.
    pub async fn change_alert_rule(
        &self,
        workspace_id: Uuid,
        id: Uuid,
        version: i64,
        rule: &AlertRuleRequest,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        on_engine!(self, store => store.change_alert_rule(workspace_id, id, version, rule, now).await)
    }

    /// Removes a rule: it is not to be seen any more, and goes once its alerts are ended. Answers whether it was there.
    ///
    /// # Errors
    /// Where the transaction did not commit.
    pub async fn remove_alert_rule(
        &self,
        workspace_id: Uuid,
        id: Uuid,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        on_engine!(self, store => store.remove_alert_rule(workspace_id, id, now).await)
    }

    /// Keeps rules that are not here yet, with their ids, and answers how many those were. They are what the workspace
    /// begins with then, where there are any.
    ///
    /// # Errors
    /// Where the transaction did not commit.
    pub async fn restore_alert_rules(
        &self,
        workspace_id: Uuid,
        rules: &[AlertRule],
    ) -> Result<u64, StoreError> {
        on_engine!(self, store => store.restore_alert_rules(workspace_id, rules).await)
    }
}

/// Gives a store its rules: `begin_write` and `begin_read` are its own methods that begin a transaction.
macro_rules! impl_alert_rules {
    ($store:ty) => {
        impl $store {
            pub(in crate::trace) async fn begin_alerts(
                &self,
                workspace_id: uuid::Uuid,
                rules: &[shared::alert_rule::AlertRuleRequest],
                now: shared::Timestamp,
            ) -> Result<bool, crate::error::StoreError> {
                use crate::database::moment::Moment;
                let mut snapshot = self.begin_read().await?;
                // Mostly it was: found out without a transaction that writes.
                let begun: i64 =
                    sqlx::query_scalar("SELECT COUNT(*) FROM alert_workspaces WHERE workspace_id = $1")
                        .bind(workspace_id)
                        .fetch_one(&mut *snapshot)
                        .await?;
                drop(snapshot);
                if begun > 0 {
                    return Ok(false);
                }
                let mut transaction = self.begin_write().await?;
                let is_new = sqlx::query(
                    "INSERT INTO alert_workspaces (workspace_id, begun_at) VALUES ($1, $2) ON CONFLICT DO NOTHING",
                )
                .bind(workspace_id)
                .bind(Moment(now))
                .execute(&mut *transaction)
                .await?
                .rows_affected()
                    > 0;
                // They are listed in this order: made at the same moment, by their ids.
                let mut ids: Vec<_> = rules.iter().map(|_| uuid::Uuid::new_v4()).collect();
                ids.sort_unstable();
                for (rule, id) in rules.iter().zip(ids).filter(|_| is_new) {
                    sqlx::query(crate::trace::alert::rule::insert_rule!())
                        .bind(id)
                        .bind(workspace_id)
                        .bind(crate::trace::alert::encode(rule)?)
                        .bind(Moment(now))
                        .bind(Moment(now))
                        .bind(Moment(now))
                        .execute(&mut *transaction)
                        .await?;
                }
                transaction.commit().await?;
                Ok(is_new)
            }

            pub(in crate::trace) async fn alert_rules(
                &self,
                workspace_id: uuid::Uuid,
            ) -> Result<Vec<shared::alert_rule::AlertRule>, crate::error::StoreError> {
                use crate::trace::alert::{
                    readable,
                    rule::{rule, rule_columns},
                };
                let mut snapshot = self.begin_read().await?;
                let rows = sqlx::query(concat!(
                    "SELECT ",
                    rule_columns!(),
                    " FROM alert_rules WHERE workspace_id = $1 AND deleted = 0 ORDER BY created_at, id"
                ))
                .bind(workspace_id)
                .fetch_all(&mut *snapshot)
                .await?;
                Ok(readable("alert_rules", &rows, |row| Ok(rule(row)?.0)))
            }

            pub(in crate::trace) async fn alert_rule(
                &self,
                workspace_id: uuid::Uuid,
                id: uuid::Uuid,
            ) -> Result<Option<(shared::alert_rule::AlertRule, i64)>, crate::error::StoreError> {
                use crate::trace::alert::rule::{rule, rule_columns};
                let mut snapshot = self.begin_read().await?;
                let row = sqlx::query(concat!(
                    "SELECT ",
                    rule_columns!(),
                    " FROM alert_rules WHERE workspace_id = $1 AND id = $2 AND deleted = 0"
                ))
                .bind(workspace_id)
                .bind(id)
                .fetch_optional(&mut *snapshot)
                .await?;
                row.as_ref().map(rule).transpose()
            }

            pub(in crate::trace) async fn keep_alert_rule(
                &self,
                workspace_id: uuid::Uuid,
                rule: &shared::alert_rule::AlertRule,
                most: usize,
            ) -> Result<bool, crate::error::StoreError> {
                use crate::database::moment::Moment;
                let mut transaction = self.begin_write().await?;
                let others: i64 = sqlx::query_scalar(
                    "SELECT COUNT(*) FROM alert_rules WHERE workspace_id = $1 AND deleted = 0",
                )
                .bind(workspace_id)
                .fetch_one(&mut *transaction)
                .await?;
                if usize::try_from(others).unwrap_or(0) >= most {
                    return Ok(false);
                }
                sqlx::query(crate::trace::alert::rule::insert_rule!())
                    .bind(rule.id)
                    .bind(workspace_id)
                    .bind(crate::trace::alert::encode(&rule.rule)?)
                    .bind(Moment(rule.created_at))
                    .bind(Moment(rule.updated_at))
                    .bind(Moment(rule.created_at))
                    .execute(&mut *transaction)
                    .await?;
                transaction.commit().await?;
                Ok(true)
            }

            pub(in crate::trace) async fn change_alert_rule(
                &self,
                workspace_id: uuid::Uuid,
                id: uuid::Uuid,
                version: i64,
                rule: &shared::alert_rule::AlertRuleRequest,
                now: shared::Timestamp,
            ) -> Result<bool, crate::error::StoreError> {
                use crate::database::moment::Moment;
                let mut transaction = self.begin_write().await?;
                // Whoever evaluates the old one finds that it is void.
                let changed = sqlx::query(
                    "UPDATE alert_rules SET rule = $1, updated_at = $2, due_at = $3, version = version + 1, \
                     worker = NULL, leased_until = NULL \
                     WHERE workspace_id = $4 AND id = $5 AND version = $6 AND deleted = 0",
                )
                .bind(crate::trace::alert::encode(rule)?)
                .bind(Moment(now))
                .bind(Moment(now))
                .bind(workspace_id)
                .bind(id)
                .bind(version)
                .execute(&mut *transaction)
                .await?
                .rows_affected();
                transaction.commit().await?;
                Ok(changed > 0)
            }

            pub(in crate::trace) async fn remove_alert_rule(
                &self,
                workspace_id: uuid::Uuid,
                id: uuid::Uuid,
                now: shared::Timestamp,
            ) -> Result<bool, crate::error::StoreError> {
                let mut transaction = self.begin_write().await?;
                let changed = sqlx::query(
                    "UPDATE alert_rules SET deleted = 1, due_at = $1, version = version + 1, worker = NULL, \
                     leased_until = NULL WHERE workspace_id = $2 AND id = $3 AND deleted = 0",
                )
                .bind(crate::database::moment::Moment(now))
                .bind(workspace_id)
                .bind(id)
                .execute(&mut *transaction)
                .await?
                .rows_affected();
                transaction.commit().await?;
                Ok(changed > 0)
            }

            pub(in crate::trace) async fn restore_alert_rules(
                &self,
                workspace_id: uuid::Uuid,
                rules: &[shared::alert_rule::AlertRule],
            ) -> Result<u64, crate::error::StoreError> {
                use crate::database::moment::Moment;
                let Some(first) = rules.first() else { return Ok(0) };
                let mut transaction = self.begin_write().await?;
                sqlx::query(
                    "INSERT INTO alert_workspaces (workspace_id, begun_at) VALUES ($1, $2) ON CONFLICT DO NOTHING",
                )
                .bind(workspace_id)
                .bind(Moment(first.created_at))
                .execute(&mut *transaction)
                .await?;
                let mut new = 0;
                for rule in rules {
                    new += sqlx::query(concat!(
                        crate::trace::alert::rule::insert_rule!(),
                        " ON CONFLICT DO NOTHING"
                    ))
                    .bind(rule.id)
                    .bind(workspace_id)
                    .bind(crate::trace::alert::encode(&rule.rule)?)
                    .bind(Moment(rule.created_at))
                    .bind(Moment(rule.updated_at))
                    .bind(Moment(rule.updated_at))
                    .execute(&mut *transaction)
                    .await?
                    .rows_affected();
                }
                transaction.commit().await?;
                Ok(new)
            }
        }
    };
}
pub(in crate::trace) use impl_alert_rules;
