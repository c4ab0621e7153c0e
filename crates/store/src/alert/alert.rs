//! The alerts that rules raised.

use domain::{
    alert::record::{AlertFilter, AlertRecord},
    error::CorruptData,
};
use serde::{Deserialize, Serialize};
use shared::{
    Timestamp,
    alert::{Alert, AlertChange, AlertState, AlertTraces, Resolution, Severity},
    alert_rule::AlertMetric,
    page::ItemList,
};
use uuid::Uuid;

use super::{AlertStore, decode, encode, parse_word, readable};
use crate::{
    database::{Statement, count, timestamp::SqlTimestamp},
    error::StoreError,
};

/// The columns of [`AlertRow`].
macro_rules! alert_columns {
    () => {
        "id, workspace_id, title, description, severity, created_at, metric_value, rule_id, group_key, details, \
         acknowledged_at, acknowledged_by, resolved_at"
    };
}
pub(super) use alert_columns;

/// Inserts an alert, whose values [`bind_alert`] binds; the action for a conflict follows.
macro_rules! insert_alert {
    () => {
        "INSERT INTO alerts (id, workspace_id, title, description, severity, created_at, metric_value, rule_id, \
         group_key, details, acknowledged_at, acknowledged_by, resolved_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT "
    };
}
pub(super) use insert_alert;

/// The alerts of a workspace that match a filter. [`bind_filter`] binds the values.
macro_rules! from_alerts {
    () => {
        " FROM alerts WHERE workspace_id = $1 AND ($2 IS NULL OR severity = $2) \
         AND ($3 IS NULL OR (resolved_at IS NULL) = $3) AND ($4 IS NULL OR (acknowledged_at IS NOT NULL) = $4) \
         AND ($5 IS NULL OR rule_id = $5)"
    };
}

#[derive(sqlx::FromRow)]
pub(super) struct AlertRow {
    pub(super) id: Uuid,
    workspace_id: Uuid,
    title: String,
    description: String,
    severity: String,
    created_at: SqlTimestamp,
    metric_value: Option<f64>,
    pub(super) rule_id: Option<Uuid>,
    group_key: Option<String>,
    details: Option<String>,
    acknowledged_at: Option<SqlTimestamp>,
    acknowledged_by: Option<String>,
    resolved_at: Option<SqlTimestamp>,
}

/// The fields of an alert that have no column of their own.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Details {
    metric: Option<AlertMetric>,
    is_change: bool,
    threshold: Option<f64>,
    worst_value: Option<f64>,
    agent_id: Option<String>,
    model: Option<String>,
    changes: Vec<AlertChange>,
    traces: Option<AlertTraces>,
    resolution: Option<Resolution>,
}

impl AlertRow {
    pub(super) fn into_record(self) -> Result<AlertRecord, CorruptData> {
        let details: Details = self.details.as_deref().map(decode).transpose()?.unwrap_or_default();
        let alert = Alert {
            id: self.id,
            workspace_id: self.workspace_id,
            title: self.title,
            description: self.description,
            severity: parse_word(&Severity::ALL, &self.severity, Severity::as_str)?,
            metric_value: self.metric_value,
            created_at: self.created_at.0,
            state: match (self.resolved_at, self.acknowledged_at) {
                (Some(_), _) => AlertState::Resolved,
                (None, Some(_)) => AlertState::Acknowledged,
                (None, None) => AlertState::Firing,
            },
            rule_id: self.rule_id,
            metric: details.metric,
            is_change: details.is_change,
            threshold: details.threshold,
            worst_value: details.worst_value,
            agent_id: details.agent_id,
            model: details.model,
            changes: details.changes,
            traces: details.traces,
            acknowledged_at: self.acknowledged_at.map(|moment| moment.0),
            acknowledged_by: self.acknowledged_by,
            resolved_at: self.resolved_at.map(|moment| moment.0),
            resolution: details.resolution,
        };
        Ok(AlertRecord { alert, group_key: self.group_key.unwrap_or_default() })
    }
}

/// Binds the values of [`insert_alert`].
pub(super) fn bind_alert<'t>(
    statement: Statement<'t>,
    record: &AlertRecord,
) -> Result<Statement<'t>, CorruptData> {
    let alert = &record.alert;
    let details = Details {
        metric: alert.metric,
        is_change: alert.is_change,
        threshold: alert.threshold,
        worst_value: alert.worst_value,
        agent_id: alert.agent_id.clone(),
        model: alert.model.clone(),
        changes: alert.changes.clone(),
        traces: alert.traces.clone(),
        resolution: alert.resolution,
    };
    Ok(statement
        .bind(alert.id)
        .bind(alert.workspace_id)
        .bind(&alert.title)
        .bind(&alert.description)
        .bind(alert.severity.as_str())
        .bind(SqlTimestamp(alert.created_at))
        .bind(alert.metric_value)
        .bind(alert.rule_id)
        .bind(&record.group_key)
        .bind(encode(&details)?)
        .bind(alert.acknowledged_at.map(SqlTimestamp))
        .bind(alert.acknowledged_by.as_deref())
        .bind(alert.resolved_at.map(SqlTimestamp)))
}

