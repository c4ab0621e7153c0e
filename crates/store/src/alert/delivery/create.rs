//! Creation of deliveries, up to the maximum number of pending deliveries of a workspace.

use std::collections::BTreeMap;

use domain::alert::record::{AlertGroup, NewDelivery};
use shared::{Timestamp, alert_channel::AlertEvent, format, limit};
use uuid::Uuid;

use super::{
    super::{AlertStore, encode},
    attempt::release_next,
};
use crate::{
    database::{Transaction, timestamp::SqlTimestamp},
    error::StoreError,
};

/// A condition that two deliveries to a channel are about the same alert and are therefore delivered in order: `earlier` and
/// `alert_deliveries`. Messages about several alerts are in order with all others of their rule.
macro_rules! is_same_alert {
    () => {
        "earlier.channel_id = alert_deliveries.channel_id AND earlier.thread_id = alert_deliveries.thread_id \
         AND (earlier.alert_id = alert_deliveries.alert_id OR earlier.group_id IS NOT NULL \
              OR alert_deliveries.group_id IS NOT NULL)"
    };
}

/// A condition that no earlier delivery about the same alert is pending.
macro_rules! is_first {
    () => {
        concat!(
            "NOT EXISTS (SELECT 1 FROM alert_deliveries earlier WHERE earlier.finished_at IS NULL AND ",
            is_same_alert!(),
            " AND (earlier.created_at, earlier.id) < (alert_deliveries.created_at, alert_deliveries.id))"
        )
    };
}
pub(super) use {is_first, is_same_alert};

/// The deliveries that were dropped because a workspace had too many pending ones: how many for each channel, and the first.
#[derive(Debug, Default)]
pub(in crate::alert) struct Dropped(BTreeMap<Uuid, (NewDelivery, u64)>);

impl Dropped {
    /// Returns the number of dropped deliveries.
    pub(in crate::alert) fn count(&self) -> u64 {
        self.0.values().map(|(_, count)| count).sum()
    }

    /// Adds what was dropped in another transaction.
    pub(in crate::alert) fn extend(&mut self, other: Self) {
        for (delivery, count) in other.0.into_values() {
            self.add(&delivery, count);
        }
    }

    fn add(&mut self, delivery: &NewDelivery, count: u64) {
        self.0.entry(delivery.channel_id).or_insert_with(|| (delivery.clone(), 0)).1 += count;
    }
}

/// Returns how many deliveries of a workspace can be created.
async fn room(transaction: &mut Transaction, workspace_id: Uuid) -> Result<usize, StoreError> {
    let pending: i64 = transaction
        .sql(
            "SELECT COUNT(*) FROM (SELECT 1 FROM alert_deliveries \
             WHERE workspace_id = $1 AND finished_at IS NULL LIMIT $2) pending",
        )
        .bind(workspace_id)
        .bind(i64::try_from(limit::PENDING_DELIVERIES).unwrap_or(i64::MAX))
        .fetch_scalar()
        .await?;
    Ok(limit::PENDING_DELIVERIES.saturating_sub(usize::try_from(pending).unwrap_or(0)))
}

/// Inserts deliveries of a workspace that are due at `due_at`. Those beyond the maximum number are added to `dropped`.
pub(in crate::alert) async fn insert_deliveries(
    transaction: &mut Transaction,
    workspace_id: Uuid,
    deliveries: &[NewDelivery],
    due_at: Timestamp,
    dropped: &mut Dropped,
) -> Result<(), StoreError> {
    if deliveries.is_empty() {
        return Ok(());
    }
    let mut room = room(transaction, workspace_id).await?;
    for delivery in deliveries {
        supersede_reminder(transaction, delivery, due_at).await?;
        if room == 0 {
            dropped.add(delivery, 1);
        } else if insert_delivery(transaction, delivery, due_at).await? {
            room -= 1;
        }
    }
    Ok(())
}

/// Inserts a delivery, and returns whether it did: a reminder is skipped if another delivery of the alert to the channel is
/// pending.
async fn insert_delivery(
    transaction: &mut Transaction,
    delivery: &NewDelivery,
    due_at: Timestamp,
) -> Result<bool, StoreError> {
    let notification = &delivery.notification;
    let alert = notification.alert.as_ref();
    let alert_id = alert.map(|alert| alert.id);
    let thread_id = alert.and_then(|alert| alert.rule_id).or(alert_id).unwrap_or(delivery.id);
    let group_id = notification.group.as_ref().map(|group| group.id);
    if notification.event == AlertEvent::Reminder {
        let pending: i64 = transaction
            .sql(
                "SELECT COUNT(*) FROM alert_deliveries WHERE finished_at IS NULL AND channel_id = $1 \
                 AND thread_id = $2 AND (alert_id = $3 OR group_id IS NOT NULL OR $4)",
            )
            .bind(delivery.channel_id)
            .bind(thread_id)
            .bind(alert_id)
            .bind(group_id.is_some())
            .fetch_scalar()
            .await?;
        if pending > 0 {
            return Ok(false);
        }
    }
    transaction
        .sql(
            "INSERT INTO alert_deliveries (id, workspace_id, channel_id, alert_id, event, notice, created_at, \
             next_attempt_at, attempts, delivered, thread_id, group_id, alert_count) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, 0, $9, $10, $11)",
        )
        .bind(delivery.id)
        .bind(notification.workspace_id)
        .bind(delivery.channel_id)
        .bind(alert_id)
        .bind(notification.event.as_str())
        .bind(encode(notification)?)
        .bind(SqlTimestamp(notification.at))
        .bind(SqlTimestamp(due_at))
        .bind(thread_id)
        .bind(group_id)
        .bind(i64::try_from(notification.alert_count()).unwrap_or(i64::MAX))
        .execute()
        .await?;
    transaction
        .sql(concat!(
            "UPDATE alert_deliveries SET ready_at = next_attempt_at WHERE id = $1 AND ",
            is_first!()
        ))
        .bind(delivery.id)
        .execute()
        .await?;
    Ok(true)
}

