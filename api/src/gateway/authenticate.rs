//! Middleware that determines the caller's identity. Does not reject requests: the extractors in
//! [`crate::auth::identity`] do.

use actix_web::{
    Error, HttpMessage, ResponseError,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::header::AUTHORIZATION,
    middleware::Next,
    web::Data,
};

use super::State;

/// The header for API keys only.
pub(super) const API_KEY: &str = "x-api-key";

/// Stores the [`Authentication`](crate::auth::identity::Authentication) of the request for the extractors.
///
/// # Errors
/// Returns the errors of the request, and 503 if the credentials could not be checked.
pub async fn authenticate(
    app: Data<State>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let authentication = match app.credentials.check(credentials(&request)).await {
        Ok(authentication) => authentication,
        Err(error) => return Ok(request.into_response(error.error_response()).map_into_right_body()),
    };
    request.extensions_mut().insert(authentication);
    Ok(next.call(request).await?.map_into_left_body())
}

/// Returns the credentials in `Authorization: Bearer …` or, for API keys, in `x-api-key`.
fn credentials(request: &ServiceRequest) -> Option<&str> {
    let header = |name: &str| request.headers().get(name).map(|value| value.to_str().unwrap_or_default());
    credentials_in(header(AUTHORIZATION.as_str()), header(API_KEY))
}

/// Returns the credentials in these two headers; an authorization other than `Bearer …` gives invalid (empty)
/// credentials.
pub(crate) fn credentials_in<'a>(
    authorization: Option<&'a str>,
    api_key: Option<&'a str>,
) -> Option<&'a str> {
    let bearer = authorization.map(|value| {
        let (scheme, credentials) = value.split_once(' ').unwrap_or_default();
        if scheme.eq_ignore_ascii_case("bearer") { credentials.trim() } else { "" }
    });
    bearer.or(api_key)
}
