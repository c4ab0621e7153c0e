//! Reading everything in the order in which it arrived, a part at a time and each part from a snapshot of its own: a
//! snapshot that is held for long keeps whoever writes from shortening its log.

use std::collections::VecDeque;

use domain::trace::{
    place::Place,
    record::{Assembly, LooseSpan, NewScore, NewSpan, NewTrace},
};
use shared::Timestamp;
use sqlx::sqlite::SqliteRow;
use uuid::Uuid;

use super::{SqliteTraces, snapshot::SqliteSnapshot};
use crate::{
    error::StoreError,
    trace::{
        payload::PayloadReader,
        row::{self, Columns},
        stored::{Record, TraceName, record_columns},
    },
};

/// Traces in one part at most.
const TRACES: usize = 2_000;
/// Bytes after which a part is full, however few traces there are in it.
const BYTES: usize = 8 * 1024 * 1024;
/// Narrow rows that are read at once.
const ROWS: i64 = 500;

/// The traces of a file, as they were sent.
pub struct TraceScan {
    traces: SqliteTraces,
    since: Timestamp,
    rows: VecDeque<Record>,
    payloads: PayloadReader,
    /// The number of the last row that was read.
    last: i64,
    /// The number of the last trace that waits and was read.
    last_waiting: i64,
}

/// Some of them. The traces are to be written before the spans: a trace that was put together of spans keeps its number and
/// whether it is complete by that, and everything else it has of its spans.
#[derive(Debug, Default)]
pub struct Part {
    /// Traces, with the spans that were sent with them.
    pub traces: Vec<NewTrace>,
    /// Spans that came by themselves, those of traces that wait for their outermost span among them.
    pub spans: Vec<LooseSpan>,
}

impl Part {
    /// Whether nothing is left.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.traces.is_empty() && self.spans.is_empty()
    }
}

impl TraceScan {
    /// The next part; an empty one after the last.
    ///
    /// # Errors
    /// Where the file cannot be read, or holds what this version does not write.
    pub async fn next(&mut self) -> Result<Part, StoreError> {
        let mut snapshot = self.traces.snapshot().await?;
        let (mut part, mut bytes) = (Part::default(), 0);
        while part.traces.len() < TRACES && bytes < BYTES {
            if self.rows.is_empty() {
                self.read_rows(&mut snapshot).await?;
            }
            let Some(record) = self.rows.pop_front() else { break };
            bytes += self.whole(&mut snapshot, record, &mut part).await?;
        }
        while part.traces.is_empty() && part.spans.len() < TRACES && bytes < BYTES {
            let Some(more) = self.waiting(&mut snapshot, &mut part).await? else { break };
            bytes += more;
        }
        Ok(part)
    }

    async fn read_rows(&mut self, snapshot: &mut SqliteSnapshot) -> Result<(), StoreError> {
        let rows = sqlx::query(concat!(
            "SELECT ",
            record_columns!(),
            " FROM traces WHERE id > $1 AND timestamp >= $2 ORDER BY id LIMIT $3"
        ))
        .bind(self.last)
        .bind(self.since.as_micros())
        .bind(ROWS)
        .fetch_all(&mut *snapshot.0)
        .await?;
        self.rows = rows.iter().map(Record::read).collect::<Result<_, _>>()?;
        self.last = self.rows.back().map_or(self.last, |record| record.id);
        Ok(())
    }

