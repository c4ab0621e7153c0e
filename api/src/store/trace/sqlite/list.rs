//! Lists of traces: any page at the same price, whether every trace matches or one in a million. Where rows are is
//! asked of the rollups; only rows that may be shown are read.

use std::time::Duration;

use shared::time_range::Window;
use sqlx::{QueryBuilder, SqliteConnection, sqlite::SqliteRow};

use super::{
    SqliteTraces, round_up_end,
    row::{self, trace_columns},
    seek,
    total::window_sums,
};
use crate::store::trace::{
    StoreError,
    list::{Cursor, ListPage, ListRequest, Start},
    plan::{self, Segment, Source},
};

/// A window of so few traces is read row by row sooner than its matches are looked for in the rollups.
const FEW: i64 = 1000;

impl SqliteTraces {
    pub(in crate::store::trace) async fn list(&self, request: &ListRequest) -> Result<ListPage, StoreError> {
        let mut snapshot = self.reader.begin().await?;
        let total = seek::count(&mut snapshot, request).await?;
        let mut page =
            Part { window: request.window, after: None, offset: 0, limit: request.limit as usize + 1 };
        match request.from {
            Start::Offset(offset) if offset >= total => {
                return Ok(ListPage { items: Vec::new(), total, next: None });
            }
            Start::Offset(offset) => {
                (page.window.end, page.offset) = seek::skip(&mut snapshot, request, offset).await?;
            }
            Start::After(cursor) => {
                page.window.end = page.window.end.min(cursor.timestamp + Duration::from_micros(1));
                page.after = Some(cursor);
            }
        }
        let filter = &request.filter;
        // Agents have an index: every row that is read matches. So it is where anything matches.
        let every_row_matches = filter.model.is_none() && filter.status.is_none();
        let rows = if every_row_matches || few(&mut snapshot, request, page.window).await? {
            read(&mut snapshot, request, page).await?
        } else {
            search(&mut snapshot, request, page).await?
        };

        let limit = request.limit as usize;
        let shown = rows.get(..limit).unwrap_or(&rows);
        Ok(ListPage {
            items: shown.iter().map(row::trace).collect::<Result<_, _>>()?,
            total,
            next: if rows.len() > limit { shown.last().map(row::cursor).transpose()? } else { None },
        })
    }
}

/// Which of the matching rows to read, newest first.
#[derive(Clone, Copy)]
struct Part {
    window: Window,
    /// Only those after this one; the window ends with its moment.
    after: Option<Cursor>,
    /// Without so many of the newest.
    offset: u64,
    limit: usize,
}

async fn few(
    snapshot: &mut SqliteConnection,
    request: &ListRequest,
    window: Window,
) -> Result<bool, StoreError> {
    Ok(window_sums(snapshot, request.workspace_id, window).await?.requests <= FEW)
}

/// Reads a part in whose window nearly every row matches.
async fn read(
    snapshot: &mut SqliteConnection,
    request: &ListRequest,
    part: Part,
) -> Result<Vec<SqliteRow>, StoreError> {
    let mut select =
        QueryBuilder::new(concat!("SELECT ", trace_columns!(), " FROM traces WHERE workspace_id = "));
    select.push_bind(request.workspace_id);
    select.push(" AND timestamp >= ").push_bind(part.window.start.as_micros());
    select.push(" AND timestamp < ").push_bind(part.window.end.as_micros());
    if let Some(cursor) = part.after {
        // Not a comparison of pairs: SQLite would choose its index for that, and walk over all other agents.
        select.push(" AND (timestamp < ").push_bind(cursor.timestamp.as_micros());
        select.push(" OR id < ").push_bind(cursor.id).push(")");
    }
    seek::push_filter(&mut select, &request.filter);
    select.push(" ORDER BY timestamp DESC, id DESC LIMIT ");
    select.push_bind(i64::try_from(part.limit).unwrap_or(i64::MAX));
    select.push(" OFFSET ").push_bind(i64::try_from(part.offset).unwrap_or(i64::MAX));
    Ok(select.build().fetch_all(snapshot).await?)
}

/// Reads a part in which few rows may match: only the minutes (the hours, where a name is asked for) that hold any.
async fn search(
    snapshot: &mut SqliteConnection,
    request: &ListRequest,
    part: Part,
) -> Result<Vec<SqliteRow>, StoreError> {
    let rollups = seek::rollups(&request.filter);
    let window = round_up_end(&mut *snapshot, request.workspace_id, part.window, rollups).await?;
    // In the order of time, so that the newest is popped first.
    let mut segments = plan::segments(window, rollups);
    let mut rows = Vec::new();
    while rows.len() < part.limit
        && let Some(segment) = segments.pop()
    {
        let Segment { source: Source::Raw, start, end } = segment else {
            segments.extend(seek::matching(&mut *snapshot, request, segment).await?);
            continue;
        };
        // What is left to skip lies in the first stretch that holds a match.
        let offset = if rows.is_empty() { part.offset } else { 0 };
        let limit = part.limit - rows.len();
        rows.extend(
            read(&mut *snapshot, request, Part { window: Window { start, end }, offset, limit, ..part })
                .await?,
        );
    }
    Ok(rows)
}
