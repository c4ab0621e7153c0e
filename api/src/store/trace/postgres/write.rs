//! Writing traces: keys, rows, spans, payloads and rollups in one transaction.

use std::collections::HashMap;

use shared::Timestamp;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{PostgresTraces, copy::Rows, key::trace_key, rollup, score};
use crate::store::{
    moment::Moment,
    postgres::Retries,
    trace::{StoreError, Written, batch::Batch, histogram, record::NewTrace, row},
};

/// Numbers that a transaction takes from the sequence at once.
const GROUP: i64 = 1 << 16;
/// Workspaces are locked by so many locks: enough that two rarely share one, few enough for the server's table of locks.
const SLOTS: i32 = 64;
/// What tells these advisory locks from others'.
const SLOT_CLASS: i32 = 0x74_72_63_73;

const COPY_TRACES: &str = "COPY traces (id, timestamp, latency, payload_id, tokens_input, tokens_output, tokens_total, cost, \
     quality_sent, quality, payload_line, status, latency_bucket, workspace_id, trace_id, agent_id, model, model_provider, \
     session_id, user_id, tags, error) FROM STDIN (FORMAT BINARY)";
const COPY_SPANS: &str = "COPY spans (trace, timestamp, latency, payload_id, tokens_input, tokens_output, cost, \
     payload_line, status, span_id, parent_span_id, name, kind, model, error) FROM STDIN (FORMAT BINARY)";
const COPY_PAYLOADS: &str = "COPY payloads (id, newest, data) FROM STDIN (FORMAT BINARY)";

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
        trace_rows(batch).copy(&mut transaction, COPY_TRACES).await?;
        span_rows(batch).copy(&mut transaction, COPY_SPANS).await?;
        payload_rows(batch).copy(&mut transaction, COPY_PAYLOADS).await?;
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
    let new: Vec<i64> = sqlx::query_scalar(
        "INSERT INTO trace_keys (key, timestamp, id) SELECT * FROM UNNEST($1::UUID[], $2::TIMESTAMPTZ[], $3::BIGINT[]) \
         ON CONFLICT DO NOTHING RETURNING id",
    )
    .bind(keys.iter().map(|&(key, ..)| key).collect::<Vec<_>>())
    .bind(keys.iter().map(|&(_, timestamp, _)| Moment(timestamp)).collect::<Vec<_>>())
    .bind(keys.iter().map(|&(.., id)| id).collect::<Vec<_>>())
    .fetch_all(connection)
    .await?;
    if new.len() < batch.len() {
        batch.keep(&new.into_iter().collect());
    }
    Ok(())
}

fn trace_rows(batch: &Batch<'_>) -> Rows {
    let mut rows = Rows::with_capacity(batch.len() * 320);
    for pending in batch.new_traces() {
        let (trace, payload) = (pending.trace, batch.payload(pending));
        rows.row(22)
            .bigint(pending.id)
            .moment(trace.timestamp)
            .bigint(trace.latency)
            .bigint(payload.frame)
            .bigint_or_null(trace.tokens_input)
            .bigint_or_null(trace.tokens_output)
            .bigint_or_null(trace.tokens_total)
            .bigint_or_null(trace.cost)
            .bigint_or_null(trace.quality)
            .bigint_or_null(trace.quality)
            .integer(line(payload.line))
            .smallint(row::status_number(trace.status))
            .smallint(i16::try_from(histogram::bucket_of(trace.latency)).unwrap_or(i16::MAX))
            .uuid(trace.workspace_id)
            .text(&trace.trace_id)
            .text(&trace.agent_id)
            .text_or_null(trace.model.as_deref())
            .text_or_null(trace.model_provider.as_deref())
            .text_or_null(trace.session_id.as_deref())
            .text_or_null(trace.user_id.as_deref())
            .text_or_null(trace.tags.as_deref())
            .text_or_null(trace.error.as_deref());
    }
    rows
}

fn span_rows(batch: &Batch<'_>) -> Rows {
    let spans = batch.spans();
    let mut rows = Rows::with_capacity(spans.len() * 200);
    for (trace, span, payload) in spans {
        rows.row(15)
            .bigint(trace)
            .moment(span.timestamp)
            .bigint(span.latency)
            .bigint(payload.frame)
            .bigint_or_null(span.tokens_input)
            .bigint_or_null(span.tokens_output)
            .bigint_or_null(span.cost)
            .integer(line(payload.line))
            .smallint(row::status_number(span.status))
            .text(&span.span_id)
            .text_or_null(span.parent_span_id.as_deref())
            .text(&span.name)
            .text(span.kind.as_str())
            .text_or_null(span.model.as_deref())
            .text_or_null(span.error.as_deref());
    }
    rows
}

/// A frame has far fewer lines than bytes.
fn line(number: i64) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

fn payload_rows(batch: &Batch<'_>) -> Rows {
    let frames = batch.used_frames();
    let mut newest: HashMap<i64, Timestamp> = HashMap::with_capacity(frames.len());
    for (frame, timestamp) in batch.frame_times() {
        let newest = newest.entry(frame).or_insert(timestamp);
        *newest = timestamp.max(*newest);
    }
    let bytes: usize = frames.iter().map(|(_, data)| data.len() + 64).sum();
    let mut rows = Rows::with_capacity(bytes);
    for (id, data) in frames {
        let newest = newest.get(&id).copied().unwrap_or_default();
        rows.row(3).bigint(id).moment(newest).bytes(data);
    }
    rows
}

/// Gives new traces the scores that came before them.
async fn apply_waiting_scores(
    connection: &mut PgConnection,
    layout: super::Layout,
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
