//! Alerts themselves: newest first, one by one, and that somebody is on one.

use domain::alert::record::{AlertFilter, AlertRecord};
use serde::{Deserialize, Serialize};
use shared::{
    Timestamp,
    alert::{Alert, AlertChange, AlertState, AlertTraces, Resolution, Severity},
    alert_rule::AlertMetric,
    page::ItemList,
};
use uuid::Uuid;

use super::{
    super::{StoreError, TraceStore, on_engine, row::Columns},
    decode, encode, named,
};

/// The columns of [`alert`].
macro_rules! alert_columns {
    () => {
        "id, workspace_id, title, description, severity, created_at, metric_value, rule_id, group_key, details, \
         acknowledged_at, acknowledged_by, resolved_at"
    };
}
pub(in crate::trace) use alert_columns;

/// What has no column of its own.
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

/// What has no column of its own, as one.
pub(in crate::trace) fn details(alert: &Alert) -> Result<String, StoreError> {
    encode(&Details {
        metric: alert.metric,
        is_change: alert.is_change,
        threshold: alert.threshold,
        worst_value: alert.worst_value,
        agent_id: alert.agent_id.clone(),
        model: alert.model.clone(),
        changes: alert.changes.clone(),
        traces: alert.traces.clone(),
        resolution: alert.resolution,
    })
}

/// A row of [`alert_columns`].
pub(in crate::trace) fn alert(row: &impl Columns) -> Result<AlertRecord, StoreError> {
    let details = row.text_or_null(9)?.map_or_else(|| Ok(Details::default()), |text| decode(&text))?;
    let (acknowledged_at, resolved_at) = (row.moment_or_null(10)?, row.moment_or_null(12)?);
    let alert = Alert {
        id: row.uuid(0)?,
        workspace_id: row.uuid(1)?,
        title: row.text(2)?.to_owned(),
        description: row.text(3)?.to_owned(),
        severity: named(&Severity::ALL, row.text(4)?, Severity::as_str)?,
        metric_value: row.number_or_null(6)?,
        created_at: row.moment(5)?,
        state: match (resolved_at, acknowledged_at) {
            (Some(_), _) => AlertState::Resolved,
            (None, Some(_)) => AlertState::Acknowledged,
            (None, None) => AlertState::Firing,
        },
        rule_id: row.uuid_or_null(7)?,
        metric: details.metric,
        is_change: details.is_change,
        threshold: details.threshold,
        worst_value: details.worst_value,
        agent_id: details.agent_id,
        model: details.model,
        changes: details.changes,
        traces: details.traces,
        acknowledged_at,
        acknowledged_by: row.text_or_null(11)?,
        resolved_at,
        resolution: details.resolution,
    };
    Ok(AlertRecord { alert, group_key: row.text_or_null(8)?.unwrap_or_default() })
}

impl TraceStore {
    /// Keeps alerts; one with an id that is there already is left as it is. Answers how many were new.
    ///
    /// # Errors
    /// Where the engine fails.
    pub async fn insert_alerts(&self, alerts: &[AlertRecord]) -> Result<u64, StoreError> {
        on_engine!(self, store => store.insert_alerts(alerts).await)
    }

    /// The workspace's alerts, newest first, without so many of the newest, and how many there are.
    ///
    /// # Errors
    /// Where the engine fails.
    pub async fn alerts(
        &self,
        workspace_id: Uuid,
        filter: AlertFilter,
        offset: u64,
        limit: u32,
    ) -> Result<ItemList<Alert>, StoreError> {
        on_engine!(self, store => store.alerts(workspace_id, filter, offset, limit).await)
    }

    /// One alert.
    ///
    /// # Errors
    /// Where the engine fails.
    pub async fn alert(&self, workspace_id: Uuid, id: Uuid) -> Result<Option<Alert>, StoreError> {
        on_engine!(self, store => store.alert(workspace_id, id).await)
    }

    /// Notes that somebody is on an alert, unless somebody is already or it is over. Answers it as it is then.
    ///
    /// # Errors
    /// Where the transaction did not commit.
    pub async fn acknowledge(
        &self,
        workspace_id: Uuid,
        id: Uuid,
        by: &str,
        now: Timestamp,
    ) -> Result<Option<Alert>, StoreError> {
        on_engine!(self, store => store.acknowledge(workspace_id, id, by, now).await)
    }
}

/// Begins a statement that keeps an alert; how it ends says what becomes of one that is there.
macro_rules! insert_alert {
    () => {
        "INSERT INTO alerts (id, workspace_id, title, description, severity, created_at, metric_value, rule_id, \
         group_key, details, acknowledged_at, acknowledged_by, resolved_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT "
    };
}
pub(in crate::trace) use insert_alert;

