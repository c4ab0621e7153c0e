//! Deliveries: what channels are to be told, whose turn it is to try, and what came of it.

use domain::alert::record::{Attempt, DeliveriesOf, DueDelivery, NewDelivery};
use shared::{
    Timestamp,
    alert_channel::{AlertDelivery, AlertEvent, DeliveryState},
    page::ItemList,
};
use uuid::Uuid;

use super::{
    super::{
        StoreError, TraceStore, on_engine,
        row::{self, Columns},
    },
    decode, named,
};

/// Keeps a delivery that was not tried yet, from some moment on; a reminder only where the channel waits for nothing else
/// of the alert. What says that the alert became worse or is over takes the place of a reminder that nobody sends just now.
macro_rules! add_delivery {
    ($transaction:expr, $delivery:expr, $from:expr) => {{
        let delivery: &domain::alert::record::NewDelivery = $delivery;
        let (event, from) = (delivery.notice.event, crate::database::moment::Moment($from));
        let alert_id = delivery.notice.alert.as_ref().map(|alert| alert.id);
        if matches!(
            event,
            shared::alert_channel::AlertEvent::Escalated | shared::alert_channel::AlertEvent::Resolved
        ) {
            sqlx::query(
                "UPDATE alert_deliveries SET next_attempt_at = NULL, finished_at = $1, \
                 error = 'something newer is told instead', worker = NULL, leased_until = NULL \
                 WHERE alert_id = $2 AND channel_id = $3 AND event = 'reminder' AND finished_at IS NULL \
                 AND (leased_until IS NULL OR leased_until <= $1)",
            )
            .bind(from)
            .bind(alert_id)
            .bind(delivery.channel_id)
            .execute(&mut *$transaction)
            .await?;
        }
        sqlx::query(
            "INSERT INTO alert_deliveries (id, workspace_id, channel_id, alert_id, event, notice, created_at, \
             next_attempt_at, attempts, delivered) SELECT $1, $2, $3, $4, $5, $6, $7, $8, 0, 0 \
             WHERE $5 <> 'reminder' OR NOT EXISTS (SELECT 1 FROM alert_deliveries \
             WHERE alert_id = $4 AND channel_id = $3 AND finished_at IS NULL)",
        )
        .bind(delivery.id)
        .bind(delivery.notice.workspace_id)
        .bind(delivery.channel_id)
        .bind(alert_id)
        .bind(event.as_str())
        .bind(crate::trace::alert::encode(&delivery.notice)?)
        .bind(crate::database::moment::Moment(delivery.notice.at))
        .bind(from)
        .execute(&mut *$transaction)
        .await?;
    }};
}
pub(in crate::trace) use add_delivery;

/// The columns of [`delivery`].
macro_rules! delivery_columns {
    () => {
        "id, channel_id, alert_id, event, created_at, next_attempt_at, finished_at, attempts, delivered, status_code, error"
    };
}
pub(in crate::trace) use delivery_columns;

/// A row of [`delivery_columns`].
pub(in crate::trace) fn delivery(row: &impl Columns) -> Result<AlertDelivery, StoreError> {
    let finished_at = row.moment_or_null(6)?;
    Ok(AlertDelivery {
        id: row.uuid(0)?,
        channel_id: row.uuid(1)?,
        alert_id: row.uuid_or_null(2)?,
        event: named(&AlertEvent::ALL, row.text(3)?, AlertEvent::as_str)?,
        state: match (finished_at, row.integer(8)?) {
            (None, _) => DeliveryState::Pending,
            (Some(_), 0) => DeliveryState::Failed,
            (Some(_), _) => DeliveryState::Delivered,
        },
        attempts: row::count(row.integer(7)?),
        created_at: row.moment(4)?,
        next_attempt_at: row.moment_or_null(5)?,
        finished_at,
        status_code: row.integer_or_null(9)?.map(row::count),
        error: row.text_or_null(10)?,
    })
}

/// A row of id, channel, secret, notice, attempts.
pub(in crate::trace) fn due(row: &impl Columns) -> Result<DueDelivery, StoreError> {
    Ok(DueDelivery {
        id: row.uuid(0)?,
        channel: decode(row.text(1)?)?,
        secret: row.text(2)?.to_owned(),
        notice: decode(row.text(3)?)?,
        attempts: row::count(row.integer(4)?),
    })
}

impl TraceStore {
    /// Keeps something that a channel is to be told, at once; a reminder only where it waits for nothing else of the alert.
    ///
    /// # Errors
    /// Where the transaction did not commit.
    pub async fn keep_delivery(&self, delivery: &NewDelivery) -> Result<(), StoreError> {
        on_engine!(self, store => store.keep_delivery(delivery).await)
    }

    /// What a channel was told, or who was told of an alert, newest first, and how many times.
    ///
    /// # Errors
    /// Where the engine fails.
    pub async fn deliveries(
        &self,
        workspace_id: Uuid,
        of: DeliveriesOf,
        limit: u32,
    ) -> Result<ItemList<AlertDelivery>, StoreError> {
        on_engine!(self, store => store.deliveries(workspace_id, of, limit).await)
    }

