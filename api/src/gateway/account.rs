//! The caller's account over HTTP: register, log in, refresh the token, get, change and delete the account.

use actix_web::{
    CustomizeResponder, HttpRequest, Responder,
    http::header,
    web::{Data, Json},
};
use shared::{
    auth::{
        DeleteAccountRequest, LoginOptions, LoginRequest, RegisterRequest, Registration, TokenResponse,
        UpdateAccountRequest, User, check_email,
    },
    error::{ErrorBody, FieldError},
};
use store::account::{Admission, NewAccount, normalize_email};

use super::{State, client};
use crate::{
    auth::{
        email::{DEMO_EMAIL, check_new_email},
        identity::Login,
        jwt::Session,
        key, password,
    },
    config::RegistrationPolicy,
    error::ApiError,
    response::{Created, NoContent},
};

/// A token that must not be cached.
pub(super) type UncachedToken = CustomizeResponder<Json<TokenResponse>>;

/// Returns who may register, and what the login page offers.
#[utoipa::path(
    get, path = "/api/v1/auth/options", operation_id = "login_options_get", tag = "Accounts",
    responses((status = 200, description = "The options", body = LoginOptions))
)]
pub async fn options(app: Data<State>) -> Result<Json<LoginOptions>, ApiError> {
    let registration = match app.registration {
        _ if !app.password_login => Registration::Closed,
        RegistrationPolicy::Open => Registration::Open,
        RegistrationPolicy::Invite => Registration::Invite,
        RegistrationPolicy::Closed => Registration::Closed,
        RegistrationPolicy::First if app.accounts.has_accounts(DEMO_EMAIL).await? => Registration::Invite,
        RegistrationPolicy::First => Registration::Open,
    };
    Ok(Json(LoginOptions {
        registration,
        email: app.mail.is_some(),
        password: app.password_login,
        oidc_url: app.oidc.as_ref().map(|oidc| oidc.settings().login_url()),
    }))
}

/// Creates an account: the owner of a new workspace, or a member by invitation.
#[utoipa::path(
    post, path = "/api/v1/auth/register", operation_id = "account_create", tag = "Accounts", request_body = RegisterRequest,
    responses(
        (status = 201, description = "The new account", body = User),
        (status = 403, description = "Registration is closed, or requires an invitation", body = ErrorBody),
        (status = 404, description = "Invitation not found", body = ErrorBody),
        (status = 409, description = "The e-mail is already registered", body = ErrorBody),
        (status = 410, description = "The invitation was used already, or has expired", body = ErrorBody),
        (status = 429, description = "Too many registrations from this address", body = ErrorBody),
    )
)]
pub async fn register(
    app: Data<State>,
    http: HttpRequest,
    request: Json<RegisterRequest>,
) -> Result<Created<Json<User>>, ApiError> {
    app.require_password_login()?;
    let request = request.into_inner();
    let admission = match (&app.registration, &request.invitation) {
        (RegistrationPolicy::Closed | RegistrationPolicy::Invite, None) => {
            return Err(ApiError::RegistrationClosed);
        }
        (policy, Some(token)) => Admission::Invited {
            token_hash: key::hash(token),
            by_operator: *policy == RegistrationPolicy::Closed,
        },
        (RegistrationPolicy::Open, None) => Admission::Open,
        (RegistrationPolicy::First, None) => Admission::First { except: DEMO_EMAIL },
    };
    ApiError::check(validate(&request))?;
    app.login_limit.register(app.proxies.client(&http)).await.map_err(|retry_after| {
        ApiError::RateLimited { detail: "Too many registrations from this address", retry_after }
    })?;
    let account = NewAccount {
        email: normalize_email(&request.email),
        password_hash: app.passwords.hash(&request.password).await.map_err(ApiError::internal)?,
        full_name: request.full_name.trim().to_owned(),
        workspace_name: request.workspace_name.trim().to_owned(),
        admission,
        created_at: app.clock.now(),
    };
    let id = app.accounts.create_account(&account).await?;
    let user = app.user(id, None).await?;
    app.audit(&http, &user, "account.create", Some(id.to_string())).await;
    Ok(Created::new(id, Json(user)))
}

fn validate(request: &RegisterRequest) -> Vec<FieldError> {
    let mut errors = request.validate();
    if check_email(&request.email).is_ok() {
        errors.extend(FieldError::all([("email", check_new_email(&request.email))]));
    }
    errors.extend(FieldError::all([("password", password::check_uncommon(&request.password))]));
    errors
}

