//! Invitations over HTTP: create, list, revoke, look up, accept.

use actix_web::{
    HttpRequest,
    web::{Data, Json, Path, Query},
};
use shared::{
    error::ErrorBody,
    invitation::{
        CreateInvitationRequest, CreateInvitationResponse, Invitation, InvitationInfo, InvitationToken,
    },
    page::ItemList,
};
use store::account::NewInvitation;
use uuid::Uuid;

use super::{
    State,
    account::{UncachedToken, renewed},
    audit::Details,
};
use crate::{
    auth::{identity::Login, key, token::LinkToken},
    error::ApiError,
    response::{Created, NoContent, whole_list},
};

/// Lists the pending invitations of the workspace, newest first.
#[utoipa::path(
    get, path = "/api/v1/invitations", operation_id = "invitation_list", tag = "Invitations",
    responses((status = 200, description = "The invitations", body = ItemList<Invitation>))
)]
pub async fn list(app: Data<State>, login: Login) -> Result<Json<ItemList<Invitation>>, ApiError> {
    Ok(whole_list(app.accounts.list_invitations(login.workspace_id, app.clock.now()).await?))
}

/// Creates an invitation, valid once and for 7 days. It is sent by e-mail if the request names an address and the server can
/// send e-mails.
#[utoipa::path(
    post, path = "/api/v1/invitations", operation_id = "invitation_create", tag = "Invitations",
    request_body = CreateInvitationRequest,
    responses(
        (status = 201, description = "The invitation, with its token", body = CreateInvitationResponse),
        (status = 422, description = "The e-mail is invalid, or the workspace has 100 pending invitations", body = ErrorBody),
        (status = 429, description = "Too many e-mails to this address or of this workspace", body = ErrorBody),
    )
)]
pub async fn create(
    app: Data<State>,
    login: Login,
    request: Json<CreateInvitationRequest>,
) -> Result<Details<Created<Json<CreateInvitationResponse>>>, ApiError> {
    ApiError::check(request.validate())?;
    let mail = app.mail.as_ref().zip(request.email.as_deref());
    if let Some((_, email)) = mail {
        app.email_limit.send_link(login.workspace_id, email).await.map_err(|retry_after| {
            ApiError::RateLimited {
                detail: "Too many e-mails to this address or of this workspace",
                retry_after,
            }
        })?;
    }
    let (token, now) = (LinkToken::generate().map_err(ApiError::internal)?, app.clock.now());
    let invitation = NewInvitation {
        workspace_id: login.workspace_id,
        role: request.role,
        email: request.email.clone(),
        token_hash: token.hash,
        created_by: Some(login.user_id),
        created_at: now,
    };
    let (id, expires_at) = app.accounts.create_invitation(&invitation).await?;
    let url = app.page(&format!("invitation?token={}", token.text));
    let is_sent = match mail {
        Some((mail, email)) => match mail.invite(email, &login.email, &url, now).await {
            Ok(()) => true,
            Err(failure) => {
                tracing::warn!(error = failure.error, "invitation not sent");
                false
            }
        },
        None => false,
    };
    let response = CreateInvitationResponse { id, token: token.text, url, expires_at, is_sent };
    let details = [("role", request.role.as_str()), ("email", request.email.as_deref().unwrap_or_default())];
    Ok(Details::new(Created::new(id, Json(response)), details))
}

/// Revokes a pending invitation.
#[utoipa::path(
    delete, path = "/api/v1/invitations/{id}", operation_id = "invitation_delete", tag = "Invitations",
    params(("id" = Uuid, Path, description = "The id of the invitation")),
    responses((status = 204, description = "Revoked"))
)]
pub async fn delete(app: Data<State>, login: Login, id: Path<Uuid>) -> Result<NoContent, ApiError> {
    if app.accounts.delete_invitation(login.workspace_id, *id).await? {
        Ok(NoContent)
    } else {
        Err(ApiError::NotFound("Invitation not found"))
    }
}

/// Returns what an invitation offers.
#[utoipa::path(
    get, path = "/api/v1/invitations/lookup", operation_id = "invitation_lookup", tag = "Invitations",
    params(InvitationToken),
    responses(
        (status = 200, description = "The invitation", body = InvitationInfo),
        (status = 404, description = "Invitation not found", body = ErrorBody),
        (status = 410, description = "The invitation was used already, or has expired", body = ErrorBody),
    )
)]
pub async fn lookup(
    app: Data<State>,
    query: Query<InvitationToken>,
) -> Result<Json<InvitationInfo>, ApiError> {
    Ok(Json(app.accounts.get_invitation(&key::hash(&query.token), app.clock.now()).await?))
}

/// Accepts an invitation with the account of the token, and switches to its workspace.
#[utoipa::path(
    post, path = "/api/v1/invitations/accept", operation_id = "invitation_accept", tag = "Invitations",
    request_body = InvitationToken,
    responses(
        (status = 200, description = "A token for the workspace", body = shared::auth::TokenResponse),
        (status = 403, description = "The invitation is for another e-mail", body = ErrorBody),
        (status = 404, description = "Invitation not found", body = ErrorBody),
        (status = 410, description = "The invitation was used already, or has expired", body = ErrorBody),
    )
)]
pub async fn accept(
    app: Data<State>,
    http: HttpRequest,
    login: Login,
    request: Json<InvitationToken>,
) -> Result<UncachedToken, ApiError> {
    let hash = key::hash(&request.token);
    let workspace_id =
        app.accounts.accept_invitation(&hash, login.user_id, &login.email, app.clock.now()).await?;
    let user = app.user(login.user_id, Some(workspace_id)).await?;
    app.audit(&http, &user, "invitation.accept", None).await;
    renewed(&app, &http, &login, &user).await
}
