//! Writing traces: keys, rows, spans, payloads and rollups in one transaction.

use std::collections::HashSet;

use domain::{rollup::change::Recount, trace::record::NewTrace};
use shared::Timestamp;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Layout, PostgresTraces, insert, key::trace_key, rollup, score, writing::PostgresWriting};
use crate::{
    database::{moment::Moment, postgres::Retries},
    error::StoreError,
    trace::{Written, batch::Batch, stored::TraceName, writing::Writing},
};

/// Numbers that a transaction takes from the sequence at once.
const GROUP: i64 = 1 << 16;
/// Workspaces are locked by so many locks: enough that two rarely share one, few enough for the server's table of locks.
const SLOTS: i32 = 64;
/// What tells these advisory locks from others'.
const SLOT_CLASS: i32 = 0x74_72_63_73;

impl PostgresTraces {
    pub(in crate::trace) async fn write(&self, traces: &[&NewTrace]) -> Result<Written, StoreError> {
        let mut batch = Batch::new(traces)?;
        let mut retries = Retries::default();
        loop {
            match self.try_write(&mut batch).await {
                // Where the commit was done after all, the second try finds every trace there already.
                Err(StoreError::Database(error)) if retries.again(&error).await => {}
                done => return done,
            }
        }
    }

    async fn try_write(&self, batch: &mut Batch<'_>) -> Result<Written, StoreError> {
        let mut transaction = self.begin_write().await?;
        let numbers = Numbers::take(&mut transaction, batch.len().max(batch.frames())).await?;
        batch.number(|index| numbers.get(index), |index| numbers.get(index));
        insert_keys(&mut transaction, batch).await?;
        // One that waits now may wait no more in a moment, but none begins to: it has its key.
        let waiting = waiting(&mut transaction, batch.old_names()).await?;
        let new: Vec<_> = batch.new_traces().map(|pending| pending.trace).collect();
        if new.is_empty() && waiting.is_empty() {
            return Ok(Written::default());
        }
        insert(&mut transaction, batch).await?;
        insert::spans(&mut transaction, &batch.spans()).await?;
        // As late as can be: from here on other writers of the same workspaces wait.
        let adopted = waiting.iter().map(|&(index, _)| batch.all()[index].trace);
        let workspaces: Vec<_> = new.iter().copied().chain(adopted).map(|trace| trace.workspace_id).collect();
        lock_workspaces(&mut transaction, workspaces.into_iter()).await?;
        let adopted =
            if waiting.is_empty() { Vec::new() } else { self.adopt(&mut transaction, batch).await? };
        let new: Vec<_> = new.into_iter().chain(adopted).collect();
        rollup::recount(&mut transaction, self.layout, Recount::new_ones(&new)).await?;
        apply_waiting_scores(&mut transaction, self.layout, &new).await?;
        transaction.commit().await?;
        Ok(Written { new: new.len(), dropped: 0 })
    }

    /// Writes the traces whose spans came before them and still wait, under the numbers that these stand under. The caller
    /// holds the locks of their workspaces.
    async fn adopt<'a>(
        &self,
        connection: &mut PgConnection,
        batch: &mut Batch<'a>,
    ) -> Result<Vec<&'a NewTrace>, StoreError> {
        let waiting = waiting(connection, batch.old_names()).await?;
        batch.keep(&HashSet::new());
        batch.adopt(&waiting);
        insert(connection, batch).await?;
        insert::missing_spans(connection, &batch.spans()).await?;
        let adopted: Vec<_> = batch.new_traces().collect();
        let names: Vec<_> = adopted.iter().map(|pending| pending.name()).collect();
        let times: Vec<_> = adopted.iter().map(|pending| pending.trace.timestamp).collect();
        let mut writing = PostgresWriting::new(connection, self.layout);
        writing.move_keys(&names, &times).await?;
        writing.end_waiting(&names).await?;
        Ok(adopted.into_iter().map(|pending| pending.trace).collect())
    }
}

/// Inserts the new traces of a batch and the payloads of theirs.
async fn insert(connection: &mut PgConnection, batch: &Batch<'_>) -> Result<(), StoreError> {
    let rows: Vec<_> = batch.new_traces().map(|pending| batch.row(pending)).collect();
    if rows.is_empty() {
        return Ok(());
    }
    insert::traces(connection, &rows).await?;
    insert::payloads(connection, &batch.used_frames(), batch.frame_times()).await
}

