//! Recipients of e-mail channels. They receive notifications once they have confirmed by a link.

use std::collections::BTreeSet;

use domain::alert::record::Recipient;
use shared::Timestamp;
use uuid::Uuid;

use super::AlertStore;
use crate::{
    database::{Transaction, timestamp::SqlTimestamp},
    error::StoreError,
};

#[derive(sqlx::FromRow)]
struct RecipientRow {
    address: String,
    created_at: SqlTimestamp,
    confirmed_at: Option<SqlTimestamp>,
}

impl From<RecipientRow> for Recipient {
    fn from(row: RecipientRow) -> Self {
        Self {
            address: row.address,
            created_at: row.created_at.0,
            confirmed_at: row.confirmed_at.map(|moment| moment.0),
        }
    }
}

impl AlertStore {
    /// Returns the recipients of the workspace.
    ///
    /// # Errors
    /// Returns an error if the database fails.
    pub async fn list_recipients(&self, workspace_id: Uuid) -> Result<Vec<Recipient>, StoreError> {
        let rows: Vec<RecipientRow> = self
            .database
            .sql(
                "SELECT address, created_at, confirmed_at FROM alert_recipients WHERE workspace_id = $1 \
                 ORDER BY address",
            )
            .bind(workspace_id)
            .fetch_all()
            .await?;
        Ok(rows.into_iter().map(Recipient::from).collect())
    }

    /// Creates recipients and returns how many were new. Existing ones are confirmed if the given ones are.
    ///
    /// # Errors
    /// Returns an error if the transaction was not committed.
    pub async fn create_recipients(
        &self,
        workspace_id: Uuid,
        recipients: &[Recipient],
    ) -> Result<u64, StoreError> {
        let mut transaction = self.database.write().await?;
        let mut new = 0;
        for recipient in recipients {
            new += create_recipient(&mut transaction, workspace_id, recipient).await?;
        }
        transaction.commit().await?;
        Ok(new)
    }

    /// Deletes the recipients that have not confirmed and are not in `current`.
    ///
    /// # Errors
    /// Returns an error if the transaction was not committed.
    pub async fn delete_pending_recipients(
        &self,
        workspace_id: Uuid,
        current: &BTreeSet<String>,
    ) -> Result<(), StoreError> {
        let mut transaction = self.database.write().await?;
        let pending: Vec<(String,)> = transaction
            .sql("SELECT address FROM alert_recipients WHERE workspace_id = $1 AND confirmed_at IS NULL")
            .bind(workspace_id)
            .fetch_all()
            .await?;
        for (address,) in pending.into_iter().filter(|(address,)| !current.contains(address)) {
            transaction
                .sql(
                    "DELETE FROM alert_recipients WHERE workspace_id = $1 AND address = $2 \
                     AND confirmed_at IS NULL",
                )
                .bind(workspace_id)
                .bind(address)
                .execute()
                .await?;
        }
        transaction.commit().await
    }

    /// Stores the hash of the token in a new link of a recipient, which invalidates earlier links. Returns false if the recipient
    /// does not exist or has confirmed.
    ///
    /// # Errors
    /// Returns an error if the transaction was not committed.
    pub async fn set_recipient_token(
        &self,
        workspace_id: Uuid,
        address: &str,
        hash: &[u8],
        expires_at: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.database.write().await?;
        let updated = transaction
            .sql(
                "UPDATE alert_recipients SET token_hash = $1, expires_at = $2 \
                 WHERE workspace_id = $3 AND address = $4 AND confirmed_at IS NULL",
            )
            .bind(hash)
            .bind(SqlTimestamp(expires_at))
            .bind(workspace_id)
            .bind(address)
            .execute()
            .await?;
        transaction.commit().await?;
        Ok(updated > 0)
    }

    /// Confirms the recipient of a link and returns whether the link was valid: it is used once, and before it expires.
    ///
    /// # Errors
    /// Returns an error if the transaction was not committed.
    pub async fn confirm_recipient(&self, hash: &[u8], now: Timestamp) -> Result<bool, StoreError> {
        // Anyone can try tokens: only valid ones begin a write transaction.
        let found: i64 = self
            .database
            .sql("SELECT COUNT(*) FROM alert_recipients WHERE token_hash = $1 AND expires_at > $2")
            .bind(hash)
            .bind(SqlTimestamp(now))
            .fetch_scalar()
            .await?;
        if found == 0 {
            return Ok(false);
        }
        let mut transaction = self.database.write().await?;
        let updated = transaction
            .sql(
                "UPDATE alert_recipients SET confirmed_at = $2, token_hash = NULL, expires_at = NULL \
                 WHERE token_hash = $1 AND expires_at > $2",
            )
            .bind(hash)
            .bind(SqlTimestamp(now))
            .execute()
            .await?;
        transaction.commit().await?;
        Ok(updated > 0)
    }
}

async fn create_recipient(
    transaction: &mut Transaction,
    workspace_id: Uuid,
    recipient: &Recipient,
) -> Result<u64, StoreError> {
    let new = transaction
        .sql(
            "INSERT INTO alert_recipients (workspace_id, address, created_at, confirmed_at) \
             VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        )
        .bind(workspace_id)
        .bind(&recipient.address)
        .bind(SqlTimestamp(recipient.created_at))
        .bind(recipient.confirmed_at.map(SqlTimestamp))
        .execute()
        .await?;
    if new == 0 && recipient.confirmed_at.is_some() {
        transaction
            .sql(
                "UPDATE alert_recipients SET confirmed_at = $1, token_hash = NULL, expires_at = NULL \
                 WHERE workspace_id = $2 AND address = $3 AND confirmed_at IS NULL",
            )
            .bind(recipient.confirmed_at.map(SqlTimestamp))
            .bind(workspace_id)
            .bind(&recipient.address)
            .execute()
            .await?;
    }
    Ok(new)
}
