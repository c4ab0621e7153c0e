//! Writes batches of traces and spans.

use std::collections::{HashMap, HashSet};

use domain::trace::record::NewTrace;
use shared::Timestamp;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{key::trace_key, lock::lock_workspaces, trace};
use crate::{
    database::timestamp::SqlTimestamp,
    error::StoreError,
    trace::write::{batch::TraceBatch, incoming::SpanBatch, insert, pending},
};

/// The number of ids in one value of the sequence.
const IDS_PER_VALUE: i64 = 1 << 16;

/// Inserts the new traces of a batch with their spans and payloads, and returns them. Pending traces become stored ones. Locks
/// the workspaces of the returned traces.
pub(in crate::trace) async fn insert_batch<'a>(
    connection: &mut PgConnection,
    batch: &mut TraceBatch<'a>,
) -> Result<Vec<&'a NewTrace>, StoreError> {
    let numbers = Numbers::take(connection, batch.len().max(batch.frames())).await?;
    batch.set_ids(|index| numbers.get(index), |index| numbers.get(index));
    insert_keys(connection, batch).await?;
    // Other transactions may store these pending traces, but none becomes pending: the keys exist.
    let pending = select_pending(connection, batch).await?;
    let mut new: Vec<_> = batch.new_traces().map(|trace| trace.trace).collect();
    if new.is_empty() && pending.is_empty() {
        return Ok(new);
    }
    insert_rows(connection, batch).await?;
    insert::spans(&mut *connection, &batch.spans()).await?;
    // Lock as late as possible: other writers of the same workspaces wait from here on.
    let pending_traces = pending.iter().map(|&(index, _)| batch.all()[index].trace);
    let workspaces: Vec<_> =
        new.iter().copied().chain(pending_traces).map(|trace| trace.workspace_id).collect();
    lock_workspaces(connection, workspaces.into_iter()).await?;
    if !pending.is_empty() {
        new.extend(insert_pending(connection, batch).await?);
    }
    Ok(new)
}

/// Inserts the pending traces of a batch under the numbers of their spans. Their workspaces must be locked.
async fn insert_pending<'a>(
    connection: &mut PgConnection,
    batch: &mut TraceBatch<'a>,
) -> Result<Vec<&'a NewTrace>, StoreError> {
    let pending = select_pending(connection, batch).await?;
    batch.keep_new(&HashSet::new());
    batch.mark_pending_as_new(&pending);
    insert_rows(connection, batch).await?;
    insert::missing_spans(&mut *connection, &batch.spans()).await?;
    let adopted: Vec<_> = batch.new_traces().collect();
    let names: Vec<_> = adopted.iter().map(|trace| trace.name()).collect();
    let starts: Vec<_> = adopted.iter().map(|trace| trace.trace.timestamp).collect();
    trace::update_keys(connection, &names, &starts).await?;
    pending::remove(connection, &names).await?;
    Ok(adopted.into_iter().map(|trace| trace.trace).collect())
}

/// Inserts the new traces of a batch and their payloads.
async fn insert_rows(connection: &mut PgConnection, batch: &TraceBatch<'_>) -> Result<(), StoreError> {
    let rows: Vec<_> = batch.new_traces().map(|trace| batch.row(trace)).collect();
    if rows.is_empty() {
        return Ok(());
    }
    insert::traces(&mut *connection, &rows).await?;
    payloads(connection, &batch.used_frames(), batch.frame_times()).await
}

