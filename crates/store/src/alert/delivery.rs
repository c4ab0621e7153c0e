//! Deliveries of notifications to channels.

use domain::{
    alert::record::{Attempt, DeliveryFilter, DueDelivery, NewDelivery},
    error::CorruptData,
};
use shared::{
    Timestamp,
    alert_channel::{AlertDelivery, AlertEvent, DeliveryState},
    page::ItemList,
};
use uuid::Uuid;

use super::{AlertStore, decode, encode, parse_word, readable};
use crate::{
    database::{Transaction, count, timestamp::SqlTimestamp},
    error::StoreError,
};

/// The columns of [`DeliveryRow`].
macro_rules! delivery_columns {
    () => {
        "id, channel_id, alert_id, event, created_at, next_attempt_at, finished_at, attempts, delivered, status_code, error"
    };
}

#[derive(sqlx::FromRow)]
struct DeliveryRow {
    id: Uuid,
    channel_id: Uuid,
    alert_id: Option<Uuid>,
    event: String,
    created_at: SqlTimestamp,
    next_attempt_at: Option<SqlTimestamp>,
    finished_at: Option<SqlTimestamp>,
    attempts: i64,
    delivered: i64,
    status_code: Option<i64>,
    error: Option<String>,
}

impl DeliveryRow {
    fn into_delivery(self) -> Result<AlertDelivery, CorruptData> {
        Ok(AlertDelivery {
            id: self.id,
            channel_id: self.channel_id,
            alert_id: self.alert_id,
            event: parse_word(&AlertEvent::ALL, &self.event, AlertEvent::as_str)?,
            state: match (self.finished_at, self.delivered) {
                (None, _) => DeliveryState::Pending,
                (Some(_), 0) => DeliveryState::Failed,
                (Some(_), _) => DeliveryState::Delivered,
            },
            attempts: count(self.attempts),
            created_at: self.created_at.0,
            next_attempt_at: self.next_attempt_at.map(|moment| moment.0),
            finished_at: self.finished_at.map(|moment| moment.0),
            status_code: self.status_code.map(count),
            error: self.error,
        })
    }
}

#[derive(sqlx::FromRow)]
struct DueRow {
    id: Uuid,
    channel: String,
    secret: String,
    notice: String,
    attempts: i64,
}

impl DueRow {
    fn into_due(self) -> Result<DueDelivery, CorruptData> {
        Ok(DueDelivery {
            id: self.id,
            channel: decode(&self.channel)?,
            secret: self.secret,
            notification: decode(&self.notice)?,
            attempts: count(self.attempts),
        })
    }
}

/// Inserts a delivery that is due at `due_at`. A reminder is skipped if another delivery of the alert to the channel is
/// pending; an escalation or resolution supersedes a pending reminder that is not being sent at the moment.
pub(super) async fn insert_delivery(
    transaction: &mut Transaction,
    delivery: &NewDelivery,
    due_at: Timestamp,
) -> Result<(), StoreError> {
    let notification = &delivery.notification;
    let alert_id = notification.alert.as_ref().map(|alert| alert.id);
    if matches!(notification.event, AlertEvent::Escalated | AlertEvent::Resolved) {
        transaction
            .sql(
                "UPDATE alert_deliveries SET next_attempt_at = NULL, finished_at = $1, \
                 error = 'superseded by a newer notification', worker = NULL, leased_until = NULL \
                 WHERE alert_id = $2 AND channel_id = $3 AND event = 'reminder' AND finished_at IS NULL \
                 AND (leased_until IS NULL OR leased_until <= $1)",
            )
            .bind(SqlTimestamp(due_at))
            .bind(alert_id)
            .bind(delivery.channel_id)
            .execute()
            .await?;
    }
    transaction
        .sql(
            "INSERT INTO alert_deliveries (id, workspace_id, channel_id, alert_id, event, notice, created_at, \
             next_attempt_at, attempts, delivered) SELECT $1, $2, $3, $4, $5, $6, $7, $8, 0, 0 \
             WHERE $5 <> 'reminder' OR NOT EXISTS (SELECT 1 FROM alert_deliveries \
             WHERE alert_id = $4 AND channel_id = $3 AND finished_at IS NULL)",
        )
        .bind(delivery.id)
        .bind(notification.workspace_id)
        .bind(delivery.channel_id)
        .bind(alert_id)
        .bind(notification.event.as_str())
        .bind(encode(notification)?)
        .bind(SqlTimestamp(notification.at))
        .bind(SqlTimestamp(due_at))
        .execute()
        .await?;
    Ok(())
}

