//! Passwords over HTTP: change one, request a link that resets a forgotten one, and use it.

use actix_web::{
    HttpRequest,
    web::{Data, Json},
};
use domain::error::chain;
use shared::{
    auth::{ChangePasswordRequest, ForgotPasswordRequest, ResetPasswordRequest},
    error::{ErrorBody, FieldError},
};
use store::account::Credentials;

use super::State;
use crate::{
    auth::{identity::Login, key, password::check_uncommon, token::LinkToken},
    error::ApiError,
    response::NoContent,
};

/// Changes the password, and ends all other login sessions.
#[utoipa::path(
    post, path = "/api/v1/auth/password", operation_id = "password_update", tag = "Accounts",
    request_body = ChangePasswordRequest,
    responses((status = 204, description = "Changed"))
)]
pub async fn update(
    app: Data<State>,
    http: HttpRequest,
    login: Login,
    request: Json<ChangePasswordRequest>,
) -> Result<NoContent, ApiError> {
    app.require_password_login()?;
    let mut errors = request.validate();
    errors.extend(FieldError::all([("new_password", check_uncommon(&request.new_password))]));
    ApiError::check(errors)?;
    confirm(&app, &http, &login, &request.current_password, "current_password").await?;
    let hash = app.passwords.hash(&request.new_password).await.map_err(ApiError::internal)?;
    app.accounts.update_password(login.user_id, &hash, login.session_id).await?;
    app.credentials.clear_cache();
    Ok(NoContent)
}

/// Sends a link that resets the password, if there is such an account and the server can send e-mails. The response is the
/// same in all cases.
#[utoipa::path(
    post, path = "/api/v1/auth/password/forgot", operation_id = "password_forget", tag = "Accounts",
    request_body = ForgotPasswordRequest,
    responses(
        (status = 204, description = "Accepted"),
        (status = 429, description = "Too many e-mails to this address", body = ErrorBody),
    )
)]
pub async fn forget(app: Data<State>, request: Json<ForgotPasswordRequest>) -> Result<NoContent, ApiError> {
    app.require_password_login()?;
    let email = request.into_inner().email;
    if email.contains('\0') || app.mail.is_none() {
        return Ok(NoContent);
    }
    app.email_limit.send_account_link(&email).await.map_err(|retry_after| ApiError::RateLimited {
        detail: "Too many e-mails to this address",
        retry_after,
    })?;
    // In the background, so that the time does not reveal whether there is an account.
    actix_web::rt::spawn(async move {
        if let Err(error) = send_reset(&app, &email).await {
            tracing::warn!(error = chain(&error), "e-mail that resets a password not sent");
        }
    });
    Ok(NoContent)
}

async fn send_reset(app: &State, email: &str) -> Result<(), ApiError> {
    let Some(mail) = &app.mail else { return Ok(()) };
    let Some(found) = app.accounts.get_credentials(email).await?.filter(|found| !found.is_disabled) else {
        return Ok(());
    };
    let (token, now) = (LinkToken::generate().map_err(ApiError::internal)?, app.clock.now());
    app.accounts.create_password_reset(found.user_id, &token.hash, now).await?;
    mail.reset_password(&found.email, &app.page(&format!("reset?token={}", token.text)), now)
        .await
        .map_err(|failure| ApiError::internal(failure.error))
}

/// Sets a new password with the token of a link, and ends all login sessions of the account.
#[utoipa::path(
    post, path = "/api/v1/auth/password/reset", operation_id = "password_reset", tag = "Accounts",
    request_body = ResetPasswordRequest,
    responses(
        (status = 204, description = "Changed"),
        (status = 410, description = "The link was used already, or has expired", body = ErrorBody),
        (status = 429, description = "Too many attempts from this address", body = ErrorBody),
    )
)]
pub async fn reset(
    app: Data<State>,
    http: HttpRequest,
    request: Json<ResetPasswordRequest>,
) -> Result<NoContent, ApiError> {
    app.require_password_login()?;
    let mut errors = request.validate();
    errors.extend(FieldError::all([("password", check_uncommon(&request.password))]));
    ApiError::check(errors)?;
    // Hashing costs as much as a registration.
    app.login_limit.register(app.proxies.client(&http)).await.map_err(|retry_after| {
        ApiError::RateLimited { detail: "Too many attempts from this address", retry_after }
    })?;
    let hash = app.passwords.hash(&request.password).await.map_err(ApiError::internal)?;
    let id = app.accounts.reset_password(&key::hash(&request.token), &hash, app.clock.now()).await?;
    app.credentials.clear_cache();
    if let Ok(user) = app.user(id, None).await {
        app.audit(&http, &user, "password.reset", Some(id.to_string())).await;
    }
    Ok(NoContent)
}

/// Checks the caller's password, with the limits of a login.
///
/// # Errors
/// Returns 422 for `field` if it is wrong, and 429 after too many failures.
pub(super) async fn confirm(
    app: &State,
    http: &HttpRequest,
    login: &Login,
    password: &str,
    field: &str,
) -> Result<(), ApiError> {
    let limited = "Too many wrong passwords; wait before the next attempt";
    let found = check(app, http, &login.email, password, limited).await?;
    match found.filter(|found| found.user_id == login.user_id) {
        Some(_) => Ok(()),
        None => Err(ApiError::invalid(field, "is wrong")),
    }
}

/// Returns the account with an e-mail if the password matches.
///
/// # Errors
/// Returns 429 with the detail `limited` after too many failures.
pub(super) async fn check(
    app: &State,
    http: &HttpRequest,
    email: &str,
    password: &str,
    limited: &'static str,
) -> Result<Option<Credentials>, ApiError> {
    // PostgreSQL rejects NUL.
    let found = if email.contains('\0') { None } else { app.accounts.get_credentials(email).await? };
    let unlocked_at = found.as_ref().and_then(|found| found.unlocked_at);
    let attempt = app.login_limit.attempt(email, unlocked_at, app.proxies.client(http)).await;
    let attempt = attempt.map_err(|retry_after| ApiError::RateLimited { detail: limited, retry_after })?;
    // Without an account, no password matches.
    if app.passwords.matches(password, found.as_ref().map(|found| &found.password_hash)).await? {
        attempt.succeeded().await;
        Ok(found)
    } else {
        attempt.failed();
        Ok(None)
    }
}
