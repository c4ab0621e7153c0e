//! Channels, as people keep them.

use shared::{
    Timestamp,
    alert_channel::{AlertChannel, AlertChannelRequest},
    limit,
};
use uuid::Uuid;

use super::{
    super::{StoreError, TraceStore, on_engine, row::Columns},
    decode,
};

/// A row of id, channel, created_at, updated_at, version, secret; with the channel's version.
pub(in crate::trace) fn channel(row: &impl Columns) -> Result<(AlertChannel, i64), StoreError> {
    let channel = AlertChannel {
        id: row.uuid(0)?,
        channel: decode(row.text(1)?)?,
        created_at: row.moment(2)?,
        updated_at: row.moment(3)?,
        last_delivery: None,
        secret: Some(row.text(5)?.to_owned()),
    };
    Ok((channel, row.integer(4)?))
}

impl TraceStore {
    /// The workspace's channels with their secrets, oldest first. One that cannot be read is left out.
    ///
    /// # Errors
    /// Where the engine fails.
    pub async fn alert_channels(&self, workspace_id: Uuid) -> Result<Vec<AlertChannel>, StoreError> {
        on_engine!(self, store => store.alert_channels(workspace_id).await)
    }

    /// One channel with its secret, and its version.
    ///
    /// # Errors
    /// Where the engine fails.
    pub async fn alert_channel(
        &self,
        workspace_id: Uuid,
        id: Uuid,
    ) -> Result<Option<(AlertChannel, i64)>, StoreError> {
        on_engine!(self, store => store.alert_channel(workspace_id, id).await)
    }

    /// Keeps new channels, with their secrets, and answers how many those were: those whose ids are there already are
    /// left out, and all of them where a workspace would have more than [`limit::ALERT_CHANNELS`].
    ///
    /// # Errors
    /// Where the transaction did not commit.
    pub async fn keep_alert_channels(
        &self,
        workspace_id: Uuid,
        channels: &[AlertChannel],
    ) -> Result<u64, StoreError> {
        let most = limit::ALERT_CHANNELS;
        on_engine!(self, store => store.keep_alert_channels(workspace_id, channels, most).await)
    }

    /// Changes a channel. Answers whether it was there in this version.
    ///
    /// # Errors
    /// Where the transaction did not commit.
    pub async fn change_alert_channel(
        &self,
        workspace_id: Uuid,
        id: Uuid,
        version: i64,
        channel: &AlertChannelRequest,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        on_engine!(self, store => store.change_alert_channel(workspace_id, id, version, channel, now).await)
    }

    /// Removes a channel, and what it was told. Answers whether it was there.
    ///
    /// # Errors
    /// Where the transaction did not commit.
    pub async fn remove_alert_channel(&self, workspace_id: Uuid, id: Uuid) -> Result<bool, StoreError> {
        on_engine!(self, store => store.remove_alert_channel(workspace_id, id).await)
    }
}

/// Gives a store its channels: `begin_write` and `begin_read` are its own methods that begin a transaction.
macro_rules! impl_alert_channels {
    ($store:ty) => {
        impl $store {
            pub(in crate::trace) async fn alert_channels(
                &self,
                workspace_id: uuid::Uuid,
            ) -> Result<Vec<shared::alert_channel::AlertChannel>, crate::trace::StoreError> {
                let mut snapshot = self.begin_read().await?;
                let rows = sqlx::query(
                    "SELECT id, channel, created_at, updated_at, version, secret FROM alert_channels \
                     WHERE workspace_id = $1 ORDER BY created_at, id",
                )
                .bind(workspace_id)
                .fetch_all(&mut *snapshot)
                .await?;
                Ok(crate::trace::alert::readable("alert_channels", &rows, |row| {
                    Ok(crate::trace::alert::channel::channel(row)?.0)
                }))
            }

            pub(in crate::trace) async fn alert_channel(
                &self,
                workspace_id: uuid::Uuid,
                id: uuid::Uuid,
            ) -> Result<Option<(shared::alert_channel::AlertChannel, i64)>, crate::trace::StoreError> {
                let mut snapshot = self.begin_read().await?;
                let row = sqlx::query(
                    "SELECT id, channel, created_at, updated_at, version, secret FROM alert_channels \
                     WHERE workspace_id = $1 AND id = $2",
                )
                .bind(workspace_id)
                .bind(id)
                .fetch_optional(&mut *snapshot)
                .await?;
                row.as_ref().map(crate::trace::alert::channel::channel).transpose()
            }

            pub(in crate::trace) async fn keep_alert_channels(
                &self,
                workspace_id: uuid::Uuid,
                channels: &[shared::alert_channel::AlertChannel],
                most: usize,
            ) -> Result<u64, crate::trace::StoreError> {
                use crate::moment::Moment;
                let mut transaction = self.begin_write().await?;
                let mut new = 0;
                for channel in channels {
                    new += sqlx::query(
                        "INSERT INTO alert_channels (id, workspace_id, channel, secret, created_at, updated_at, version) \
                         VALUES ($1, $2, $3, $4, $5, $6, 1) ON CONFLICT DO NOTHING",
                    )
                    .bind(channel.id)
                    .bind(workspace_id)
                    .bind(crate::trace::alert::encode(&channel.channel)?)
                    .bind(channel.secret.as_deref().unwrap_or_default())
                    .bind(Moment(channel.created_at))
                    .bind(Moment(channel.updated_at))
                    .execute(&mut *transaction)
                    .await?
                    .rows_affected();
                }
                let all: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM alert_channels WHERE workspace_id = $1")
                    .bind(workspace_id)
                    .fetch_one(&mut *transaction)
                    .await?;
                if new > 0 && usize::try_from(all).unwrap_or(0) > most {
                    return Ok(0);
                }
                transaction.commit().await?;
                Ok(new)
            }

            pub(in crate::trace) async fn change_alert_channel(
                &self,
                workspace_id: uuid::Uuid,
                id: uuid::Uuid,
                version: i64,
                channel: &shared::alert_channel::AlertChannelRequest,
                now: shared::Timestamp,
            ) -> Result<bool, crate::trace::StoreError> {
                let mut transaction = self.begin_write().await?;
                let changed = sqlx::query(
                    "UPDATE alert_channels SET channel = $1, updated_at = $2, version = version + 1 \
                     WHERE workspace_id = $3 AND id = $4 AND version = $5",
                )
                .bind(crate::trace::alert::encode(channel)?)
                .bind(crate::moment::Moment(now))
                .bind(workspace_id)
                .bind(id)
                .bind(version)
                .execute(&mut *transaction)
                .await?
                .rows_affected();
                transaction.commit().await?;
                Ok(changed > 0)
            }

            pub(in crate::trace) async fn remove_alert_channel(
                &self,
                workspace_id: uuid::Uuid,
                id: uuid::Uuid,
            ) -> Result<bool, crate::trace::StoreError> {
                let mut transaction = self.begin_write().await?;
                let removed = sqlx::query("DELETE FROM alert_channels WHERE workspace_id = $1 AND id = $2")
                    .bind(workspace_id)
                    .bind(id)
                    .execute(&mut *transaction)
                    .await?
                    .rows_affected();
                sqlx::query("DELETE FROM alert_deliveries WHERE workspace_id = $1 AND channel_id = $2")
                    .bind(workspace_id)
                    .bind(id)
                    .execute(&mut *transaction)
                    .await?;
                transaction.commit().await?;
                Ok(removed > 0)
            }
        }
    };
}
pub(in crate::trace) use impl_alert_channels;
