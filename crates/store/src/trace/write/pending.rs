//! Bulk statements on pending traces.

use std::sync::LazyLock;

use super::record::{PendingTrace, TraceName};
use crate::{
    error::StoreError,
    trace::bulk::{
        Bulk, Column, Connection,
        Value::{BigInt, Text, Time, Uuid},
    },
};

/// The columns by which traces are looked up.
pub(in crate::trace) fn name_columns<'a>() -> [Column<TraceName<'a>>; 2] {
    [("workspace_id", Uuid(|name| name.0)), ("trace_id", Text(|name| Some(name.1)))]
}

fn columns<'a>() -> [Column<PendingTrace<'a>>; 4] {
    [
        ("id", BigInt(|pending| Some(pending.id))),
        ("last_seen", Time(|pending| pending.last_seen)),
        ("workspace_id", Uuid(|pending| pending.name.0)),
        ("trace_id", Text(|pending| Some(pending.name.1))),
    ]
}

static ADD: LazyLock<Bulk> = LazyLock::new(|| {
    Bulk::insert(
        "waiting_traces AS w",
        &columns(),
        "ON CONFLICT DO UPDATE SET last_seen = MAX(w.last_seen, excluded.last_seen)",
        "ON CONFLICT (workspace_id, trace_id) DO UPDATE SET last_seen = GREATEST(w.last_seen, excluded.last_seen)",
    )
});

static REMOVE: LazyLock<Bulk> = LazyLock::new(|| {
    Bulk::new(
        &name_columns(),
        |values| format!("DELETE FROM waiting_traces WHERE (workspace_id, trace_id) IN ({values})"),
        |arrays| {
            format!(
                "DELETE FROM waiting_traces AS w USING {arrays} AS n (workspace_id, trace_id) \
                 WHERE w.workspace_id = n.workspace_id AND w.trace_id = n.trace_id"
            )
        },
    )
});

static SELECT: LazyLock<Bulk> = LazyLock::new(|| {
    Bulk::numbered(
        &name_columns(),
        |values| {
            format!(
                "WITH n (owner, called, number) AS ({values}) SELECT id, n.number \
                 FROM n CROSS JOIN waiting_traces ON workspace_id = n.owner AND trace_id = n.called"
            )
        },
        |arrays| {
            format!(
                "SELECT w.id, n.number FROM {arrays} AS n (workspace_id, trace_id, number) JOIN waiting_traces AS w \
                 ON w.workspace_id = n.workspace_id AND w.trace_id = n.trace_id"
            )
        },
    )
});

/// Inserts pending traces, or updates the arrival of their last span.
pub(in crate::trace) async fn add<'c>(
    connection: impl Into<Connection<'c>>,
    pending: &[PendingTrace<'_>],
) -> Result<u64, StoreError> {
    ADD.execute(connection, &columns(), pending).await
}

/// Deletes traces from the pending ones.
pub(in crate::trace) async fn remove<'c>(
    connection: impl Into<Connection<'c>>,
    names: &[TraceName<'_>],
) -> Result<u64, StoreError> {
    REMOVE.execute(connection, &name_columns(), names).await
}

/// Returns the pending traces among these: their indices and the numbers that they will have.
pub(in crate::trace) async fn select<'c>(
    connection: impl Into<Connection<'c>>,
    names: &[TraceName<'_>],
) -> Result<Vec<(usize, i64)>, StoreError> {
    let found: Vec<(usize, (i64,))> = SELECT.fetch_numbered(connection, &name_columns(), names).await?;
    Ok(found.into_iter().map(|(index, (id,))| (index, id)).collect())
}
