//! Members of the workspace over HTTP: list, change a role, remove, leave.

use actix_web::web::{Data, Json, Path};
use shared::{
    error::ErrorBody,
    page::ItemList,
    workspace::{Member, UpdateMemberRequest},
};
use uuid::Uuid;

use super::{State, audit::Details};
use crate::{
    auth::identity::Login,
    error::ApiError,
    response::{NoContent, whole_list},
};

/// Lists the members of the workspace, by e-mail.
#[utoipa::path(
    get, path = "/api/v1/members", operation_id = "member_list", tag = "Members",
    responses((status = 200, description = "The members", body = ItemList<Member>))
)]
pub async fn list(app: Data<State>, login: Login) -> Result<Json<ItemList<Member>>, ApiError> {
    Ok(whole_list(app.accounts.list_members(login.workspace_id).await?))
}

/// Changes the role of a member. Takes effect at once, in other processes within 10 seconds.
#[utoipa::path(
    patch, path = "/api/v1/members/{user_id}", operation_id = "member_update", tag = "Members",
    params(("user_id" = Uuid, Path, description = "The id of the account")),
    request_body = UpdateMemberRequest,
    responses(
        (status = 204, description = "Changed"),
        (status = 409, description = "The workspace would have no owner", body = ErrorBody),
    )
)]
pub async fn update(
    app: Data<State>,
    login: Login,
    user_id: Path<Uuid>,
    request: Json<UpdateMemberRequest>,
) -> Result<Details<NoContent>, ApiError> {
    let previous = app.accounts.update_member(login.workspace_id, *user_id, request.role).await?;
    app.credentials.clear_cache();
    Ok(Details::new(NoContent, [("from", previous.as_str()), ("to", request.role.as_str())]))
}

/// Removes a member. Their API keys with the scopes `read` and `manage` are revoked.
#[utoipa::path(
    delete, path = "/api/v1/members/{user_id}", operation_id = "member_delete", tag = "Members",
    params(("user_id" = Uuid, Path, description = "The id of the account")),
    responses(
        (status = 204, description = "Removed"),
        (status = 409, description = "The workspace would have no owner", body = ErrorBody),
    )
)]
pub async fn delete(app: Data<State>, login: Login, user_id: Path<Uuid>) -> Result<NoContent, ApiError> {
    remove(&app, login.workspace_id, *user_id).await
}

/// Leaves the workspace.
#[utoipa::path(
    delete, path = "/api/v1/members/me", operation_id = "member_leave", tag = "Members",
    responses(
        (status = 204, description = "Left"),
        (status = 409, description = "The workspace would have no owner", body = ErrorBody),
    )
)]
pub async fn leave(app: Data<State>, login: Login) -> Result<NoContent, ApiError> {
    remove(&app, login.workspace_id, login.user_id).await
}

async fn remove(app: &State, workspace_id: Uuid, user_id: Uuid) -> Result<NoContent, ApiError> {
    app.accounts.delete_member(workspace_id, user_id, app.clock.now()).await?;
    app.credentials.clear_cache();
    Ok(NoContent)
}
