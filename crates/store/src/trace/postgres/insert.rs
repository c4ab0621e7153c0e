//! Bulk inserts of traces, spans and payloads: one statement with an array for each column.
//!
//! COPY would be somewhat faster for the server, but ends with a small message of its own. Without `TCP_NODELAY`, which sqlx
//! does not set, TCP delays that message by up to 40 ms. An insert is one message.

use std::collections::HashMap;

use domain::{
    rollup::histogram,
    trace::record::{IncomingSpan, NewSpan, NewTrace},
};
use shared::Timestamp;
use sqlx::PgConnection;

use crate::{
    database::moment::Moment,
    error::StoreError,
    trace::{
        column,
        write::record::{SpanInsert, TraceInsert},
    },
};

/// Inserts traces.
pub(in crate::trace) async fn traces(
    connection: &mut PgConnection,
    rows: &[TraceInsert<'_>],
) -> Result<(), StoreError> {
    let number = |of: fn(&NewTrace) -> Option<i64>| -> Vec<Option<i64>> {
        rows.iter().map(|row| of(row.trace)).collect()
    };
    let small = |of: fn(&NewTrace) -> Option<i16>| -> Vec<Option<i16>> {
        rows.iter().map(|row| of(row.trace)).collect()
    };
    let text = |of: fn(&NewTrace) -> Option<&str>| -> Vec<Option<&str>> {
        rows.iter().map(|row| of(row.trace)).collect()
    };
    sqlx::query(
        "INSERT INTO traces (id, workspace_id, timestamp, latency, status, latency_bucket, payload_id, payload_line, \
         tokens_input, tokens_output, tokens_total, cost, quality_sent, quality, trace_id, agent_id, model, \
         model_provider, session_id, user_id, tags, error, name, assembly, unpriced, cost_basis, price) \
         SELECT * FROM UNNEST($1::BIGINT[], $2::UUID[], $3::TIMESTAMPTZ[], $4::BIGINT[], $5::SMALLINT[], \
         $6::SMALLINT[], $7::BIGINT[], $8::INTEGER[], $9::BIGINT[], $10::BIGINT[], $11::BIGINT[], $12::BIGINT[], \
         $13::BIGINT[], $14::BIGINT[], $15::TEXT[], $16::TEXT[], $17::TEXT[], $18::TEXT[], $19::TEXT[], $20::TEXT[], \
         $21::TEXT[], $22::TEXT[], $23::TEXT[], $24::SMALLINT[], $25::INTEGER[], $26::SMALLINT[], $27::TEXT[])",
    )
    .bind(rows.iter().map(|row| row.id).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.trace.workspace_id).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| Moment(row.trace.timestamp)).collect::<Vec<_>>())
    .bind(number(|trace| Some(trace.latency)))
    .bind(small(|trace| Some(column::status_number(trace.status))))
    .bind(small(|trace| Some(bucket(trace))))
    .bind(rows.iter().map(|row| row.payload.frame).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| column::line(row.payload.line)).collect::<Vec<_>>())
    .bind(number(|trace| trace.tokens_input))
    .bind(number(|trace| trace.tokens_output))
    .bind(number(|trace| trace.tokens_total))
    .bind(number(|trace| trace.cost))
    .bind(rows.iter().map(|row| row.quality_sent).collect::<Vec<_>>())
    .bind(number(|trace| trace.quality))
    .bind(text(|trace| Some(&trace.trace_id)))
    .bind(text(|trace| Some(&trace.agent_id)))
    .bind(text(|trace| trace.model.as_deref()))
    .bind(text(|trace| trace.model_provider.as_deref()))
    .bind(text(|trace| trace.session_id.as_deref()))
    .bind(text(|trace| trace.user_id.as_deref()))
    .bind(text(|trace| trace.tags.as_deref()))
    .bind(text(|trace| trace.error.as_deref()))
    .bind(text(|trace| trace.name.as_deref()))
    .bind(small(|trace| column::assembly_number(trace.assembly)))
    .bind(rows.iter().map(|row| column::unpriced(row.trace.unpriced)).collect::<Vec<_>>())
    .bind(small(|trace| column::basis_number(&trace.basis)))
    .bind(text(|trace| column::basis_price(&trace.basis)))
    .execute(connection)
    .await?;
    Ok(())
}

