//! Lists of traces, and one trace whole.

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Path, Query},
};
use domain::trace::cursor::Cursor;
use shared::{
    error::{ErrorBody, FieldError},
    limit,
    page::Page,
    time_range::TimeRange,
    trace::{Trace, TraceDetail, TraceDetailQuery, TraceListQuery, TraceStatus},
};
use store::trace::list::{ListRequest, Start, TraceFilter};

use super::{
    State,
    answer::{cached, page_cursor, page_limit, page_number},
};
use crate::{auth::identity::Login, cache::CacheKey, error::ApiError};

/// A page of traces, newest first. Any page costs the same; a cursor goes on where a page ended, whatever came since.
#[utoipa::path(
    get, path = "/api/v1/traces", tag = "Traces", security(("jwt" = [])),
    params(
        ("range" = Option<String>, Query, description = "1h, 24h (default), 7d, 30d or custom"),
        ("start" = Option<String>, Query, description = "With custom: the first moment, RFC 3339"),
        ("end" = Option<String>, Query, description = "With custom: the moment after the last, RFC 3339"),
        ("agent_id" = Option<String>, Query, description = "Only this agent's"),
        ("model" = Option<String>, Query, description = "Only this model's"),
        ("status" = Option<TraceStatus>, Query, description = "Only those that ended so"),
        ("session_id" = Option<String>, Query, description = "Only this session's"),
        ("user_id" = Option<String>, Query, description = "Only this user's"),
        ("limit" = Option<u32>, Query, description = "1–100, 50 where absent"),
        ("page" = Option<u32>, Query, description = "From 1"),
        ("cursor" = Option<String>, Query, description = "The next_cursor of the page before; goes before page"),
    ),
    responses(
        (status = 200, description = "The page", body = Page<Trace>),
        (status = 400, description = "The query cannot be read", body = ErrorBody),
        (status = 401, body = ErrorBody),
        (status = 422, description = "A bound is not kept", body = ErrorBody),
    )
)]
pub async fn list(
    app: Data<State>,
    login: Login,
    request: HttpRequest,
    query: Query<TraceListQuery>,
) -> Result<HttpResponse, ApiError> {
    let query = query.into_inner();
    let range = TimeRange::from_query(&query.time_range())?;
    let limit = page_limit(query.limit, limit::TRACES_DEFAULT)?;
    let (page, before) = page_number(query.page, limit)?;
    for (field, name) in [
        ("agent_id", &query.agent_id),
        ("model", &query.model),
        ("session_id", &query.session_id),
        ("user_id", &query.user_id),
    ] {
        // No trace has such, and not every database can be asked for it.
        if name.as_ref().is_some_and(|name| name.contains('\0')) {
            let error = FieldError::new(field, "must not contain a NUL character");
            return Err(ApiError::ValidationFailed(vec![error]));
        }
    }
    let from = match page_cursor(query.cursor.as_deref())? {
        None => Start::Offset(before),
        Some(cursor) => Start::After(cursor),
    };
    let TraceListQuery { agent_id, model, status, session_id, user_id, .. } = query;
    let filter = TraceFilter { agent_id, model, status, session_id, user_id };
    let key = CacheKey::traces_list(login.workspace_id, &range, &filter, from, limit);
    cached(&app, &request, key, async || {
        let window = range.window(app.clock.now());
        let list = ListRequest { workspace_id: login.workspace_id, window, filter, limit, from };
        let found = app.traces.list(&list).await?;
        Ok(Page {
            items: found.items,
            total: found.total,
            page,
            limit,
            total_pages: found.total.div_ceil(u64::from(limit)),
            next_cursor: found.next.map(Cursor::encode),
        })
    })
    .await
}

/// One trace with its input, output, spans and scores. A trace may have ten thousand spans: with `payloads=false` they come
/// without input, output, attributes, events, links and everything else that is long, and are asked for one by one.
#[utoipa::path(
    get, path = "/api/v1/traces/{trace_id}", tag = "Traces", security(("jwt" = [])),
    params(
        ("trace_id" = String, Path, description = "The trace"),
        ("payloads" = Option<bool>, Query, description = "Whether spans come with what is long; true where absent"),
    ),
    responses(
        (status = 200, description = "The trace", body = TraceDetail),
        (status = 400, description = "The query cannot be read", body = ErrorBody),
        (status = 401, body = ErrorBody),
        (status = 404, description = "This workspace has no such trace", body = ErrorBody),
    )
)]
pub async fn detail(
    app: Data<State>,
    login: Login,
    request: HttpRequest,
    trace_id: Path<String>,
    query: Query<TraceDetailQuery>,
) -> Result<HttpResponse, ApiError> {
    let whole = query.payloads.unwrap_or(true);
    let key = if whole { CacheKey::trace_detail } else { CacheKey::trace_tree };
    cached(&app, &request, key(login.workspace_id, &trace_id), async || {
        let found = if whole {
            app.traces.detail(login.workspace_id, &trace_id).await?
        } else {
            app.traces.tree(login.workspace_id, &trace_id).await?
        };
        found.ok_or(ApiError::NotFound("There is no such trace"))
    })
    .await
}