    /// The newest delivery of each of the workspace's channels that has any.
    ///
    /// # Errors
    /// Where the engine fails.
    pub async fn last_deliveries(&self, workspace_id: Uuid) -> Result<Vec<AlertDelivery>, StoreError> {
        on_engine!(self, store => store.last_deliveries(workspace_id).await)
    }

    /// Takes deliveries that are due and that nobody tries, until some moment: nobody else is given them until then. Of a
    /// channel there are never more than `per_channel` under way, the oldest first, and of an alert it is told one thing
    /// after the other. What waits for its next attempt keeps nothing waiting but the rest of its alert. What cannot be
    /// read is given up.
    ///
    /// # Errors
    /// Where the transaction did not commit.
    pub async fn take_deliveries(
        &self,
        worker: Uuid,
        now: Timestamp,
        leased_until: Timestamp,
        most: u32,
        per_channel: u32,
    ) -> Result<Vec<DueDelivery>, StoreError> {
        on_engine!(self, store => store.take_deliveries(worker, now, leased_until, most, per_channel).await)
    }

    /// Notes what came of an attempt. Answers whether the delivery was still this worker's.
    ///
    /// # Errors
    /// Where the transaction did not commit.
    pub async fn note_attempt(&self, worker: Uuid, id: Uuid, attempt: &Attempt) -> Result<bool, StoreError> {
        on_engine!(self, store => store.note_attempt(worker, id, attempt).await)
    }

    /// Forgets deliveries that came to their end before some moment, and answers how many.
    ///
    /// # Errors
    /// Where the transaction did not commit.
    pub async fn forget_deliveries(&self, before: Timestamp) -> Result<u64, StoreError> {
        on_engine!(self, store => store.forget_deliveries(before).await)
    }
}

