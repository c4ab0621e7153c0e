//! The statements that are the same on every engine.

use domain::rollup::plan::{Segment, Source};
use sqlx::{Database, Encode, QueryBuilder, Type};
use uuid::Uuid;

use super::{
    list::{ListRequest, TraceFilter},
    row, seek,
    snapshot::Part,
    table::{groups_table, totals_table},
    thread::{ThreadKind, ThreadListRequest, ThreadRequest},
};
use crate::database::moment::Moment;

/// The columns of [`row::stored_trace`].
macro_rules! trace_columns {
    () => {
        "trace_id, workspace_id, agent_id, timestamp, latency, CAST(status AS BIGINT), model, model_provider, \
         tokens_input, tokens_output, tokens_total, cost, quality, session_id, user_id, tags, error, id, payload_id, \
         CAST(payload_line AS BIGINT), name, CAST(assembly AS BIGINT), CAST(unpriced AS BIGINT), \
         CAST(cost_basis AS BIGINT), price"
    };
}
pub(super) use trace_columns;

/// The columns of [`row::stored_span`].
macro_rules! span_columns {
    () => {
        "span_id, parent_span_id, name, kind, timestamp, latency, CAST(status AS BIGINT), model, tokens_input, \
         tokens_output, cost, error, payload_id, CAST(payload_line AS BIGINT), model_provider, tokens_cache_read, \
         tokens_cache_write, tokens_reasoning, CAST(cost_basis AS BIGINT), price"
    };
}

/// The spans of a trace: a row of [`row::stored_span`] each.
pub(super) const SPANS: &str = concat!(
    "SELECT ",
    span_columns!(),
    " FROM spans WHERE trace = $1 ORDER BY timestamp, payload_id, payload_line"
);

/// One span of a trace: a row of [`row::stored_span`].
pub(super) const SPAN: &str =
    concat!("SELECT ", span_columns!(), " FROM spans WHERE trace = $1 AND span_id = $2");

/// The scores of a trace: a row of [`row::score`] each.
pub(super) const SCORES: &str = "SELECT name, score, comment, timestamp FROM scores WHERE workspace_id = $1 AND trace_id = $2 ORDER BY name";

/// One frame of payloads.
pub(super) const FRAME: &str = "SELECT data FROM payloads WHERE id = $1";

/// How many traces of each of a segment's buckets match, newest first: rows of [`row::bucket_count`], or a single number
/// where the traces themselves are counted.
pub(super) fn counts<DB: Database>(
    workspace_id: Uuid,
    filter: &TraceFilter,
    segment: Segment,
) -> QueryBuilder<DB>
where
    for<'q> Uuid: Encode<'q, DB> + Type<DB>,
    for<'q> Moment: Encode<'q, DB> + Type<DB>,
    for<'q> String: Encode<'q, DB> + Type<DB>,
    for<'q> i16: Encode<'q, DB> + Type<DB>,
{
    let raw = segment.source == Source::Raw;
    let grouped = seek::is_grouped(filter);
    let table = if grouped { groups_table(segment.source) } else { totals_table(segment.source) };
    let (columns, time) = if raw {
        ("COUNT(*)", "timestamp")
    } else {
        let sums = "bucket, CAST(SUM(requests) AS BIGINT), CAST(SUM(errors) AS BIGINT), CAST(SUM(timeouts) AS BIGINT)";
        (sums, "bucket")
    };
    let mut select = QueryBuilder::new("SELECT ");
    select.push(columns).push(" FROM ").push(table);
    select.push(" WHERE workspace_id = ").push_bind(workspace_id);
    select.push(" AND ").push(time).push(" >= ").push_bind(Moment(segment.start));
    select.push(" AND ").push(time).push(" < ").push_bind(Moment(segment.end));
    if raw {
        push_filter(&mut select, filter);
        return select;
    }
    if let Some(agent_id) = &filter.agent_id {
        select.push(" AND agent_id = ").push_bind(agent_id.clone());
    }
    if let Some(model) = &filter.model {
        select.push(" AND model = ").push_bind(model.clone());
    }
    select.push(" GROUP BY bucket ORDER BY bucket DESC");
    select
}

/// A part of the traces that match, newest first: a row of [`row::stored_trace`] each.
pub(super) fn rows<DB: Database>(request: &ListRequest, part: Part) -> QueryBuilder<DB>
where
    for<'q> Uuid: Encode<'q, DB> + Type<DB>,
    for<'q> Moment: Encode<'q, DB> + Type<DB>,
    for<'q> String: Encode<'q, DB> + Type<DB>,
    for<'q> i16: Encode<'q, DB> + Type<DB>,
    for<'q> i64: Encode<'q, DB> + Type<DB>,
{
    let mut select =
        QueryBuilder::new(concat!("SELECT ", trace_columns!(), " FROM traces WHERE workspace_id = "));
    select.push_bind(request.workspace_id);
    select.push(" AND timestamp >= ").push_bind(Moment(part.window.start));
    select.push(" AND timestamp < ").push_bind(Moment(part.window.end));
    if let Some(cursor) = part.after {
        // Not a comparison of pairs: SQLite would choose its index for that, and walk over all other agents.
        select.push(" AND (timestamp < ").push_bind(Moment(cursor.timestamp));
        select.push(" OR id < ").push_bind(cursor.id).push(")");
    }
    push_filter(&mut select, &request.filter);
    select.push(" ORDER BY timestamp DESC, id DESC LIMIT ");
    select.push_bind(i64::try_from(part.limit).unwrap_or(i64::MAX));
    select.push(" OFFSET ").push_bind(i64::try_from(part.offset).unwrap_or(i64::MAX));
    select
}

