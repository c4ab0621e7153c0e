//! A single trace with its spans and scores, and a single span.

use domain::trace::{payload::PayloadRef, record::NewScore};
use serde::Deserialize;
use serde_json::{Map, Value};
use shared::{
    span::{Scope, Span, SpanEvent, SpanLink, ToolCall},
    trace::{Score, TraceDetail},
};
use tracing::instrument;
use uuid::Uuid;

use super::payload::PayloadReader;
use crate::{
    database::{RowRef, in_read},
    error::StoreError,
    trace::{
        TraceStore, column,
        row::{SPAN_COLUMNS, ScoreRow, SpanRow, StoredSpan, StoredTrace, TRACE_COLUMNS, TraceRow},
        transaction::{ReadTransaction, find_trace},
    },
};

/// The maximum size of the payloads in one detail. Traces that were sent as one document are always smaller; assembled
/// traces may have any size.
const PAYLOAD_BYTES: usize = 32 * 1024 * 1024;
/// The maximum size of the frames that are decompressed for one detail. They also contain payloads of other traces.
const FRAME_BYTES: usize = 128 * 1024 * 1024;

impl TraceStore {
    /// Returns a trace with all of its spans and their payloads.
    ///
    /// # Errors
    /// Returns an error if the database is not available or a payload cannot be read.
    #[instrument(level = "debug", skip_all, fields(db.system.name = self.system(), db.operation.name = "SELECT"))]
    pub async fn detail(
        &self,
        workspace_id: Uuid,
        trace_id: &str,
    ) -> Result<Option<TraceDetail>, StoreError> {
        in_read!(self, transaction => transaction.detail(workspace_id, trace_id, Depth::Payloads))
    }

    /// Returns a trace with all of its spans, but without their inputs, outputs, attributes and other long fields.
    ///
    /// # Errors
    /// As [`TraceStore::detail`].
    #[instrument(level = "debug", skip_all, fields(db.system.name = self.system(), db.operation.name = "SELECT"))]
    pub async fn tree(&self, workspace_id: Uuid, trace_id: &str) -> Result<Option<TraceDetail>, StoreError> {
        in_read!(self, transaction => transaction.detail(workspace_id, trace_id, Depth::Rows))
    }

    /// Returns a span with its payload.
    ///
    /// # Errors
    /// As [`TraceStore::detail`].
    #[instrument(level = "debug", skip_all, fields(db.system.name = self.system(), db.operation.name = "SELECT"))]
    pub async fn span(
        &self,
        workspace_id: Uuid,
        trace_id: &str,
        span_id: &str,
    ) -> Result<Option<Span>, StoreError> {
        in_read!(self, transaction => transaction.span_with_payload(workspace_id, trace_id, span_id))
    }
}

/// The parts of the spans in a detail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Depth {
    /// The columns of their rows.
    Rows,
    /// Everything.
    Payloads,
}

/// The payload of a trace.
#[derive(Default, Deserialize)]
#[serde(default)]
struct TracePayload {
    input: Option<Value>,
    output: Option<Value>,
    metadata: Map<String, Value>,
    resource: Map<String, Value>,
}

/// The payload of a span.
#[derive(Default, Deserialize)]
#[serde(default)]
struct SpanPayload {
    input: Option<Value>,
    output: Option<Value>,
    attributes: Option<Value>,
    time_to_first_chunk_ms: Option<f64>,
    finish_reasons: Vec<String>,
    tool: Option<ToolCall>,
    events: Vec<SpanEvent>,
    links: Vec<SpanLink>,
    resource: Map<String, Value>,
    scope: Option<Scope>,
}

impl SpanPayload {
    /// Adds the payload to a span.
    fn add_to(self, span: &mut Span) {
        span.input = self.input;
        span.output = self.output;
        span.attributes = self.attributes;
        span.time_to_first_chunk_ms = self.time_to_first_chunk_ms;
        span.finish_reasons = self.finish_reasons;
        span.tool = self.tool;
        span.events = self.events;
        span.links = self.links;
        span.resource = self.resource;
        span.scope = self.scope;
    }
}

impl ReadTransaction {
    async fn detail(
        &mut self,
        workspace_id: Uuid,
        trace_id: &str,
        depth: Depth,
    ) -> Result<Option<TraceDetail>, StoreError> {
        let Some(stored) = self.trace(workspace_id, trace_id).await? else { return Ok(None) };
        let mut payloads = PayloadReader::default();
        let payload: TracePayload = payloads.read(self, stored.payload).await?;
        let mut spans = self.spans(stored.cursor.id).await?;
        let payloads_cut = depth == Depth::Payloads && self.add_payloads(&mut payloads, &mut spans).await?;
        let scores = self.scores(workspace_id, trace_id).await?;
        Ok(Some(TraceDetail {
            trace: stored.trace,
            input: payload.input,
            output: payload.output,
            // The metadata of an assembled trace is the resource of its root span.
            metadata: if payload.metadata.is_empty() { payload.resource } else { payload.metadata },
            spans: spans.into_iter().map(|stored| stored.span).collect(),
            scores,
            cost_basis: stored.cost_basis,
            payloads_cut,
        }))
    }