/// Lets no other transaction write the rollups of these workspaces, nor bring their scores and traces together, until
/// this one ends. Always in the same order, so that nobody waits in a circle.
pub(super) async fn lock_workspaces(
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

/// Numbers in the order of arrival, for traces and for frames.
pub(super) struct Numbers(Vec<i64>);

impl Numbers {
    /// Takes so many.
    pub(super) async fn take(connection: &mut PgConnection, count: usize) -> Result<Self, StoreError> {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        let groups =
            sqlx::query_scalar("SELECT nextval('trace_groups') FROM generate_series(1, $1) ORDER BY 1")
                .bind((count + GROUP - 1) / GROUP)
                .fetch_all(connection)
                .await?;
        Ok(Self(groups))
    }

    /// The n-th of them, from 0.
    pub(super) fn get(&self, index: i64) -> i64 {
        let group = usize::try_from(index / GROUP).ok().and_then(|group| self.0.get(group));
        group.copied().unwrap_or_default() * GROUP + index % GROUP
    }
}

/// Finds out which traces are new by taking their keys.
async fn insert_keys(connection: &mut PgConnection, batch: &mut Batch<'_>) -> Result<(), StoreError> {
    let keys: Vec<Key> = batch
        .all()
        .iter()
        .map(|pending| {
            let (workspace_id, trace_id) = pending.name();
            (trace_key(workspace_id, trace_id), pending.trace.timestamp, pending.id)
        })
        .collect();
    // Usually all are new. Which ones are is asked only where not: those that are kept under the number they got here.
    if take_keys(connection, &keys).await? < batch.len() as u64 {
        let kept: Vec<i64> = sqlx::query_scalar("SELECT id FROM trace_keys WHERE key = ANY($1)")
            .bind(keys.iter().map(|&(key, ..)| key).collect::<Vec<_>>())
            .fetch_all(connection)
            .await?;
        batch.keep(&kept.into_iter().collect());
    }
    Ok(())
}

/// A trace's key, when it started (or about when, while that is not known) and its number.
pub(super) type Key = (Uuid, Timestamp, i64);

/// Takes those keys that nobody has, and answers how many that were. Waits for who is taking the same ones, and so comes
/// before any lock.
pub(super) async fn take_keys(connection: &mut PgConnection, keys: &[Key]) -> Result<u64, StoreError> {
    let mut keys = keys.to_vec();
    // Two writers of the same traces wait for each other's keys: in the same order, so that one can always go on.
    keys.sort_unstable();
    let inserted = sqlx::query(
        "INSERT INTO trace_keys (key, timestamp, id) SELECT * FROM UNNEST($1::UUID[], $2::TIMESTAMPTZ[], $3::BIGINT[]) \
         ON CONFLICT DO NOTHING",
    )
    .bind(keys.iter().map(|&(key, ..)| key).collect::<Vec<_>>())
    .bind(keys.iter().map(|&(_, timestamp, _)| Moment(timestamp)).collect::<Vec<_>>())
    .bind(keys.iter().map(|&(.., id)| id).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(inserted.rows_affected())
}

/// Which of these traces, each with its place in the batch, wait for their outermost span, and the numbers that they will
/// have.
async fn waiting(
    connection: &mut PgConnection,
    traces: Vec<(usize, TraceName<'_>)>,
) -> Result<Vec<(usize, i64)>, StoreError> {
    if traces.is_empty() {
        return Ok(Vec::new());
    }
    let found: Vec<(i64, i64)> = sqlx::query_as(
        "SELECT n.number, w.id FROM UNNEST($1::BIGINT[], $2::UUID[], $3::TEXT[]) AS n (number, workspace_id, trace_id) \
         JOIN waiting_traces AS w ON w.workspace_id = n.workspace_id AND w.trace_id = n.trace_id",
    )
    .bind((0..).take(traces.len()).collect::<Vec<i64>>())
    .bind(traces.iter().map(|&(_, (workspace_id, _))| workspace_id).collect::<Vec<_>>())
    .bind(traces.iter().map(|&(_, (_, trace_id))| trace_id).collect::<Vec<_>>())
    .fetch_all(connection)
    .await?;
    let index = |number: i64| usize::try_from(number).ok().and_then(|number| traces.get(number));
    Ok(found.into_iter().filter_map(|(number, id)| Some((index(number)?.0, id))).collect())
}

/// Gives new traces the scores that came before them.
pub(super) async fn apply_waiting_scores(
    connection: &mut PgConnection,
    layout: Layout,
    new: &[&NewTrace],
) -> Result<(), StoreError> {
    let waiting: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM scores WHERE waiting)")
        .fetch_one(&mut *connection)
        .await?;
    if !waiting {
        return Ok(());
    }
    let scored: Vec<(Uuid, String)> = sqlx::query_as(
        "SELECT DISTINCT workspace_id, trace_id FROM scores \
         JOIN UNNEST($1::UUID[], $2::TEXT[]) AS sent (workspace_id, trace_id) USING (workspace_id, trace_id) \
         WHERE waiting",
    )
    .bind(new.iter().map(|trace| trace.workspace_id).collect::<Vec<_>>())
    .bind(new.iter().map(|trace| trace.trace_id.as_str()).collect::<Vec<_>>())
    .fetch_all(&mut *connection)
    .await?;
    for (workspace_id, trace_id) in scored {
        score::settle(connection, layout, workspace_id, &trace_id).await?;
    }
    Ok(())
}
