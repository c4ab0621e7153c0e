//! Workspaces over HTTP: list those of the account, create, rename, and switch to another one.

use actix_web::{
    HttpRequest,
    web::{Data, Json, Path},
};
use shared::{
    error::ErrorBody,
    page::ItemList,
    workspace::{SwitchRequest, Workspace, WorkspaceRequest},
};
use uuid::Uuid;

use super::{
    State,
    account::{UncachedToken, renewed},
};
use crate::{
    auth::identity::Login,
    error::ApiError,
    response::{Created, whole_list},
};

const NOT_FOUND: ApiError = ApiError::NotFound("Workspace not found");

/// Lists the workspaces of the account, by name.
#[utoipa::path(
    get, path = "/api/v1/workspaces", operation_id = "workspace_list", tag = "Workspaces",
    responses((status = 200, description = "The workspaces", body = ItemList<Workspace>))
)]
pub async fn list(app: Data<State>, login: Login) -> Result<Json<ItemList<Workspace>>, ApiError> {
    Ok(whole_list(app.accounts.list_workspaces(login.user_id).await?))
}

/// Creates a workspace that the account owns.
#[utoipa::path(
    post, path = "/api/v1/workspaces", operation_id = "workspace_create", tag = "Workspaces",
    request_body = WorkspaceRequest,
    responses(
        (status = 201, description = "The new workspace", body = Workspace),
        (status = 422, description = "The name is invalid, or the account has 10 workspaces", body = ErrorBody),
    )
)]
pub async fn create(
    app: Data<State>,
    login: Login,
    request: Json<WorkspaceRequest>,
) -> Result<Created<Json<Workspace>>, ApiError> {
    ApiError::check(request.validate())?;
    let workspace =
        app.accounts.create_workspace(login.user_id, request.name.trim(), app.clock.now()).await?;
    Ok(Created::new(workspace.id, Json(workspace)))
}

/// Renames the current workspace.
#[utoipa::path(
    patch, path = "/api/v1/workspaces/{id}", operation_id = "workspace_update", tag = "Workspaces",
    params(("id" = Uuid, Path, description = "The id of the current workspace")),
    request_body = WorkspaceRequest,
    responses((status = 200, description = "The workspace", body = Workspace))
)]
pub async fn update(
    app: Data<State>,
    login: Login,
    id: Path<Uuid>,
    request: Json<WorkspaceRequest>,
) -> Result<Json<Workspace>, ApiError> {
    // The role was checked for the workspace of the token.
    if *id != login.workspace_id {
        return Err(NOT_FOUND);
    }
    ApiError::check(request.validate())?;
    let name = request.into_inner().name.trim().to_owned();
    app.accounts.update_workspace(*id, &name).await?;
    Ok(Json(Workspace { id: *id, name, role: login.role }))
}

/// Switches to another workspace of the account: returns a token for it in the same login session.
#[utoipa::path(
    post, path = "/api/v1/auth/switch", operation_id = "workspace_switch", tag = "Accounts", request_body = SwitchRequest,
    responses(
        (status = 200, description = "A token", body = shared::auth::TokenResponse),
        (status = 404, description = "The account is not a member of the workspace", body = ErrorBody),
    )
)]
pub async fn switch(
    app: Data<State>,
    http: HttpRequest,
    login: Login,
    request: Json<SwitchRequest>,
) -> Result<UncachedToken, ApiError> {
    app.accounts.enter_workspace(login.user_id, request.workspace_id).await?;
    let user = app.user(login.user_id, Some(request.workspace_id)).await?;
    renewed(&app, &http, &login, &user).await
}
