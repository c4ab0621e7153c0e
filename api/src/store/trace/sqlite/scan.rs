//! Reading everything in the order in which it arrived, a part at a time and each part from a snapshot of its own: a
//! snapshot that is held for long keeps whoever writes from shortening its log.

use std::collections::VecDeque;

use shared::{Timestamp, alert::Alert};
use sqlx::{Row, sqlite::SqliteRow};
use uuid::Uuid;

use super::{SqliteTraces, snapshot::SqliteSnapshot};
use crate::store::trace::{
    StoreError, alert,
    payload::{PayloadReader, Place},
    record::{NewScore, NewSpan, NewTrace},
    row::{self, Columns},
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
    rows: VecDeque<StoredRow>,
    payloads: PayloadReader,
    /// The number of the last row that was read.
    last: i64,
}

/// A trace without its spans and payload, its number, and where the payload stands.
struct StoredRow {
    id: i64,
    trace: NewTrace,
    payload: Place,
}

impl TraceScan {
    /// The next traces; none after the last.
    ///
    /// # Errors
    /// Where the file cannot be read, or holds what this version does not write.
    pub async fn next(&mut self) -> Result<Vec<NewTrace>, StoreError> {
        let mut snapshot = self.traces.snapshot().await?;
        let (mut part, mut bytes) = (Vec::new(), 0);
        while part.len() < TRACES && bytes < BYTES {
            if self.rows.is_empty() {
                self.read_rows(&mut snapshot).await?;
            }
            let Some(row) = self.rows.pop_front() else { break };
            let trace = self.whole(&mut snapshot, row).await?;
            bytes += trace.bytes();
            part.push(trace);
        }
        Ok(part)
    }

    async fn read_rows(&mut self, snapshot: &mut SqliteSnapshot) -> Result<(), StoreError> {
        let rows = sqlx::query(
            "SELECT id, workspace_id, trace_id, agent_id, timestamp, latency, status, model, model_provider, tokens_input, \
             tokens_output, tokens_total, cost, quality_sent, session_id, user_id, tags, error, payload_id, payload_line \
             FROM traces WHERE id > $1 AND timestamp >= $2 ORDER BY id LIMIT $3",
        )
        .bind(self.last)
        .bind(self.since.as_micros())
        .bind(ROWS)
        .fetch_all(&mut *snapshot.0)
        .await?;
        self.rows = rows.iter().map(stored_row).collect::<Result<_, _>>()?;
        self.last = self.rows.back().map_or(self.last, |row| row.id);
        Ok(())
    }

    async fn whole(&mut self, snapshot: &mut SqliteSnapshot, row: StoredRow) -> Result<NewTrace, StoreError> {
        let StoredRow { id, mut trace, payload } = row;
        // Payloads were written in this order: the trace's, then those of its spans as they were sent.
        self.payloads.forget_before(payload.frame);
        self.payloads.line(snapshot, payload).await?.clone_into(&mut trace.payload);
        let spans = sqlx::query(
            "SELECT span_id, parent_span_id, name, kind, timestamp, latency, status, model, tokens_input, tokens_output, \
             cost, error, payload_id, payload_line FROM spans WHERE trace = $1 ORDER BY payload_id, payload_line",
        )
        .bind(id)
        .fetch_all(&mut *snapshot.0)
        .await?;
        for row in &spans {
            let place = Place { frame: row.integer(12)?, line: row.integer(13)? };
            self.payloads.forget_before(place.frame);
            let payload = self.payloads.line(snapshot, place).await?.to_owned();
            trace.spans.push(span(row, payload)?);
        }
        Ok(trace)
    }
}

fn stored_row(row: &SqliteRow) -> Result<StoredRow, StoreError> {
    let trace = NewTrace {
        workspace_id: row.uuid(1)?,
        trace_id: row.text(2)?.to_owned(),
        agent_id: row.text(3)?.to_owned(),
        timestamp: row.moment(4)?,
        latency: row.integer(5)?,
        status: row::status(row.integer(6)?)?,
        model: row.text_or_null(7)?,
        model_provider: row.text_or_null(8)?,
        tokens_input: row.integer_or_null(9)?,
        tokens_output: row.integer_or_null(10)?,
        tokens_total: row.integer_or_null(11)?,
        cost: row.integer_or_null(12)?,
        quality: row.integer_or_null(13)?,
        session_id: row.text_or_null(14)?,
        user_id: row.text_or_null(15)?,
        tags: row.text_or_null(16)?,
        error: row.text_or_null(17)?,
        ..NewTrace::default()
    };
    Ok(StoredRow {
        id: row.integer(0)?,
        trace,
        payload: Place { frame: row.integer(18)?, line: row.integer(19)? },
    })
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
        tokens_input: row.integer_or_null(8)?,
        tokens_output: row.integer_or_null(9)?,
        cost: row.integer_or_null(10)?,
        error: row.text_or_null(11)?,
        payload,
        ..NewSpan::default()
    })
}

impl SqliteTraces {
    /// All traces that started at `since` or later.
    #[must_use]
    pub fn scan(&self, since: Timestamp) -> TraceScan {
        let (rows, payloads) = Default::default();
        TraceScan { traces: self.clone(), since, rows, payloads, last: 0 }
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

    /// Alerts in the order of their ids, after this one.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub async fn alerts_after(&self, after: Option<Uuid>, limit: u32) -> Result<Vec<Alert>, StoreError> {
        let rows = sqlx::query(
            "SELECT id, workspace_id, title, description, severity, created_at, metric_value FROM alerts \
             WHERE id > $1 ORDER BY id LIMIT $2",
        )
        .bind(after.map_or_else(Vec::new, |id| id.as_bytes().to_vec()))
        .bind(limit)
        .fetch_all(&self.reader)
        .await?;
        rows.iter().map(|row| alert::alert(row, row.try_get(6)?)).collect()
    }
}
