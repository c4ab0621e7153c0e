//! Login over OpenID Connect: the redirect to the provider, the redirect back, and the token for the page.
//!
//! The state of a login is in a signed cookie, so that any replica can complete it. The provider redirects to the server,
//! which redirects to the login page with a single-use code in the fragment; the page exchanges it for a token. The code is
//! valid only together with the cookie: a link with somebody else's code logs nobody in.

use std::time::Duration;

use actix_web::{
    CustomizeResponder, HttpRequest, Responder,
    cookie::{Cookie, SameSite, time},
    http::header::SET_COOKIE,
    web::{Data, Json, Query, Redirect},
};
use domain::error::chain;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use shared::{
    Timestamp,
    auth::{OidcError, OidcResult, OidcTokenRequest, TokenResponse},
    error::ErrorBody,
};
use uuid::Uuid;

use super::{
    State,
    account::{UncachedToken, start_session},
};
use crate::{
    auth::{
        key,
        oidc::{Provider, Started},
        token::LinkToken,
    },
    error::ApiError,
};

const COOKIE: &str = "agent_obs_oidc";
const COOKIE_PATH: &str = "/api/v1/auth/oidc";
/// How long a person may take to log in at the provider.
const LOGIN_DURATION: Duration = Duration::from_secs(10 * 60);
/// The maximum length of the address to open after the login.
const NEXT_BYTES: usize = 2000;

/// A redirect that sets the cookie.
type Redirection = CustomizeResponder<Redirect>;

/// The page to open after the login.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query, style = Form)]
pub struct OidcLoginQuery {
    /// A path of the pages.
    #[param(max_length = 2000)]
    next: Option<String>,
}

/// What the provider adds to the redirect URL.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query, style = Form)]
pub struct OidcCallbackQuery {
    /// The authorization code.
    code: Option<String>,
    /// The state of the login.
    state: Option<String>,
    /// Why the provider refused the login.
    error: Option<String>,
}

/// The content of the cookie.
#[derive(Clone, Serialize, Deserialize)]
struct LoginCookie {
    #[serde(flatten)]
    started: Started,
    next: Option<String>,
    /// The expiry in seconds since the Unix epoch.
    exp: i64,
}

/// Redirects to the identity provider.
#[utoipa::path(
    get, path = "/api/v1/auth/oidc/login", operation_id = "oidc_login_start", tag = "Accounts",
    params(OidcLoginQuery),
    responses(
        (status = 303, description = "To the identity provider; to the login page if it is unreachable"),
        (status = 404, description = "OpenID Connect is not configured", body = ErrorBody),
    )
)]
pub async fn start(app: Data<State>, query: Query<OidcLoginQuery>) -> Result<Redirection, ApiError> {
    let provider = provider(&app)?;
    let next = query.into_inner().next.filter(|next| next.len() <= NEXT_BYTES);
    let (started, url) = match provider.start().await {
        Ok(started) => started,
        Err(error) => {
            tracing::warn!(error = chain(&error), "OpenID Connect login not started");
            return Ok(
                to_login_page(provider, next.as_deref(), &OidcResult::Error(OidcError::Provider)).customize()
            );
        }
    };
    let exp = seconds(app.clock.now() + LOGIN_DURATION);
    let cookie = app.jwt.sign(&LoginCookie { started, next, exp }).map_err(ApiError::internal)?;
    let cookie = cookie_header(provider, &cookie, LOGIN_DURATION);
    Ok(Redirect::to(url).see_other().customize().insert_header((SET_COOKIE, cookie)))
}

/// Completes a login after the redirect from the identity provider.
#[utoipa::path(
    get, path = "/api/v1/auth/oidc/callback", operation_id = "oidc_login_finish", tag = "Accounts",
    params(OidcCallbackQuery),
    responses(
        (status = 303, description = "To the login page, with `code` or `error` in the fragment"),
        (status = 404, description = "OpenID Connect is not configured", body = ErrorBody),
    )
)]
pub async fn finish(
    app: Data<State>,
    http: HttpRequest,
    query: Query<OidcCallbackQuery>,
) -> Result<Redirect, ApiError> {
    let provider = provider(&app)?;
    let query = query.into_inner();
    let cookie =
        read_cookie(&app, &http).filter(|cookie| query.state.as_ref() == Some(&cookie.started.state));
    let Some(cookie) = cookie else {
        return Ok(to_login_page(provider, None, &OidcResult::Error(OidcError::Expired)));
    };
    let (next, state) = (cookie.next, cookie.started.state.clone());
    let result = match log_in(&app, &http, provider, cookie.started, query).await {
        Ok(user_id) => match create_code(&app, user_id, &state).await {
            Ok(code) => OidcResult::Code(code),
            Err(error) => OidcResult::Error(reason(&error)),
        },
        Err(reason) => OidcResult::Error(reason),
    };
    Ok(to_login_page(provider, next.as_deref(), &result))
}

