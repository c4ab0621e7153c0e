//! One trace with everything in it.

use serde::Deserialize;
use serde_json::{Map, Value};
use shared::{
    Timestamp,
    span::{Span, SpanKind},
    trace::{Score, TraceDetail},
};
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};
use uuid::Uuid;

use super::{
    SqliteTraces,
    payload::{PayloadReader, Place},
    row::{self, trace_columns},
};
use crate::store::trace::StoreError;

/// A trace's line in its payload frame.
#[derive(Deserialize)]
struct TracePayload {
    #[serde(default)]
    input: Option<Value>,
    #[serde(default)]
    output: Option<Value>,
    #[serde(default)]
    metadata: Map<String, Value>,
}

/// A span's line in its payload frame.
#[derive(Deserialize)]
struct SpanPayload {
    #[serde(default)]
    input: Option<Value>,
    #[serde(default)]
    output: Option<Value>,
    #[serde(default)]
    attributes: Option<Value>,
}

impl SqliteTraces {
    pub(in crate::store::trace) async fn detail(
        &self,
        workspace_id: Uuid,
        trace_id: &str,
    ) -> Result<Option<TraceDetail>, StoreError> {
        let mut snapshot = self.reader.begin().await?;
        let row = sqlx::query(concat!(
            "SELECT ",
            trace_columns!(),
            " FROM traces WHERE workspace_id = $1 AND trace_id = $2"
        ))
        .bind(workspace_id)
        .bind(trace_id)
        .fetch_optional(&mut *snapshot)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let mut payloads = PayloadReader::default();
        let payload: TracePayload = payloads.read(&mut snapshot, row::place(&row)?).await?;
        let spans = spans(&mut snapshot, row::cursor(&row)?.id, &mut payloads).await?;
        let scores = scores(&mut snapshot, workspace_id, trace_id).await?;
        Ok(Some(TraceDetail {
            trace: row::trace(&row)?,
            input: payload.input,
            output: payload.output,
            metadata: payload.metadata,
            spans,
            scores,
        }))
    }
}

async fn spans(
    snapshot: &mut SqliteConnection,
    trace: i64,
    payloads: &mut PayloadReader,
) -> Result<Vec<Span>, StoreError> {
    let rows = sqlx::query(
        "SELECT span_id, parent_span_id, name, kind, timestamp, latency, status, model, tokens_input, tokens_output, \
         cost, error, payload_id, payload_line FROM spans WHERE trace = $1 ORDER BY timestamp, payload_id, payload_line",
    )
    .bind(trace)
    .fetch_all(&mut *snapshot)
    .await?;
    let mut spans = Vec::with_capacity(rows.len());
    for row in &rows {
        let place = Place { frame: row.try_get(12)?, line: row.try_get(13)? };
        let payload: SpanPayload = payloads.read(&mut *snapshot, place).await?;
        spans.push(span(row, payload)?);
    }
    Ok(spans)
}

fn span(row: &SqliteRow, payload: SpanPayload) -> Result<Span, StoreError> {
    let kind: &str = row.try_get(3)?;
    Ok(Span {
        span_id: row.try_get(0)?,
        parent_span_id: row.try_get(1)?,
        name: row.try_get(2)?,
        kind: SpanKind::ALL.into_iter().find(|known| known.as_str() == kind).unwrap_or_default(),
        timestamp: Timestamp::from_micros(row.try_get(4)?),
        latency_ms: row::millis(row.try_get(5)?),
        status: row::status(row.try_get(6)?)?,
        model: row.try_get(7)?,
        tokens_input: row.try_get::<Option<i64>, _>(8)?.map(row::count),
        tokens_output: row.try_get::<Option<i64>, _>(9)?.map(row::count),
        cost_usd: row.try_get::<Option<i64>, _>(10)?.map(row::dollars),
        error: row.try_get(11)?,
        input: payload.input,
        output: payload.output,
        attributes: payload.attributes,
    })
}

async fn scores(
    snapshot: &mut SqliteConnection,
    workspace_id: Uuid,
    trace_id: &str,
) -> Result<Vec<Score>, StoreError> {
    let rows = sqlx::query(
        "SELECT name, score, comment, timestamp FROM scores WHERE workspace_id = $1 AND trace_id = $2 ORDER BY name",
    )
    .bind(workspace_id)
    .bind(trace_id)
    .fetch_all(snapshot)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Score {
                name: row.try_get(0)?,
                score: row::points(row.try_get(1)?),
                comment: row.try_get(2)?,
                timestamp: Timestamp::from_micros(row.try_get(3)?),
            })
        })
        .collect()
}
