//! Leases of due deliveries. The due channels are found through an index, one step each, however many deliveries are pending.

use std::collections::BTreeMap;

use domain::{
    alert::{
        record::DueDelivery,
        share::{DeliveryLimits, DueChannel, share},
    },
    error::CorruptData,
};
use shared::Timestamp;
use uuid::Uuid;

use super::{
    super::{AlertStore, decode},
    attempt::finish_unreadable,
};
use crate::{
    database::{Transaction, count, timestamp::SqlTimestamp},
    error::StoreError,
};

#[derive(sqlx::FromRow)]
struct DueChannelRow {
    channel_id: Uuid,
    workspace_id: Uuid,
    due: i64,
    since: SqlTimestamp,
}

#[derive(sqlx::FromRow)]
struct InFlightRow {
    workspace_id: Uuid,
    channel_id: Uuid,
    in_flight: i64,
}

#[derive(sqlx::FromRow)]
struct DueRow {
    id: Uuid,
    notice: String,
    attempts: i64,
}

impl DueRow {
    fn into_due(self, channel: &str, secret: &str) -> Result<DueDelivery, CorruptData> {
        Ok(DueDelivery {
            id: self.id,
            channel: decode(channel)?,
            secret: secret.to_owned(),
            notification: decode(&self.notice)?,
            attempts: count(self.attempts),
        })
    }
}

/// Returns how many deliveries to lease of each channel. The order of each subquery is that of `alert_deliveries_ready`, so that no
/// other index is chosen, which would read finished deliveries.
async fn due_shares(
    transaction: &mut Transaction,
    now: Timestamp,
    limits: DeliveryLimits,
) -> Result<Vec<(Uuid, u64)>, StoreError> {
    let rows: Vec<DueChannelRow> = transaction
        .sql(
            "WITH RECURSIVE ready (channel_id) AS ( \
                 SELECT (SELECT channel_id FROM alert_deliveries WHERE ready_at IS NOT NULL \
                         ORDER BY channel_id, ready_at LIMIT 1) \
                 UNION ALL \
                 SELECT (SELECT channel_id FROM alert_deliveries WHERE ready_at IS NOT NULL \
                         AND alert_deliveries.channel_id > ready.channel_id ORDER BY channel_id, ready_at LIMIT 1) \
                 FROM ready WHERE ready.channel_id IS NOT NULL \
             ), oldest AS ( \
                 SELECT channel_id, (SELECT ready_at FROM alert_deliveries \
                     WHERE alert_deliveries.channel_id = ready.channel_id AND ready_at IS NOT NULL \
                     ORDER BY ready_at LIMIT 1) AS since \
                 FROM ready WHERE channel_id IS NOT NULL \
             ) \
             SELECT channel_id, since, \
                 (SELECT workspace_id FROM alert_deliveries WHERE alert_deliveries.channel_id = oldest.channel_id \
                  AND ready_at IS NOT NULL ORDER BY ready_at LIMIT 1) AS workspace_id, \
                 (SELECT COUNT(*) FROM (SELECT 1 FROM alert_deliveries \
                      WHERE alert_deliveries.channel_id = oldest.channel_id AND ready_at <= $1 LIMIT $2) few) AS due \
             FROM oldest WHERE since <= $1",
        )
        .bind(SqlTimestamp(now))
        .bind(i64::try_from(limits.per_channel).unwrap_or(i64::MAX))
        .fetch_all()
        .await?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let leased: Vec<InFlightRow> = transaction
        .sql(
            "SELECT workspace_id, channel_id, COUNT(*) AS in_flight FROM alert_deliveries \
             WHERE worker IS NOT NULL AND leased_until > $1 GROUP BY workspace_id, channel_id",
        )
        .bind(SqlTimestamp(now))
        .fetch_all()
        .await?;
    let (mut of_workspaces, mut of_channels) = (BTreeMap::new(), BTreeMap::new());
    for row in leased {
        let in_flight = count(row.in_flight);
        *of_workspaces.entry(row.workspace_id).or_default() += in_flight;
        of_channels.insert(row.channel_id, in_flight);
    }
    let due_channel = |row: DueChannelRow| DueChannel {
        id: row.channel_id,
        workspace_id: row.workspace_id,
        due: count(row.due),
        since: row.since.0,
        in_flight: of_channels.get(&row.channel_id).copied().unwrap_or(0),
    };
    let channels: Vec<_> = rows.into_iter().map(due_channel).collect();
    Ok(share(&channels, &of_workspaces, limits))
}

impl AlertStore {
    /// Leases due deliveries to `worker`, oldest first. Workspaces take turns, and have a limited number of deliveries in flight,
    /// so that the slow channels of one do not delay the others. A channel receives the deliveries of an alert in order: a
    /// delivery that waits for its next attempt blocks only later deliveries of its alert. Deliveries that cannot be read are
    /// marked as failed.
    ///
    /// # Errors
    /// Returns an error if the transaction was not committed.
    pub async fn lease_deliveries(
        &self,
        worker: Uuid,
        now: Timestamp,
        leased_until: Timestamp,
        limits: DeliveryLimits,
    ) -> Result<Vec<DueDelivery>, StoreError> {
        // Most of the time none is due: find out without a write transaction.
        if due_shares(&mut self.database.read().await?, now, limits).await?.is_empty() {
            return Ok(Vec::new());
        }
        let mut transaction = self.database.write().await?;
        // Workers take turns, so that the limits hold for all of them together. SQLite has one writer anyway.
        transaction
            .sql_by_engine("SELECT 1", "SELECT pg_advisory_xact_lock(7165919254021432932)")
            .execute()
            .await?;
        let mut leased = Vec::new();
        for (channel_id, limit) in due_shares(&mut transaction, now, limits).await? {
            let channel: Option<(String, String)> = transaction
                .sql("SELECT channel, secret FROM alert_channels WHERE id = $1")
                .bind(channel_id)
                .fetch_optional()
                .await?;
            let Some((channel, secret)) = channel else {
                // The channel was deleted while the delivery was created.
                let delete = transaction.sql("DELETE FROM alert_deliveries WHERE channel_id = $1");
                delete.bind(channel_id).execute().await?;
                continue;
            };
            let rows: Vec<DueRow> = transaction
                .sql(
                    "UPDATE alert_deliveries SET worker = $1, leased_until = $2, ready_at = $2 WHERE id IN ( \
                         SELECT id FROM alert_deliveries WHERE channel_id = $3 AND ready_at <= $4 \
                         ORDER BY ready_at, created_at, id LIMIT $5) \
                     RETURNING id, notice, attempts",
                )
                .bind(worker)
                .bind(SqlTimestamp(leased_until))
                .bind(channel_id)
                .bind(SqlTimestamp(now))
                .bind(i64::try_from(limit).unwrap_or(i64::MAX))
                .fetch_all()
                .await?;
            for row in rows {
                let id = row.id;
                match row.into_due(&channel, &secret) {
                    Ok(due) => leased.push(due),
                    Err(error) => finish_unreadable(&mut transaction, id, now, &error).await?,
                }
            }
        }
        transaction.commit().await?;
        leased.sort_by_key(|delivery| (delivery.notification.at, delivery.id));
        Ok(leased)
    }
}
