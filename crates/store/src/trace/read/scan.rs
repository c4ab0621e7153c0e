//! Reads a whole database in the order of arrival, for transfers. Each part is read in a transaction of its own: a long read
//! transaction would keep SQLite from truncating its log. Meant for SQLite: PostgreSQL has no index by order of arrival.

use std::collections::VecDeque;

use domain::trace::record::{Assembly, IncomingSpan, NewScore, NewTrace};
use shared::Timestamp;
use uuid::Uuid;

use super::payload::PayloadReader;
use crate::{
    database::{self, timestamp::SqlTimestamp},
    error::StoreError,
    trace::{
        TraceStore,
        row::{SPAN_COLUMNS, ScoreRow, SpanRow, TRACE_COLUMNS, TraceRecord, TraceRow},
        transaction::ReadTransaction,
    },
};

/// The maximum number of traces in a part.
const PART_TRACES: usize = 2_000;
/// The size at which a part is full, however few traces it has.
const PART_BYTES: usize = 8 * 1024 * 1024;
/// The number of rows of traces that are read at once.
const QUERY_ROWS: i64 = 500;

/// A scan of all traces, as they were sent.
pub struct TraceScan {
    traces: TraceStore,
    since: Timestamp,
    rows: VecDeque<TraceRecord>,
    payloads: PayloadReader,
    /// The number of the last trace that was read.
    last: i64,
    /// The number of the last pending trace that was read.
    last_pending: i64,
}

/// A part of a scan. Write the traces before the spans: assembled traces then keep their number and whether they are
/// complete, and get everything else from their spans.
#[derive(Debug, Default)]
pub struct ScanPart {
    /// Traces with the spans that were sent with them.
    pub traces: Vec<NewTrace>,
    /// Incoming spans, including those of pending traces.
    pub spans: Vec<IncomingSpan>,
}

impl ScanPart {
    /// Returns whether the scan is finished.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.traces.is_empty() && self.spans.is_empty()
    }
}

impl TraceStore {
    /// Scans all traces that start at `since` or later.
    #[must_use]
    pub fn scan(&self, since: Timestamp) -> TraceScan {
        let (rows, payloads) = Default::default();
        TraceScan { traces: self.clone(), since, rows, payloads, last: 0, last_pending: 0 }
    }

    /// Returns the number of traces that [`TraceStore::scan`] reads.
    ///
    /// # Errors
    /// Returns an error if the database is not available.
    pub async fn count_since(&self, since: Timestamp) -> Result<u64, StoreError> {
        let count = self.database.sql("SELECT COUNT(*) FROM traces WHERE timestamp >= $1");
        Ok(database::count(count.bind(SqlTimestamp(since)).fetch_scalar().await?))
    }

    /// Returns scores, including those of unknown traces, sorted by their key, after a score.
    ///
    /// # Errors
    /// Returns an error if the database is not available.
    pub async fn scores_after(
        &self,
        after: Option<&NewScore>,
        limit: u32,
    ) -> Result<Vec<NewScore>, StoreError> {
        let (workspace_id, trace_id, name) = after.map_or((Uuid::nil(), "", ""), |score| {
            (score.workspace_id, score.trace_id.as_str(), score.name.as_str())
        });
        let rows: Vec<ScoreRow> = self
            .database
            .sql(
                "SELECT workspace_id, trace_id, name, score, comment, timestamp FROM scores \
                 WHERE (workspace_id, trace_id, name) > ($1, $2, $3) ORDER BY workspace_id, trace_id, name LIMIT $4",
            )
            .bind(workspace_id)
            .bind(trace_id)
            .bind(name)
            .bind(i64::from(limit))
            .fetch_all()
            .await?;
        Ok(rows.into_iter().map(ScoreRow::into_score).collect())
    }
}

#[derive(sqlx::FromRow)]
struct PendingRow {
    id: i64,
    workspace_id: Uuid,
    trace_id: String,
    last_seen: SqlTimestamp,
}

/// A span with its trace attributes.
#[derive(sqlx::FromRow)]
struct IncomingRow {
    #[sqlx(flatten)]
    span: SpanRow,
    agent_id: Option<String>,
    service: Option<String>,
    session_id: Option<String>,
    user_id: Option<String>,
    tags: Option<String>,
}

