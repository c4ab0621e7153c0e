//! Rows of traces, spans and sums, and the columns to select for them.

use domain::{
    rollup::sums::Sums,
    trace::{
        cursor::Cursor,
        payload::PayloadRef,
        record::{Assembly, NewScore, NewSpan, NewTrace},
    },
};
use shared::{cost::CostBasis, span::Span, trace::Trace};
use uuid::Uuid;

use super::column::{Kind, assembly, assembly_number, basis, cost_basis, dollars, millis, points, status};
use crate::{
    database::{count, timestamp::SqlTimestamp},
    error::StoreError,
};

/// The columns of [`TraceRow`].
pub(crate) const TRACE_COLUMNS: &str = "id, workspace_id, trace_id, agent_id, timestamp, latency, status, model, \
     model_provider, tokens_input, tokens_output, tokens_total, cost, cost_basis, price, unpriced, quality_sent, quality, \
     session_id, user_id, tags, error, payload_id, payload_line, name, assembly";

/// The columns of [`SpanRow`].
pub(crate) const SPAN_COLUMNS: &str = "span_id, parent_span_id, name, kind, timestamp, latency, status, model, \
     model_provider, tokens_input, tokens_output, tokens_cache_read, tokens_cache_write, tokens_reasoning, cost, \
     cost_basis, price, error, payload_id, payload_line";

/// A row of `traces`.
#[derive(sqlx::FromRow)]
pub(crate) struct TraceRow {
    id: i64,
    workspace_id: Uuid,
    trace_id: String,
    agent_id: String,
    timestamp: SqlTimestamp,
    latency: i64,
    status: i16,
    model: Option<String>,
    model_provider: Option<String>,
    tokens_input: Option<i64>,
    tokens_output: Option<i64>,
    tokens_total: Option<i64>,
    cost: Option<i64>,
    cost_basis: Option<i16>,
    price: Option<String>,
    unpriced: Option<i32>,
    quality_sent: Option<i64>,
    quality: Option<i64>,
    session_id: Option<String>,
    user_id: Option<String>,
    tags: Option<String>,
    error: Option<String>,
    payload_id: i64,
    payload_line: i32,
    name: Option<String>,
    assembly: Option<i16>,
}

/// A stored trace for display, without its payload and its spans.
pub(crate) struct StoredTrace {
    pub(crate) trace: Trace,
    /// The position of the trace in lists. It has the number of the trace.
    pub(crate) cursor: Cursor,
    pub(crate) payload: PayloadRef,
    pub(crate) cost_basis: Option<CostBasis>,
}

/// A stored trace for writing, without its payload and its spans.
#[derive(Clone, Debug)]
pub(crate) struct TraceRecord {
    /// The number of the trace, in order of arrival.
    pub(crate) id: i64,
    /// The columns of the row. `quality` is the mean of all scores.
    pub(crate) trace: NewTrace,
    /// The quality that was sent with the trace, in millionths of a point.
    pub(crate) quality_sent: Option<i64>,
    pub(crate) payload: PayloadRef,
}

impl TraceRow {
    /// Returns the position of the trace in lists.
    pub(crate) fn cursor(&self) -> Cursor {
        Cursor { timestamp: self.timestamp.0, id: self.id }
    }

    /// Converts the row for display.
    pub(crate) fn into_stored(mut self) -> Result<StoredTrace, StoreError> {
        Ok(StoredTrace {
            cursor: self.cursor(),
            payload: PayloadRef { frame: self.payload_id, line: self.payload_line.into() },
            cost_basis: cost_basis(self.cost_basis, self.price.take())?,
            trace: self.into_trace()?,
        })
    }

    /// Converts the row for display in a list.
    pub(crate) fn into_trace(self) -> Result<Trace, StoreError> {
        let tags = self.tags.map(|tags| serde_json::from_str(&tags)).transpose();
        Ok(Trace {
            trace_id: self.trace_id,
            workspace_id: self.workspace_id,
            agent_id: self.agent_id,
            timestamp: self.timestamp.0,
            latency_ms: millis(self.latency),
            status: status(self.status)?,
            model: self.model,
            model_provider: self.model_provider,
            tokens_input: self.tokens_input.map(count),
            tokens_output: self.tokens_output.map(count),
            tokens_total: self.tokens_total.map(count),
            cost_usd: self.cost.map(dollars),
            quality_score: self.quality.map(points),
            session_id: self.session_id,
            user_id: self.user_id,
            tags: tags.map_err(|error| StoreError::corrupt(format!("tags: {error}")))?.unwrap_or_default(),
            error: self.error,
            name: self.name,
            incomplete: self.assembly == assembly_number(Assembly::Incomplete),
            unpriced: self.unpriced.and_then(|count| u32::try_from(count).ok()).unwrap_or(0),
        })
    }

