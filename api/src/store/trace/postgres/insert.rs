//! Rows of many traces in one statement each, as arrays of their columns.
//!
//! Not by COPY, which the server does somewhat more quickly: a copy ends with a small message of its own, which TCP holds
//! back until what went before is acknowledged, and that takes 40 ms on a connection that nobody told not to
//! (`TCP_NODELAY`, which sqlx does not set). An insert is one message.

use std::collections::HashMap;

use shared::Timestamp;
use sqlx::PgConnection;

use crate::store::{
    moment::Moment,
    trace::{
        StoreError,
        batch::{Batch, Pending},
        histogram,
        payload::Place,
        record::{NewSpan, NewTrace},
        row,
    },
};

/// Inserts the new traces of a batch.
pub(super) async fn traces(connection: &mut PgConnection, batch: &Batch<'_>) -> Result<(), StoreError> {
    let new: Vec<(&Pending<'_>, Place)> =
        batch.new_traces().map(|pending| (pending, batch.payload(pending))).collect();
    let number = |of: fn(&NewTrace) -> Option<i64>| -> Vec<Option<i64>> {
        new.iter().map(|(pending, _)| of(pending.trace)).collect()
    };
    let text = |of: fn(&NewTrace) -> Option<&str>| -> Vec<Option<&str>> {
        new.iter().map(|(pending, _)| of(pending.trace)).collect()
    };
    sqlx::query(
        "INSERT INTO traces (id, workspace_id, timestamp, latency, status, latency_bucket, payload_id, payload_line, \
         tokens_input, tokens_output, tokens_total, cost, quality_sent, quality, trace_id, agent_id, model, \
         model_provider, session_id, user_id, tags, error) \
         SELECT id, workspace_id, timestamp, latency, status, latency_bucket, payload_id, payload_line, tokens_input, \
         tokens_output, tokens_total, cost, quality, quality, trace_id, agent_id, model, model_provider, session_id, \
         user_id, tags, error FROM UNNEST($1::BIGINT[], $2::UUID[], $3::TIMESTAMPTZ[], $4::BIGINT[], $5::SMALLINT[], \
         $6::SMALLINT[], $7::BIGINT[], $8::INTEGER[], $9::BIGINT[], $10::BIGINT[], $11::BIGINT[], $12::BIGINT[], \
         $13::BIGINT[], $14::TEXT[], $15::TEXT[], $16::TEXT[], $17::TEXT[], $18::TEXT[], $19::TEXT[], $20::TEXT[], \
         $21::TEXT[]) AS sent (id, workspace_id, timestamp, latency, status, latency_bucket, payload_id, \
         payload_line, tokens_input, tokens_output, tokens_total, cost, quality, trace_id, agent_id, model, \
         model_provider, session_id, user_id, tags, error)",
    )
    .bind(new.iter().map(|(pending, _)| pending.id).collect::<Vec<_>>())
    .bind(new.iter().map(|(pending, _)| pending.trace.workspace_id).collect::<Vec<_>>())
    .bind(new.iter().map(|(pending, _)| Moment(pending.trace.timestamp)).collect::<Vec<_>>())
    .bind(number(|trace| Some(trace.latency)))
    .bind(new.iter().map(|(pending, _)| row::status_number(pending.trace.status)).collect::<Vec<_>>())
    .bind(new.iter().map(|(pending, _)| bucket(pending.trace)).collect::<Vec<_>>())
    .bind(new.iter().map(|(_, place)| place.frame).collect::<Vec<_>>())
    .bind(new.iter().map(|(_, place)| line(*place)).collect::<Vec<_>>())
    .bind(number(|trace| trace.tokens_input))
    .bind(number(|trace| trace.tokens_output))
    .bind(number(|trace| trace.tokens_total))
    .bind(number(|trace| trace.cost))
    .bind(number(|trace| trace.quality))
    .bind(text(|trace| Some(&trace.trace_id)))
    .bind(text(|trace| Some(&trace.agent_id)))
    .bind(text(|trace| trace.model.as_deref()))
    .bind(text(|trace| trace.model_provider.as_deref()))
    .bind(text(|trace| trace.session_id.as_deref()))
    .bind(text(|trace| trace.user_id.as_deref()))
    .bind(text(|trace| trace.tags.as_deref()))
    .bind(text(|trace| trace.error.as_deref()))
    .execute(connection)
    .await?;
    Ok(())
}

/// Inserts the spans of the new traces.
pub(super) async fn spans(connection: &mut PgConnection, batch: &Batch<'_>) -> Result<(), StoreError> {
    let spans = batch.spans();
    if spans.is_empty() {
        return Ok(());
    }
    let number = |of: fn(&NewSpan) -> Option<i64>| -> Vec<Option<i64>> {
        spans.iter().map(|&(_, span, _)| of(span)).collect()
    };
    let text = |of: fn(&NewSpan) -> Option<&str>| -> Vec<Option<&str>> {
        spans.iter().map(|&(_, span, _)| of(span)).collect()
    };
    sqlx::query(
        "INSERT INTO spans (trace, timestamp, latency, status, payload_id, payload_line, tokens_input, tokens_output, \
         cost, span_id, parent_span_id, name, kind, model, error) \
         SELECT * FROM UNNEST($1::BIGINT[], $2::TIMESTAMPTZ[], $3::BIGINT[], $4::SMALLINT[], $5::BIGINT[], \
         $6::INTEGER[], $7::BIGINT[], $8::BIGINT[], $9::BIGINT[], $10::TEXT[], $11::TEXT[], $12::TEXT[], $13::TEXT[], \
         $14::TEXT[], $15::TEXT[])",
    )
    .bind(spans.iter().map(|&(trace, ..)| trace).collect::<Vec<_>>())
    .bind(spans.iter().map(|&(_, span, _)| Moment(span.timestamp)).collect::<Vec<_>>())
    .bind(number(|span| Some(span.latency)))
    .bind(spans.iter().map(|&(_, span, _)| row::status_number(span.status)).collect::<Vec<_>>())
    .bind(spans.iter().map(|&(.., place)| place.frame).collect::<Vec<_>>())
    .bind(spans.iter().map(|&(.., place)| line(place)).collect::<Vec<_>>())
    .bind(number(|span| span.tokens_input))
    .bind(number(|span| span.tokens_output))
    .bind(number(|span| span.cost))
    .bind(text(|span| Some(&span.span_id)))
    .bind(text(|span| span.parent_span_id.as_deref()))
    .bind(text(|span| Some(&span.name)))
    .bind(text(|span| Some(span.kind.as_str())))
    .bind(text(|span| span.model.as_deref()))
    .bind(text(|span| span.error.as_deref()))
    .execute(connection)
    .await?;
    Ok(())
}

/// Inserts the payloads of the new traces and their spans.
pub(super) async fn payloads(connection: &mut PgConnection, batch: &Batch<'_>) -> Result<(), StoreError> {
    let frames = batch.used_frames();
    let mut newest: HashMap<i64, Timestamp> = HashMap::with_capacity(frames.len());
    for (frame, timestamp) in batch.frame_times() {
        let newest = newest.entry(frame).or_insert(timestamp);
        *newest = timestamp.max(*newest);
    }
    let newest = |id: &i64| Moment(newest.get(id).copied().unwrap_or_default());
    sqlx::query(
        "INSERT INTO payloads (id, newest, data) SELECT * FROM UNNEST($1::BIGINT[], $2::TIMESTAMPTZ[], $3::BYTEA[])",
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

/// A frame has far fewer lines than bytes.
fn line(place: Place) -> i32 {
    i32::try_from(place.line).unwrap_or(i32::MAX)
}