/// Binds the values of [`from_alerts`].
fn bind_filter<'t>(statement: Statement<'t>, workspace_id: Uuid, filter: &AlertFilter) -> Statement<'t> {
    statement
        .bind(workspace_id)
        .bind(filter.severity.map(Severity::as_str))
        .bind(filter.is_open)
        .bind(filter.is_acknowledged)
        .bind(filter.rule_id)
}

impl AlertStore {
    /// Inserts alerts and returns how many were new: existing ids are skipped.
    ///
    /// # Errors
    /// Returns an error if the transaction was not committed.
    pub async fn insert_alerts(&self, alerts: &[AlertRecord]) -> Result<u64, StoreError> {
        let mut transaction = self.database.write().await?;
        let mut new = 0;
        for record in alerts {
            let insert = transaction.sql(concat!(insert_alert!(), "DO NOTHING"));
            new += bind_alert(insert, record)?.execute().await?;
        }
        transaction.commit().await?;
        Ok(new)
    }

    /// Returns a page of the workspace's alerts that match the filter, newest first, and how many match in total. Rows that
    /// cannot be read are left out and logged.
    ///
    /// # Errors
    /// Returns an error if the database fails.
    pub async fn list_alerts(
        &self,
        workspace_id: Uuid,
        filter: AlertFilter,
        offset: u64,
        limit: u32,
    ) -> Result<ItemList<Alert>, StoreError> {
        let mut transaction = self.database.read().await?;
        let select = transaction.sql(concat!(
            "SELECT ",
            alert_columns!(),
            from_alerts!(),
            " ORDER BY created_at DESC, id LIMIT $6 OFFSET $7"
        ));
        let rows: Vec<AlertRow> = bind_filter(select, workspace_id, &filter)
            .bind(i64::from(limit))
            .bind(i64::try_from(offset).unwrap_or(i64::MAX))
            .fetch_all()
            .await?;
        let total = transaction.sql(concat!("SELECT COUNT(*)", from_alerts!()));
        let total = count(bind_filter(total, workspace_id, &filter).fetch_scalar().await?);
        let items = readable("alerts", rows, |row| row.id, |row| Ok(row.into_record()?.alert));
        Ok(ItemList { items, total })
    }

    /// Returns the alerts of all workspaces in the order of their ids, those with an id greater than `after`.
    ///
    /// # Errors
    /// Returns an error if the database fails or a row cannot be read.
    pub async fn list_alerts_after(
        &self,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<AlertRecord>, StoreError> {
        let mut select = self.database.sql(concat!("SELECT ", alert_columns!(), " FROM alerts"));
        if let Some(after) = after {
            select.push(" WHERE id > ").push_bind(after);
        }
        select.push(" ORDER BY id LIMIT ").push_bind(i64::from(limit));
        let rows: Vec<AlertRow> = select.fetch_all().await?;
        Ok(rows.into_iter().map(AlertRow::into_record).collect::<Result<_, _>>()?)
    }

    /// Returns an alert.
    ///
    /// # Errors
    /// Returns an error if the database fails or the row cannot be read.
    pub async fn get_alert(&self, workspace_id: Uuid, id: Uuid) -> Result<Option<Alert>, StoreError> {
        let row: Option<AlertRow> = self
            .database
            .sql(concat!("SELECT ", alert_columns!(), " FROM alerts WHERE workspace_id = $1 AND id = $2"))
            .bind(workspace_id)
            .bind(id)
            .fetch_optional()
            .await?;
        Ok(row.map(AlertRow::into_record).transpose()?.map(|record| record.alert))
    }

    /// Acknowledges an alert, unless it is acknowledged or resolved already, and returns it.
    ///
    /// # Errors
    /// Returns an error if the transaction was not committed or the alert cannot be read.
    pub async fn acknowledge_alert(
        &self,
        workspace_id: Uuid,
        id: Uuid,
        by: &str,
        now: Timestamp,
    ) -> Result<Option<Alert>, StoreError> {
        let mut transaction = self.database.write().await?;
        transaction
            .sql(
                "UPDATE alerts SET acknowledged_at = $1, acknowledged_by = $2 WHERE workspace_id = $3 AND id = $4 \
                 AND acknowledged_at IS NULL AND resolved_at IS NULL",
            )
            .bind(SqlTimestamp(now))
            .bind(by)
            .bind(workspace_id)
            .bind(id)
            .execute()
            .await?;
        transaction.commit().await?;
        self.get_alert(workspace_id, id).await
    }
}