    /// Converts the row for writing.
    pub(crate) fn into_record(self) -> Result<TraceRecord, StoreError> {
        Ok(TraceRecord {
            id: self.id,
            quality_sent: self.quality_sent,
            payload: PayloadRef { frame: self.payload_id, line: self.payload_line.into() },
            trace: NewTrace {
                workspace_id: self.workspace_id,
                trace_id: self.trace_id,
                agent_id: self.agent_id,
                timestamp: self.timestamp.0,
                latency: self.latency,
                status: status(self.status)?,
                model: self.model,
                model_provider: self.model_provider,
                tokens_input: self.tokens_input,
                tokens_output: self.tokens_output,
                tokens_total: self.tokens_total,
                cost: self.cost,
                basis: basis(self.cost_basis, self.price)?,
                unpriced: self.unpriced.map_or(0, i64::from),
                quality: self.quality,
                session_id: self.session_id,
                user_id: self.user_id,
                tags: self.tags,
                error: self.error,
                name: self.name,
                assembly: assembly(self.assembly)?,
                ..NewTrace::default()
            },
        })
    }
}

/// A row of `spans`, without the trace attributes.
#[derive(sqlx::FromRow)]
pub(crate) struct SpanRow {
    span_id: String,
    parent_span_id: Option<String>,
    name: String,
    kind: Kind,
    timestamp: SqlTimestamp,
    latency: i64,
    status: i16,
    model: Option<String>,
    model_provider: Option<String>,
    tokens_input: Option<i64>,
    tokens_output: Option<i64>,
    tokens_cache_read: Option<i64>,
    tokens_cache_write: Option<i64>,
    tokens_reasoning: Option<i64>,
    cost: Option<i64>,
    cost_basis: Option<i16>,
    price: Option<String>,
    error: Option<String>,
    payload_id: i64,
    payload_line: i32,
}

/// A stored span for display, without the fields of its payload.
pub(crate) struct StoredSpan {
    pub(crate) span: Span,
    pub(crate) payload: PayloadRef,
}

impl SpanRow {
    pub(crate) fn payload(&self) -> PayloadRef {
        PayloadRef { frame: self.payload_id, line: self.payload_line.into() }
    }

    /// Converts the row for display.
    pub(crate) fn into_stored(self) -> Result<StoredSpan, StoreError> {
        Ok(StoredSpan {
            payload: self.payload(),
            span: Span {
                span_id: self.span_id,
                parent_span_id: self.parent_span_id,
                name: self.name,
                kind: self.kind.0,
                timestamp: self.timestamp.0,
                latency_ms: millis(self.latency),
                status: status(self.status)?,
                model: self.model,
                model_provider: self.model_provider,
                tokens_input: self.tokens_input.map(count),
                tokens_output: self.tokens_output.map(count),
                tokens_cache_read: self.tokens_cache_read.map(count),
                tokens_cache_write: self.tokens_cache_write.map(count),
                tokens_reasoning: self.tokens_reasoning.map(count),
                cost_usd: self.cost.map(dollars),
                cost_basis: cost_basis(self.cost_basis, self.price)?,
                error: self.error,
                ..Span::default()
            },
        })
    }

    /// Converts the row and its payload for writing.
    pub(crate) fn into_span(self, payload: String) -> Result<NewSpan, StoreError> {
        Ok(NewSpan {
            span_id: self.span_id,
            parent_span_id: self.parent_span_id,
            name: self.name,
            kind: self.kind.0,
            timestamp: self.timestamp.0,
            latency: self.latency,
            status: status(self.status)?,
            model: self.model,
            model_provider: self.model_provider,
            tokens_input: self.tokens_input,
            tokens_output: self.tokens_output,
            tokens_cache_read: self.tokens_cache_read,
            tokens_cache_write: self.tokens_cache_write,
            tokens_reasoning: self.tokens_reasoning,
            cost: self.cost,
            basis: basis(self.cost_basis, self.price)?,
            error: self.error,
            payload,
        })
    }
}

/// A row of `scores`.
#[derive(sqlx::FromRow)]
pub(crate) struct ScoreRow {
    workspace_id: Uuid,
    trace_id: String,
    name: String,
    score: i64,
    comment: Option<String>,
    timestamp: SqlTimestamp,
}

impl ScoreRow {
    /// Converts the row for writing.
    pub(crate) fn into_score(self) -> NewScore {
        let Self { workspace_id, trace_id, name, score, comment, timestamp } = self;
        NewScore { workspace_id, trace_id, name, score, comment, timestamp: timestamp.0 }
    }
}

/// Sums over traces, in a row of a rollup or as aggregates.
#[derive(Clone, Copy, sqlx::FromRow)]
pub(crate) struct SumsRow {
    requests: i64,
    errors: i64,
    timeouts: i64,
    latency: i64,
    tokens: i64,
    cost: i64,
    scored: i64,
    quality: i64,
}

impl From<SumsRow> for Sums {
    fn from(row: SumsRow) -> Self {
        let SumsRow { requests, errors, timeouts, latency, tokens, cost, scored, quality } = row;
        Self { requests, errors, timeouts, latency, tokens, cost, scored, quality }
    }
}
