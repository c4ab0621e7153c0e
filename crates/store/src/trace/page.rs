//! Lists of traces: any page at the same price, whether every trace matches or one in a million. Where rows are is
//! asked of the rollups; only rows that may be shown are read.

use std::time::Duration;

use domain::rollup::plan::{Segment, Source};
use shared::time_range::Window;

use super::{
    StoreError,
    list::{ListPage, ListRequest, Start},
    seek,
    snapshot::{Listed, Part, Snapshot},
    total,
};

/// A window of so few traces is read row by row sooner than its matches are looked for in the rollups.
const FEW: i64 = 1000;

/// A page of traces, newest first.
pub(super) async fn list(
    snapshot: &mut impl Snapshot,
    request: &ListRequest,
) -> Result<ListPage, StoreError> {
    let total = seek::count(snapshot, request).await?;
    let limit = request.limit as usize;
    let mut page = Part { window: request.window, after: None, offset: 0, limit: limit + 1 };
    match request.from {
        Start::Offset(offset) if offset >= total => {
            return Ok(ListPage { items: Vec::new(), total, next: None });
        }
        Start::Offset(offset) => {
            (page.window.end, page.offset) = seek::skip(snapshot, request, offset).await?;
        }
        Start::After(cursor) => {
            page.window.end = page.window.end.min(cursor.timestamp + Duration::from_micros(1));
            page.after = Some(cursor);
        }
    }
    let filter = &request.filter;
    // Agents have an index: every row that is read matches. So it is where anything matches. Sessions and users have one
    // too, and no rollups to look in.
    let every_row_matches = filter.model.is_none() && filter.status.is_none();
    let mut rows = if every_row_matches || filter.is_by_row() || few(snapshot, request, page.window).await? {
        snapshot.rows(request, page).await?
    } else {
        search(snapshot, request, page).await?
    };

    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(|&(_, cursor)| cursor);
    Ok(ListPage { items: rows.into_iter().map(|(trace, _)| trace).collect(), total, next })
}

async fn few(
    snapshot: &mut impl Snapshot,
    request: &ListRequest,
    window: Window,
) -> Result<bool, StoreError> {
    let sums = total::sums(snapshot, request.workspace_id, &[window]).await?;
    Ok(sums.iter().all(|sums| sums.requests <= FEW))
}

/// Reads a part in which few rows may match: only the minutes (the hours, where a name is asked for) that hold any.
async fn search(
    snapshot: &mut impl Snapshot,
    request: &ListRequest,
    part: Part,
) -> Result<Vec<Listed>, StoreError> {
    // In the order of time, so that the newest is popped first.
    let mut segments = seek::cut(snapshot, request, part.window).await?;
    let mut rows = Vec::new();
    while rows.len() < part.limit
        && let Some(segment) = segments.pop()
    {
        let Segment { source: Source::Raw, start, end } = segment else {
            segments.extend(seek::matching(snapshot, request, segment).await?);
            continue;
        };
        // What is left to skip lies in the first stretch that holds a match.
        let offset = if rows.is_empty() { part.offset } else { 0 };
        let limit = part.limit - rows.len();
        let part = Part { window: Window { start, end }, offset, limit, ..part };
        rows.extend(snapshot.rows(request, part).await?);
    }
    Ok(rows)
}
