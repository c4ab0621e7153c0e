//! Reprices: list them, and request one. Processing executes them.

use actix_web::web::{Data, Json};
use shared::{
    error::ErrorBody,
    limit,
    page::ItemList,
    price::{Reprice, RepriceRequest},
};

use super::State;
use crate::{auth::identity::Identity, error::ApiError, response::Accepted};

/// Lists the newest 50 reprices of the workspace, newest first, and their total number.
#[utoipa::path(
    get, path = "/api/v1/prices/reprice", operation_id = "reprice_list", tag = "Prices",
    responses((status = 200, description = "The reprices", body = ItemList<Reprice>))
)]
pub async fn list(app: Data<State>, identity: Identity) -> Result<Json<ItemList<Reprice>>, ApiError> {
    Ok(Json(app.jobs.list_reprices(identity.workspace_id()).await?))
}

/// Recalculates the costs of the traces in a window with current prices. Reported costs do not change. If a reprice of the
/// same window is in progress, it is returned instead.
#[utoipa::path(
    post, path = "/api/v1/prices/reprice", operation_id = "reprice_create", tag = "Prices",
    request_body = RepriceRequest,
    responses(
        (status = 202, description = "The reprice", body = Reprice),
        (status = 422, description = "The window is invalid, or 10 reprices are in progress", body = ErrorBody),
    )
)]
pub async fn create(
    app: Data<State>,
    identity: Identity,
    request: Json<RepriceRequest>,
) -> Result<Accepted<Json<Reprice>>, ApiError> {
    ApiError::check(request.validate())?;
    let created = app.jobs.create_reprice(identity.workspace_id(), *request, app.clock.now()).await?;
    let reprice = created.ok_or_else(|| {
        let detail = format!(
            "the maximum of {} reprices is in progress; wait for one to finish",
            limit::CONCURRENT_REPRICES
        );
        ApiError::invalid("start", detail)
    })?;
    Ok(Accepted(Json(reprice)))
}
