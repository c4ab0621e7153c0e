//! Accounts over HTTP: register, log in, refresh the token, get the current account.

use actix_web::{
    CustomizeResponder, HttpRequest, Responder,
    http::header,
    web::{Data, Json},
};
use shared::{
    auth::{LoginRequest, RegisterRequest, TokenResponse, User},
    error::ErrorBody,
    limit,
};
use store::account::{NewAccount, normalize_email};

use super::State;
use crate::{
    auth::{identity::Login, password::PasswordError},
    error::ApiError,
    response::Created,
};

/// A token that must not be cached.
type UncachedToken = CustomizeResponder<Json<TokenResponse>>;

/// Creates an account with its own workspace.
#[utoipa::path(
    post, path = "/api/v1/auth/register", operation_id = "account_create", tag = "Accounts", request_body = RegisterRequest,
    responses(
        (status = 201, description = "The new account", body = User),
        (status = 409, description = "The e-mail is already registered", body = ErrorBody),
        (status = 429, description = "Too many registrations from this address", body = ErrorBody),
    )
)]
pub async fn register(
    app: Data<State>,
    http: HttpRequest,
    request: Json<RegisterRequest>,
) -> Result<Created<Json<User>>, ApiError> {
    let request = request.into_inner();
    ApiError::check(request.validate())?;
    app.login_limit.register(app.proxies.client(&http)).await.map_err(|retry_after| {
        ApiError::RateLimited { detail: "Too many registrations from this address", retry_after }
    })?;
    let account = NewAccount {
        email: normalize_email(&request.email),
        password_hash: app.passwords.hash(&request.password).await.map_err(ApiError::internal)?,
        full_name: request.full_name.trim().to_owned(),
        workspace_name: request.workspace_name.trim().to_owned(),
        created_at: app.clock.now(),
    };
    let user = app.accounts.create_account(&account).await?;
    Ok(Created(Json(user)))
}

/// Returns a token for an e-mail and a password.
#[utoipa::path(
    post, path = "/api/v1/auth/login", operation_id = "token_create", tag = "Accounts", request_body = LoginRequest,
    responses(
        (status = 200, description = "A token", body = TokenResponse),
        (status = 401, description = "Unknown e-mail or wrong password; the response and its time are the same for both", body = ErrorBody),
        (status = 429, description = "Too many failed logins of this e-mail or from this address", body = ErrorBody),
    )
)]
pub async fn login(
    app: Data<State>,
    http: HttpRequest,
    request: Json<LoginRequest>,
) -> Result<UncachedToken, ApiError> {
    let email = normalize_email(&request.email);
    let attempt =
        app.login_limit.attempt(&email, app.proxies.client(&http)).await.map_err(|retry_after| {
            ApiError::RateLimited {
                detail: "Too many failed logins; wait before the next attempt",
                retry_after,
            }
        })?;
    // No account has such credentials, and PostgreSQL rejects NUL.
    let hopeless = request.password.is_empty()
        || request.password.len() > limit::PASSWORD_MAX_BYTES
        || email.contains('\0');
    if hopeless {
        attempt.failed();
        return Err(ApiError::InvalidCredentials);
    }
    let found = app.accounts.get_credentials(&email).await?;
    let hash = found.as_ref().map(|credentials| &credentials.password_hash);
    let is_correct = match app.passwords.verify(&request.password, hash).await {
        Ok(is_correct) => is_correct,
        Err(PasswordError::Unhashable) => false,
        Err(error) => return Err(ApiError::internal(error)),
    };
    match found {
        Some(credentials) if is_correct => {
            attempt.succeeded().await;
            token(&app, &credentials.user)
        }
        _ => {
            attempt.failed();
            Err(ApiError::InvalidCredentials)
        }
    }
}

/// Returns a new token for a valid one.
#[utoipa::path(
    post, path = "/api/v1/auth/refresh", operation_id = "token_refresh", tag = "Accounts",
    responses(
        (status = 200, description = "A new token", body = TokenResponse),
        (status = 401, description = "The token is invalid, or its account was deleted", body = ErrorBody),
    )
)]
pub async fn refresh(app: Data<State>, login: Login) -> Result<UncachedToken, ApiError> {
    token(&app, &user(&app, login).await?)
}

/// Returns the account of the token.
#[utoipa::path(
    get, path = "/api/v1/auth/me", operation_id = "account_get", tag = "Accounts",
    responses(
        (status = 200, description = "The account", body = User),
        (status = 401, description = "The token is invalid, or its account was deleted", body = ErrorBody),
    )
)]
pub async fn get(app: Data<State>, login: Login) -> Result<Json<User>, ApiError> {
    Ok(Json(user(&app, login).await?))
}

async fn user(app: &State, login: Login) -> Result<User, ApiError> {
    let user = app.accounts.get_user(login.user_id).await?;
    user.ok_or(ApiError::Unauthorized("The account of this token was deleted"))
}

fn token(app: &State, user: &User) -> Result<UncachedToken, ApiError> {
    let (access_token, expires_in) = app.jwt.issue(user, app.clock.now()).map_err(ApiError::internal)?;
    let token = TokenResponse { access_token, token_type: "bearer".to_owned(), expires_in };
    Ok(Json(token).customize().insert_header((header::CACHE_CONTROL, "no-store")))
}
