//! Sessions (conversations) and end users: their totals and their traces. Rollups do not contain them: the traces of one are
//! read through an index, and a list reads all traces of its window.

use domain::{rollup::sums::Sums, trace::cursor::Cursor};
use serde::Deserialize;
use serde_json::{Value, value::RawValue};
use shared::{
    limit,
    page::ItemList,
    session::{SessionDetail, SessionSummary, SessionTotals, SessionTrace},
    time_range::Window,
};
use tracing::instrument;
use uuid::Uuid;

use super::{detail::in_storage_order, payload::PayloadReader};
use crate::{
    database::{count, in_read, timestamp::SqlTimestamp},
    error::StoreError,
    trace::{
        TraceStore,
        row::{StoredTrace, SumsRow, TRACE_COLUMNS, TraceRow},
        transaction::ReadTransaction,
    },
};

/// What a group of traces has in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionKind {
    /// A session (conversation). Its traces are sorted oldest first.
    Session,
    /// An end user. Its traces are sorted newest first.
    EndUser,
}

impl SessionKind {
    /// Returns the column of the id, which is also the name in cache keys.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Session => "session_id",
            Self::EndUser => "user_id",
        }
    }
}

/// A request for a session or end user with a page of its traces.
#[derive(Clone, Debug)]
pub struct SessionRequest {
    /// The workspace.
    pub workspace_id: Uuid,
    /// The kind of the id.
    pub kind: SessionKind,
    /// The id of the session or end user.
    pub id: String,
    /// The maximum number of traces.
    pub limit: u32,
    /// The trace after which the page starts.
    pub after: Option<Cursor>,
}

/// A request for the sessions or end users of a window.
#[derive(Clone, Copy, Debug)]
pub struct SessionListRequest {
    /// The workspace.
    pub workspace_id: Uuid,
    /// The kind to list.
    pub kind: SessionKind,
    /// The window in which traces start. Other traces do not count in the totals.
    pub window: Window,
    /// The maximum number of sessions or end users.
    pub limit: u32,
}

impl TraceStore {
    /// Returns a session or end user with a page of its traces, or `None` if it has no traces.
    ///
    /// # Errors
    /// Returns an error if the database is not available or a payload cannot be read.
    #[instrument(level = "debug", skip_all, fields(db.system.name = self.system(), db.operation.name = "SELECT"))]
    pub async fn session(&self, request: &SessionRequest) -> Result<Option<SessionDetail>, StoreError> {
        in_read!(self, transaction => transaction.session(request))
    }

    /// Returns the sessions or end users of a window, latest activity first, and their number.
    ///
    /// # Errors
    /// Returns an error if the database is not available.
    #[instrument(level = "debug", skip_all, fields(db.system.name = self.system(), db.operation.name = "SELECT"))]
    pub async fn sessions(
        &self,
        request: &SessionListRequest,
    ) -> Result<ItemList<SessionSummary>, StoreError> {
        in_read!(self, transaction => transaction.sessions(request))
    }
}

/// The totals of a session or end user.
#[derive(sqlx::FromRow)]
struct SessionRow {
    name: String,
    #[sqlx(flatten)]
    sums: SumsRow,
    unpriced: i64,
    first_start: SqlTimestamp,
    last_start: SqlTimestamp,
}

#[derive(sqlx::FromRow)]
struct SessionListRow {
    #[sqlx(flatten)]
    session: SessionRow,
    total: i64,
}

impl SessionRow {
    fn totals(&self) -> SessionTotals {
        let sums = Sums::from(self.sums);
        SessionTotals {
            traces: count(sums.requests),
            errors: count(sums.errors + sums.timeouts),
            tokens: count(sums.tokens),
            cost_usd: sums.cost_usd(),
            unpriced: count(self.unpriced),
            avg_latency_ms: sums.avg_latency_ms(),
            avg_quality_score: sums.avg_quality(),
            first: Some(self.first_start.0),
            last: Some(self.last_start.0),
        }
    }
}

