//! Writing traces: keys, rows, spans, payloads and rollups in one transaction.

use sqlx::PgConnection;
use uuid::Uuid;

use super::{Layout, PostgresTraces, insert, key::trace_key, rollup, score};
use crate::store::{
    moment::Moment,
    postgres::Retries,
    trace::{StoreError, Written, batch::Batch, record::NewTrace},
};

/// Numbers that a transaction takes from the sequence at once.
const GROUP: i64 = 1 << 16;
/// Workspaces are locked by so many locks: enough that two rarely share one, few enough for the server's table of locks.
const SLOTS: i32 = 64;
/// What tells these advisory locks from others'.
const SLOT_CLASS: i32 = 0x74_72_63_73;

impl PostgresTraces {
    pub(in crate::store::trace) async fn write(&self, traces: &[&NewTrace]) -> Result<Written, StoreError> {
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
        number(&mut transaction, batch).await?;
        insert_keys(&mut transaction, batch).await?;
        let new: Vec<_> = batch.new_traces().map(|pending| pending.trace).collect();
        if new.is_empty() {
            return Ok(Written { new: 0 });
        }
        let rows: Vec<_> = batch.new_traces().map(|pending| batch.row(pending)).collect();
        insert::traces(&mut transaction, &rows).await?;
        insert::spans(&mut transaction, &batch.spans()).await?;
        insert::payloads(&mut transaction, &batch.used_frames(), batch.frame_times()).await?;
        // As late as can be: from here on other writers of the same workspaces wait.
        lock_workspaces(&mut transaction, new.iter().map(|trace| trace.workspace_id)).await?;
        rollup::add(&mut transaction, self.layout, &new).await?;
        apply_waiting_scores(&mut transaction, self.layout, &new).await?;
        transaction.commit().await?;
        Ok(Written { new: new.len() })
    }
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

/// Numbers the traces in the order of arrival, and the frames.
async fn number(connection: &mut PgConnection, batch: &mut Batch<'_>) -> Result<(), StoreError> {
    let count = i64::try_from(batch.len().max(batch.frames())).unwrap_or(i64::MAX);
    let groups: Vec<i64> =
        sqlx::query_scalar("SELECT nextval('trace_groups') FROM generate_series(1, $1) ORDER BY 1")
            .bind((count + GROUP - 1) / GROUP)
            .fetch_all(connection)
            .await?;
    let id = |index: i64| {
        let group = usize::try_from(index / GROUP).ok().and_then(|group| groups.get(group));
        group.copied().unwrap_or_default() * GROUP + index % GROUP
    };
    batch.number(id, id);
    Ok(())
}

/// Finds out which traces are new by taking their keys.
async fn insert_keys(connection: &mut PgConnection, batch: &mut Batch<'_>) -> Result<(), StoreError> {
    let mut keys: Vec<_> = batch
        .all()
        .iter()
        .map(|pending| {
            let trace = pending.trace;
            (trace_key(trace.workspace_id, &trace.trace_id), trace.timestamp, pending.id)
        })
        .collect();
    // Two writers of the same traces wait for each other's keys: in the same order, so that one can always go on.
    keys.sort_unstable();
    let ids: Vec<Uuid> = keys.iter().map(|&(key, ..)| key).collect();
    let inserted = sqlx::query(
        "INSERT INTO trace_keys (key, timestamp, id) SELECT * FROM UNNEST($1::UUID[], $2::TIMESTAMPTZ[], $3::BIGINT[]) \
         ON CONFLICT DO NOTHING",
    )
    .bind(&ids)
    .bind(keys.iter().map(|&(_, timestamp, _)| Moment(timestamp)).collect::<Vec<_>>())
    .bind(keys.iter().map(|&(.., id)| id).collect::<Vec<_>>())
    .execute(&mut *connection)
    .await?;
    // Usually all are new. Which ones are is asked only where not: those that are kept under the number they got here.
    if inserted.rows_affected() < batch.len() as u64 {
        let kept: Vec<i64> = sqlx::query_scalar("SELECT id FROM trace_keys WHERE key = ANY($1)")
            .bind(&ids)
            .fetch_all(connection)
            .await?;
        batch.keep(&kept.into_iter().collect());
    }
    Ok(())
}

/// Gives new traces the scores that came before them.
async fn apply_waiting_scores(
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