/// The statement that inserts spans.
macro_rules! spans {
    () => {
        "INSERT INTO spans (trace, timestamp, latency, status, payload_id, payload_line, tokens_input, tokens_output, \
         cost, span_id, parent_span_id, name, kind, model, error, model_provider, tokens_cache_read, \
         tokens_cache_write, tokens_reasoning, cost_basis, price, agent_id, service, session_id, user_id, tags) \
         SELECT * FROM UNNEST($1::BIGINT[], $2::TIMESTAMPTZ[], $3::BIGINT[], $4::SMALLINT[], $5::BIGINT[], \
         $6::INTEGER[], $7::BIGINT[], $8::BIGINT[], $9::BIGINT[], $10::TEXT[], $11::TEXT[], $12::TEXT[], $13::TEXT[], \
         $14::TEXT[], $15::TEXT[], $16::TEXT[], $17::BIGINT[], $18::BIGINT[], $19::BIGINT[], $20::SMALLINT[], \
         $21::TEXT[], $22::TEXT[], $23::TEXT[], $24::TEXT[], $25::TEXT[], $26::TEXT[])"
    };
}
const SPANS: &str = spans!();

/// Inserts spans that do not exist yet.
pub(in crate::trace) async fn spans(
    connection: &mut PgConnection,
    rows: &[SpanInsert<'_>],
) -> Result<(), StoreError> {
    insert_spans(connection, rows, SPANS).await
}

/// Inserts the spans that do not exist yet and skips the others.
pub(in crate::trace) async fn missing_spans(
    connection: &mut PgConnection,
    rows: &[SpanInsert<'_>],
) -> Result<(), StoreError> {
    insert_spans(connection, rows, concat!(spans!(), " ON CONFLICT DO NOTHING")).await
}

async fn insert_spans(
    connection: &mut PgConnection,
    rows: &[SpanInsert<'_>],
    statement: &'static str,
) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let number = |of: fn(&NewSpan) -> Option<i64>| -> Vec<Option<i64>> {
        rows.iter().map(|row| of(row.span)).collect()
    };
    let text = |of: fn(&NewSpan) -> Option<&str>| -> Vec<Option<&str>> {
        rows.iter().map(|row| of(row.span)).collect()
    };
    let attribute = |of: fn(&IncomingSpan) -> Option<&str>| -> Vec<Option<&str>> {
        rows.iter().map(|row| row.trace_attribute(of)).collect()
    };
    sqlx::query(statement)
        .bind(rows.iter().map(|row| row.trace).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| Moment(row.span.timestamp)).collect::<Vec<_>>())
        .bind(number(|span| Some(span.latency)))
        .bind(rows.iter().map(|row| column::status_number(row.span.status)).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.payload.frame).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| column::line(row.payload.line)).collect::<Vec<_>>())
        .bind(number(|span| span.tokens_input))
        .bind(number(|span| span.tokens_output))
        .bind(number(|span| span.cost))
        .bind(text(|span| Some(&span.span_id)))
        .bind(text(|span| span.parent_span_id.as_deref()))
        .bind(text(|span| Some(&span.name)))
        .bind(text(|span| Some(span.kind.as_str())))
        .bind(text(|span| span.model.as_deref()))
        .bind(text(|span| span.error.as_deref()))
        .bind(text(|span| span.model_provider.as_deref()))
        .bind(number(|span| span.tokens_cache_read))
        .bind(number(|span| span.tokens_cache_write))
        .bind(number(|span| span.tokens_reasoning))
        .bind(rows.iter().map(|row| column::basis_number(&row.span.basis)).collect::<Vec<_>>())
        .bind(text(|span| column::basis_price(&span.basis)))
        .bind(attribute(|incoming| incoming.agent_id.as_deref()))
        .bind(attribute(|incoming| incoming.service.as_deref()))
        .bind(attribute(|incoming| incoming.session_id.as_deref()))
        .bind(attribute(|incoming| incoming.user_id.as_deref()))
        .bind(rows.iter().map(SpanInsert::tags).collect::<Vec<_>>())
        .execute(connection)
        .await?;
    Ok(())
}

/// Inserts frames of payloads with their ids, or extends the life of existing ones. `times` has the frame of each payload and
/// the time until which retention must keep it.
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
    let newest = |id: &i64| Moment(newest.get(id).copied().unwrap_or_default());
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

fn bucket(trace: &NewTrace) -> i16 {
    i16::try_from(histogram::bucket_of(trace.latency)).unwrap_or(i16::MAX)
}