    async fn span_with_payload(
        &mut self,
        workspace_id: Uuid,
        trace_id: &str,
        span_id: &str,
    ) -> Result<Option<Span>, StoreError> {
        let Some(trace) = self.trace(workspace_id, trace_id).await? else { return Ok(None) };
        let mut select = self.transaction.sql("SELECT ");
        select.push(SPAN_COLUMNS).push(" FROM spans WHERE trace = $1 AND span_id = $2");
        let row: Option<SpanRow> = select.bind(trace.cursor.id).bind(span_id).fetch_optional().await?;
        let Some(StoredSpan { mut span, payload }) = row.map(SpanRow::into_stored).transpose()? else {
            return Ok(None);
        };
        PayloadReader::default().read::<SpanPayload>(self, payload).await?.add_to(&mut span);
        Ok(Some(span))
    }

    /// Reads the payloads of spans in the order in which they are stored. Returns whether some were left out because of
    /// their size.
    async fn add_payloads(
        &mut self,
        payloads: &mut PayloadReader,
        spans: &mut [StoredSpan],
    ) -> Result<bool, StoreError> {
        let mut bytes = 0;
        for (index, payload) in in_storage_order(spans.iter().map(|span| span.payload)) {
            payloads.discard_before(payload.frame);
            if payloads.bytes() > FRAME_BYTES && !payloads.contains(payload.frame) {
                return Ok(true);
            }
            bytes += payloads.line(self, payload).await?.len();
            if bytes > PAYLOAD_BYTES {
                return Ok(true);
            }
            payloads.read::<SpanPayload>(self, payload).await?.add_to(&mut spans[index].span);
        }
        Ok(false)
    }

    /// Returns a trace without its payload.
    pub(super) async fn trace(
        &mut self,
        workspace_id: Uuid,
        trace_id: &str,
    ) -> Result<Option<StoredTrace>, StoreError> {
        let position = find_trace(&mut self.transaction, workspace_id, trace_id).await?;
        let Some(position) = position else { return Ok(None) };
        let mut select = self.transaction.sql("SELECT ");
        select.push(TRACE_COLUMNS);
        select.push(" FROM traces WHERE workspace_id = $1 AND timestamp = $2 AND id = $3");
        let select = select.bind(workspace_id).bind(position.timestamp).bind(position.id);
        let row: Option<TraceRow> = select.fetch_optional().await?;
        row.map(TraceRow::into_stored).transpose()
    }

    /// Returns the spans of a trace without their payloads, sorted by their start and then as they were sent.
    pub(super) async fn spans(&mut self, trace: i64) -> Result<Vec<StoredSpan>, StoreError> {
        let mut select = self.transaction.sql("SELECT ");
        select.push(SPAN_COLUMNS);
        select.push(" FROM spans WHERE trace = $1 ORDER BY timestamp, payload_id, payload_line");
        let mut spans = Vec::new();
        // There may be ten thousand spans, and the rows are larger.
        let push = |row: RowRef<'_>| {
            spans.push(row.read::<SpanRow>()?.into_stored()?);
            Ok(())
        };
        select.bind(trace).for_each_row(push).await?;
        Ok(spans)
    }

    /// Returns the scores of a trace, sorted by name.
    async fn scores(&mut self, workspace_id: Uuid, trace_id: &str) -> Result<Vec<Score>, StoreError> {
        let rows: Vec<ScoreRow> = self
            .transaction
            .sql(
                "SELECT workspace_id, trace_id, name, score, comment, timestamp FROM scores \
                 WHERE workspace_id = $1 AND trace_id = $2 ORDER BY name",
            )
            .bind(workspace_id)
            .bind(trace_id)
            .fetch_all()
            .await?;
        let score = |row: ScoreRow| {
            let NewScore { name, score, comment, timestamp, .. } = row.into_score();
            Score { name, score: column::points(score), comment, timestamp }
        };
        Ok(rows.into_iter().map(score).collect())
    }
}

/// Returns payloads with their indices, in the order in which they are stored: a reader then needs one frame at a time.
pub(super) fn in_storage_order(payloads: impl Iterator<Item = PayloadRef>) -> Vec<(usize, PayloadRef)> {
    let mut order: Vec<_> = payloads.enumerate().collect();
    order.sort_by_key(|(_, payload)| (payload.frame, payload.line));
    order
}
