//! Asking for what is stored to be priced anew. Processing does it.

use actix_web::{
    HttpResponse,
    web::{Data, Json},
};
use shared::{
    error::{ErrorBody, FieldError},
    limit,
    page::ItemList,
    price::{Reprice, RepriceRequest},
};

use super::State;
use crate::{auth::identity::Login, error::ApiError};

/// Lists the workspace's newest pricings anew, fifty at most, and how many there were.
#[utoipa::path(
    get, path = "/api/v1/prices/reprice", tag = "Prices", security(("jwt" = [])),
    responses(
        (status = 200, description = "The pricings, newest first", body = ItemList<Reprice>),
        (status = 401, body = ErrorBody),
    )
)]
pub async fn list(app: Data<State>, login: Login) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().json(app.jobs.list_reprices(login.workspace_id).await?))
}

/// Prices anew, by the prices of now, whatever started in the window and whose cost was not reported. One of the same
/// window that is under way is answered instead of another.
#[utoipa::path(
    post, path = "/api/v1/prices/reprice", tag = "Prices", request_body = RepriceRequest, security(("jwt" = [])),
    responses(
        (status = 202, description = "It will be done", body = Reprice),
        (status = 401, body = ErrorBody),
        (status = 422, description = "The window is wrong, or 10 pricings are under way already", body = ErrorBody),
    )
)]
pub async fn begin(
    app: Data<State>,
    login: Login,
    request: Json<RepriceRequest>,
) -> Result<HttpResponse, ApiError> {
    ApiError::check(request.validate())?;
    let begun = app.jobs.create_reprice(login.workspace_id, *request, app.clock.now()).await?;
    let reprice = begun.ok_or_else(|| {
        let detail = format!("{} pricings are under way already: wait for one", limit::REPRICES_AT_ONCE);
        ApiError::ValidationFailed(vec![FieldError::new("start", detail)])
    })?;
    Ok(HttpResponse::Accepted().json(reprice))
}
