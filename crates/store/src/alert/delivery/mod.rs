//! Deliveries of notifications to channels: lists and retention; `create` bounds their number, `lease` divides them fairly
//! between workspaces, and `attempt` stores the results.

mod attempt;
mod create;
mod lease;

use domain::{alert::record::DeliveryFilter, error::CorruptData};
use shared::{
    Timestamp,
    alert_channel::{AlertDelivery, AlertEvent, DeliveryState},
    page::ItemList,
};
use uuid::Uuid;

pub(super) use self::create::{Dropped, insert_deliveries, insert_dropped, insert_groups};
use super::{AlertStore, parse_word, readable};
use crate::{
    database::{count, timestamp::SqlTimestamp},
    error::StoreError,
};

/// The maximum number of rows that a transaction of the retention deletes.
const DELETED_ROWS: i64 = 500;

/// The columns of [`DeliveryRow`].
macro_rules! delivery_columns {
    () => {
        "id, channel_id, alert_id, event, created_at, next_attempt_at, finished_at, attempts, delivered, status_code, error, \
         alert_count"
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
    alert_count: i64,
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
            alert_count: count(self.alert_count),
        })
    }
}

impl AlertStore {
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
            DeliveryFilter::Channel(id) => (" AND channel_id = $2", id),
            DeliveryFilter::Alert(id) => (
                " AND (alert_id = $2 OR group_id IN (SELECT group_id FROM alert_groups WHERE alert_id = $2))",
                id,
            ),
        };
        let mut transaction = self.database.read().await?;
        let mut select = transaction
            .sql(concat!("SELECT ", delivery_columns!(), " FROM alert_deliveries WHERE workspace_id = $1"))
            .bind(workspace_id)
            .bind(id);
        select.push(and);
        select.push(" ORDER BY created_at DESC, id LIMIT ").push_bind(i64::from(limit));
        let rows: Vec<DeliveryRow> = select.fetch_all().await?;
        let mut total = transaction
            .sql("SELECT COUNT(*) FROM alert_deliveries WHERE workspace_id = $1")
            .bind(workspace_id)
            .bind(id);
        total.push(and);
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

    /// Deletes deliveries that finished before a moment, and returns how many. Deletes some at a time, so that other writers do
    /// not wait for all of them.
    ///
    /// # Errors
    /// Returns an error if a transaction was not committed; earlier ones were.
    pub async fn delete_deliveries_before(&self, before: Timestamp) -> Result<u64, StoreError> {
        let deleted = self
            .delete_in_steps(
                "DELETE FROM alert_deliveries WHERE id IN \
                 (SELECT id FROM alert_deliveries WHERE finished_at < $1 ORDER BY finished_at LIMIT $2)",
                before,
            )
            .await?;
        self.delete_in_steps(
            "DELETE FROM alert_groups WHERE (alert_id, group_id) IN \
             (SELECT alert_id, group_id FROM alert_groups WHERE created_at < $1 ORDER BY created_at LIMIT $2)",
            before,
        )
        .await?;
        Ok(deleted)
    }

    async fn delete_in_steps(&self, delete: &'static str, before: Timestamp) -> Result<u64, StoreError> {
        let mut total = 0;
        loop {
            let mut transaction = self.database.write().await?;
            let statement = transaction.sql(delete).bind(SqlTimestamp(before)).bind(DELETED_ROWS);
            let deleted = statement.execute().await?;
            transaction.commit().await?;
            total += deleted;
            if deleted == 0 {
                return Ok(total);
            }
        }
    }
}
