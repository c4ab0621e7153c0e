//! How a query answers: out of the cache where it can, with `X-Cache` saying which.

use actix_web::{HttpRequest, HttpResponse, http::header, web::Bytes};
use domain::trace::cursor::Cursor;
use serde::Serialize;
use shared::{error::FieldError, limit};

use super::State;
use crate::{cache::CacheKey, error::ApiError};

/// Answers with what `compute` gives, or gave before. `Cache-Control: no-cache` on the request computes it anew.
///
/// The computation is only begun where it is needed, and in a place of its own: with everything that a query of the
/// database may hold it takes 60 kB, which would be copied about with every answer that is there already.
pub async fn cached<T: Serialize>(
    app: &State,
    request: &HttpRequest,
    key: CacheKey,
    compute: impl AsyncFnOnce() -> Result<T, ApiError>,
) -> Result<HttpResponse, ApiError> {
    let kind = key.kind();
    let bypass = wants_fresh(request);
    let bytes = async {
        let answer = Box::pin(compute()).await?;
        serde_json::to_vec(&answer).map(Bytes::from).map_err(|error| ApiError::Internal(error.into()))
    };
    let (answer, outcome) = app.cache.answer(key, bypass, bytes).await?;
    app.metrics.cache_answered(kind.as_str(), outcome.as_str());
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "application/json"))
        .insert_header((header::CACHE_CONTROL, "private, no-store"))
        .insert_header(("X-Cache", outcome.as_str()))
        .body(answer))
}

fn wants_fresh(request: &HttpRequest) -> bool {
    let values = request.headers().get_all(header::CACHE_CONTROL);
    values
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.to_ascii_lowercase().contains("no-cache"))
}

/// The trace after which a page begins, by the `cursor` of a query.
///
/// # Errors
/// 400 where it is not one that was given out.
pub fn page_cursor(cursor: Option<&str>) -> Result<Option<Cursor>, ApiError> {
    let decode = |text| Cursor::decode(text).ok_or("cursor: is not one of ours");
    cursor.map(decode).transpose().map_err(|detail| ApiError::BadRequest(detail.to_owned()))
}

/// A `page` of a query, the first where absent, and how many items lie before it.
///
/// # Errors
/// 422 where there is no such.
pub fn page_number(page: Option<u32>, limit: u32) -> Result<(u32, u64), ApiError> {
    match page.unwrap_or(1) {
        0 => Err(ApiError::ValidationFailed(vec![FieldError::new("page", "counts from 1")])),
        page => Ok((page, u64::from(page - 1) * u64::from(limit))),
    }
}

/// A `limit` of a query: `default` where absent.
///
/// # Errors
/// 422 where it is not within 1–100.
pub fn page_limit(limit: Option<u32>, default: u32) -> Result<u32, ApiError> {
    match limit.unwrap_or(default) {
        limit @ 1..=limit::PAGE_ITEMS => Ok(limit),
        _ => Err(ApiError::ValidationFailed(vec![FieldError::new(
            "limit",
            format!("must be from 1 to {}", limit::PAGE_ITEMS),
        )])),
    }
}