/// Marks a delivery as failed because its row or that of its channel cannot be read: it would be leased again and again,
/// and block others.
async fn fail_unreadable(
    transaction: &mut Transaction,
    id: Uuid,
    now: Timestamp,
    error: &CorruptData,
) -> Result<(), StoreError> {
    tracing::error!(%error, delivery_id = %id, "skipped an unreadable delivery");
    transaction
        .sql(
            "UPDATE alert_deliveries SET next_attempt_at = NULL, finished_at = $1, \
             error = 'the delivery or its channel cannot be read', worker = NULL, leased_until = NULL \
             WHERE id = $2",
        )
        .bind(SqlTimestamp(now))
        .bind(id)
        .execute()
        .await?;
    Ok(())
}

impl AlertStore {
    /// Creates a delivery that is due at once. A reminder is skipped if another delivery of the alert to the channel is
    /// pending.
    ///
    /// # Errors
    /// Returns an error if the transaction was not committed.
    pub async fn create_delivery(&self, delivery: &NewDelivery) -> Result<(), StoreError> {
        let mut transaction = self.database.write().await?;
        insert_delivery(&mut transaction, delivery, delivery.notification.at).await?;
        transaction.commit().await
    }

    /// Returns the deliveries to a channel or of an alert, newest first, and how many there are in total. Rows that cannot be
    /// read are left out and logged.
    ///
    /// # Errors
    /// Returns an error if the database fails.
    pub async fn list_deliveries(
        &self,
        workspace_id: Uuid,
        of: DeliveryFilter,
        limit: u32,
    ) -> Result<ItemList<AlertDelivery>, StoreError> {
        let (and, id) = match of {
            DeliveryFilter::Channel(id) => (" AND channel_id = ", id),
            DeliveryFilter::Alert(id) => (" AND alert_id = ", id),
        };
        let mut transaction = self.database.read().await?;
        let mut select = transaction
            .sql(concat!("SELECT ", delivery_columns!(), " FROM alert_deliveries WHERE workspace_id = $1"))
            .bind(workspace_id);
        select.push(and).push_bind(id);
        select.push(" ORDER BY created_at DESC, id LIMIT ").push_bind(i64::from(limit));
        let rows: Vec<DeliveryRow> = select.fetch_all().await?;
        let mut total = transaction
            .sql("SELECT COUNT(*) FROM alert_deliveries WHERE workspace_id = $1")
            .bind(workspace_id);
        total.push(and).push_bind(id);
        let total = count(total.fetch_scalar().await?);
        let items = readable("alert_deliveries", rows, |row| row.id, DeliveryRow::into_delivery);
        Ok(ItemList { items, total })
    }

    /// Returns the newest delivery of each of the workspace's channels. Channels without deliveries are left out, and rows
    /// that cannot be read; those are logged.
    ///
    /// # Errors
    /// Returns an error if the database fails.
    pub async fn list_last_deliveries(&self, workspace_id: Uuid) -> Result<Vec<AlertDelivery>, StoreError> {
        let rows: Vec<DeliveryRow> = self
            .database
            .sql(concat!(
                "SELECT ",
                delivery_columns!(),
                " FROM alert_deliveries WHERE id IN ( \
                     SELECT (SELECT id FROM alert_deliveries WHERE channel_id = alert_channels.id \
                             ORDER BY created_at DESC, id LIMIT 1) \
                     FROM alert_channels WHERE workspace_id = $1)"
            ))
            .bind(workspace_id)
            .fetch_all()
            .await?;
        Ok(readable("alert_deliveries", rows, |row| row.id, DeliveryRow::into_delivery))
    }