/// Binds an alert to such a statement.
macro_rules! bind_alert {
    ($statement:expr, $record:expr) => {{
        let record: &domain::alert::record::AlertRecord = $record;
        let alert = &record.alert;
        sqlx::query($statement)
            .bind(alert.id)
            .bind(alert.workspace_id)
            .bind(&alert.title)
            .bind(&alert.description)
            .bind(alert.severity.as_str())
            .bind(crate::database::moment::Moment(alert.created_at))
            .bind(alert.metric_value)
            .bind(alert.rule_id)
            .bind(&record.group_key)
            .bind(crate::trace::alert::life::details(alert)?)
            .bind(alert.acknowledged_at.map(crate::database::moment::Moment))
            .bind(&alert.acknowledged_by)
            .bind(alert.resolved_at.map(crate::database::moment::Moment))
    }};
}
pub(in crate::trace) use bind_alert;

/// The alerts of a workspace that a filter lets through; the filter is bound as $2 to $5.
macro_rules! from_alerts {
    () => {
        " FROM alerts WHERE workspace_id = $1 AND ($2 IS NULL OR severity = $2) \
         AND ($3 IS NULL OR (resolved_at IS NULL) = $3) AND ($4 IS NULL OR (acknowledged_at IS NOT NULL) = $4) \
         AND ($5 IS NULL OR rule_id = $5)"
    };
}
pub(in crate::trace) use from_alerts;

/// Gives a store its alerts: `begin_write` and `begin_read` are its own methods that begin a transaction.
macro_rules! impl_alerts {
    ($store:ty) => {
        impl $store {
            pub(in crate::trace) async fn insert_alerts(
                &self,
                alerts: &[domain::alert::record::AlertRecord],
            ) -> Result<u64, crate::error::StoreError> {
                use crate::trace::alert::life::{bind_alert, insert_alert};
                let mut transaction = self.begin_write().await?;
                let mut new = 0;
                for record in alerts {
                    let insert = bind_alert!(concat!(insert_alert!(), "DO NOTHING"), record);
                    new += insert.execute(&mut *transaction).await?.rows_affected();
                }
                transaction.commit().await?;
                Ok(new)
            }

            pub(in crate::trace) async fn alerts(
                &self,
                workspace_id: uuid::Uuid,
                filter: domain::alert::record::AlertFilter,
                offset: u64,
                limit: u32,
            ) -> Result<shared::page::ItemList<shared::alert::Alert>, crate::error::StoreError> {
                use crate::trace::alert::{
                    life::{alert, alert_columns, from_alerts},
                    readable,
                };
                let severity = filter.severity.map(shared::alert::Severity::as_str);
                let mut snapshot = self.begin_read().await?;
                let rows = sqlx::query(concat!(
                    "SELECT ",
                    alert_columns!(),
                    from_alerts!(),
                    " ORDER BY created_at DESC, id LIMIT $6 OFFSET $7"
                ))
                .bind(workspace_id)
                .bind(severity)
                .bind(filter.is_open)
                .bind(filter.is_acknowledged)
                .bind(filter.rule_id)
                .bind(i64::from(limit))
                .bind(i64::try_from(offset).unwrap_or(i64::MAX))
                .fetch_all(&mut *snapshot)
                .await?;
                let total: i64 = sqlx::query_scalar(concat!("SELECT COUNT(*)", from_alerts!()))
                    .bind(workspace_id)
                    .bind(severity)
                    .bind(filter.is_open)
                    .bind(filter.is_acknowledged)
                    .bind(filter.rule_id)
                    .fetch_one(&mut *snapshot)
                    .await?;
                let items = readable("alerts", &rows, |row| Ok(alert(row)?.alert));
                Ok(shared::page::ItemList { items, total: crate::trace::row::count(total) })
            }

            pub(in crate::trace) async fn alert(
                &self,
                workspace_id: uuid::Uuid,
                id: uuid::Uuid,
            ) -> Result<Option<shared::alert::Alert>, crate::error::StoreError> {
                use crate::trace::alert::life::{alert, alert_columns};
                let mut snapshot = self.begin_read().await?;
                let row = sqlx::query(concat!(
                    "SELECT ",
                    alert_columns!(),
                    " FROM alerts WHERE workspace_id = $1 AND id = $2"
                ))
                .bind(workspace_id)
                .bind(id)
                .fetch_optional(&mut *snapshot)
                .await?;
                row.map(|row| Ok(alert(&row)?.alert)).transpose()
            }

            pub(in crate::trace) async fn acknowledge(
                &self,
                workspace_id: uuid::Uuid,
                id: uuid::Uuid,
                by: &str,
                now: shared::Timestamp,
            ) -> Result<Option<shared::alert::Alert>, crate::error::StoreError> {
                let mut transaction = self.begin_write().await?;
                sqlx::query(
                    "UPDATE alerts SET acknowledged_at = $1, acknowledged_by = $2 WHERE workspace_id = $3 AND id = $4 \
                     AND acknowledged_at IS NULL AND resolved_at IS NULL",
                )
                .bind(crate::database::moment::Moment(now))
                .bind(by)
                .bind(workspace_id)
                .bind(id)
                .execute(&mut *transaction)
                .await?;
                transaction.commit().await?;
                self.alert(workspace_id, id).await
            }
        }
    };
}
pub(in crate::trace) use impl_alerts;
