//! The spans of a trace: get one, and search.

use actix_web::web::{Data, Json, Path, Query};
use shared::{
    error::ErrorBody,
    limit,
    span::{Span, SpanMatches, SpanSearchQuery},
};

use super::{
    State,
    cached::{Cached, CachedRequest, cached},
};
use crate::{auth::identity::Identity, cache::CacheKey, error::ApiError};

const NOT_FOUND: ApiError = ApiError::NotFound("Span not found");

/// Gets a span of a trace with its payloads.
#[utoipa::path(
    get, path = "/api/v1/traces/{trace_id}/spans/{span_id}", operation_id = "span_get", tag = "Traces",
    params(
        ("trace_id" = String, Path, description = "The id of the trace"),
        ("span_id" = String, Path, description = "The id of the span"),
    ),
    responses(
        (status = 200, description = "The span", body = Span),
        (status = 404, description = "Trace or span not found", body = ErrorBody),
    )
)]
pub async fn get(request: CachedRequest, path: Path<(String, String)>) -> Result<Cached<Span>, ApiError> {
    let (trace_id, span_id) = path.into_inner();
    // No span has such an id, and PostgreSQL rejects NUL.
    if span_id.contains('\0') {
        return Err(NOT_FOUND);
    }
    let key = CacheKey::trace_span(request.workspace_id, &trace_id, &span_id);
    cached(&request, key, async |app| {
        app.traces.span(request.workspace_id, &trace_id, &span_id).await?.ok_or(NOT_FOUND)
    })
    .await
}

/// Searches the spans of a trace for a text in their names, models, errors, inputs, outputs, attributes and other fields.
/// Case is ignored. Returns ids in the order of their start. Not cached.
#[utoipa::path(
    get, path = "/api/v1/traces/{trace_id}/search", operation_id = "span_search", tag = "Traces",
    params(("trace_id" = String, Path, description = "The id of the trace"), SpanSearchQuery),
    responses((status = 200, description = "The first 1000 matches", body = SpanMatches))
)]
pub async fn search(
    app: Data<State>,
    identity: Identity,
    trace_id: Path<String>,
    query: Query<SpanSearchQuery>,
) -> Result<Json<SpanMatches>, ApiError> {
    let characters = query.q.chars().count();
    if characters == 0 || characters > limit::SEARCH_CHARS {
        let detail = format!("must have 1 to {} characters", limit::SEARCH_CHARS);
        return Err(ApiError::invalid("q", detail));
    }
    let _permit = app.computations.start(identity.workspace_id()).await?;
    let found = app.traces.search(identity.workspace_id(), &trace_id, &query.q).await?;
    found.map(Json).ok_or(ApiError::NotFound("Trace not found"))
}
