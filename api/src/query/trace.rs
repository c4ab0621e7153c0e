//! Traces: lists, and one trace with its spans.

use actix_web::web::{Path, Query};
use domain::trace::cursor::Cursor;
use shared::{
    limit,
    page::{ItemList, Page},
    time_range::{TimeRange, TimeRangeQuery},
    trace::{Trace, TraceDetail, TraceDetailQuery, TraceListQuery},
};
use store::trace::list::{ListRequest, Start, TraceFilter};

use super::cached::{Cached, CachedRequest, cached, numbered_page, page_cursor, page_limit, page_number};
use crate::{cache::CacheKey, error::ApiError};

/// Lists a page of traces, newest first. All pages cost the same. A cursor continues after the last trace of the previous
/// page, even if traces were added since.
#[utoipa::path(
    get, path = "/api/v1/traces", operation_id = "trace_list", tag = "Traces",
    params(TimeRangeQuery, TraceListQuery),
    responses((status = 200, description = "The page", body = Page<Trace>))
)]
pub async fn list(
    request: CachedRequest,
    query: Query<TraceListQuery>,
) -> Result<Cached<Page<Trace>>, ApiError> {
    let query = query.into_inner();
    let range = TimeRange::from_query(&query.time_range)?;
    let limit = page_limit(query.limit, limit::TRACES_DEFAULT)?;
    let (page, before) = page_number(query.page, limit)?;
    for (field, name) in [
        ("agent_id", &query.agent_id),
        ("model", &query.model),
        ("session_id", &query.session_id),
        ("user_id", &query.user_id),
    ] {
        // No trace has such a name, and PostgreSQL rejects NUL.
        if name.as_ref().is_some_and(|name| name.contains('\0')) {
            return Err(ApiError::invalid(field, "must not contain a NUL character"));
        }
    }
    let from = match page_cursor(query.cursor.as_deref())? {
        None => Start::Offset(before),
        Some(cursor) => Start::After(cursor),
    };
    let TraceListQuery { agent_id, model, status, session_id, user_id, .. } = query;
    let filter = TraceFilter { agent_id, model, status, session_id, user_id };
    let key = CacheKey::traces_list(request.workspace_id, &range, &filter, from, limit);
    cached(&request, key, async |app| {
        let window = range.window(app.clock.now());
        let list = ListRequest { workspace_id: request.workspace_id, window, filter, limit, from };
        let found = app.traces.list(&list).await?;
        let traces = ItemList { items: found.items, total: found.total };
        Ok(numbered_page(traces, page, limit, found.next.map(Cursor::encode)))
    })
    .await
}

/// Gets a trace with its input, output, spans and scores. With `payloads=false`, spans are returned without input, output,
/// attributes, events, links and other large fields; each can be requested separately.
#[utoipa::path(
    get, path = "/api/v1/traces/{trace_id}", operation_id = "trace_get", tag = "Traces",
    params(("trace_id" = String, Path, description = "The id of the trace"), TraceDetailQuery),
    responses((status = 200, description = "The trace", body = TraceDetail))
)]
pub async fn get(
    request: CachedRequest,
    trace_id: Path<String>,
    query: Query<TraceDetailQuery>,
) -> Result<Cached<TraceDetail>, ApiError> {
    let with_payloads = query.payloads.unwrap_or(true);
    let key = if with_payloads { CacheKey::trace_detail } else { CacheKey::trace_tree };
    cached(&request, key(request.workspace_id, &trace_id), async |app| {
        let found = if with_payloads {
            app.traces.detail(request.workspace_id, &trace_id).await?
        } else {
            app.traces.tree(request.workspace_id, &trace_id).await?
        };
        found.ok_or(ApiError::NotFound("Trace not found"))
    })
    .await
}
