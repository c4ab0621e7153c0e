//! Alerts, newest first.

use shared::{
    Timestamp,
    alert::{Alert, Severity},
    page::ItemList,
};
use sqlx::Row;
use uuid::Uuid;

use super::{SqliteTraces, row};
use crate::store::trace::StoreError;

impl SqliteTraces {
    pub(in crate::store::trace) async fn insert_alerts(&self, alerts: &[Alert]) -> Result<(), StoreError> {
        let mut transaction = self.writer.begin_with("BEGIN IMMEDIATE").await?;
        for alert in alerts {
            sqlx::query(
                "INSERT INTO alerts (id, workspace_id, title, description, severity, metric_value, created_at) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
            )
            .bind(alert.id)
            .bind(alert.workspace_id)
            .bind(&alert.title)
            .bind(&alert.description)
            .bind(alert.severity.as_str())
            .bind(alert.metric_value)
            .bind(alert.created_at.as_micros())
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    pub(in crate::store::trace) async fn recent_alerts(
        &self,
        workspace_id: Uuid,
        limit: u32,
        severity: Option<Severity>,
    ) -> Result<ItemList<Alert>, StoreError> {
        let severity = severity.map(Severity::as_str);
        let mut snapshot = self.reader.begin().await?;
        let rows = sqlx::query(
            "SELECT id, workspace_id, title, description, severity, metric_value, created_at FROM alerts \
             WHERE workspace_id = $1 AND ($2 IS NULL OR severity = $2) ORDER BY created_at DESC, id LIMIT $3",
        )
        .bind(workspace_id)
        .bind(severity)
        .bind(limit)
        .fetch_all(&mut *snapshot)
        .await?;
        let total: i64 = sqlx::query_scalar(
            "SELECT COUNT(*) FROM alerts WHERE workspace_id = $1 AND ($2 IS NULL OR severity = $2)",
        )
        .bind(workspace_id)
        .bind(severity)
        .fetch_one(&mut *snapshot)
        .await?;
        let items = rows
            .iter()
            .map(|row| {
                let stored: &str = row.try_get(4)?;
                let severity = Severity::ALL.into_iter().find(|severity| severity.as_str() == stored);
                Ok(Alert {
                    id: row.try_get(0)?,
                    workspace_id: row.try_get(1)?,
                    title: row.try_get(2)?,
                    description: row.try_get(3)?,
                    severity: severity.ok_or_else(|| StoreError::Corrupt(format!("severity {stored}")))?,
                    metric_value: row.try_get(5)?,
                    created_at: Timestamp::from_micros(row.try_get(6)?),
                })
            })
            .collect::<Result<_, StoreError>>()?;
        Ok(ItemList { items, total: row::count(total) })
    }
}