    /// Leases up to `limit` due deliveries to `worker`. A channel has at most `per_channel` leased deliveries at a time,
    /// oldest first, and receives the deliveries of an alert in order: a delivery that waits for its next attempt blocks
    /// only later deliveries of its alert. Deliveries that cannot be read are marked as failed.
    ///
    /// # Errors
    /// Returns an error if the transaction was not committed.
    pub async fn lease_deliveries(
        &self,
        worker: Uuid,
        now: Timestamp,
        leased_until: Timestamp,
        limit: u32,
        per_channel: u32,
    ) -> Result<Vec<DueDelivery>, StoreError> {
        // Most of the time none is due: find out without a write transaction. Only the first pending delivery of each alert
        // is a candidate, and those that wait for their next attempt take no place of their channel.
        let found: Vec<(Uuid,)> = self
            .database
            .sql(
                "SELECT id FROM ( \
                     SELECT id, next_attempt_at, leased_until, ROW_NUMBER() OVER ( \
                         PARTITION BY channel_id \
                         ORDER BY CASE WHEN leased_until > $1 THEN 0 ELSE 1 END, created_at, id \
                     ) AS place FROM ( \
                         SELECT id, channel_id, created_at, next_attempt_at, leased_until, ROW_NUMBER() OVER ( \
                             PARTITION BY channel_id, COALESCE(alert_id, id) ORDER BY created_at, id \
                         ) AS turn FROM alert_deliveries WHERE finished_at IS NULL \
                     ) pending WHERE turn = 1 AND (leased_until > $1 OR next_attempt_at <= $1) \
                 ) candidates WHERE place <= $2 AND (leased_until IS NULL OR leased_until <= $1) \
                 ORDER BY next_attempt_at, id LIMIT $3",
            )
            .bind(SqlTimestamp(now))
            .bind(i64::from(per_channel))
            .bind(i64::from(limit))
            .fetch_all()
            .await?;
        if found.is_empty() {
            return Ok(Vec::new());
        }
        let mut transaction = self.database.write().await?;
        let mut leased = Vec::with_capacity(found.len());
        for (id,) in found {
            // Another worker may have leased it meanwhile.
            let updated = transaction
                .sql(
                    "UPDATE alert_deliveries SET worker = $1, leased_until = $2 WHERE id = $3 \
                     AND finished_at IS NULL AND next_attempt_at <= $4 \
                     AND (leased_until IS NULL OR leased_until <= $4)",
                )
                .bind(worker)
                .bind(SqlTimestamp(leased_until))
                .bind(id)
                .bind(SqlTimestamp(now))
                .execute()
                .await?;
            if updated == 0 {
                continue;
            }
            let row: Option<DueRow> = transaction
                .sql(
                    "SELECT alert_deliveries.id, channel, secret, notice, attempts FROM alert_deliveries \
                     JOIN alert_channels ON alert_channels.id = channel_id WHERE alert_deliveries.id = $1",
                )
                .bind(id)
                .fetch_optional()
                .await?;
            match row.map(DueRow::into_due) {
                Some(Ok(due)) => leased.push(due),
                Some(Err(error)) => fail_unreadable(&mut transaction, id, now, &error).await?,
                // The channel was deleted while the delivery was created.
                None => {
                    transaction.sql("DELETE FROM alert_deliveries WHERE id = $1").bind(id).execute().await?;
                }
            }
        }
        transaction.commit().await?;
        Ok(leased)
    }

    /// Stores the result of an attempt, ends the lease, and returns whether the delivery was still leased to `worker`.
    ///
    /// # Errors
    /// Returns an error if the transaction was not committed.
    pub async fn finish_attempt(
        &self,
        worker: Uuid,
        id: Uuid,
        attempt: &Attempt,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.database.write().await?;
        let finished_at = attempt.next_attempt_at.is_none().then_some(SqlTimestamp(attempt.at));
        let updated = transaction
            .sql(
                "UPDATE alert_deliveries SET attempts = attempts + 1, next_attempt_at = $1, finished_at = $2, \
                 delivered = $3, status_code = $4, error = $5, worker = NULL, leased_until = NULL \
                 WHERE id = $6 AND worker = $7",
            )
            .bind(attempt.next_attempt_at.map(SqlTimestamp))
            .bind(finished_at)
            .bind(i64::from(attempt.delivered))
            .bind(attempt.status_code.map(i64::from))
            .bind(attempt.error.as_deref())
            .bind(id)
            .bind(worker)
            .execute()
            .await?;
        transaction.commit().await?;
        Ok(updated > 0)
    }

    /// Deletes deliveries that finished before a moment, and returns how many.
    ///
    /// # Errors
    /// Returns an error if the transaction was not committed.
    pub async fn delete_deliveries_before(&self, before: Timestamp) -> Result<u64, StoreError> {
        let mut transaction = self.database.write().await?;
        let deleted = transaction
            .sql("DELETE FROM alert_deliveries WHERE finished_at < $1")
            .bind(SqlTimestamp(before))
            .execute()
            .await?;
        transaction.commit().await?;
        Ok(deleted)
    }
}
