//! Login sessions over HTTP: list them, end one, log out.

use actix_web::web::{Data, Json, Path};
use shared::{auth::LoginSession, error::ErrorBody, page::ItemList};
use uuid::Uuid;

use super::State;
use crate::{
    auth::identity::Login,
    error::ApiError,
    response::{NoContent, whole_list},
};

/// Lists the login sessions of the account, the last used first.
#[utoipa::path(
    get, path = "/api/v1/auth/sessions", operation_id = "login_session_list", tag = "Accounts",
    responses((status = 200, description = "The login sessions", body = ItemList<LoginSession>))
)]
pub async fn list(app: Data<State>, login: Login) -> Result<Json<ItemList<LoginSession>>, ApiError> {
    let current = login.session_id.unwrap_or_default();
    Ok(whole_list(app.accounts.list_login_sessions(login.user_id, current, app.clock.now()).await?))
}

/// Ends a login session of the account. Its token is rejected from then on, by other processes within 10 seconds.
#[utoipa::path(
    delete, path = "/api/v1/auth/sessions/{id}", operation_id = "login_session_delete", tag = "Accounts",
    params(("id" = Uuid, Path, description = "The id of the session")),
    responses(
        (status = 204, description = "Ended"),
        (status = 404, description = "Session not found", body = ErrorBody),
    )
)]
pub async fn delete(app: Data<State>, login: Login, id: Path<Uuid>) -> Result<NoContent, ApiError> {
    if !app.accounts.delete_login_session(login.user_id, *id).await? {
        return Err(ApiError::NotFound("Session not found"));
    }
    app.credentials.clear_cache();
    Ok(NoContent)
}

/// Logs out: ends the login session of the token.
#[utoipa::path(
    post, path = "/api/v1/auth/logout", operation_id = "login_session_end", tag = "Accounts",
    responses((status = 204, description = "Logged out"))
)]
pub async fn end(app: Data<State>, login: Login) -> Result<NoContent, ApiError> {
    if let Some(id) = login.session_id {
        app.accounts.delete_login_session(login.user_id, id).await?;
    }
    app.credentials.clear_cache();
    Ok(NoContent)
}

/// Logs out everywhere: ends all login sessions of the account.
#[utoipa::path(
    post, path = "/api/v1/auth/logout-all", operation_id = "login_session_end_all", tag = "Accounts",
    responses((status = 204, description = "Logged out"))
)]
pub async fn end_all(app: Data<State>, login: Login) -> Result<NoContent, ApiError> {
    app.accounts.delete_login_sessions(login.user_id).await?;
    app.credentials.clear_cache();
    Ok(NoContent)
}
