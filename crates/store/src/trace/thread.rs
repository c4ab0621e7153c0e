//! Sessions and users: the traces that belong to one conversation or to one person, added up and one after the other. No
//! rollup knows them: their traces are read through an index, and a list of them reads all traces of its window.

use domain::{rollup::sums::Sums, trace::cursor::Cursor};
use serde::Deserialize;
use serde_json::{Value, value::RawValue};
use shared::{
    Timestamp, limit,
    page::ItemList,
    session::{SessionDetail, SessionSummary, SessionTotals, SessionTrace},
    time_range::Window,
};
use uuid::Uuid;

use super::{StoreError, detail::StoredTrace, payload::PayloadReader, row, snapshot::Snapshot};

/// What brings traces together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ThreadKind {
    /// A conversation; its traces are read from the first on.
    Session,
    /// A person; the newest traces are read first.
    User,
}

impl ThreadKind {
    /// The column that names it, and the word in keys of the cache.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Session => "session_id",
            Self::User => "user_id",
        }
    }
}

/// Which session or user, and which page of its traces.
#[derive(Clone, Debug)]
pub struct ThreadRequest {
    /// Whose.
    pub workspace_id: Uuid,
    /// What the id names.
    pub kind: ThreadKind,
    /// The session's or user's id.
    pub id: String,
    /// How many traces at most.
    pub limit: u32,
    /// The trace after which the page begins.
    pub after: Option<Cursor>,
}

/// Which sessions or users.
#[derive(Clone, Copy, Debug)]
pub struct ThreadListRequest {
    /// Whose.
    pub workspace_id: Uuid,
    /// What is listed.
    pub kind: ThreadKind,
    /// Those of which a trace started in here; only such traces are added up.
    pub window: Window,
    /// How many at most.
    pub limit: u32,
}

/// What the traces of a session or user add up to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ThreadSums {
    pub(super) sums: Sums,
    pub(super) unpriced: i64,
    pub(super) first: Timestamp,
    pub(super) last: Timestamp,
}

/// A trace's line in its payload frame, as far as it is shown.
#[derive(Deserialize)]
struct Said<'a> {
    #[serde(default, borrow)]
    input: Option<&'a RawValue>,
    #[serde(default, borrow)]
    output: Option<&'a RawValue>,
}

/// The session or user with a page of its traces; nothing where it has none.
pub(super) async fn thread(
    snapshot: &mut impl Snapshot,
    request: &ThreadRequest,
) -> Result<Option<SessionDetail>, StoreError> {
    let Some(sums) = snapshot.thread_sums(request).await? else { return Ok(None) };
    let mut rows = snapshot.thread_rows(request).await?;
    let limit = request.limit as usize;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(|last| last.cursor.encode());
    let items = with_what_was_said(snapshot, rows).await?;
    Ok(Some(SessionDetail { id: request.id.clone(), totals: totals(&sums), items, next_cursor: next }))
}

/// The sessions or users of a window, latest activity first.
pub(super) async fn threads(
    snapshot: &mut impl Snapshot,
    request: &ThreadListRequest,
) -> Result<ItemList<SessionSummary>, StoreError> {
    let (found, total) = snapshot.threads(request).await?;
    let items = found.into_iter().map(|(id, sums)| SessionSummary { id, totals: totals(&sums) }).collect();
    Ok(ItemList { items, total })
}

/// Reads the payloads in the order of their frames, so that one is in memory at a time, however large they are.
async fn with_what_was_said(
    snapshot: &mut impl Snapshot,
    rows: Vec<StoredTrace>,
) -> Result<Vec<SessionTrace>, StoreError> {
    let mut order: Vec<_> = rows.iter().map(|row| row.payload).enumerate().collect();
    order.sort_by_key(|(_, place)| (place.frame, place.line));
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
    for (index, place) in order {
        payloads.forget_before(place.frame);
        let line = payloads.line(snapshot, place).await?;
        let said: Said<'_> = parse(line)?;
        if let Some(item) = items.get_mut(index) {
            (item.input, item.input_truncated) = excerpt(said.input)?;
            (item.output, item.output_truncated) = excerpt(said.output)?;
        }
    }
    Ok(items)
}

/// The value, or the beginning of one that is too large, as text, and whether it is that.
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

fn totals(thread: &ThreadSums) -> SessionTotals {
    let sums = &thread.sums;
    SessionTotals {
        traces: row::count(sums.requests),
        errors: row::count(sums.errors + sums.timeouts),
        tokens: row::count(sums.tokens),
        cost_usd: sums.cost_usd(),
        unpriced: row::count(thread.unpriced),
        avg_latency_ms: sums.avg_latency_ms(),
        avg_quality_score: sums.avg_quality(),
        first: Some(thread.first),
        last: Some(thread.last),
    }
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
    fn what_is_small_is_shown_whole_and_what_is_large_as_the_beginning_of_its_text() {
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