    /// Reads what belongs to a trace, and answers how many bytes it holds.
    async fn whole(
        &mut self,
        snapshot: &mut SqliteSnapshot,
        record: Record,
        part: &mut Part,
    ) -> Result<usize, StoreError> {
        let mut trace = NewTrace { quality: record.quality_sent, ..record.trace };
        let sent = trace.assembly == Assembly::Sent;
        if sent {
            // Payloads were written in this order: the trace's, then those of its spans as they were sent.
            self.payloads.forget_before(record.payload.frame);
            self.payloads.line(snapshot, record.payload).await?.clone_into(&mut trace.payload);
        } else {
            // Its outermost span's, which comes with that.
            "{}".clone_into(&mut trace.payload);
        }
        let (mut bytes, timestamp) = (0, trace.timestamp);
        let name = (trace.workspace_id, trace.trace_id.clone());
        for span in self.spans(snapshot, record.id, (name.0, &name.1), timestamp).await? {
            if sent && !span.says_something() {
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

    /// Reads the spans of the next trace that waits, and answers how many bytes they hold.
    async fn waiting(
        &mut self,
        snapshot: &mut SqliteSnapshot,
        part: &mut Part,
    ) -> Result<Option<usize>, StoreError> {
        let next: Option<(i64, Uuid, String, i64)> = sqlx::query_as(
            "SELECT id, workspace_id, trace_id, last_seen FROM waiting_traces WHERE id > $1 AND last_seen >= $2 \
             ORDER BY id LIMIT 1",
        )
        .bind(self.last_waiting)
        .bind(self.since.as_micros())
        .fetch_optional(&mut *snapshot.0)
        .await?;
        let Some((id, workspace_id, trace_id, last_seen)) = next else { return Ok(None) };
        self.last_waiting = id;
        let spans =
            self.spans(snapshot, id, (workspace_id, &trace_id), Timestamp::from_micros(last_seen)).await?;
        let bytes = spans.iter().map(LooseSpan::bytes).sum();
        part.spans.extend(spans);
        Ok(Some(bytes))
    }

    /// The spans that stand under a number, in the order of writing.
    async fn spans(
        &mut self,
        snapshot: &mut SqliteSnapshot,
        id: i64,
        (workspace_id, trace_id): TraceName<'_>,
        arrived: Timestamp,
    ) -> Result<Vec<LooseSpan>, StoreError> {
        let rows = sqlx::query(
            "SELECT span_id, parent_span_id, name, kind, timestamp, latency, status, model, tokens_input, tokens_output, \
             cost, error, payload_id, payload_line, model_provider, tokens_cache_read, tokens_cache_write, \
             tokens_reasoning, cost_basis, price, agent_id, service, session_id, user_id, tags \
             FROM spans WHERE trace = $1 ORDER BY payload_id, payload_line",
        )
        .bind(id)
        .fetch_all(&mut *snapshot.0)
        .await?;
        let mut spans = Vec::with_capacity(rows.len());
        for row in &rows {
            let place = Place { frame: row.integer(12)?, line: row.integer(13)? };
            self.payloads.forget_before(place.frame);
            let payload = self.payloads.line(snapshot, place).await?.to_owned();
            spans.push(LooseSpan {
                workspace_id,
                trace_id: trace_id.to_owned(),
                arrived,
                span: span(row, payload)?,
                agent_id: row.text_or_null(20)?,
                service: row.text_or_null(21)?,
                session_id: row.text_or_null(22)?,
                user_id: row.text_or_null(23)?,
                tags: row.text_or_null(24)?,
            });
        }
        Ok(spans)
    }
}

fn span(row: &SqliteRow, payload: String) -> Result<NewSpan, StoreError> {
    Ok(NewSpan {
        span_id: row.text(0)?.to_owned(),
        parent_span_id: row.text_or_null(1)?,
        name: row.text(2)?.to_owned(),
        kind: row::span_kind(row.text(3)?),
        timestamp: row.moment(4)?,
        latency: row.integer(5)?,
        status: row::status(row.integer(6)?)?,
        model: row.text_or_null(7)?,
        model_provider: row.text_or_null(14)?,
        tokens_input: row.integer_or_null(8)?,
        tokens_output: row.integer_or_null(9)?,
        tokens_cache_read: row.integer_or_null(15)?,
        tokens_cache_write: row.integer_or_null(16)?,
        tokens_reasoning: row.integer_or_null(17)?,
        cost: row.integer_or_null(10)?,
        basis: row::basis(row, 18)?,
        error: row.text_or_null(11)?,
        payload,
    })
}

impl SqliteTraces {
    /// All traces that started at `since` or later.
    #[must_use]
    pub fn scan(&self, since: Timestamp) -> TraceScan {
        let (rows, payloads) = Default::default();
        TraceScan { traces: self.clone(), since, rows, payloads, last: 0, last_waiting: 0 }
    }

    /// How many traces [`SqliteTraces::scan`] would read.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub async fn count_since(&self, since: Timestamp) -> Result<u64, StoreError> {
        let count: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM traces WHERE timestamp >= $1")
            .bind(since.as_micros())
            .fetch_one(&self.reader)
            .await?;
        Ok(row::count(count))
    }

    /// Scores, waiting ones too, in the order of their key, after this one.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub async fn scores_after(
        &self,
        after: Option<&NewScore>,
        limit: u32,
    ) -> Result<Vec<NewScore>, StoreError> {
        let first = || (Vec::new(), String::new(), String::new());
        let (workspace_id, trace_id, name) = after.map_or_else(first, |score| {
            (score.workspace_id.as_bytes().to_vec(), score.trace_id.clone(), score.name.clone())
        });
        let rows = sqlx::query(
            "SELECT workspace_id, trace_id, name, score, comment, timestamp FROM scores \
             WHERE (workspace_id, trace_id, name) > ($1, $2, $3) ORDER BY workspace_id, trace_id, name LIMIT $4",
        )
        .bind(workspace_id)
        .bind(trace_id)
        .bind(name)
        .bind(limit)
        .fetch_all(&self.reader)
        .await?;
        let score = |row: &SqliteRow| {
            Ok(NewScore {
                workspace_id: row.uuid(0)?,
                trace_id: row.text(1)?.to_owned(),
                name: row.text(2)?.to_owned(),
                score: row.integer(3)?,
                comment: row.text_or_null(4)?,
                timestamp: row.moment(5)?,
            })
        };
        rows.iter().map(score).collect()
    }
}
