//! Alerts, newest first. The statements are the same on every engine; only the types of its connections differ, which is
//! what the macro is for.

use shared::alert::{Alert, Severity};

use super::{StoreError, row::Columns};

/// A row of id, workspace_id, title, description, severity, created_at, and the metric's value.
pub(super) fn alert(row: &impl Columns, metric_value: Option<f64>) -> Result<Alert, StoreError> {
    let stored = row.text(4)?;
    let severity = Severity::ALL.into_iter().find(|severity| severity.as_str() == stored);
    Ok(Alert {
        id: row.uuid(0)?,
        workspace_id: row.uuid(1)?,
        title: row.text(2)?.to_owned(),
        description: row.text(3)?.to_owned(),
        severity: severity.ok_or_else(|| StoreError::Corrupt(format!("severity {stored}")))?,
        metric_value,
        created_at: row.moment(5)?,
    })
}

/// Gives a store its alerts: `begin_write` and `begin_read` are its own methods that begin a transaction.
macro_rules! impl_alerts {
    ($store:ty) => {
        impl $store {
            pub(in crate::store::trace) async fn insert_alerts(
                &self,
                alerts: &[shared::alert::Alert],
            ) -> Result<(), crate::store::trace::StoreError> {
                let mut transaction = self.begin_write().await?;
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
                    .bind(crate::store::moment::Moment(alert.created_at))
                    .execute(&mut *transaction)
                    .await?;
                }
                transaction.commit().await?;
                Ok(())
            }

            pub(in crate::store::trace) async fn recent_alerts(
                &self,
                workspace_id: uuid::Uuid,
                limit: u32,
                severity: Option<shared::alert::Severity>,
            ) -> Result<shared::page::ItemList<shared::alert::Alert>, crate::store::trace::StoreError> {
                let severity = severity.map(shared::alert::Severity::as_str);
                let mut snapshot = self.begin_read().await?;
                let rows = sqlx::query(
                    "SELECT id, workspace_id, title, description, severity, created_at, metric_value FROM alerts \
                     WHERE workspace_id = $1 AND ($2 IS NULL OR severity = $2) ORDER BY created_at DESC, id LIMIT $3",
                )
                .bind(workspace_id)
                .bind(severity)
                .bind(i64::from(limit))
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
                    .map(|row| crate::store::trace::alert::alert(row, sqlx::Row::try_get(row, 6)?))
                    .collect::<Result<_, _>>()?;
                Ok(shared::page::ItemList { items, total: crate::store::trace::row::count(total) })
            }
        }
    };
}
pub(super) use impl_alerts;