/// The part of a trace's payload that a session shows.
#[derive(Deserialize)]
struct Messages<'a> {
    #[serde(borrow)]
    input: Option<&'a RawValue>,
    #[serde(borrow)]
    output: Option<&'a RawValue>,
}

/// A sum that is limited to the range of BIGINT on engines with larger sums.
macro_rules! sum {
    ($of:literal) => {
        concat!(
            "CASE WHEN SUM(",
            $of,
            ") > 9223372036854775807 THEN 9223372036854775807 ELSE CAST(SUM(",
            $of,
            ") AS BIGINT) END"
        )
    };
}

/// The columns of [`SessionRow`] after the first.
const SESSION_COLUMNS: &str = concat!(
    " AS name, COUNT(*) AS requests, COUNT(*) FILTER (WHERE status = 1) AS errors, \
     COUNT(*) FILTER (WHERE status = 2) AS timeouts, ",
    sum!("latency"),
    " AS latency, ",
    sum!("COALESCE(tokens_total, 0)"),
    " AS tokens, ",
    sum!("COALESCE(cost, 0)"),
    " AS cost, COUNT(quality) AS scored, ",
    sum!("COALESCE(quality, 0)"),
    " AS quality, ",
    sum!("COALESCE(unpriced, 0)"),
    " AS unpriced, MIN(timestamp) AS first_start, MAX(timestamp) AS last_start"
);

impl ReadTransaction {
    async fn session(&mut self, request: &SessionRequest) -> Result<Option<SessionDetail>, StoreError> {
        let column = request.kind.as_str();
        let mut select = self.transaction.sql("SELECT ");
        select.push(column).push(SESSION_COLUMNS).push(" FROM traces WHERE workspace_id = ");
        select.push_bind(request.workspace_id);
        select.push(" AND ").push(column).push(" = ").push_bind(request.id.as_str());
        select.push(" GROUP BY ").push(column);
        let Some(totals) = select.fetch_optional::<SessionRow>().await? else { return Ok(None) };
        let mut rows = self.session_rows(request).await?;
        let limit = request.limit as usize;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next_cursor = rows.last().filter(|_| more).map(|last| last.cursor.encode());
        let items = self.with_messages(rows).await?;
        Ok(Some(SessionDetail { id: request.id.clone(), totals: totals.totals(), items, next_cursor }))
    }

    async fn sessions(
        &mut self,
        request: &SessionListRequest,
    ) -> Result<ItemList<SessionSummary>, StoreError> {
        let column = request.kind.as_str();
        let mut select = self.transaction.sql("SELECT ");
        select.push(column).push(SESSION_COLUMNS);
        select.push(", COUNT(*) OVER () AS total FROM traces WHERE workspace_id = ");
        select.push_bind(request.workspace_id);
        select.push(" AND timestamp >= ").push_bind(SqlTimestamp(request.window.start));
        select.push(" AND timestamp < ").push_bind(SqlTimestamp(request.window.end));
        // This is an expression, so that SQLite does not use the index by session or end user: rows are read
        // sequentially in the order of time and then grouped. Through the index each row would be a random read, and
        // those outside the window too.
        select.push(" AND ").push(column).push(" || '' IS NOT NULL GROUP BY ").push(column);
        select.push(" ORDER BY MAX(timestamp) DESC, ").push(column).push(" LIMIT ");
        select.push_bind(i64::from(request.limit));
        let rows: Vec<SessionListRow> = select.fetch_all().await?;
        let total = rows.first().map_or(0, |row| count(row.total));
        let summary =
            |row: SessionListRow| SessionSummary { totals: row.session.totals(), id: row.session.name };
        Ok(ItemList { items: rows.into_iter().map(summary).collect(), total })
    }

