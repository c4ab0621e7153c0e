//! Rows of many traces and spans in one statement each.

use std::sync::LazyLock;

use sqlx::{Arguments, SqliteConnection, error::BoxDynError, sqlite::SqliteArguments};

use super::bulk::Bulk;
use crate::{
    error::StoreError,
    trace::{
        row,
        stored::{SpanRow, TraceRow},
    },
};

const INSERT: &str = "INSERT INTO traces (id, workspace_id, trace_id, agent_id, timestamp, latency, status, model, \
     model_provider, tokens_input, tokens_output, tokens_total, cost, quality_sent, quality, session_id, user_id, tags, \
     error, payload_id, payload_line, name, assembly, unpriced, cost_basis, price) VALUES";

static TRACES: LazyLock<Bulk> = LazyLock::new(|| Bulk::new(INSERT, 26, "ON CONFLICT DO NOTHING", false));

/// Whatever can change of a trace that is put together of spans, or priced anew.
static REPLACE: LazyLock<Bulk> = LazyLock::new(|| {
    let columns = [
        "agent_id",
        "timestamp",
        "latency",
        "status",
        "model",
        "model_provider",
        "tokens_input",
        "tokens_output",
        "tokens_total",
        "cost",
        "session_id",
        "user_id",
        "tags",
        "error",
        "payload_id",
        "payload_line",
        "name",
        "assembly",
        "unpriced",
        "cost_basis",
        "price",
    ];
    let set = columns.map(|column| format!("{column} = excluded.{column}")).join(", ");
    Bulk::new(INSERT, 26, &format!("ON CONFLICT (id) DO UPDATE SET {set}"), false)
});

const INSERT_SPANS: &str = "INSERT INTO spans (trace, span_id, parent_span_id, name, kind, timestamp, latency, status, \
     model, tokens_input, tokens_output, cost, error, payload_id, payload_line, model_provider, tokens_cache_read, \
     tokens_cache_write, tokens_reasoning, cost_basis, price, agent_id, service, session_id, user_id, tags) VALUES";

static SPANS: LazyLock<Bulk> = LazyLock::new(|| Bulk::new(INSERT_SPANS, 26, "", false));

static MISSING_SPANS: LazyLock<Bulk> =
    LazyLock::new(|| Bulk::new(INSERT_SPANS, 26, "ON CONFLICT DO NOTHING", false));

/// Inserts traces, but none that is there already, and answers how many were not.
pub(super) async fn traces(
    connection: &mut SqliteConnection,
    rows: &[TraceRow<'_>],
) -> Result<u64, StoreError> {
    TRACES.execute(connection, rows, bind_trace).await
}

/// Puts rows in the place of those that have their numbers.
pub(super) async fn replace(
    connection: &mut SqliteConnection,
    rows: &[TraceRow<'_>],
) -> Result<(), StoreError> {
    REPLACE.execute(connection, rows, bind_trace).await?;
    Ok(())
}

/// Inserts spans, none of which may be there.
pub(super) async fn spans(connection: &mut SqliteConnection, rows: &[SpanRow<'_>]) -> Result<(), StoreError> {
    SPANS.execute(connection, rows, bind_span).await?;
    Ok(())
}

/// Inserts spans, but none that is there already.
pub(super) async fn missing_spans(
    connection: &mut SqliteConnection,
    rows: &[SpanRow<'_>],
) -> Result<(), StoreError> {
    MISSING_SPANS.execute(connection, rows, bind_span).await?;
    Ok(())
}

/// Inserts frames of payloads with their ids.
pub(super) async fn payloads(
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

fn bind_trace(arguments: &mut SqliteArguments, written: &TraceRow<'_>) -> Result<(), BoxDynError> {
    let trace = written.trace;
    arguments.add(written.id)?;
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
    arguments.add(written.quality_sent)?;
    arguments.add(trace.quality)?;
    arguments.add(trace.session_id.as_deref())?;
    arguments.add(trace.user_id.as_deref())?;
    arguments.add(trace.tags.as_deref())?;
    arguments.add(trace.error.as_deref())?;
    arguments.add(written.payload.frame)?;
    arguments.add(written.payload.line)?;
    arguments.add(trace.name.as_deref())?;
    arguments.add(row::assembly_number(trace.assembly))?;
    arguments.add(row::unpriced(trace.unpriced))?;
    arguments.add(row::basis_number(&trace.basis))?;
    arguments.add(row::basis_price(&trace.basis))
}

fn bind_span(arguments: &mut SqliteArguments, written: &SpanRow<'_>) -> Result<(), BoxDynError> {
    let span = written.span;
    arguments.add(written.trace)?;
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
    arguments.add(written.payload.frame)?;
    arguments.add(written.payload.line)?;
    arguments.add(span.model_provider.as_deref())?;
    arguments.add(span.tokens_cache_read)?;
    arguments.add(span.tokens_cache_write)?;
    arguments.add(span.tokens_reasoning)?;
    arguments.add(row::basis_number(&span.basis))?;
    arguments.add(row::basis_price(&span.basis))?;
    arguments.add(written.claim(|loose| loose.agent_id.as_deref()))?;
    arguments.add(written.claim(|loose| loose.service.as_deref()))?;
    arguments.add(written.claim(|loose| loose.session_id.as_deref()))?;
    arguments.add(written.claim(|loose| loose.user_id.as_deref()))?;
    arguments.add(written.tags())
}
