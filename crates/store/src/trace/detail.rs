//! One trace: with everything in it, as a tree of spans without what is long, and one span of it whole.

use domain::trace::{cursor::Cursor, place::Place};
use serde::Deserialize;
use serde_json::{Map, Value};
use shared::{
    Timestamp,
    cost::CostBasis,
    span::{Scope, Span, SpanEvent, SpanKind, SpanLink, ToolCall},
    trace::{Trace, TraceDetail, TraceStatus},
};
use uuid::Uuid;

use super::{StoreError, payload::PayloadReader, snapshot::Snapshot};

/// Bytes of payloads that one answer holds at most, and bytes that are unpacked for it, others' in the same frames among them.
/// What was sent whole is never so large; a trace of spans that come by themselves may be of any size.
const BYTES: usize = 32 * 1024 * 1024;
const UNPACKED_BYTES: usize = 128 * 1024 * 1024;

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
    let mut span_payloads: Vec<SpanPayload> = Vec::new();
    span_payloads.resize_with(rows.len(), SpanPayload::default);
    let mut payloads_cut = false;
    if depth == Depth::Payloads {
        payloads_cut = read_payloads(snapshot, &mut payloads, &rows, &mut span_payloads).await?;
    }
    let spans = rows.into_iter().zip(span_payloads).map(|(row, payload)| whole(row, payload)).collect();
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
        payloads_cut,
    }))
}

/// Reads what of spans is long, in the order of writing, and answers whether there is more than one answer holds.
async fn read_payloads(
    snapshot: &mut impl Snapshot,
    payloads: &mut PayloadReader,
    rows: &[StoredSpan],
    into: &mut [SpanPayload],
) -> Result<bool, StoreError> {
    // Frame by frame, so that one is in memory at a time.
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by_key(|&index| (rows[index].payload.frame, rows[index].payload.line));
    let mut bytes = 0;
    for index in order {
        let place = rows[index].payload;
        payloads.forget_before(place.frame);
        if payloads.bytes() > UNPACKED_BYTES && !payloads.holds(place.frame) {
            return Ok(true);
        }
        bytes += payloads.line(snapshot, place).await?.len();
        if bytes > BYTES {
            return Ok(true);
        }
        into[index] = payloads.read(snapshot, place).await?;
    }
    Ok(false)
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
