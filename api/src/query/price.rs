//! The prices of a workspace, and the lookup of the price of a model.

use actix_web::{
    Either,
    web::{self, Data, Json, Path, Query},
};
use shared::{
    error::ErrorBody,
    limit,
    page::ItemList,
    price::{Price, PriceLookup, PriceLookupQuery, PriceRequest},
};
use store::price::PriceOutcome;
use uuid::Uuid;

use super::State;
use crate::{
    auth::identity::Identity,
    error::ApiError,
    response::{Created, NoContent, whole_list},
};

/// Lists the prices of the workspace, by model.
#[utoipa::path(
    get, path = "/api/v1/prices", operation_id = "price_list", tag = "Prices",
    responses((status = 200, description = "The prices", body = ItemList<Price>))
)]
pub async fn list(app: Data<State>, identity: Identity) -> Result<Json<ItemList<Price>>, ApiError> {
    Ok(whole_list(app.prices.list_prices(identity.workspace_id()).await?))
}

/// Creates a price, or replaces the price of the same model and provider. It takes precedence over public prices for traces
/// that arrive from then on, within seconds.
#[utoipa::path(
    post, path = "/api/v1/prices", operation_id = "price_create", tag = "Prices", request_body = PriceRequest,
    responses(
        (status = 200, description = "Replaced; the id does not change", body = Price),
        (status = 201, description = "Created", body = Price),
        (status = 422, description = "Fields are invalid, or the workspace has 1000 prices", body = ErrorBody),
    )
)]
pub async fn create(
    app: Data<State>,
    identity: Identity,
    request: Json<PriceRequest>,
) -> Result<Either<Created<Json<Price>>, Json<Price>>, ApiError> {
    ApiError::check(request.validate())?;
    let mut price = request.into_inner();
    price.model = price.model.trim().to_owned();
    price.provider = price.provider.map(|provider| provider.trim().to_owned());
    let price = Price { id: Uuid::new_v4(), price, updated_at: app.clock.now() };
    let outcome = app.prices.create_price(identity.workspace_id(), &price).await?;
    app.pricer.invalidate(identity.workspace_id()).await;
    match outcome {
        PriceOutcome::Created(price) => Ok(Either::Left(Created::new(price.id, Json(price)))),
        PriceOutcome::Replaced(price) => Ok(Either::Right(Json(price))),
        PriceOutcome::TooMany => Err(ApiError::too_many("model", limit::PRICES, "prices")),
    }
}

/// Deletes a price. Costs that were calculated with it do not change until they are repriced.
#[utoipa::path(
    delete, path = "/api/v1/prices/{id}", operation_id = "price_delete", tag = "Prices",
    params(("id" = Uuid, Path, description = "The id of the price")),
    responses((status = 204, description = "Deleted"))
)]
pub async fn delete(app: Data<State>, identity: Identity, id: Path<Uuid>) -> Result<NoContent, ApiError> {
    if !app.prices.delete_price(identity.workspace_id(), *id).await? {
        return Err(ApiError::NotFound("Price not found"));
    }
    app.pricer.invalidate(identity.workspace_id()).await;
    Ok(NoContent)
}

/// Looks up the current price of a model, per million tokens, and its table: the prices of the workspace, the file of the
/// server, or the public prices.
#[utoipa::path(
    get, path = "/api/v1/prices/lookup", operation_id = "price_lookup", tag = "Prices",
    params(PriceLookupQuery),
    responses(
        (status = 200, description = "The price", body = PriceLookup),
        (status = 404, description = "No table has a price for this model", body = ErrorBody),
    )
)]
pub async fn lookup(
    app: Data<State>,
    identity: Identity,
    query: Query<PriceLookupQuery>,
) -> Result<Json<PriceLookup>, ApiError> {
    ApiError::check(query.validate())?;
    let prices = app.pricer.prices([identity.workspace_id()]).await?;
    let (workspace_id, now) = (identity.workspace_id(), app.clock.now());
    // The first lookup parses the public prices, so it runs on a blocking thread.
    let found = web::block(move || {
        let provider = query.provider.as_deref().filter(|provider| !provider.trim().is_empty());
        prices.find(workspace_id, provider, &query.model, now)
    });
    let price = found.await.map_err(ApiError::internal)?;
    let price = price.ok_or(ApiError::NotFound("No price is known for this model"))?;
    Ok(Json(price.to_lookup()))
}
