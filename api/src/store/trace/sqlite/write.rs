//! Writing traces: rows, spans, payloads and rollups in one transaction.

use std::sync::LazyLock;

use sqlx::{Arguments, Row, SqliteConnection, error::BoxDynError, sqlite::SqliteArguments};

use super::{SqliteTraces, bulk::Bulk, rollup, score};
use crate::store::trace::{
    StoreError, Written,
    batch::{Batch, Pending},
    payload::Place,
    record::{NewSpan, NewTrace},
    row,
};

static INSERT_TRACES: LazyLock<Bulk> = LazyLock::new(|| {
    let head = "INSERT INTO traces (id, workspace_id, trace_id, agent_id, timestamp, latency, status, model, \
                model_provider, tokens_input, tokens_output, tokens_total, cost, quality_sent, quality, session_id, \
                user_id, tags, error, payload_id, payload_line) VALUES";
    Bulk::new(head, 21, "ON CONFLICT DO NOTHING", false)
});

static INSERT_SPANS: LazyLock<Bulk> = LazyLock::new(|| {
    let head = "INSERT INTO spans (trace, span_id, parent_span_id, name, kind, timestamp, latency, status, model, \
                tokens_input, tokens_output, cost, error, payload_id, payload_line) VALUES";
    Bulk::new(head, 15, "", false)
});

static SELECT_WAITING: LazyLock<Bulk> = LazyLock::new(|| {
    let tail = ") SELECT DISTINCT k.number FROM k CROSS JOIN scores s ON s.workspace_id = k.workspace_id \
                AND s.trace_id = k.trace_id WHERE s.waiting = 1";
    Bulk::new("WITH k (number, workspace_id, trace_id) AS (VALUES", 2, tail, true)
});

impl SqliteTraces {
    pub(in crate::store::trace) async fn write(&self, traces: &[&NewTrace]) -> Result<Written, StoreError> {
        let mut batch = Batch::new(traces)?;
        let mut transaction = self.begin_write().await?;
        let first_id = next_id(&mut transaction, "SELECT COALESCE(MAX(id), 0) + 1 FROM traces").await?;
        let first_frame = next_id(&mut transaction, "SELECT COALESCE(MAX(id), 0) + 1 FROM payloads").await?;
        batch.number(|index| first_id + index, |index| first_frame + index);
        let rows: Vec<_> = batch.all().iter().map(|pending| (pending, batch.payload(pending))).collect();
        if INSERT_TRACES.execute(&mut transaction, &rows, bind_trace).await? < batch.len() as u64 {
            // The others were there before: their ids were not taken.
            let ids: Vec<i64> = sqlx::query_scalar("SELECT id FROM traces WHERE id >= $1")
                .bind(first_id)
                .fetch_all(&mut *transaction)
                .await?;
            batch.keep(&ids.into_iter().collect());
        }
        for (id, data) in batch.used_frames() {
            sqlx::query("INSERT INTO payloads (id, data) VALUES ($1, $2)")
                .bind(id)
                .bind(data)
                .execute(&mut *transaction)
                .await?;
        }
        INSERT_SPANS.execute(&mut transaction, &batch.spans(), bind_span).await?;
        let new: Vec<_> = batch.new_traces().map(|pending| pending.trace).collect();
        rollup::add(&mut transaction, &new).await?;
        apply_waiting_scores(&mut transaction, &new).await?;
        transaction.commit().await?;
        Ok(Written { new: new.len() })
    }
}

async fn next_id(connection: &mut SqliteConnection, query: &'static str) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar(query).fetch_one(connection).await?)
}

/// Gives new traces the scores that came before them.
async fn apply_waiting_scores(
    transaction: &mut SqliteConnection,
    new: &[&NewTrace],
) -> Result<(), StoreError> {
    let waiting: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM scores WHERE waiting = 1)")
        .fetch_one(&mut *transaction)
        .await?;
    if !waiting {
        return Ok(());
    }
    let bind = |arguments: &mut SqliteArguments, trace: &&NewTrace| {
        arguments.add(trace.workspace_id)?;
        arguments.add(trace.trace_id.as_str())
    };
    let mut scored: Vec<&NewTrace> = Vec::new();
    for piece in SELECT_WAITING.pieces(new, bind) {
        let piece = piece?;
        let rows = piece.rows;
        for row in piece.query().fetch_all(&mut *transaction).await? {
            scored.extend(
                usize::try_from(row.try_get::<i64, _>(0)?).ok().and_then(|number| rows.get(number).copied()),
            );
        }
    }
    for trace in scored {
        score::settle(&mut *transaction, trace.workspace_id, &trace.trace_id).await?;
    }
    Ok(())
}

fn bind_trace(
    arguments: &mut SqliteArguments,
    (pending, payload): &(&Pending<'_>, Place),
) -> Result<(), BoxDynError> {
    let trace = pending.trace;
    arguments.add(pending.id)?;
    arguments.add(trace.workspace_id)?;
    arguments.add(trace.trace_id.as_str())?;
    arguments.add(trace.agent_id.as_str())?;
    arguments.add(trace.timestamp.as_micros())?;
    arguments.add(trace.latency)?;
    arguments.add(row::status_number(trace.status))?;
    arguments.add(trace.model.as_deref())?;
    arguments.add(trace.model_provider.as_deref())?;
    arguments.add(trace.tokens_input)?;
    arguments.add(trace.tokens_output)?;
    arguments.add(trace.tokens_total)?;
    arguments.add(trace.cost)?;
    arguments.add(trace.quality)?;
    arguments.add(trace.quality)?;
    arguments.add(trace.session_id.as_deref())?;
    arguments.add(trace.user_id.as_deref())?;
    arguments.add(trace.tags.as_deref())?;
    arguments.add(trace.error.as_deref())?;
    arguments.add(payload.frame)?;
    arguments.add(payload.line)
}

fn bind_span(
    arguments: &mut SqliteArguments,
    (trace, span, payload): &(i64, &NewSpan, Place),
) -> Result<(), BoxDynError> {
    arguments.add(*trace)?;
    arguments.add(span.span_id.as_str())?;
    arguments.add(span.parent_span_id.as_deref())?;
    arguments.add(span.name.as_str())?;
    arguments.add(span.kind.as_str())?;
    arguments.add(span.timestamp.as_micros())?;
    arguments.add(span.latency)?;
    arguments.add(row::status_number(span.status))?;
    arguments.add(span.model.as_deref())?;
    arguments.add(span.tokens_input)?;
    arguments.add(span.tokens_output)?;
    arguments.add(span.cost)?;
    arguments.add(span.error.as_deref())?;
    arguments.add(payload.frame)?;
    arguments.add(payload.line)
}
