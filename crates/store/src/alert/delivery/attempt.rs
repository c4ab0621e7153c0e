//! The results of attempts. A finished delivery releases the next ones of its alert.

use domain::{alert::record::Attempt, error::CorruptData};
use shared::Timestamp;
use uuid::Uuid;

use super::{
    super::AlertStore,
    create::{is_first, is_same_alert},
};
use crate::{
    database::{Transaction, timestamp::SqlTimestamp},
    error::StoreError,
};

/// Makes the deliveries ready that waited for a finished one, unless they wait for yet another.
pub(super) async fn release_next(transaction: &mut Transaction, finished: Uuid) -> Result<(), StoreError> {
    transaction
        .sql(concat!(
            "UPDATE alert_deliveries SET ready_at = next_attempt_at WHERE finished_at IS NULL AND ready_at IS NULL \
             AND channel_id = (SELECT channel_id FROM alert_deliveries WHERE id = $1) \
             AND thread_id = (SELECT thread_id FROM alert_deliveries WHERE id = $1) \
             AND EXISTS (SELECT 1 FROM alert_deliveries earlier WHERE earlier.id = $1 AND ",
            is_same_alert!(),
            ") AND ",
            is_first!()
        ))
        .bind(finished)
        .execute()
        .await?;
    Ok(())
}

/// Marks a delivery as failed because its row or that of its channel cannot be read: it would be leased again and again,
/// and block others.
pub(super) async fn finish_unreadable(
    transaction: &mut Transaction,
    id: Uuid,
    now: Timestamp,
    error: &CorruptData,
) -> Result<(), StoreError> {
    tracing::error!(%error, delivery_id = %id, "skipped an unreadable delivery");
    transaction
        .sql(
            "UPDATE alert_deliveries SET next_attempt_at = NULL, ready_at = NULL, finished_at = $1, \
             error = 'the delivery or its channel cannot be read', worker = NULL, leased_until = NULL \
             WHERE id = $2",
        )
        .bind(SqlTimestamp(now))
        .bind(id)
        .execute()
        .await?;
    release_next(transaction, id).await
}

impl AlertStore {
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
        let next_attempt_at = attempt.next_attempt_at.map(SqlTimestamp);
        let finished_at = attempt.next_attempt_at.is_none().then_some(SqlTimestamp(attempt.at));
        // The message is not needed any more once the delivery is finished.
        let updated = transaction
            .sql(
                "UPDATE alert_deliveries SET attempts = attempts + 1, next_attempt_at = $1, ready_at = $1, \
                 finished_at = $2, delivered = $3, status_code = $4, error = $5, worker = NULL, \
                 leased_until = NULL, notice = CASE WHEN $1 IS NULL THEN '' ELSE notice END \
                 WHERE id = $6 AND worker = $7",
            )
            .bind(next_attempt_at)
            .bind(finished_at)
            .bind(i64::from(attempt.delivered))
            .bind(attempt.status_code.map(i64::from))
            .bind(attempt.error.as_deref())
            .bind(id)
            .bind(worker)
            .execute()
            .await?;
        if updated > 0 && attempt.next_attempt_at.is_none() {
            release_next(&mut transaction, id).await?;
        }
        transaction.commit().await?;
        Ok(updated > 0)
    }
}
