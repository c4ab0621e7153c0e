//! The statements that are the same on every engine.

use sqlx::{Database, Encode, QueryBuilder, Type};
use uuid::Uuid;

use super::{
    list::{ListRequest, TraceFilter},
    plan::{Segment, Source},
    rollup::{groups_table, totals_table},
    row, seek,
    snapshot::Part,
};
use crate::store::moment::Moment;

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

/// What a row of the traces must be to match.
fn push_filter<DB: Database>(select: &mut QueryBuilder<DB>, filter: &TraceFilter)
where
    for<'q> String: Encode<'q, DB> + Type<DB>,
    for<'q> i16: Encode<'q, DB> + Type<DB>,
{
    if let Some(agent_id) = &filter.agent_id {
        select.push(" AND agent_id = ").push_bind(agent_id.clone());
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
