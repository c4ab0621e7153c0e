//! One trace: with everything in it, as a tree of spans without what is long, and one span of it whole.

use serde::Deserialize;
use serde_json::{Map, Value};
use shared::{
    Timestamp,
    cost::CostBasis,
    span::{Scope, Span, SpanEvent, SpanKind, SpanLink, ToolCall},
    trace::{Trace, TraceDetail, TraceStatus},
};
use uuid::Uuid;

use super::{
    StoreError,
    list::Cursor,
    payload::{PayloadReader, Place},
    snapshot::Snapshot,
};

/// A trace as its row has it, and where the rest of it is.
pub(super) struct StoredTrace {
    pub(super) trace: Trace,
    pub(super) cursor: Cursor,
    pub(super) payload: Place,
    pub(super) cost_basis: Option<CostBasis>,
}

/// A span as its row has it, and where the rest of it is.
pub(super) struct StoredSpan {
    pub(super) span_id: String,
    pub(super) parent_span_id: Option<String>,
    pub(super) name: String,
    pub(super) kind: SpanKind,
    pub(super) timestamp: Timestamp,
    pub(super) latency_ms: f64,
    pub(super) status: TraceStatus,
    pub(super) model: Option<String>,
    pub(super) tokens_input: Option<u64>,
    pub(super) tokens_output: Option<u64>,
    pub(super) cost_usd: Option<f64>,
    pub(super) error: Option<String>,
    pub(super) payload: Place,
    pub(super) model_provider: Option<String>,
    pub(super) tokens_cache_read: Option<u64>,
    pub(super) tokens_cache_write: Option<u64>,
    pub(super) tokens_reasoning: Option<u64>,
    pub(super) cost_basis: Option<CostBasis>,
}

/// A trace's line in its payload frame.
#[derive(Deserialize)]
struct TracePayload {
    #[serde(default)]
    input: Option<Value>,
    #[serde(default)]
    output: Option<Value>,
    #[serde(default)]
    metadata: Map<String, Value>,
    #[serde(default)]
    resource: Map<String, Value>,
}

/// A span's line in its payload frame.
#[derive(Default, Deserialize)]
struct SpanPayload {
    #[serde(default)]
    input: Option<Value>,
    #[serde(default)]
    output: Option<Value>,
    #[serde(default)]
    attributes: Option<Value>,
    #[serde(default)]
    time_to_first_chunk_ms: Option<f64>,
    #[serde(default)]
    finish_reasons: Vec<String>,
    #[serde(default)]
    tool: Option<ToolCall>,
    #[serde(default)]
    events: Vec<SpanEvent>,
    #[serde(default)]
    links: Vec<SpanLink>,
    #[serde(default)]
    resource: Map<String, Value>,
    #[serde(default)]
    scope: Option<Scope>,
}

/// How much of the spans a detail shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Depth {
    /// What stands in their rows: enough for a tree, and no frame is read for it.
    Rows,
    /// Everything.
    Payloads,
}

/// The trace with this id, where there is one.
pub(super) async fn detail(
    snapshot: &mut impl Snapshot,
    workspace_id: Uuid,
    trace_id: &str,
    depth: Depth,
) -> Result<Option<TraceDetail>, StoreError> {
    let Some(stored) = snapshot.trace(workspace_id, trace_id).await? else { return Ok(None) };
    let mut payloads = PayloadReader::default();
    let payload: TracePayload = payloads.read(snapshot, stored.payload).await?;
    let rows = snapshot.spans(stored.cursor.id).await?;
    let mut spans = Vec::with_capacity(rows.len());
    for row in rows {
        let payload = match depth {
            Depth::Rows => SpanPayload::default(),
            Depth::Payloads => payloads.read(snapshot, row.payload).await?,
        };
        spans.push(whole(row, payload));
    }
    let scores = snapshot.scores(workspace_id, trace_id).await?;
    Ok(Some(TraceDetail {
        trace: stored.trace,
        input: payload.input,
        output: payload.output,
        // Of one that was put together of spans: what its outermost says of what ran.
        metadata: if payload.metadata.is_empty() { payload.resource } else { payload.metadata },
        spans,
        scores,
        cost_basis: stored.cost_basis,
    }))
}

/// The span with this id in the trace with that one, where there is one.
pub(super) async fn span(
    snapshot: &mut impl Snapshot,
    workspace_id: Uuid,
    trace_id: &str,
    span_id: &str,
) -> Result<Option<Span>, StoreError> {
    let Some(stored) = snapshot.trace(workspace_id, trace_id).await? else { return Ok(None) };
    let Some(row) = snapshot.span(stored.cursor.id, span_id).await? else { return Ok(None) };
    let payload = PayloadReader::default().read(snapshot, row.payload).await?;
    Ok(Some(whole(row, payload)))
}

fn whole(row: StoredSpan, payload: SpanPayload) -> Span {
    Span {
        span_id: row.span_id,
        parent_span_id: row.parent_span_id,
        name: row.name,
        kind: row.kind,
        timestamp: row.timestamp,
        latency_ms: row.latency_ms,
        status: row.status,
        model: row.model,
        tokens_input: row.tokens_input,
        tokens_output: row.tokens_output,
        cost_usd: row.cost_usd,
        error: row.error,
        input: payload.input,
        output: payload.output,
        attributes: payload.attributes,
        model_provider: row.model_provider,
        tokens_cache_read: row.tokens_cache_read,
        tokens_cache_write: row.tokens_cache_write,
        tokens_reasoning: row.tokens_reasoning,
        cost_basis: row.cost_basis,
        time_to_first_chunk_ms: payload.time_to_first_chunk_ms,
        finish_reasons: payload.finish_reasons,
        tool: payload.tool,
        events: payload.events,
        links: payload.links,
        resource: payload.resource,
        scope: payload.scope,
    }
}