/// A sum that stops where 64 bits do, on engines that count further.
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

/// The columns of [`row::thread`] but the first.
const THREAD_SUMS: &str = concat!(
    "COUNT(*), COUNT(*) FILTER (WHERE status = 1), COUNT(*) FILTER (WHERE status = 2), ",
    sum!("latency"),
    ", ",
    sum!("COALESCE(tokens_total, 0)"),
    ", ",
    sum!("COALESCE(cost, 0)"),
    ", COUNT(quality), ",
    sum!("COALESCE(quality, 0)"),
    ", ",
    sum!("COALESCE(unpriced, 0)"),
    ", MIN(timestamp), MAX(timestamp)"
);

/// The sessions or users of a window, latest activity first: a row of [`row::thread`] each, and how many there are in all.
pub(super) fn threads<DB: Database>(request: &ThreadListRequest) -> QueryBuilder<DB>
where
    for<'q> Uuid: Encode<'q, DB> + Type<DB>,
    for<'q> Moment: Encode<'q, DB> + Type<DB>,
    for<'q> i64: Encode<'q, DB> + Type<DB>,
{
    let column = request.kind.as_str();
    let mut select = QueryBuilder::new("SELECT ");
    select
        .push(column)
        .push(", ")
        .push(THREAD_SUMS)
        .push(", COUNT(*) OVER () FROM traces WHERE workspace_id = ");
    select.push_bind(request.workspace_id);
    select.push(" AND timestamp >= ").push_bind(Moment(request.window.start));
    select.push(" AND timestamp < ").push_bind(Moment(request.window.end));
    // An expression, which says nothing of the index by session or user: rows are read in the order of time, as they lie,
    // and then brought together. In that index's order each would be looked for by itself, and all of other times passed.
    select.push(" AND ").push(column).push(" || '' IS NOT NULL GROUP BY ").push(column);
    select.push(" ORDER BY MAX(timestamp) DESC, ").push(column).push(" LIMIT ");
    select.push_bind(i64::from(request.limit));
    select
}

/// What a session or user adds up to: a row of [`row::thread`], if it has traces.
pub(super) fn thread_sums<DB: Database>(request: &ThreadRequest) -> QueryBuilder<DB>
where
    for<'q> Uuid: Encode<'q, DB> + Type<DB>,
    for<'q> String: Encode<'q, DB> + Type<DB>,
{
    let column = request.kind.as_str();
    let mut select = QueryBuilder::new("SELECT ");
    select.push(column).push(", ").push(THREAD_SUMS).push(" FROM traces WHERE workspace_id = ");
    select.push_bind(request.workspace_id);
    select.push(" AND ").push(column).push(" = ").push_bind(request.id.clone());
    select.push(" GROUP BY ").push(column);
    select
}

/// A page of the traces of a session or user, and one more: a row of [`row::stored_trace`] each.
pub(super) fn thread_rows<DB: Database>(request: &ThreadRequest) -> QueryBuilder<DB>
where
    for<'q> Uuid: Encode<'q, DB> + Type<DB>,
    for<'q> Moment: Encode<'q, DB> + Type<DB>,
    for<'q> String: Encode<'q, DB> + Type<DB>,
    for<'q> i64: Encode<'q, DB> + Type<DB>,
{
    let (beyond, order) = match request.kind {
        ThreadKind::Session => (" > ", ""),
        ThreadKind::User => (" < ", " DESC"),
    };
    let mut select =
        QueryBuilder::new(concat!("SELECT ", trace_columns!(), " FROM traces WHERE workspace_id = "));
    select.push_bind(request.workspace_id);
    select.push(" AND ").push(request.kind.as_str()).push(" = ").push_bind(request.id.clone());
    if let Some(cursor) = request.after {
        // As in `rows`; the first of these is what an index can be entered by.
        select.push(" AND timestamp").push(beyond.trim_end()).push("= ").push_bind(Moment(cursor.timestamp));
        select.push(" AND (timestamp").push(beyond).push_bind(Moment(cursor.timestamp));
        select.push(" OR id").push(beyond).push_bind(cursor.id).push(")");
    }
    select.push(" ORDER BY timestamp").push(order).push(", id").push(order).push(" LIMIT ");
    select.push_bind(i64::from(request.limit) + 1);
    select
}

/// What a row of the traces must be to match.
fn push_filter<DB: Database>(select: &mut QueryBuilder<DB>, filter: &TraceFilter)
where
    for<'q> String: Encode<'q, DB> + Type<DB>,
    for<'q> i16: Encode<'q, DB> + Type<DB>,
{
    // The first of these that is there has the index to be used. An expression has none, and SQLite cannot choose wrongly.
    let names =
        [("session_id", &filter.session_id), ("user_id", &filter.user_id), ("agent_id", &filter.agent_id)];
    let given = names.into_iter().filter_map(|(column, name)| Some((column, name.as_ref()?)));
    for (number, (column, name)) in given.enumerate() {
        select.push(" AND ").push(column).push(if number == 0 { " = " } else { " || '' = " });
        select.push_bind(name.clone());
    }
    match filter.model.as_deref() {
        None => {}
        Some("") => {
            select.push(" AND model IS NULL");
        }
        Some(model) => {
            select.push(" AND model = ").push_bind(model.to_owned());
        }
    }
    if let Some(status) = filter.status {
        select.push(" AND status = ").push_bind(row::status_number(status));
    }
}
