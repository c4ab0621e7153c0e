//! Middleware that limits requests per user, API key and workspace, and sets the `RateLimit-*` headers.

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
    access,
    auth::identity::Authentication,
    error::ApiError,
    limit::{Class, Decision},
};

/// The detail of the 429 response.
pub(super) const DETAIL: &str = "Too many requests per minute of this user, API key or workspace";

/// The operations that work while other requests are over the limit.
const REVOCATIONS: [&str; 7] = [
    "api_key_delete",
    "invitation_delete",
    "login_session_delete",
    "login_session_end",
    "login_session_end_all",
    "member_delete",
    "member_leave",
];

/// Rejects a request if its caller has exceeded a limit.
///
/// # Errors
/// Returns the errors of the request; a rejection is a response.
pub async fn rate_limit(
    app: Data<State>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let identity = request.extensions().get::<Authentication>().and_then(|found| found.clone().ok());
    let Some(identity) = identity else { return Ok(next.call(request).await?.map_into_left_body()) };
    let decision = app.rate_limit.check(&identity, class(&request)).await;
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

/// Returns how a request is counted.
fn class(request: &ServiceRequest) -> Class {
    match access::operation(request).map(|operation| operation.id) {
        Some(id) if REVOCATIONS.contains(&id) => Class::Revocation,
        _ => Class::Other,
    }
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
