//! Lists of traces. Every page costs about the same, whether all traces match or one in a million: the rollups show where
//! matches are, and only rows that may be shown are read.

use std::time::Duration;

use domain::{
    rollup::plan::{Segment, Source},
    trace::cursor::Cursor,
};
use shared::{page::ItemList, time_range::Window, trace::Trace};
use tracing::instrument;
use uuid::Uuid;

use super::list::{ListPage, ListRequest, Part, Start, TraceFilter};
use crate::{
    database::{Statement, in_read, timestamp::SqlTimestamp},
    error::StoreError,
    trace::{
        TraceStore, column,
        row::{TRACE_COLUMNS, TraceRow},
        transaction::ReadTransaction,
    },
};

/// Windows with at most this number of traces are read row by row, which is faster than a search in the rollups.
const MAX_SCANNED_TRACES: i64 = 1000;

impl TraceStore {
    /// Returns a page of traces, newest first.
    ///
    /// # Errors
    /// Returns an error if the database is not available.
    #[instrument(level = "debug", skip_all, fields(db.system.name = self.system(), db.operation.name = "SELECT"))]
    pub async fn list(&self, request: &ListRequest) -> Result<ListPage, StoreError> {
        in_read!(self, transaction => transaction.list(request))
    }

    /// Returns the newest traces of a window, and the number of traces in the window.
    ///
    /// # Errors
    /// Returns an error if the database is not available.
    pub async fn recent(
        &self,
        workspace_id: Uuid,
        window: Window,
        limit: u32,
    ) -> Result<ItemList<Trace>, StoreError> {
        let page = self.list(&ListRequest::first(workspace_id, window, limit)).await?;
        Ok(ItemList { items: page.items, total: page.total })
    }
}

impl ReadTransaction {
    async fn list(&mut self, request: &ListRequest) -> Result<ListPage, StoreError> {
        let total = self.count(request).await?;
        let limit = request.limit as usize;
        let mut page = Part { window: request.window, after: None, offset: 0, limit: limit + 1 };
        match request.from {
            Start::Offset(offset) if offset >= total => {
                return Ok(ListPage { items: Vec::new(), total, next: None });
            }
            Start::Offset(offset) => (page.window.end, page.offset) = self.skip(request, offset).await?,
            Start::After(cursor) => {
                page.window.end = page.window.end.min(cursor.timestamp + Duration::from_micros(1));
                page.after = Some(cursor);
            }
        }
        let filter = &request.filter;
        // Agents, sessions and end users have an index, so every row that is read matches.
        let every_row_matches = filter.model.is_none() && filter.status.is_none();
        let by_row = every_row_matches || filter.is_by_row() || self.has_few(request, page.window).await?;
        let mut rows =
            if by_row { self.rows(request, page).await? } else { self.search_rows(request, page).await? };

        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(|&(_, cursor)| cursor);
        Ok(ListPage { items: rows.into_iter().map(|(trace, _)| trace).collect(), total, next })
    }

    async fn has_few(&mut self, request: &ListRequest, window: Window) -> Result<bool, StoreError> {
        let sums = self.sums(request.workspace_id, &[window]).await?;
        Ok(sums.iter().all(|sums| sums.requests <= MAX_SCANNED_TRACES))
    }

    /// Reads a part with few matches: only the minutes (or hours, if filtered by name) that have any.
    async fn search_rows(
        &mut self,
        request: &ListRequest,
        part: Part,
    ) -> Result<Vec<(Trace, Cursor)>, StoreError> {
        // Sorted by time: the newest is at the end.
        let mut segments = self.cut(request, part.window).await?;
        let mut rows = Vec::new();
        while rows.len() < part.limit
            && let Some(segment) = segments.pop()
        {
            let Segment { source: Source::Raw, start, end } = segment else {
                segments.extend(self.matching(request, segment).await?);
                continue;
            };
            // The traces to skip are in the first segment with a match.
            let offset = if rows.is_empty() { part.offset } else { 0 };
            let limit = part.limit - rows.len();
            let part = Part { window: Window { start, end }, offset, limit, ..part };
            rows.extend(self.rows(request, part).await?);
        }
        Ok(rows)
    }

    /// Reads a part of the matching traces row by row.
    async fn rows(&mut self, request: &ListRequest, part: Part) -> Result<Vec<(Trace, Cursor)>, StoreError> {
        let mut select = self.transaction.sql("SELECT ");
        select.push(TRACE_COLUMNS).push(" FROM traces WHERE workspace_id = ").push_bind(request.workspace_id);
        select.push(" AND timestamp >= ").push_bind(SqlTimestamp(part.window.start));
        select.push(" AND timestamp < ").push_bind(SqlTimestamp(part.window.end));
        if let Some(cursor) = part.after {
            // This is not a row comparison, since SQLite would choose its index for that and read the traces of all
            // other agents.
            select.push(" AND (timestamp < ").push_bind(SqlTimestamp(cursor.timestamp));
            select.push(" OR id < ").push_bind(cursor.id).push(")");
        }
        push_filter(&mut select, &request.filter);
        select.push(" ORDER BY timestamp DESC, id DESC LIMIT ");
        select.push_bind(i64::try_from(part.limit).unwrap_or(i64::MAX));
        select.push(" OFFSET ").push_bind(i64::try_from(part.offset).unwrap_or(i64::MAX));
        let rows: Vec<TraceRow> = select.fetch_all().await?;
        let listed = |row: TraceRow| {
            let cursor = row.cursor();
            Ok((row.into_trace()?, cursor))
        };
        rows.into_iter().map(listed).collect()
    }
}

/// Appends the conditions of a filter on `traces`.
pub(super) fn push_filter(select: &mut Statement<'_>, filter: &TraceFilter) {
    // The first condition uses an index. The others are expressions, so that SQLite cannot choose another index.
    let names =
        [("session_id", &filter.session_id), ("user_id", &filter.user_id), ("agent_id", &filter.agent_id)];
    let given = names.into_iter().filter_map(|(column, name)| Some((column, name.as_deref()?)));
    for (index, (column, name)) in given.enumerate() {
        select.push(" AND ").push(column).push(if index == 0 { " = " } else { " || '' = " }).push_bind(name);
    }
    match filter.model.as_deref() {
        None => {}
        Some("") => {
            select.push(" AND model IS NULL");
        }
        Some(model) => {
            select.push(" AND model = ").push_bind(model);
        }
    }
    if let Some(status) = filter.status {
        select.push(" AND status = ").push_bind(column::status_number(status));
    }
}