impl TraceScan {
    /// Returns the next part, which is empty at the end of the scan.
    ///
    /// # Errors
    /// Returns an error if the database is not available or a value cannot be read.
    pub async fn next(&mut self) -> Result<ScanPart, StoreError> {
        let mut transaction = self.traces.read().await?;
        let (mut part, mut bytes) = (ScanPart::default(), 0);
        while part.traces.len() < PART_TRACES && bytes < PART_BYTES {
            if self.rows.is_empty() {
                self.read_rows(&mut transaction).await?;
            }
            let Some(record) = self.rows.pop_front() else { break };
            bytes += self.add_trace(&mut transaction, record, &mut part).await?;
        }
        while part.traces.is_empty() && part.spans.len() < PART_TRACES && bytes < PART_BYTES {
            let Some(more) = self.add_pending(&mut transaction, &mut part).await? else { break };
            bytes += more;
        }
        Ok(part)
    }

    async fn read_rows(&mut self, transaction: &mut ReadTransaction) -> Result<(), StoreError> {
        let mut select = transaction.transaction.sql("SELECT ");
        select
            .push(TRACE_COLUMNS)
            .push(" FROM traces WHERE id > $1 AND timestamp >= $2 ORDER BY id LIMIT $3");
        let rows: Vec<TraceRow> =
            select.bind(self.last).bind(SqlTimestamp(self.since)).bind(QUERY_ROWS).fetch_all().await?;
        self.rows = rows.into_iter().map(TraceRow::into_record).collect::<Result<_, _>>()?;
        self.last = self.rows.back().map_or(self.last, |record| record.id);
        Ok(())
    }

    /// Adds a trace and its spans to a part, and returns their size.
    async fn add_trace(
        &mut self,
        transaction: &mut ReadTransaction,
        record: TraceRecord,
        part: &mut ScanPart,
    ) -> Result<usize, StoreError> {
        let mut trace = NewTrace { quality: record.quality_sent, ..record.trace };
        let sent = trace.assembly == Assembly::Sent;
        if sent {
            // Payloads are stored in this order: that of the trace, then those of its spans as they were sent.
            self.payloads.discard_before(record.payload.frame);
            self.payloads.line(transaction, record.payload).await?.clone_into(&mut trace.payload);
        } else {
            // The payload of an assembled trace is that of its root span.
            "{}".clone_into(&mut trace.payload);
        }
        let (mut bytes, timestamp) = (0, trace.timestamp);
        for span in self.spans(transaction, record.id, trace.workspace_id, &trace.trace_id, timestamp).await?
        {
            if sent && !span.has_trace_attributes() {
                trace.spans.push(span.span);
            } else {
                bytes += span.bytes();
                part.spans.push(span);
            }
        }
        bytes += trace.bytes();
        part.traces.push(trace);
        Ok(bytes)
    }

    /// Adds the spans of the next pending trace to a part, and returns their size.
    async fn add_pending(
        &mut self,
        transaction: &mut ReadTransaction,
        part: &mut ScanPart,
    ) -> Result<Option<usize>, StoreError> {
        let next: Option<PendingRow> = transaction
            .transaction
            .sql(
                "SELECT id, workspace_id, trace_id, last_seen FROM waiting_traces WHERE id > $1 AND last_seen >= $2 \
                 ORDER BY id LIMIT 1",
            )
            .bind(self.last_pending)
            .bind(SqlTimestamp(self.since))
            .fetch_optional()
            .await?;
        let Some(PendingRow { id, workspace_id, trace_id, last_seen }) = next else { return Ok(None) };
        self.last_pending = id;
        let spans = self.spans(transaction, id, workspace_id, &trace_id, last_seen.0).await?;
        let bytes = spans.iter().map(IncomingSpan::bytes).sum();
        part.spans.extend(spans);
        Ok(Some(bytes))
    }

    /// Returns the spans of a trace in storage order.
    async fn spans(
        &mut self,
        transaction: &mut ReadTransaction,
        id: i64,
        workspace_id: Uuid,
        trace_id: &str,
        arrived: Timestamp,
    ) -> Result<Vec<IncomingSpan>, StoreError> {
        let mut select = transaction.transaction.sql("SELECT ");
        select.push(SPAN_COLUMNS).push(", agent_id, service, session_id, user_id, tags");
        select.push(" FROM spans WHERE trace = $1 ORDER BY payload_id, payload_line");
        let rows: Vec<IncomingRow> = select.bind(id).fetch_all().await?;
        let mut spans = Vec::with_capacity(rows.len());
        for row in rows {
            let payload = row.span.payload();
            self.payloads.discard_before(payload.frame);
            let payload = self.payloads.line(transaction, payload).await?.to_owned();
            spans.push(IncomingSpan {
                workspace_id,
                trace_id: trace_id.to_owned(),
                arrived,
                span: row.span.into_span(payload)?,
                agent_id: row.agent_id,
                service: row.service,
                session_id: row.session_id,
                user_id: row.user_id,
                tags: row.tags,
            });
        }
        Ok(spans)
    }
}
