//! API keys over HTTP: list, create, delete.

use actix_web::{
    CustomizeResponder, Responder,
    http::header,
    web::{Data, Json, Path},
};
use shared::{
    access::Permission,
    api_key::{ApiKey, CreateApiKeyRequest, CreateApiKeyResponse},
    error::{ErrorBody, FieldError},
    limit,
    page::ItemList,
};
use store::account::NewApiKey;
use uuid::Uuid;

use super::State;
use crate::{
    auth::{identity::Login, key},
    error::ApiError,
    response::{Created, NoContent, whole_list},
};

/// Lists the API keys of the workspace, newest first, without their secrets. Members see their own only.
#[utoipa::path(
    get, path = "/api/v1/api-keys", operation_id = "api_key_list", tag = "API keys",
    responses((status = 200, description = "The API keys", body = ItemList<ApiKey>))
)]
pub async fn list(app: Data<State>, login: Login) -> Result<Json<ItemList<ApiKey>>, ApiError> {
    Ok(whole_list(app.accounts.list_api_keys(login.workspace_id, own_only(&login)).await?))
}

/// Creates an API key. Only this response contains the key.
#[utoipa::path(
    post, path = "/api/v1/api-keys", operation_id = "api_key_create", tag = "API keys",
    request_body = CreateApiKeyRequest,
    responses(
        (status = 201, description = "The key, shown once", body = CreateApiKeyResponse),
        (status = 422, description = "The name is invalid, or the workspace has 100 keys", body = ErrorBody),
    )
)]
pub async fn create(
    app: Data<State>,
    login: Login,
    request: Json<CreateApiKeyRequest>,
) -> Result<CustomizeResponder<Created<Json<CreateApiKeyResponse>>>, ApiError> {
    let mut errors = request.validate(app.clock.now());
    if app.accounts.count_api_keys(login.workspace_id).await? >= limit::API_KEYS {
        errors.push(FieldError::new(
            "name",
            format!("the workspace has the maximum of {} keys; delete one first", limit::API_KEYS),
        ));
    }
    ApiError::check(errors)?;
    let key = key::generate().map_err(ApiError::internal)?;
    let new = NewApiKey {
        workspace_id: login.workspace_id,
        name: request.name.trim().to_owned(),
        prefix: key::prefix(&key),
        key_hash: key::hash(&key),
        created_at: app.clock.now(),
        created_by: login.user_id,
        scopes: request.scopes.clone(),
        expires_at: request.expires_at,
        rate_limit: request.rate_limit,
    };
    let api_key = app.accounts.create_api_key(&new).await?;
    app.credentials.clear_cache();
    let created = Created::new(api_key.id, Json(CreateApiKeyResponse { key, api_key }));
    Ok(created.customize().insert_header((header::CACHE_CONTROL, "no-store")))
}

/// Revokes an API key: it is rejected from then on, by other processes within 10 seconds. Members can revoke their own only.
#[utoipa::path(
    delete, path = "/api/v1/api-keys/{id}", operation_id = "api_key_delete", tag = "API keys",
    params(("id" = Uuid, Path, description = "The id of the key")),
    responses((status = 204, description = "Deleted"))
)]
pub async fn delete(app: Data<State>, login: Login, id: Path<Uuid>) -> Result<NoContent, ApiError> {
    if !app.accounts.revoke_api_key(login.workspace_id, *id, own_only(&login), app.clock.now()).await? {
        return Err(ApiError::NotFound("API key not found"));
    }
    app.credentials.clear_cache();
    Ok(NoContent)
}

/// Returns the caller's id if they may only access their own keys.
fn own_only(login: &Login) -> Option<Uuid> {
    (!login.role.permits(Permission::Administer)).then_some(login.user_id)
}
