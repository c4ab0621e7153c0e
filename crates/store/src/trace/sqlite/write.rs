//! Writes batches of traces and spans.

use std::collections::HashSet;

use domain::trace::record::NewTrace;
use sqlx::SqliteConnection;

use super::trace;
use crate::{
    error::StoreError,
    trace::write::{
        batch::{BatchTrace, TraceBatch},
        incoming::SpanBatch,
        insert, pending,
        record::{TraceInsert, TraceName},
    },
};

/// Inserts the new traces of a batch with their spans and payloads, and returns them. Pending traces become stored ones.
pub(in crate::trace) async fn insert_batch<'a>(
    connection: &mut SqliteConnection,
    batch: &mut TraceBatch<'a>,
) -> Result<Vec<&'a NewTrace>, StoreError> {
    let first_id = trace::next_id(connection).await?;
    let first_frame = next_frame(connection).await?;
    batch.set_ids(|index| first_id + index, |index| first_frame + index);
    let names: Vec<TraceName<'_>> = batch.all().iter().map(BatchTrace::name).collect();
    let pending = pending::select(&mut *connection, &names).await?;
    batch.mark_pending_as_new(&pending);
    let pending_ids: HashSet<i64> = pending.iter().map(|&(_, id)| id).collect();
    let rows: Vec<TraceInsert<'_>> = batch.all().iter().map(|trace| batch.row(trace)).collect();
    if insert::traces(&mut *connection, &rows).await? < batch.len() as u64 {
        // Traces that existed before did not use their new numbers. Pending traces did not exist.
        let ids: Vec<i64> = sqlx::query_scalar("SELECT id FROM traces WHERE id >= $1")
            .bind(first_id)
            .fetch_all(&mut *connection)
            .await?;
        batch.keep_new(&ids.into_iter().chain(pending_ids.iter().copied()).collect());
    }
    payloads(connection, &batch.used_frames()).await?;
    let (pending_spans, new_spans): (Vec<_>, Vec<_>) =
        batch.spans().into_iter().partition(|row| pending_ids.contains(&row.trace));
    insert::spans(&mut *connection, &new_spans).await?;
    insert::missing_spans(&mut *connection, &pending_spans).await?;
    let names: Vec<_> = pending.iter().map(|&(index, _)| names[index]).collect();
    pending::remove(connection, &names).await?;
    Ok(batch.new_traces().map(|trace| trace.trace).collect())
}

/// Sets the ids of a batch's frames.
pub(in crate::trace) async fn number_frames(
    connection: &mut SqliteConnection,
    batch: &mut SpanBatch<'_>,
) -> Result<(), StoreError> {
    let first_frame = next_frame(connection).await?;
    batch.set_frame_ids(|index| first_frame + index);
    Ok(())
}

/// Returns the id of the next frame.
async fn next_frame(connection: &mut SqliteConnection) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar("SELECT COALESCE(MAX(id), 0) + 1 FROM payloads").fetch_one(connection).await?)
}

/// Inserts frames of payloads with their ids.
pub(in crate::trace) async fn payloads(
    connection: &mut SqliteConnection,
    frames: &[(i64, &[u8])],
) -> Result<(), StoreError> {
    for &(id, data) in frames {
        sqlx::query("INSERT INTO payloads (id, data) VALUES ($1, $2)")
            .bind(id)
            .bind(data)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}
