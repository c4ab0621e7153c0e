//! Bulk inserts of traces and spans.

use std::sync::LazyLock;

use domain::rollup::histogram;

use super::record::{SpanInsert, TraceInsert};
use crate::{
    error::StoreError,
    trace::{
        bulk::{
            Bulk, Column, Connection,
            Value::{BigInt, Integer, SmallInt, SmallIntOnPostgres, Text, Time, Uuid},
        },
        column,
    },
};

fn trace_columns<'a>() -> [Column<TraceInsert<'a>>; 27] {
    [
        ("id", BigInt(|row| Some(row.id))),
        ("workspace_id", Uuid(|row| row.trace.workspace_id)),
        ("trace_id", Text(|row| Some(&row.trace.trace_id))),
        ("agent_id", Text(|row| Some(&row.trace.agent_id))),
        ("timestamp", Time(|row| row.trace.timestamp)),
        ("latency", BigInt(|row| Some(row.trace.latency))),
        ("latency_bucket", SmallIntOnPostgres(|row| Some(bucket(row.trace.latency)))),
        ("status", SmallInt(|row| Some(column::status_number(row.trace.status)))),
        ("model", Text(|row| row.trace.model.as_deref())),
        ("model_provider", Text(|row| row.trace.model_provider.as_deref())),
        ("tokens_input", BigInt(|row| row.trace.tokens_input)),
        ("tokens_output", BigInt(|row| row.trace.tokens_output)),
        ("tokens_total", BigInt(|row| row.trace.tokens_total)),
        ("cost", BigInt(|row| row.trace.cost)),
        ("cost_basis", SmallInt(|row| column::basis_number(&row.trace.basis))),
        ("price", Text(|row| column::basis_price(&row.trace.basis))),
        ("unpriced", Integer(|row| column::unpriced(row.trace.unpriced))),
        ("quality_sent", BigInt(|row| row.quality_sent)),
        ("quality", BigInt(|row| row.trace.quality)),
        ("session_id", Text(|row| row.trace.session_id.as_deref())),
        ("user_id", Text(|row| row.trace.user_id.as_deref())),
        ("tags", Text(|row| row.trace.tags.as_deref())),
        ("error", Text(|row| row.trace.error.as_deref())),
        ("payload_id", BigInt(|row| Some(row.payload.frame))),
        ("payload_line", Integer(|row| Some(column::line(row.payload.line)))),
        ("name", Text(|row| row.trace.name.as_deref())),
        ("assembly", SmallInt(|row| column::assembly_number(row.trace.assembly))),
    ]
}

fn span_columns<'a>() -> [Column<SpanInsert<'a>>; 26] {
    [
        ("trace", BigInt(|row| Some(row.trace))),
        ("span_id", Text(|row| Some(&row.span.span_id))),
        ("parent_span_id", Text(|row| row.span.parent_span_id.as_deref())),
        ("name", Text(|row| Some(&row.span.name))),
        ("kind", Text(|row| Some(row.span.kind.as_str()))),
        ("timestamp", Time(|row| row.span.timestamp)),
        ("latency", BigInt(|row| Some(row.span.latency))),
        ("status", SmallInt(|row| Some(column::status_number(row.span.status)))),
        ("model", Text(|row| row.span.model.as_deref())),
        ("model_provider", Text(|row| row.span.model_provider.as_deref())),
        ("tokens_input", BigInt(|row| row.span.tokens_input)),
        ("tokens_output", BigInt(|row| row.span.tokens_output)),
        ("tokens_cache_read", BigInt(|row| row.span.tokens_cache_read)),
        ("tokens_cache_write", BigInt(|row| row.span.tokens_cache_write)),
        ("tokens_reasoning", BigInt(|row| row.span.tokens_reasoning)),
        ("cost", BigInt(|row| row.span.cost)),
        ("cost_basis", SmallInt(|row| column::basis_number(&row.span.basis))),
        ("price", Text(|row| column::basis_price(&row.span.basis))),
        ("error", Text(|row| row.span.error.as_deref())),
        ("payload_id", BigInt(|row| Some(row.payload.frame))),
        ("payload_line", Integer(|row| Some(column::line(row.payload.line)))),
        ("agent_id", Text(|row| row.incoming?.agent_id.as_deref())),
        ("service", Text(|row| row.incoming?.service.as_deref())),
        ("session_id", Text(|row| row.incoming?.session_id.as_deref())),
        ("user_id", Text(|row| row.incoming?.user_id.as_deref())),
        ("tags", Text(SpanInsert::tags)),
    ]
}

/// On SQLite traces may exist. On PostgreSQL their keys show which of them do.
static TRACES: LazyLock<Bulk> =
    LazyLock::new(|| Bulk::insert("traces", &trace_columns(), "ON CONFLICT DO NOTHING", ""));

/// Updates the columns that change when a trace is assembled again or repriced.
static REPLACE: LazyLock<Bulk> = LazyLock::new(|| {
    let columns = "agent_id timestamp latency status model model_provider tokens_input tokens_output tokens_total cost \
                   session_id user_id tags error payload_id payload_line name assembly unpriced cost_basis price";
    let set: Vec<_> =
        columns.split_whitespace().map(|column| format!("{column} = excluded.{column}")).collect();
    let update = format!("ON CONFLICT (id) DO UPDATE SET {}", set.join(", "));
    Bulk::insert("traces", &trace_columns(), &update, &update)
});

static SPANS: LazyLock<Bulk> = LazyLock::new(|| Bulk::insert("spans", &span_columns(), "", ""));

static MISSING_SPANS: LazyLock<Bulk> = LazyLock::new(|| {
    Bulk::insert("spans", &span_columns(), "ON CONFLICT DO NOTHING", "ON CONFLICT DO NOTHING")
});

/// Inserts traces and returns their number. On SQLite skips those that exist.
pub(in crate::trace) async fn traces<'c>(
    connection: impl Into<Connection<'c>>,
    rows: &[TraceInsert<'_>],
) -> Result<u64, StoreError> {
    TRACES.execute(connection, &trace_columns(), rows).await
}

/// Replaces traces by their numbers, on SQLite.
pub(in crate::trace) async fn replace_traces<'c>(
    connection: impl Into<Connection<'c>>,
    rows: &[TraceInsert<'_>],
) -> Result<u64, StoreError> {
    REPLACE.execute(connection, &trace_columns(), rows).await
}

/// Inserts spans that do not exist yet.
pub(in crate::trace) async fn spans<'c>(
    connection: impl Into<Connection<'c>>,
    rows: &[SpanInsert<'_>],
) -> Result<u64, StoreError> {
    SPANS.execute(connection, &span_columns(), rows).await
}

/// Inserts the spans that do not exist yet and skips the others.
pub(in crate::trace) async fn missing_spans<'c>(
    connection: impl Into<Connection<'c>>,
    rows: &[SpanInsert<'_>],
) -> Result<u64, StoreError> {
    MISSING_SPANS.execute(connection, &span_columns(), rows).await
}

fn bucket(latency: i64) -> i16 {
    i16::try_from(histogram::bucket_of(latency)).unwrap_or(i16::MAX)
}
