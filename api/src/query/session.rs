//! Sessions and end users: lists, and the traces of one.

use actix_web::web::{Path, Query};
use shared::{
    error::ErrorBody,
    limit,
    page::ItemList,
    session::{SessionDetail, SessionListQuery, SessionQuery, SessionSummary},
    time_range::{TimeRange, TimeRangeQuery},
};
use store::trace::session::{SessionKind, SessionListRequest, SessionRequest};

use super::cached::{Cached, CachedRequest, cached, page_cursor, page_limit};
use crate::{cache::CacheKey, error::ApiError};

/// Lists the sessions of a window with the totals of their traces in the window, the most recently active first.
#[utoipa::path(
    get, path = "/api/v1/sessions", operation_id = "session_list", tag = "Sessions and end users",
    params(TimeRangeQuery, SessionListQuery),
    responses((status = 200, description = "The sessions, and their total number", body = ItemList<SessionSummary>))
)]
pub async fn list_sessions(
    request: CachedRequest,
    query: Query<SessionListQuery>,
) -> Result<Cached<ItemList<SessionSummary>>, ApiError> {
    list(&request, &query, SessionKind::Session).await
}

/// Lists the end users of a window with the totals of their traces in the window, the most recently active first.
#[utoipa::path(
    get, path = "/api/v1/users", operation_id = "end_user_list", tag = "Sessions and end users",
    params(TimeRangeQuery, SessionListQuery),
    responses((status = 200, description = "The end users, and their total number", body = ItemList<SessionSummary>))
)]
pub async fn list_end_users(
    request: CachedRequest,
    query: Query<SessionListQuery>,
) -> Result<Cached<ItemList<SessionSummary>>, ApiError> {
    list(&request, &query, SessionKind::EndUser).await
}

/// Gets a session: the totals of all its traces, and a page of traces with input and output, oldest first. Large inputs and
/// outputs are truncated.
#[utoipa::path(
    get, path = "/api/v1/sessions/{session_id}", operation_id = "session_get", tag = "Sessions and end users",
    params(("session_id" = String, Path, description = "The id of the session"), SessionQuery),
    responses(
        (status = 200, description = "The session", body = SessionDetail),
        (status = 404, description = "Session not found", body = ErrorBody),
    )
)]
pub async fn get_session(
    request: CachedRequest,
    id: Path<String>,
    query: Query<SessionQuery>,
) -> Result<Cached<SessionDetail>, ApiError> {
    get(&request, id.into_inner(), &query, SessionKind::Session).await
}

/// Gets an end user: the totals of all their traces, and a page of traces with input and output, newest first. Large inputs
/// and outputs are truncated.
#[utoipa::path(
    get, path = "/api/v1/users/{user_id}", operation_id = "end_user_get", tag = "Sessions and end users",
    params(("user_id" = String, Path, description = "The id of the end user"), SessionQuery),
    responses(
        (status = 200, description = "The end user", body = SessionDetail),
        (status = 404, description = "End user not found", body = ErrorBody),
    )
)]
pub async fn get_end_user(
    request: CachedRequest,
    id: Path<String>,
    query: Query<SessionQuery>,
) -> Result<Cached<SessionDetail>, ApiError> {
    get(&request, id.into_inner(), &query, SessionKind::EndUser).await
}

async fn list(
    request: &CachedRequest,
    query: &SessionListQuery,
    kind: SessionKind,
) -> Result<Cached<ItemList<SessionSummary>>, ApiError> {
    let range = TimeRange::from_query(&query.time_range)?;
    let limit = page_limit(query.limit, limit::SESSIONS_DEFAULT)?;
    let workspace_id = request.workspace_id;
    let key = CacheKey::sessions(workspace_id, kind, &range, limit);
    cached(request, key, async |app| {
        let window = range.window(app.clock.now());
        Ok(app.traces.sessions(&SessionListRequest { workspace_id, kind, window, limit }).await?)
    })
    .await
}

async fn get(
    request: &CachedRequest,
    id: String,
    query: &SessionQuery,
    kind: SessionKind,
) -> Result<Cached<SessionDetail>, ApiError> {
    let limit = page_limit(query.limit, limit::SESSIONS_DEFAULT)?;
    let after = page_cursor(query.cursor.as_deref())?;
    let not_found = || match kind {
        SessionKind::Session => ApiError::NotFound("Session not found"),
        SessionKind::EndUser => ApiError::NotFound("End user not found"),
    };
    // No session or end user has such an id, and PostgreSQL rejects NUL.
    if id.contains('\0') {
        return Err(not_found());
    }
    let session = SessionRequest { workspace_id: request.workspace_id, kind, id, limit, after };
    let key = CacheKey::session(&session);
    cached(request, key, async |app| app.traces.session(&session).await?.ok_or_else(not_found)).await
}