/// Returns a token for an e-mail and a password, and accepts an invitation if one is sent.
#[utoipa::path(
    post, path = "/api/v1/auth/login", operation_id = "token_create", tag = "Accounts", request_body = LoginRequest,
    responses(
        (status = 200, description = "A token", body = TokenResponse),
        (status = 401, description = "Unknown e-mail or wrong password; the response and its time are the same for both", body = ErrorBody),
        (status = 403, description = "The account is disabled or a member of no workspace, or the invitation is for another e-mail", body = ErrorBody),
        (status = 404, description = "Invitation not found", body = ErrorBody),
        (status = 410, description = "The invitation was used already, or has expired", body = ErrorBody),
        (status = 429, description = "Too many failed logins of this e-mail or from this address", body = ErrorBody),
    )
)]
pub async fn login(
    app: Data<State>,
    http: HttpRequest,
    request: Json<LoginRequest>,
) -> Result<UncachedToken, ApiError> {
    app.require_password_login()?;
    let limited = "Too many failed logins; wait before the next attempt";
    let found = super::password::check(&app, &http, &request.email, &request.password, limited).await?;
    let found = found.ok_or(ApiError::InvalidCredentials)?;
    if found.is_disabled {
        return Err(ApiError::Forbidden("This account is disabled"));
    }
    if let Some(token) = &request.invitation {
        let hash = key::hash(token);
        app.accounts.accept_invitation(&hash, found.user_id, &found.email, app.clock.now()).await?;
    }
    let user = app.user(found.user_id, None).await?;
    start_session(&app, &http, &user).await
}

/// Returns a new token of the same login session for a valid one.
#[utoipa::path(
    post, path = "/api/v1/auth/refresh", operation_id = "token_refresh", tag = "Accounts",
    responses(
        (status = 200, description = "A new token; sessions end after 30 days", body = TokenResponse),
        (status = 401, description = "The token is invalid, or its session has ended", body = ErrorBody),
    )
)]
pub async fn refresh(app: Data<State>, http: HttpRequest, login: Login) -> Result<UncachedToken, ApiError> {
    let user = app.user(login.user_id, Some(login.workspace_id)).await?;
    renewed(&app, &http, &login, &user).await
}

/// Returns the account of the token, its role and its workspaces.
#[utoipa::path(
    get, path = "/api/v1/auth/me", operation_id = "account_get", tag = "Accounts",
    responses((status = 200, description = "The account", body = User))
)]
pub async fn get(app: Data<State>, login: Login) -> Result<Json<User>, ApiError> {
    Ok(Json(app.user(login.user_id, Some(login.workspace_id)).await?))
}

/// Changes the account of the token.
#[utoipa::path(
    patch, path = "/api/v1/auth/me", operation_id = "account_update", tag = "Accounts", request_body = UpdateAccountRequest,
    responses((status = 200, description = "The account", body = User))
)]
pub async fn update(
    app: Data<State>,
    login: Login,
    request: Json<UpdateAccountRequest>,
) -> Result<Json<User>, ApiError> {
    ApiError::check(request.validate())?;
    if let Some(name) = &request.full_name {
        app.accounts.update_user(login.user_id, name.trim()).await?;
    }
    get(app, login).await
}

/// Deletes the account of the token. Traces that it has sent stay in their workspaces.
#[utoipa::path(
    delete, path = "/api/v1/auth/me", operation_id = "account_delete", tag = "Accounts", request_body = DeleteAccountRequest,
    responses(
        (status = 204, description = "Deleted"),
        (status = 409, description = "The account is the only owner of a workspace with other members", body = ErrorBody),
    )
)]
pub async fn delete(
    app: Data<State>,
    http: HttpRequest,
    login: Login,
    request: Json<DeleteAccountRequest>,
) -> Result<NoContent, ApiError> {
    if app.user(login.user_id, Some(login.workspace_id)).await?.has_password {
        super::password::confirm(&app, &http, &login, &request.password, "password").await?;
    }
    app.accounts.delete_account(login.user_id, app.clock.now()).await?;
    app.credentials.clear_cache();
    Ok(NoContent)
}

/// Starts a login session and returns its token.
pub(super) async fn start_session(
    app: &State,
    http: &HttpRequest,
    user: &User,
) -> Result<UncachedToken, ApiError> {
    let now = app.clock.now();
    let id = app.accounts.create_login_session(user.id, &client(app, http), now).await?;
    app.audit(http, user, "login_session.create", Some(id.to_string())).await;
    token(app, user, Session { id, started_at: now })
}

/// Returns a token of the caller's login session for `user`.
pub(super) async fn renewed(
    app: &State,
    http: &HttpRequest,
    login: &Login,
    user: &User,
) -> Result<UncachedToken, ApiError> {
    const ENDED: ApiError = ApiError::Unauthorized("The session has ended; log in again");
    let id = login.session_id.ok_or(ENDED)?;
    let started_at = app.accounts.touch_login_session(id, &client(app, http), app.clock.now()).await?;
    token(app, user, Session { id, started_at: started_at.ok_or(ENDED)? })
}

fn token(app: &State, user: &User, session: Session) -> Result<UncachedToken, ApiError> {
    let (access_token, expires_in) =
        app.jwt.issue(user, session, app.clock.now()).map_err(ApiError::internal)?;
    let token = TokenResponse { access_token, token_type: "bearer".to_owned(), expires_in };
    Ok(Json(token).customize().insert_header((header::CACHE_CONTROL, "no-store")))
}
