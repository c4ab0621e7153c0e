//! Alert channels.

use domain::error::CorruptData;
use shared::{
    Timestamp,
    alert_channel::{AlertChannel, AlertChannelRequest},
    limit,
};
use uuid::Uuid;

use super::{AlertStore, decode, encode, readable};
use crate::{database::timestamp::SqlTimestamp, error::StoreError};

#[derive(sqlx::FromRow)]
struct ChannelRow {
    id: Uuid,
    channel: String,
    created_at: SqlTimestamp,
    updated_at: SqlTimestamp,
    version: i64,
    secret: String,
}

impl ChannelRow {
    /// Returns the channel and its version.
    fn into_channel(self) -> Result<(AlertChannel, i64), CorruptData> {
        let channel = AlertChannel {
            id: self.id,
            channel: decode(&self.channel)?,
            created_at: self.created_at.0,
            updated_at: self.updated_at.0,
            recipients: Vec::new(),
            last_delivery: None,
            secret: Some(self.secret),
        };
        Ok((channel, self.version))
    }
}

impl AlertStore {
    /// Returns the workspace's channels with their secrets, oldest first. Rows that cannot be read are left out and logged.
    ///
    /// # Errors
    /// Returns an error if the database fails.
    pub async fn list_channels(&self, workspace_id: Uuid) -> Result<Vec<AlertChannel>, StoreError> {
        let rows: Vec<ChannelRow> = self
            .database
            .sql(
                "SELECT id, channel, created_at, updated_at, version, secret FROM alert_channels \
                 WHERE workspace_id = $1 ORDER BY created_at, id",
            )
            .bind(workspace_id)
            .fetch_all()
            .await?;
        Ok(readable("alert_channels", rows, |row| row.id, |row| Ok(row.into_channel()?.0)))
    }

    /// Returns a channel with its secret, and its version.
    ///
    /// # Errors
    /// Returns an error if the database fails or the row cannot be read.
    pub async fn get_channel(
        &self,
        workspace_id: Uuid,
        id: Uuid,
    ) -> Result<Option<(AlertChannel, i64)>, StoreError> {
        let row: Option<ChannelRow> = self
            .database
            .sql(
                "SELECT id, channel, created_at, updated_at, version, secret FROM alert_channels \
                 WHERE workspace_id = $1 AND id = $2",
            )
            .bind(workspace_id)
            .bind(id)
            .fetch_optional()
            .await?;
        Ok(row.map(ChannelRow::into_channel).transpose()?)
    }

    /// Creates channels and returns how many were new: existing ids are skipped, and nothing is created if the workspace
    /// would have more than [`limit::ALERT_CHANNELS`].
    ///
    /// # Errors
    /// Returns an error if the transaction was not committed.
    pub async fn create_channels(
        &self,
        workspace_id: Uuid,
        channels: &[AlertChannel],
    ) -> Result<u64, StoreError> {
        let mut transaction = self.database.write().await?;
        let mut new = 0;
        for channel in channels {
            new += transaction
                .sql(
                    "INSERT INTO alert_channels (id, workspace_id, channel, secret, created_at, updated_at, version) \
                     VALUES ($1, $2, $3, $4, $5, $6, 1) ON CONFLICT DO NOTHING",
                )
                .bind(channel.id)
                .bind(workspace_id)
                .bind(encode(&channel.channel)?)
                .bind(channel.secret.as_deref().unwrap_or_default())
                .bind(SqlTimestamp(channel.created_at))
                .bind(SqlTimestamp(channel.updated_at))
                .execute()
                .await?;
        }
        let total: i64 = transaction
            .sql("SELECT COUNT(*) FROM alert_channels WHERE workspace_id = $1")
            .bind(workspace_id)
            .fetch_scalar()
            .await?;
        if new > 0 && usize::try_from(total).unwrap_or(0) > limit::ALERT_CHANNELS {
            return Ok(0);
        }
        transaction.commit().await?;
        Ok(new)
    }

    /// Updates a channel and returns whether it existed in this version.
    ///
    /// # Errors
    /// Returns an error if the transaction was not committed.
    pub async fn update_channel(
        &self,
        workspace_id: Uuid,
        id: Uuid,
        version: i64,
        channel: &AlertChannelRequest,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.database.write().await?;
        let updated = transaction
            .sql(
                "UPDATE alert_channels SET channel = $1, updated_at = $2, version = version + 1 \
                 WHERE workspace_id = $3 AND id = $4 AND version = $5",
            )
            .bind(encode(channel)?)
            .bind(SqlTimestamp(now))
            .bind(workspace_id)
            .bind(id)
            .bind(version)
            .execute()
            .await?;
        transaction.commit().await?;
        Ok(updated > 0)
    }

    /// Deletes a channel with its deliveries and returns whether it existed.
    ///
    /// # Errors
    /// Returns an error if the transaction was not committed.
    pub async fn delete_channel(&self, workspace_id: Uuid, id: Uuid) -> Result<bool, StoreError> {
        let mut transaction = self.database.write().await?;
        let deleted = transaction
            .sql("DELETE FROM alert_channels WHERE workspace_id = $1 AND id = $2")
            .bind(workspace_id)
            .bind(id)
            .execute()
            .await?;
        transaction
            .sql("DELETE FROM alert_deliveries WHERE workspace_id = $1 AND channel_id = $2")
            .bind(workspace_id)
            .bind(id)
            .execute()
            .await?;
        transaction.commit().await?;
        Ok(deleted > 0)
    }
}
