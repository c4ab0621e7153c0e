//! Middleware that limits requests per workspace and sets the `RateLimit-*` headers.

use actix_web::{
    Error, HttpMessage, ResponseError,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::header::{HeaderName, HeaderValue},
    middleware::Next,
    web::Data,
};

use super::State;
use crate::{
    auth::identity::{Authentication, Identity},
    error::ApiError,
    limit::Decision,
};

/// The detail of the 429 response.
pub(super) const DETAIL: &str = "This workspace has exceeded its number of requests per minute";

/// Rejects a request if its workspace has exceeded the limit.
///
/// # Errors
/// Returns the errors of the request; a rejection is a response.
pub async fn rate_limit(
    app: Data<State>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let workspace_id = request
        .extensions()
        .get::<Authentication>()
        .and_then(|found| found.as_ref().ok().map(Identity::workspace_id));
    let Some(workspace_id) = workspace_id else { return Ok(next.call(request).await?.map_into_left_body()) };
    let decision = app.rate_limit.check(workspace_id).await;
    let mut response = if decision.allowed {
        next.call(request).await?.map_into_left_body()
    } else {
        let error = ApiError::RateLimited { detail: DETAIL, retry_after: decision.reset };
        request.into_response(error.error_response()).map_into_right_body()
    };
    if decision.limit > 0 {
        add_headers(&mut response, decision);
    }
    Ok(response)
}

fn add_headers<B>(response: &mut ServiceResponse<B>, decision: Decision) {
    let reset = decision.reset.as_millis().div_ceil(1000);
    let headers = response.headers_mut();
    headers.insert(HeaderName::from_static("ratelimit-limit"), HeaderValue::from(decision.limit));
    headers.insert(HeaderName::from_static("ratelimit-remaining"), HeaderValue::from(decision.remaining));
    headers.insert(
        HeaderName::from_static("ratelimit-reset"),
        HeaderValue::from(u64::try_from(reset).unwrap_or(u64::MAX)),
    );
}