    /// Returns a page of the traces of a session or end user, and one more if there is another page.
    async fn session_rows(&mut self, request: &SessionRequest) -> Result<Vec<StoredTrace>, StoreError> {
        let (beyond, order) = match request.kind {
            SessionKind::Session => (" > ", ""),
            SessionKind::EndUser => (" < ", " DESC"),
        };
        let mut select = self.transaction.sql("SELECT ");
        select.push(TRACE_COLUMNS).push(" FROM traces WHERE workspace_id = ").push_bind(request.workspace_id);
        select.push(" AND ").push(request.kind.as_str()).push(" = ").push_bind(request.id.as_str());
        if let Some(cursor) = request.after {
            // This is not a row comparison, for the same reason as in lists. The first condition can use an index.
            let timestamp = SqlTimestamp(cursor.timestamp);
            select.push(" AND timestamp").push(beyond.trim_end()).push("= ").push_bind(timestamp);
            select.push(" AND (timestamp").push(beyond).push_bind(timestamp);
            select.push(" OR id").push(beyond).push_bind(cursor.id).push(")");
        }
        select.push(" ORDER BY timestamp").push(order).push(", id").push(order).push(" LIMIT ");
        select.push_bind(i64::from(request.limit) + 1);
        let rows: Vec<TraceRow> = select.fetch_all().await?;
        rows.into_iter().map(TraceRow::into_stored).collect()
    }

    /// Adds the inputs and outputs of traces. Reads them in storage order, so that one frame at a time is in memory.
    async fn with_messages(&mut self, rows: Vec<StoredTrace>) -> Result<Vec<SessionTrace>, StoreError> {
        let order = in_storage_order(rows.iter().map(|row| row.payload));
        let mut items: Vec<_> = rows
            .into_iter()
            .map(|row| SessionTrace {
                trace: row.trace,
                input: None,
                input_truncated: false,
                output: None,
                output_truncated: false,
            })
            .collect();
        let mut payloads = PayloadReader::default();
        for (index, payload) in order {
            payloads.discard_before(payload.frame);
            let messages: Messages<'_> = parse(payloads.line(self, payload).await?)?;
            let item = &mut items[index];
            (item.input, item.input_truncated) = excerpt(messages.input)?;
            (item.output, item.output_truncated) = excerpt(messages.output)?;
        }
        Ok(items)
    }
}

/// Returns a value and whether it was truncated. A value that is too large becomes the beginning of its text.
fn excerpt(value: Option<&RawValue>) -> Result<(Option<Value>, bool), StoreError> {
    let Some(value) = value.map(RawValue::get) else { return Ok((None, false)) };
    if value.len() <= limit::EXCERPT_BYTES {
        return Ok((Some(parse(value)?), false));
    }
    let decoded: String;
    let text = if value.starts_with('"') {
        decoded = parse(value)?;
        &decoded
    } else {
        value
    };
    let end = text.floor_char_boundary(limit::EXCERPT_BYTES);
    Ok((Some(Value::from(&text[..end])), true))
}

fn parse<'a, T: Deserialize<'a>>(json: &'a str) -> Result<T, StoreError> {
    serde_json::from_str(json).map_err(|error| StoreError::corrupt(format!("payload: {error}")))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(value: &Value) -> (Option<Value>, bool) {
        let raw = serde_json::value::to_raw_value(value).unwrap();
        excerpt(Some(&raw)).unwrap()
    }

    #[test]
    fn excerpts_truncate_large_values_to_the_beginning_of_their_text() {
        let just = json!("x".repeat(limit::EXCERPT_BYTES - 2));
        assert_eq!(of(&just), (Some(just), false));
        assert_eq!(of(&json!({"a": [1, 2.5]})), (Some(json!({"a": [1, 2.5]})), false));
        assert_eq!(excerpt(None).unwrap(), (None, false));
        let text = format!("\"\n{}", "ü".repeat(limit::EXCERPT_BYTES));
        let (shown, truncated) = of(&json!(text));
        let shown = shown.unwrap();
        let shown = shown.as_str().unwrap();
        assert!(truncated && text.starts_with(shown), "{shown}");
        assert!((limit::EXCERPT_BYTES - 3..=limit::EXCERPT_BYTES).contains(&shown.len()), "{}", shown.len());
        let (shown, truncated) = of(&json!({"messages": ["x".repeat(limit::EXCERPT_BYTES)]}));
        assert!(truncated && shown.unwrap().as_str().unwrap().starts_with(r#"{"messages":["xxx"#));
    }
}
