//! Middleware that determines the caller's identity. Does not reject requests: the extractors in
//! [`crate::auth::identity`] do.

use std::borrow::Cow;

use actix_web::{
    Error, HttpMessage, ResponseError,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::header::AUTHORIZATION,
    middleware::Next,
    web::Data,
};

use base64::{Engine, engine::general_purpose::STANDARD};

use super::State;
use crate::auth::key;

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
    let authentication = match app.credentials.check(credentials(&request).as_deref()).await {
        Ok(authentication) => authentication,
        Err(error) => return Ok(request.into_response(error.error_response()).map_into_right_body()),
    };
    request.extensions_mut().insert(authentication);
    Ok(next.call(request).await?.map_into_left_body())
}

/// Returns the credentials in `Authorization` or, for API keys, in `x-api-key`.
fn credentials(request: &ServiceRequest) -> Option<Cow<'_, str>> {
    let header = |name: &str| request.headers().get(name).map(|value| value.to_str().unwrap_or_default());
    credentials_in(header(AUTHORIZATION.as_str()), header(API_KEY))
}

/// Returns the credentials in these two headers. The authorization is `Bearer …`, or an API key as the SDKs of other products
/// send it: alone, or as the password of `Basic …`. Any other authorization gives invalid (empty) credentials.
pub(crate) fn credentials_in<'a>(
    authorization: Option<&'a str>,
    api_key: Option<&'a str>,
) -> Option<Cow<'a, str>> {
    let authorization = authorization.map(|value| match value.split_once(' ') {
        Some((scheme, credentials)) if scheme.eq_ignore_ascii_case("bearer") => credentials.trim().into(),
        Some((scheme, credentials)) if scheme.eq_ignore_ascii_case("basic") => {
            password(credentials.trim()).unwrap_or_default().into()
        }
        None if key::is_well_formed(value) => value.into(),
        _ => "".into(),
    });
    authorization.or(api_key.map(Cow::from))
}

/// Returns the API key that is the password of basic credentials. Accounts cannot log in with them.
fn password(credentials: &str) -> Option<String> {
    let decoded = String::from_utf8(STANDARD.decode(credentials).ok()?).ok()?;
    let (_, password) = decoded.split_once(':')?;
    key::is_well_formed(password).then(|| password.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_credentials_as_the_sdks_of_other_products_send_them() {
        let key = format!("ao_{}", "a".repeat(43));
        let basic = |text: &str| format!("Basic {}", STANDARD.encode(text));
        let read =
            |authorization: &str| credentials_in(Some(authorization), Some("other")).map(Cow::into_owned);
        for authorization in [
            format!("Bearer {key}"),
            format!("bearer  {key} "),
            key.clone(),
            basic(&format!("pk-lf-1:{key}")),
            basic(&format!(":{key}")),
        ] {
            assert_eq!(read(&authorization).as_deref(), Some(key.as_str()), "{authorization}");
        }
        for authorization in [
            basic("ada@example.com:password"),
            basic(&key),
            "Basic ?".to_owned(),
            "Digest a".to_owned(),
            "a".to_owned(),
        ] {
            assert_eq!(read(&authorization).as_deref(), Some(""), "{authorization}");
        }
        assert_eq!(credentials_in(None, Some("other")).as_deref(), Some("other"));
        assert_eq!(credentials_in(None, None), None);
    }
}
