//! The spans of one trace: one of them whole, and those in which something is found.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header,
    web::{Data, Path, Query},
};
use shared::{
    error::{ErrorBody, FieldError},
    limit,
    span::{Span, SpanMatches, SpanSearchQuery},
};

use super::{State, answer::cached};
use crate::{auth::identity::Login, cache::CacheKey, error::ApiError};

/// One span of a trace with everything in it.
#[utoipa::path(
    get, path = "/api/v1/traces/{trace_id}/spans/{span_id}", tag = "Traces", security(("jwt" = [])),
    params(
        ("trace_id" = String, Path, description = "The trace"),
        ("span_id" = String, Path, description = "The span"),
    ),
    responses(
        (status = 200, description = "The span", body = Span),
        (status = 401, body = ErrorBody),
        (status = 404, description = "This workspace has no such trace, or the trace no such span", body = ErrorBody),
    )
)]
pub async fn one(
    app: Data<State>,
    login: Login,
    request: HttpRequest,
    path: Path<(String, String)>,
) -> Result<HttpResponse, ApiError> {
    let (trace_id, span_id) = path.into_inner();
    // No span has such an id, and not every database can be asked for it.
    if span_id.contains('\0') {
        return Err(ApiError::NotFound("There is no such span"));
    }
    let key = CacheKey::trace_span(login.workspace_id, &trace_id, &span_id);
    cached(&app, &request, key, async || {
        let found = app.traces.span(login.workspace_id, &trace_id, &span_id).await?;
        found.ok_or(ApiError::NotFound("There is no such span"))
    })
    .await
}

/// The spans of a trace that hold a text in their name, model, error, input, output, attributes or whatever else they came
/// with, in upper or lower case: their ids, in the order of their start. Looked for anew each time.
#[utoipa::path(
    get, path = "/api/v1/traces/{trace_id}/search", tag = "Traces", security(("jwt" = [])),
    params(
        ("trace_id" = String, Path, description = "The trace"),
        ("q" = String, Query, description = "What to look for: 1–200 characters"),
    ),
    responses(
        (status = 200, description = "The first 1000 of them", body = SpanMatches),
        (status = 401, body = ErrorBody),
        (status = 404, description = "This workspace has no such trace", body = ErrorBody),
        (status = 422, description = "There is nothing to look for, or too much", body = ErrorBody),
    )
)]
pub async fn search(
    app: Data<State>,
    login: Login,
    trace_id: Path<String>,
    query: Query<SpanSearchQuery>,
) -> Result<HttpResponse, ApiError> {
    let characters = query.q.chars().count();
    if characters == 0 || characters > limit::SEARCH_CHARS {
        let error = FieldError::new("q", format!("must have 1 to {} characters", limit::SEARCH_CHARS));
        return Err(ApiError::ValidationFailed(vec![error]));
    }
    let found = app.traces.search(login.workspace_id, &trace_id, &query.q).await?;
    let found = found.ok_or(ApiError::NotFound("There is no such trace"))?;
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "private, no-store")).json(found))
}