/// Finishes the pending reminder of an alert that escalated or was resolved, unless it is being sent at the moment.
async fn supersede_reminder(
    transaction: &mut Transaction,
    delivery: &NewDelivery,
    now: Timestamp,
) -> Result<(), StoreError> {
    let notification = &delivery.notification;
    let Some(alert) = &notification.alert else { return Ok(()) };
    if !matches!(notification.event, AlertEvent::Escalated | AlertEvent::Resolved) {
        return Ok(());
    }
    let superseded: Vec<(Uuid,)> = transaction
        .sql(
            "UPDATE alert_deliveries SET next_attempt_at = NULL, ready_at = NULL, finished_at = $1, \
             error = 'superseded by a newer notification', worker = NULL, leased_until = NULL \
             WHERE channel_id = $2 AND thread_id = $3 AND alert_id = $4 AND group_id IS NULL \
             AND event = 'reminder' AND finished_at IS NULL AND (leased_until IS NULL OR leased_until <= $1) \
             RETURNING id",
        )
        .bind(SqlTimestamp(now))
        .bind(delivery.channel_id)
        .bind(alert.rule_id.unwrap_or(alert.id))
        .bind(alert.id)
        .fetch_all()
        .await?;
    for (id,) in superseded {
        release_next(transaction, id).await?;
    }
    Ok(())
}

/// Inserts the alerts of notifications that concern several.
pub(in crate::alert) async fn insert_groups(
    transaction: &mut Transaction,
    groups: &[AlertGroup],
    now: Timestamp,
) -> Result<(), StoreError> {
    for group in groups {
        for &alert_id in &group.alert_ids {
            transaction
                .sql(
                    "INSERT INTO alert_groups (alert_id, group_id, created_at) VALUES ($1, $2, $3) \
                     ON CONFLICT DO NOTHING",
                )
                .bind(alert_id)
                .bind(group.id)
                .bind(SqlTimestamp(now))
                .execute()
                .await?;
        }
    }
    Ok(())
}

/// Records dropped deliveries: one failed delivery for each channel, with their number.
pub(in crate::alert) async fn insert_dropped(
    transaction: &mut Transaction,
    dropped: &Dropped,
    now: Timestamp,
) -> Result<(), StoreError> {
    for (delivery, count) in dropped.0.values() {
        let notification = &delivery.notification;
        let pending = format::integer(limit::PENDING_DELIVERIES as u64);
        let error = match count {
            1 => format!("dropped: the workspace has {pending} pending deliveries"),
            count => format!(
                "dropped with {} more to this channel: the workspace has {pending} pending deliveries",
                format::integer(count - 1)
            ),
        };
        transaction
            .sql(
                "INSERT INTO alert_deliveries (id, workspace_id, channel_id, alert_id, event, notice, created_at, \
                 finished_at, attempts, delivered, error, group_id, alert_count) \
                 VALUES ($1, $2, $3, $4, $5, '', $6, $7, 0, 0, $8, $9, $10) ON CONFLICT DO NOTHING",
            )
            .bind(delivery.id)
            .bind(notification.workspace_id)
            .bind(delivery.channel_id)
            .bind(notification.alert.as_ref().map(|alert| alert.id))
            .bind(notification.event.as_str())
            .bind(SqlTimestamp(notification.at))
            .bind(SqlTimestamp(now))
            .bind(error)
            .bind(notification.group.as_ref().map(|group| group.id))
            .bind(i64::try_from(notification.alert_count()).unwrap_or(i64::MAX))
            .execute()
            .await?;
    }
    Ok(())
}

impl AlertStore {
    /// Creates a delivery that is due at once, and returns whether it was created: it is dropped if the workspace has too many
    /// pending deliveries. A reminder is skipped if another delivery of the alert to the channel is pending.
    ///
    /// # Errors
    /// Returns an error if the transaction was not committed.
    pub async fn create_delivery(&self, delivery: &NewDelivery) -> Result<bool, StoreError> {
        let mut transaction = self.database.write().await?;
        let (workspace_id, now) = (delivery.notification.workspace_id, delivery.notification.at);
        let mut dropped = Dropped::default();
        let deliveries = std::slice::from_ref(delivery);
        insert_deliveries(&mut transaction, workspace_id, deliveries, now, &mut dropped).await?;
        insert_dropped(&mut transaction, &dropped, now).await?;
        transaction.commit().await?;
        Ok(dropped.count() == 0)
    }
}