/// Gives a store its deliveries: `begin_write` and `begin_read` are its own methods that begin a transaction.
macro_rules! impl_alert_deliveries {
    ($store:ty) => {
        impl $store {
            pub(in crate::trace) async fn keep_delivery(
                &self,
                delivery: &domain::alert::record::NewDelivery,
            ) -> Result<(), crate::error::StoreError> {
                let mut transaction = self.begin_write().await?;
                crate::trace::alert::delivery::add_delivery!(transaction, delivery, delivery.notice.at);
                transaction.commit().await?;
                Ok(())
            }

            pub(in crate::trace) async fn deliveries(
                &self,
                workspace_id: uuid::Uuid,
                of: domain::alert::record::DeliveriesOf,
                limit: u32,
            ) -> Result<
                shared::page::ItemList<shared::alert_channel::AlertDelivery>,
                crate::error::StoreError,
            > {
                use domain::alert::record::DeliveriesOf;

                use crate::trace::alert::delivery::{delivery, delivery_columns};
                let (select, count, id) = match of {
                    DeliveriesOf::Channel(id) => (
                        concat!(
                            "SELECT ",
                            delivery_columns!(),
                            " FROM alert_deliveries WHERE workspace_id = $1 AND channel_id = $2 \
                             ORDER BY created_at DESC, id LIMIT $3"
                        ),
                        "SELECT COUNT(*) FROM alert_deliveries WHERE workspace_id = $1 AND channel_id = $2",
                        id,
                    ),
                    DeliveriesOf::Alert(id) => (
                        concat!(
                            "SELECT ",
                            delivery_columns!(),
                            " FROM alert_deliveries WHERE workspace_id = $1 AND alert_id = $2 \
                             ORDER BY created_at DESC, id LIMIT $3"
                        ),
                        "SELECT COUNT(*) FROM alert_deliveries WHERE workspace_id = $1 AND alert_id = $2",
                        id,
                    ),
                };
                let mut snapshot = self.begin_read().await?;
                let rows = sqlx::query(select)
                    .bind(workspace_id)
                    .bind(id)
                    .bind(i64::from(limit))
                    .fetch_all(&mut *snapshot)
                    .await?;
                let total: i64 =
                    sqlx::query_scalar(count).bind(workspace_id).bind(id).fetch_one(&mut *snapshot).await?;
                let items = crate::trace::alert::readable("alert_deliveries", &rows, delivery);
                Ok(shared::page::ItemList { items, total: crate::trace::row::count(total) })
            }

            pub(in crate::trace) async fn last_deliveries(
                &self,
                workspace_id: uuid::Uuid,
            ) -> Result<Vec<shared::alert_channel::AlertDelivery>, crate::error::StoreError> {
                use crate::trace::alert::delivery::{delivery, delivery_columns};
                let mut snapshot = self.begin_read().await?;
                let rows = sqlx::query(concat!(
                    "SELECT ",
                    delivery_columns!(),
                    " FROM alert_deliveries WHERE id IN ( \
                         SELECT (SELECT id FROM alert_deliveries WHERE channel_id = alert_channels.id \
                                 ORDER BY created_at DESC, id LIMIT 1) \
                         FROM alert_channels WHERE workspace_id = $1)"
                ))
                .bind(workspace_id)
                .fetch_all(&mut *snapshot)
                .await?;
                Ok(crate::trace::alert::readable("alert_deliveries", &rows, delivery))
            }

            pub(in crate::trace) async fn take_deliveries(
                &self,
                worker: uuid::Uuid,
                now: shared::Timestamp,
                leased_until: shared::Timestamp,
                most: u32,
                per_channel: u32,
            ) -> Result<Vec<domain::alert::record::DueDelivery>, crate::error::StoreError>
            {
                use crate::database::moment::Moment;
                // Mostly there is nothing: found out without a transaction that writes. Of an alert the first one only, and
                // of these those that wait for their next attempt keep no other from its turn.
                let mut snapshot = self.begin_read().await?;
                let found: Vec<uuid::Uuid> = sqlx::query_scalar(
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
                .bind(Moment(now))
                .bind(i64::from(per_channel))
                .bind(i64::from(most))
                .fetch_all(&mut *snapshot)
                .await?;
                drop(snapshot);
                if found.is_empty() {
                    return Ok(Vec::new());
                }
                let mut transaction = self.begin_write().await?;
                let mut taken = Vec::with_capacity(found.len());
                for id in found {
                    // Another may have been quicker.
                    let mine = sqlx::query(
                        "UPDATE alert_deliveries SET worker = $1, leased_until = $2 WHERE id = $3 \
                         AND finished_at IS NULL AND next_attempt_at <= $4 \
                         AND (leased_until IS NULL OR leased_until <= $4)",
                    )
                    .bind(worker)
                    .bind(Moment(leased_until))
                    .bind(id)
                    .bind(Moment(now))
                    .execute(&mut *transaction)
                    .await?
                    .rows_affected();
                    if mine == 0 {
                        continue;
                    }
                    let row = sqlx::query(
                        "SELECT alert_deliveries.id, channel, secret, notice, attempts FROM alert_deliveries \
                         JOIN alert_channels ON alert_channels.id = channel_id WHERE alert_deliveries.id = $1",
                    )
                    .bind(id)
                    .fetch_optional(&mut *transaction)
                    .await?;
                    match row.as_ref().map(crate::trace::alert::delivery::due) {
                        Some(Ok(due)) => taken.push(due),
                        // It would be taken again and again, and the others with it.
                        Some(Err(error)) => {
                            tracing::error!(
                                error = domain::error::chain(&error),
                                delivery_id = %id,
                                "a delivery or its channel cannot be read, and is given up"
                            );
                            sqlx::query(
                                "UPDATE alert_deliveries SET next_attempt_at = NULL, finished_at = $1, \
                                 error = 'it or its channel cannot be read', worker = NULL, leased_until = NULL \
                                 WHERE id = $2",
                            )
                            .bind(Moment(now))
                            .bind(id)
                            .execute(&mut *transaction)
                            .await?;
                        }
                        // Its channel was removed while it was being kept.
                        None => {
                            sqlx::query("DELETE FROM alert_deliveries WHERE id = $1")
                                .bind(id)
                                .execute(&mut *transaction)
                                .await?;
                        }
                    }
                }
                transaction.commit().await?;
                Ok(taken)
            }

            pub(in crate::trace) async fn note_attempt(
                &self,
                worker: uuid::Uuid,
                id: uuid::Uuid,
                attempt: &domain::alert::record::Attempt,
            ) -> Result<bool, crate::error::StoreError> {
                use crate::database::moment::Moment;
                let mut transaction = self.begin_write().await?;
                let finished_at = attempt.next_attempt_at.is_none().then_some(Moment(attempt.at));
                let noted = sqlx::query(
                    "UPDATE alert_deliveries SET attempts = attempts + 1, next_attempt_at = $1, finished_at = $2, \
                     delivered = $3, status_code = $4, error = $5, worker = NULL, leased_until = NULL \
                     WHERE id = $6 AND worker = $7",
                )
                .bind(attempt.next_attempt_at.map(Moment))
                .bind(finished_at)
                .bind(i64::from(attempt.delivered))
                .bind(attempt.status_code.map(i64::from))
                .bind(&attempt.error)
                .bind(id)
                .bind(worker)
                .execute(&mut *transaction)
                .await?
                .rows_affected();
                transaction.commit().await?;
                Ok(noted > 0)
            }

            pub(in crate::trace) async fn forget_deliveries(
                &self,
                before: shared::Timestamp,
            ) -> Result<u64, crate::error::StoreError> {
                let mut transaction = self.begin_write().await?;
                let gone = sqlx::query("DELETE FROM alert_deliveries WHERE finished_at < $1")
                    .bind(crate::database::moment::Moment(before))
                    .execute(&mut *transaction)
                    .await?
                    .rows_affected();
                transaction.commit().await?;
                Ok(gone)
            }
        }
    };
}
pub(in crate::trace) use impl_alert_deliveries;