/// Inserts frames of payloads with their ids, or extends the retention of existing ones. `times` has the frame of each
/// payload and the time until which retention must keep it.
pub(in crate::trace) async fn payloads(
    connection: &mut PgConnection,
    frames: &[(i64, &[u8])],
    times: impl Iterator<Item = (i64, Timestamp)>,
) -> Result<(), StoreError> {
    let mut newest: HashMap<i64, Timestamp> = HashMap::with_capacity(frames.len());
    for (frame, timestamp) in times {
        let newest = newest.entry(frame).or_insert(timestamp);
        *newest = timestamp.max(*newest);
    }
    let newest = |id: &i64| SqlTimestamp(newest.get(id).copied().unwrap_or_default());
    sqlx::query(
        "INSERT INTO payloads (id, newest, data) SELECT * FROM UNNEST($1::BIGINT[], $2::TIMESTAMPTZ[], $3::BYTEA[]) \
         ON CONFLICT (id) DO UPDATE SET newest = GREATEST(payloads.newest, excluded.newest)",
    )
    .bind(frames.iter().map(|&(id, _)| id).collect::<Vec<_>>())
    .bind(frames.iter().map(|(id, _)| newest(id)).collect::<Vec<_>>())
    .bind(frames.iter().map(|&(_, data)| data).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(())
}

/// Sets the ids of a batch's frames, creates the keys of its traces, and locks their workspaces. Returns the numbers of the
/// keys that were created.
///
/// A trace has a key from its first span on. Keys are created before the workspaces are locked; everything else happens
/// after that, so that the state of a trace does not change during the transaction.
pub(in crate::trace) async fn create_keys(
    connection: &mut PgConnection,
    batch: &mut SpanBatch<'_>,
) -> Result<HashSet<i64>, StoreError> {
    let numbers = Numbers::take(connection, batch.traces().len().max(batch.frames())).await?;
    batch.set_frame_ids(|index| numbers.get(index));
    let traces = (0..).zip(batch.traces());
    let keys: Vec<Key> = traces
        .map(|(index, trace)| {
            (trace_key(trace.name.0, trace.name.1), trace.approximate_start(), numbers.get(index))
        })
        .collect();
    insert_missing_keys(connection, &keys).await?;
    lock_workspaces(connection, batch.traces().iter().map(|trace| trace.name.0)).await?;
    Ok(keys.into_iter().map(|(.., id)| id).collect())
}

/// Numbers in the order of arrival, for traces and for frames.
struct Numbers(Vec<i64>);

impl Numbers {
    /// Takes numbers from the sequence.
    async fn take(connection: &mut PgConnection, count: usize) -> Result<Self, StoreError> {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        let groups =
            sqlx::query_scalar("SELECT nextval('trace_groups') FROM generate_series(1, $1) ORDER BY 1")
                .bind((count + IDS_PER_VALUE - 1) / IDS_PER_VALUE)
                .fetch_all(connection)
                .await?;
        Ok(Self(groups))
    }

    /// Returns the number with this index.
    fn get(&self, index: i64) -> i64 {
        let group = usize::try_from(index / IDS_PER_VALUE).ok().and_then(|group| self.0.get(group));
        group.copied().unwrap_or_default() * IDS_PER_VALUE + index % IDS_PER_VALUE
    }
}

/// The key of a trace, its (approximate) start, and its number.
type Key = (Uuid, Timestamp, i64);

/// Inserts the keys of a batch, which shows which of its traces are new.
async fn insert_keys(connection: &mut PgConnection, batch: &mut TraceBatch<'_>) -> Result<(), StoreError> {
    let traces = batch.all().iter();
    let keys: Vec<Key> = traces
        .map(|trace| {
            let (workspace_id, trace_id) = trace.name();
            (trace_key(workspace_id, trace_id), trace.trace.timestamp, trace.id)
        })
        .collect();
    // Usually all traces are new. Otherwise, those are new that have the number of this batch.
    if insert_missing_keys(connection, &keys).await? < batch.len() as u64 {
        let stored: Vec<i64> = sqlx::query_scalar("SELECT id FROM trace_keys WHERE key = ANY($1)")
            .bind(keys.iter().map(|&(key, ..)| key).collect::<Vec<_>>())
            .fetch_all(connection)
            .await?;
        batch.keep_new(&stored.into_iter().collect());
    }
    Ok(())
}

/// Inserts the keys that do not exist yet and returns their number. Waits for other transactions that insert the same keys,
/// and so must come before any lock.
async fn insert_missing_keys(connection: &mut PgConnection, keys: &[Key]) -> Result<u64, StoreError> {
    let mut keys = keys.to_vec();
    // All transactions insert in the same order, so that they do not deadlock.
    keys.sort_unstable();
    let inserted = sqlx::query(
        "INSERT INTO trace_keys (key, timestamp, id) SELECT * FROM UNNEST($1::UUID[], $2::TIMESTAMPTZ[], $3::BIGINT[]) \
         ON CONFLICT DO NOTHING",
    )
    .bind(keys.iter().map(|&(key, ..)| key).collect::<Vec<_>>())
    .bind(keys.iter().map(|&(_, timestamp, _)| SqlTimestamp(timestamp)).collect::<Vec<_>>())
    .bind(keys.iter().map(|&(.., id)| id).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(inserted.rows_affected())
}

/// Returns the pending traces of a batch: their indices and the numbers that they will have.
async fn select_pending(
    connection: &mut PgConnection,
    batch: &TraceBatch<'_>,
) -> Result<Vec<(usize, i64)>, StoreError> {
    let (indices, names): (Vec<_>, Vec<_>) = batch.known_traces().unzip();
    let found = pending::select(connection, &names).await?;
    Ok(found.into_iter().filter_map(|(index, id)| Some((*indices.get(index)?, id))).collect())
}
