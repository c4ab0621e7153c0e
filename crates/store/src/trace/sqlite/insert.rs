//! Bulk inserts of traces, spans and payloads.

use std::sync::LazyLock;

use sqlx::{Arguments, SqliteConnection, error::BoxDynError, sqlite::SqliteArguments};

use super::bulk::Bulk;
use crate::{
    error::StoreError,
    trace::{
        column,
        write::record::{SpanInsert, TraceInsert},
    },
};

const INSERT: &str = "INSERT INTO traces (id, workspace_id, trace_id, agent_id, timestamp, latency, status, model, \
     model_provider, tokens_input, tokens_output, tokens_total, cost, quality_sent, quality, session_id, user_id, tags, \
     error, payload_id, payload_line, name, assembly, unpriced, cost_basis, price) VALUES";

static TRACES: LazyLock<Bulk> = LazyLock::new(|| Bulk::new(INSERT, 26, "ON CONFLICT DO NOTHING"));

/// Updates the columns that change when a trace is assembled again or repriced.
static REPLACE: LazyLock<Bulk> = LazyLock::new(|| {
    let columns = "agent_id timestamp latency status model model_provider tokens_input tokens_output tokens_total cost \
                   session_id user_id tags error payload_id payload_line name assembly unpriced cost_basis price";
    let set: Vec<_> =
        columns.split_whitespace().map(|column| format!("{column} = excluded.{column}")).collect();
    Bulk::new(INSERT, 26, &format!("ON CONFLICT (id) DO UPDATE SET {}", set.join(", ")))
});

const INSERT_SPANS: &str = "INSERT INTO spans (trace, span_id, parent_span_id, name, kind, timestamp, latency, status, \
     model, tokens_input, tokens_output, cost, error, payload_id, payload_line, model_provider, tokens_cache_read, \
     tokens_cache_write, tokens_reasoning, cost_basis, price, agent_id, service, session_id, user_id, tags) VALUES";

static SPANS: LazyLock<Bulk> = LazyLock::new(|| Bulk::new(INSERT_SPANS, 26, ""));

static MISSING_SPANS: LazyLock<Bulk> =
    LazyLock::new(|| Bulk::new(INSERT_SPANS, 26, "ON CONFLICT DO NOTHING"));

/// Inserts the traces that do not exist yet and returns their number.
pub(in crate::trace) async fn traces(
    connection: &mut SqliteConnection,
    rows: &[TraceInsert<'_>],
) -> Result<u64, StoreError> {
    TRACES.execute(connection, rows, bind_trace).await
}

/// Replaces traces by their numbers.
pub(in crate::trace) async fn replace(
    connection: &mut SqliteConnection,
    rows: &[TraceInsert<'_>],
) -> Result<(), StoreError> {
    REPLACE.execute(connection, rows, bind_trace).await?;
    Ok(())
}

/// Inserts spans that do not exist yet.
pub(in crate::trace) async fn spans(
    connection: &mut SqliteConnection,
    rows: &[SpanInsert<'_>],
) -> Result<(), StoreError> {
    SPANS.execute(connection, rows, bind_span).await?;
    Ok(())
}

/// Inserts the spans that do not exist yet and skips the others.
pub(in crate::trace) async fn missing_spans(
    connection: &mut SqliteConnection,
    rows: &[SpanInsert<'_>],
) -> Result<(), StoreError> {
    MISSING_SPANS.execute(connection, rows, bind_span).await?;
    Ok(())
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

fn bind_trace(arguments: &mut SqliteArguments, row: &TraceInsert<'_>) -> Result<(), BoxDynError> {
    let trace = row.trace;
    arguments.add(row.id)?;
    arguments.add(trace.workspace_id)?;
    arguments.add(trace.trace_id.as_str())?;
    arguments.add(trace.agent_id.as_str())?;
    arguments.add(trace.timestamp.as_micros())?;
    arguments.add(trace.latency)?;
    arguments.add(column::status_number(trace.status))?;
    arguments.add(trace.model.as_deref())?;
    arguments.add(trace.model_provider.as_deref())?;
    arguments.add(trace.tokens_input)?;
    arguments.add(trace.tokens_output)?;
    arguments.add(trace.tokens_total)?;
    arguments.add(trace.cost)?;
    arguments.add(row.quality_sent)?;
    arguments.add(trace.quality)?;
    arguments.add(trace.session_id.as_deref())?;
    arguments.add(trace.user_id.as_deref())?;
    arguments.add(trace.tags.as_deref())?;
    arguments.add(trace.error.as_deref())?;
    arguments.add(row.payload.frame)?;
    arguments.add(row.payload.line)?;
    arguments.add(trace.name.as_deref())?;
    arguments.add(column::assembly_number(trace.assembly))?;
    arguments.add(column::unpriced(trace.unpriced))?;
    arguments.add(column::basis_number(&trace.basis))?;
    arguments.add(column::basis_price(&trace.basis))
}

fn bind_span(arguments: &mut SqliteArguments, row: &SpanInsert<'_>) -> Result<(), BoxDynError> {
    let span = row.span;
    arguments.add(row.trace)?;
    arguments.add(span.span_id.as_str())?;
    arguments.add(span.parent_span_id.as_deref())?;
    arguments.add(span.name.as_str())?;
    arguments.add(span.kind.as_str())?;
    arguments.add(span.timestamp.as_micros())?;
    arguments.add(span.latency)?;
    arguments.add(column::status_number(span.status))?;
    arguments.add(span.model.as_deref())?;
    arguments.add(span.tokens_input)?;
    arguments.add(span.tokens_output)?;
    arguments.add(span.cost)?;
    arguments.add(span.error.as_deref())?;
    arguments.add(row.payload.frame)?;
    arguments.add(row.payload.line)?;
    arguments.add(span.model_provider.as_deref())?;
    arguments.add(span.tokens_cache_read)?;
    arguments.add(span.tokens_cache_write)?;
    arguments.add(span.tokens_reasoning)?;
    arguments.add(column::basis_number(&span.basis))?;
    arguments.add(column::basis_price(&span.basis))?;
    arguments.add(row.trace_attribute(|incoming| incoming.agent_id.as_deref()))?;
    arguments.add(row.trace_attribute(|incoming| incoming.service.as_deref()))?;
    arguments.add(row.trace_attribute(|incoming| incoming.session_id.as_deref()))?;
    arguments.add(row.trace_attribute(|incoming| incoming.user_id.as_deref()))?;
    arguments.add(row.tags())
}
