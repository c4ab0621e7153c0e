//! Locks of workspaces.

use shared::Timestamp;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{database::timestamp::SqlTimestamp, error::StoreError, trace::write::DueTrace};

/// The number of locks. Several workspaces may share one: there are enough locks to make this rare, and few enough for the
/// server's lock table.
const SLOTS: i32 = 64;
/// The class of these advisory locks.
const SLOT_CLASS: i32 = 0x74_72_63_73;

/// Locks workspaces until the transaction ends: no other transaction changes their rollups, or matches their scores with
/// their traces. Locks are always taken in the same order, so that transactions do not deadlock.
pub(in crate::trace) async fn lock_workspaces(
    connection: &mut PgConnection,
    workspaces: impl Iterator<Item = Uuid>,
) -> Result<(), StoreError> {
    let slot = |workspace_id: Uuid| i32::from(workspace_id.as_bytes()[15]) % SLOTS;
    let mut slots: Vec<i32> = workspaces.map(slot).collect();
    slots.sort_unstable();
    slots.dedup();
    sqlx::query("SELECT pg_advisory_xact_lock($1, slot) FROM UNNEST($2::INTEGER[]) AS slot")
        .bind(SLOT_CLASS)
        .bind(slots)
        .execute(connection)
        .await?;
    Ok(())
}

/// Locks the workspaces of pending traces and returns the traces that are still due: before the locks were granted, other
/// transactions may have written their spans or promoted them.
pub(in crate::trace) async fn lock_due(
    connection: &mut PgConnection,
    due: &[DueTrace],
    before: Timestamp,
) -> Result<Vec<DueTrace>, StoreError> {
    lock_workspaces(connection, due.iter().map(|trace| trace.workspace_id)).await?;
    let due = sqlx::query_as(
        "SELECT id, workspace_id, trace_id FROM waiting_traces \
         JOIN UNNEST($1::UUID[], $2::TEXT[]) AS due (workspace_id, trace_id) USING (workspace_id, trace_id) \
         WHERE last_seen < $3 ORDER BY last_seen, id",
    )
    .bind(due.iter().map(|trace| trace.workspace_id).collect::<Vec<_>>())
    .bind(due.iter().map(|trace| trace.trace_id.as_str()).collect::<Vec<_>>())
    .bind(SqlTimestamp(before))
    .fetch_all(connection)
    .await?;
    Ok(due)
}