/// Returns a token for the code of a login that was started in the same browser.
#[utoipa::path(
    post, path = "/api/v1/auth/oidc/token", operation_id = "oidc_token_create", tag = "Accounts",
    request_body = OidcTokenRequest,
    responses(
        (status = 200, description = "A token", body = TokenResponse),
        (status = 403, description = "The account is a member of no workspace", body = ErrorBody),
        (status = 404, description = "OpenID Connect is not configured", body = ErrorBody),
        (status = 410, description = "The code was used already, has expired, or belongs to another browser", body = ErrorBody),
    )
)]
pub async fn create_token(
    app: Data<State>,
    http: HttpRequest,
    request: Json<OidcTokenRequest>,
) -> Result<UncachedToken, ApiError> {
    let provider = provider(&app)?;
    let cookie = read_cookie(&app, &http).ok_or(ApiError::LinkExpired)?;
    let hash = code_hash(&request.code, &cookie.started.state);
    let user_id = app.accounts.use_oidc_code(&hash, app.clock.now()).await?;
    let user = app.user(user_id, None).await?;
    let token = start_session(&app, &http, &user).await?;
    Ok(token.insert_header((SET_COOKIE, cookie_header(provider, "", Duration::ZERO))))
}

/// Returns the account that a confirmed login enters.
async fn log_in(
    app: &State,
    http: &HttpRequest,
    provider: &Provider,
    started: Started,
    query: OidcCallbackQuery,
) -> Result<Uuid, OidcError> {
    let Some(code) = query.code else {
        tracing::warn!(error = query.error.as_deref().unwrap_or_default(), "OpenID Connect login refused");
        return Err(OidcError::Provider);
    };
    // Every attempt costs the provider a request.
    let address = app.proxies.client(http);
    let attempt = app.login_limit.attempt(&address.to_string(), None, address).await;
    let attempt = attempt.map_err(|_| OidcError::RateLimited)?;
    let claims = match provider.finish(code, started).await {
        Ok(claims) => claims,
        Err(error) => {
            attempt.failed();
            tracing::warn!(error = chain(&error), "OpenID Connect login failed");
            return Err(OidcError::Provider);
        }
    };
    attempt.succeeded().await;
    let login = claims.admit(provider.settings(), app.clock.now())?;
    let account = app.accounts.log_in_with_oidc(&login).await.map_err(|error| reason(&error.into()))?;
    if account.is_disabled {
        return Err(OidcError::Disabled);
    }
    // The role may have changed.
    app.credentials.clear_cache();
    let user = app.user(account.user_id, None).await.map_err(|error| reason(&error))?;
    if account.is_new {
        app.audit(http, &user, "account.create", Some(user.id.to_string())).await;
    }
    Ok(account.user_id)
}

async fn create_code(app: &State, user_id: Uuid, state: &str) -> Result<String, ApiError> {
    let code = LinkToken::generate().map_err(ApiError::internal)?.text;
    app.accounts.create_oidc_code(user_id, &code_hash(&code, state), app.clock.now()).await?;
    Ok(code)
}

/// Returns the hash of a code that is valid in one browser.
fn code_hash(code: &str, state: &str) -> [u8; 32] {
    key::hash(&format!("{code}.{state}"))
}

/// Returns the failure that the login page shows.
fn reason(error: &ApiError) -> OidcError {
    match error {
        ApiError::EmailTaken => OidcError::EmailTaken,
        ApiError::EmailMissing => OidcError::NoEmail,
        ApiError::NoWorkspace => OidcError::NoWorkspace,
        error => {
            error.log();
            OidcError::Internal
        }
    }
}

fn provider(app: &State) -> Result<&Provider, ApiError> {
    app.oidc.as_ref().ok_or(ApiError::NotFound("OpenID Connect is not configured"))
}

/// Returns the login in the cookie, unless it has expired.
fn read_cookie(app: &State, http: &HttpRequest) -> Option<LoginCookie> {
    let cookie: LoginCookie = app.jwt.read(http.cookie(COOKIE)?.value())?;
    (cookie.exp > seconds(app.clock.now())).then_some(cookie)
}

fn seconds(at: Timestamp) -> i64 {
    at.as_micros().div_euclid(1_000_000)
}

fn cookie_header(provider: &Provider, value: &str, duration: Duration) -> String {
    Cookie::build(COOKIE, value)
        .path(COOKIE_PATH)
        .http_only(true)
        .secure(provider.settings().public_url.starts_with("https:"))
        // Sent with the redirect from the provider, but with no other request from another site.
        .same_site(SameSite::Lax)
        .max_age(time::Duration::seconds(duration.as_secs().cast_signed()))
        .finish()
        .to_string()
}

fn to_login_page(provider: &Provider, next: Option<&str>, result: &OidcResult) -> Redirect {
    let base = &provider.settings().public_url;
    let next = next.map(|next| format!("?next={}", utf8_percent_encode(next, NON_ALPHANUMERIC)));
    // Both values are simple enough to be a query string.
    let fragment = serde_json::to_value(result).ok().and_then(|result| {
        let (name, value) = result.as_object()?.iter().next()?;
        Some(format!("{name}={}", value.as_str()?))
    });
    let (next, fragment) = (next.unwrap_or_default(), fragment.unwrap_or_default());
    Redirect::to(format!("{base}/login{next}#{fragment}")).see_other()
}
