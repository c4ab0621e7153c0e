//! Sessions and users: lists of them, and the traces of one.

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Path, Query},
};
use shared::{
    error::ErrorBody,
    limit,
    page::ItemList,
    session::{SessionDetail, SessionListQuery, SessionQuery, SessionSummary},
    time_range::TimeRange,
};
use store::trace::session::{SessionKind, SessionListRequest, SessionRequest};

use super::{
    State,
    answer::{cached, page_cursor, page_limit},
};
use crate::{auth::identity::Login, cache::CacheKey, error::ApiError};

/// The sessions of a window, latest activity first, with what their traces in the window add up to.
#[utoipa::path(
    get, path = "/api/v1/sessions", tag = "Sessions and users", security(("jwt" = [])),
    params(
        ("range" = Option<String>, Query, description = "1h, 24h (default), 7d, 30d or custom"),
        ("start" = Option<String>, Query, description = "With custom: the first moment, RFC 3339"),
        ("end" = Option<String>, Query, description = "With custom: the moment after the last, RFC 3339"),
        ("limit" = Option<u32>, Query, description = "1–100, 50 where absent"),
    ),
    responses(
        (status = 200, description = "The sessions, and how many there are", body = ItemList<SessionSummary>),
        (status = 400, description = "The query cannot be read", body = ErrorBody),
        (status = 401, body = ErrorBody),
        (status = 422, description = "The limit is out of bounds", body = ErrorBody),
    )
)]
pub async fn sessions(
    app: Data<State>,
    login: Login,
    request: HttpRequest,
    query: Query<SessionListQuery>,
) -> Result<HttpResponse, ApiError> {
    list(&app, login, &request, &query, SessionKind::Session).await
}

/// The users of a window, latest activity first, with what their traces in the window add up to.
#[utoipa::path(
    get, path = "/api/v1/users", tag = "Sessions and users", security(("jwt" = [])),
    params(
        ("range" = Option<String>, Query, description = "1h, 24h (default), 7d, 30d or custom"),
        ("start" = Option<String>, Query, description = "With custom: the first moment, RFC 3339"),
        ("end" = Option<String>, Query, description = "With custom: the moment after the last, RFC 3339"),
        ("limit" = Option<u32>, Query, description = "1–100, 50 where absent"),
    ),
    responses(
        (status = 200, description = "The users, and how many there are", body = ItemList<SessionSummary>),
        (status = 400, description = "The query cannot be read", body = ErrorBody),
        (status = 401, body = ErrorBody),
        (status = 422, description = "The limit is out of bounds", body = ErrorBody),
    )
)]
pub async fn users(
    app: Data<State>,
    login: Login,
    request: HttpRequest,
    query: Query<SessionListQuery>,
) -> Result<HttpResponse, ApiError> {
    list(&app, login, &request, &query, SessionKind::EndUser).await
}

/// A session: what its traces add up to, whenever they were, and a page of them from the first on, with input and output.
/// Large inputs and outputs are cut short, and say so.
#[utoipa::path(
    get, path = "/api/v1/sessions/{session_id}", tag = "Sessions and users", security(("jwt" = [])),
    params(
        ("session_id" = String, Path, description = "The session"),
        ("limit" = Option<u32>, Query, description = "1–100, 50 where absent"),
        ("cursor" = Option<String>, Query, description = "The next_cursor of the page before"),
    ),
    responses(
        (status = 200, description = "The session", body = SessionDetail),
        (status = 400, description = "The query cannot be read", body = ErrorBody),
        (status = 401, body = ErrorBody),
        (status = 404, description = "This workspace has no such session", body = ErrorBody),
        (status = 422, description = "The limit is out of bounds", body = ErrorBody),
    )
)]
pub async fn session(
    app: Data<State>,
    login: Login,
    request: HttpRequest,
    id: Path<String>,
    query: Query<SessionQuery>,
) -> Result<HttpResponse, ApiError> {
    one(&app, login, &request, id.into_inner(), &query, SessionKind::Session).await
}

/// A user: what their traces add up to, whenever they were, and a page of them from the newest back, with input and output.
/// Large inputs and outputs are cut short, and say so.
#[utoipa::path(
    get, path = "/api/v1/users/{user_id}", tag = "Sessions and users", security(("jwt" = [])),
    params(
        ("user_id" = String, Path, description = "The user"),
        ("limit" = Option<u32>, Query, description = "1–100, 50 where absent"),
        ("cursor" = Option<String>, Query, description = "The next_cursor of the page before"),
    ),
    responses(
        (status = 200, description = "The user", body = SessionDetail),
        (status = 400, description = "The query cannot be read", body = ErrorBody),
        (status = 401, body = ErrorBody),
        (status = 404, description = "This workspace has no such user", body = ErrorBody),
        (status = 422, description = "The limit is out of bounds", body = ErrorBody),
    )
)]
pub async fn user(
    app: Data<State>,
    login: Login,
    request: HttpRequest,
    id: Path<String>,
    query: Query<SessionQuery>,
) -> Result<HttpResponse, ApiError> {
    one(&app, login, &request, id.into_inner(), &query, SessionKind::EndUser).await
}

async fn list(
    app: &State,
    login: Login,
    request: &HttpRequest,
    query: &SessionListQuery,
    kind: SessionKind,
) -> Result<HttpResponse, ApiError> {
    let range = TimeRange::from_query(&query.time_range())?;
    let limit = page_limit(query.limit, limit::SESSIONS_DEFAULT)?;
    let workspace_id = login.workspace_id;
    let key = CacheKey::threads(workspace_id, kind, &range, limit);
    cached(app, request, key, async || {
        let window = range.window(app.clock.now());
        Ok(app.traces.sessions(&SessionListRequest { workspace_id, kind, window, limit }).await?)
    })
    .await
}

async fn one(
    app: &State,
    login: Login,
    request: &HttpRequest,
    id: String,
    query: &SessionQuery,
    kind: SessionKind,
) -> Result<HttpResponse, ApiError> {
    let limit = page_limit(query.limit, limit::SESSIONS_DEFAULT)?;
    let after = page_cursor(query.cursor.as_deref())?;
    let unknown = || match kind {
        SessionKind::Session => ApiError::NotFound("There is no such session"),
        SessionKind::EndUser => ApiError::NotFound("There is no such user"),
    };
    // Nothing has such an id, and not every database can be asked for it.
    if id.contains('\0') {
        return Err(unknown());
    }
    let asked = SessionRequest { workspace_id: login.workspace_id, kind, id, limit, after };
    let key = CacheKey::thread(&asked);
    cached(app, request, key, async || app.traces.session(&asked).await?.ok_or_else(unknown)).await
}
