//! Cached responses, and the parameters that lists share.

use std::{
    future::{Ready, ready},
    marker::PhantomData,
    time::Duration,
};

use actix_web::{
    Error, FromRequest, HttpRequest, HttpResponse, Responder,
    body::BoxBody,
    dev::Payload,
    http::header,
    web::{Bytes, Data},
};
use domain::trace::cursor::Cursor;
use serde::Serialize;
use shared::{
    limit,
    page::{ItemList, Page},
};
use uuid::Uuid;

use super::State;
use crate::{
    auth::identity::Identity,
    cache::{CacheKey, Outcome},
    error::ApiError,
    limit::computation::TooManyComputations,
};

/// A response with a `T` as JSON, possibly from the cache, as `X-Cache` states.
#[derive(Debug)]
pub struct Cached<T> {
    json: Bytes,
    outcome: Outcome,
    body: PhantomData<fn() -> T>,
}

impl<T> Responder for Cached<T> {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        HttpResponse::Ok()
            .insert_header((header::CONTENT_TYPE, "application/json"))
            .insert_header((header::CACHE_CONTROL, "private, no-store"))
            .insert_header(("X-Cache", self.outcome.as_str()))
            .body(self.json)
    }
}

/// A query of a user whose response may come from the cache.
pub struct CachedRequest {
    app: Data<State>,
    /// The workspace that the caller may read.
    pub workspace_id: Uuid,
    bypasses_cache: bool,
}

impl FromRequest for CachedRequest {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;
    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let app = Data::from_request(request, payload).into_inner();
        let identity = Identity::from_request(request, payload).into_inner();
        let bypasses_cache = bypasses_cache(request);
        let with_identity = |app| Ok(Self { app, workspace_id: identity?.workspace_id(), bypasses_cache });
        ready(app.and_then(with_identity))
    }
}

/// The `Retry-After` of a request that would wait too long for other computations of its workspace.
const COMPUTATION_RETRY_AFTER: Duration = Duration::from_secs(1);

impl From<TooManyComputations> for ApiError {
    fn from(_: TooManyComputations) -> Self {
        let detail = "Too many requests of this workspace are being computed";
        Self::RateLimited { detail, retry_after: COMPUTATION_RETRY_AFTER }
    }
}

/// Returns the cached response for `key`, or computes and caches it. Computes it always if the request has
/// `Cache-Control: no-cache`.
///
/// # Errors
/// Returns the error of `compute`, and 429 if too many computations of the workspace are waiting.
pub async fn cached<T: Serialize>(
    request: &CachedRequest,
    key: CacheKey,
    compute: impl AsyncFnOnce(&State) -> Result<T, ApiError>,
) -> Result<Cached<T>, ApiError> {
    let (app, kind) = (&request.app, key.kind());
    let json = async {
        let _permit = app.computations.start(request.workspace_id).await?;
        // The future of a query takes 60 kB. It is boxed when it runs, so that a cache hit does not copy it.
        let body = Box::pin(compute(app)).await?;
        serde_json::to_vec(&body).map(Bytes::from).map_err(ApiError::internal)
    };
    let (json, outcome) = app.cache.get_or_compute(key, request.bypasses_cache, json).await?;
    app.metrics.record_cache_lookup(kind.as_str(), outcome.as_str());
    Ok(Cached { json, outcome, body: PhantomData })
}

fn bypasses_cache(request: &HttpRequest) -> bool {
    let values = request.headers().get_all(header::CACHE_CONTROL);
    values
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.to_ascii_lowercase().contains("no-cache"))
}

/// Returns page number `page` of a list, with at most `limit` items per page.
pub fn numbered_page<T>(list: ItemList<T>, page: u32, limit: u32, next_cursor: Option<String>) -> Page<T> {
    let ItemList { items, total } = list;
    Page { items, total, page, limit, total_pages: total.div_ceil(u64::from(limit)), next_cursor }
}

/// Decodes the `cursor` of a query: the trace after which the page begins.
///
/// # Errors
/// Returns 400 if the cursor is invalid.
pub fn page_cursor(cursor: Option<&str>) -> Result<Option<Cursor>, ApiError> {
    let decode =
        |text| Cursor::decode(text).ok_or("cursor: invalid; expected the next_cursor of a previous page");
    cursor.map(decode).transpose().map_err(|detail| ApiError::BadRequest(detail.to_owned()))
}

/// Returns the `page` of a query, by default 1, and the number of items before it.
///
/// # Errors
/// Returns 422 if the page is not from 1 to 1,000,000.
pub fn page_number(page: Option<u32>, limit: u32) -> Result<(u32, u64), ApiError> {
    match page.unwrap_or(1) {
        page @ 1..=limit::PAGES => Ok((page, u64::from(page - 1) * u64::from(limit))),
        _ => Err(ApiError::invalid("page", format!("must be from 1 to {}", limit::PAGES))),
    }
}

/// Returns the `limit` of a query, or `default` if it is absent.
///
/// # Errors
/// Returns 422 if the limit is not from 1 to 100.
pub fn page_limit(limit: Option<u32>, default: u32) -> Result<u32, ApiError> {
    match limit.unwrap_or(default) {
        limit @ 1..=limit::PAGE_ITEMS => Ok(limit),
        _ => Err(ApiError::invalid("limit", format!("must be from 1 to {}", limit::PAGE_ITEMS))),
    }
}
