//! A workspace's own prices of models, and what any model costs.

use actix_web::{
    HttpResponse,
    web::{self, Data, Json, Path, Query},
};
use shared::{
    error::{ErrorBody, FieldError},
    limit,
    page::ItemList,
    price::{Price, PriceLookup, PriceLookupQuery, PriceRequest},
};
use store::price::PriceOutcome;
use uuid::Uuid;

use super::State;
use crate::{auth::identity::Login, error::ApiError};

/// Lists the workspace's own prices, by model.
#[utoipa::path(
    get, path = "/api/v1/prices", tag = "Prices", security(("jwt" = [])),
    responses((status = 200, description = "The prices", body = ItemList<Price>), (status = 401, body = ErrorBody))
)]
pub async fn list(app: Data<State>, login: Login) -> Result<HttpResponse, ApiError> {
    let items = app.prices.list_prices(login.workspace_id).await?;
    let total = items.len() as u64;
    Ok(HttpResponse::Ok().json(ItemList { items, total }))
}

/// Keeps a price, which goes before the public ones for whatever comes from now on (within seconds). One for the same model
/// and provider is replaced.
#[utoipa::path(
    post, path = "/api/v1/prices", tag = "Prices", request_body = PriceRequest, security(("jwt" = [])),
    responses(
        (status = 200, description = "It took another one's place, and has that one's id", body = Price),
        (status = 201, description = "It is new", body = Price),
        (status = 401, body = ErrorBody),
        (status = 422, description = "A name or a price is wrong, or there are 1000 already", body = ErrorBody),
    )
)]
pub async fn keep(
    app: Data<State>,
    login: Login,
    request: Json<PriceRequest>,
) -> Result<HttpResponse, ApiError> {
    ApiError::check(request.validate())?;
    let mut price = request.into_inner();
    price.model = price.model.trim().to_owned();
    price.provider = price.provider.map(|provider| provider.trim().to_owned());
    let price = Price { id: Uuid::new_v4(), price, updated_at: app.clock.now() };
    let kept = app.prices.create_price(login.workspace_id, &price).await?;
    app.pricer.invalidate(login.workspace_id).await;
    match kept {
        PriceOutcome::Created(price) => Ok(HttpResponse::Created().json(price)),
        PriceOutcome::Replaced(price) => Ok(HttpResponse::Ok().json(price)),
        PriceOutcome::TooMany => {
            let detail = format!("there are prices of {} models already: remove one first", limit::PRICES);
            Err(ApiError::ValidationFailed(vec![FieldError::new("model", detail)]))
        }
    }
}

/// Removes a price. What was computed by it stays until it is priced anew.
#[utoipa::path(
    delete, path = "/api/v1/prices/{id}", tag = "Prices", security(("jwt" = [])),
    params(("id" = Uuid, Path, description = "The price's id")),
    responses(
        (status = 204, description = "Removed"),
        (status = 401, body = ErrorBody),
        (status = 404, description = "This workspace has no such price", body = ErrorBody),
    )
)]
pub async fn remove(app: Data<State>, login: Login, id: Path<Uuid>) -> Result<HttpResponse, ApiError> {
    if !app.prices.delete_price(login.workspace_id, *id).await? {
        return Err(ApiError::NotFound("There is no such price"));
    }
    app.pricer.invalidate(login.workspace_id).await;
    Ok(HttpResponse::NoContent().finish())
}

/// What a million tokens of a model cost today, and which table says so: the workspace's own, the server's file, or the
/// public one.
#[utoipa::path(
    get, path = "/api/v1/prices/lookup", tag = "Prices", security(("jwt" = [])),
    params(
        ("model" = String, Query, description = "The model, as spans name it"),
        ("provider" = Option<String>, Query, description = "Who serves it, as spans name them"),
    ),
    responses(
        (status = 200, description = "The price", body = PriceLookup),
        (status = 400, description = "The query cannot be read", body = ErrorBody),
        (status = 401, body = ErrorBody),
        (status = 404, description = "No table knows the model", body = ErrorBody),
        (status = 422, description = "There is no model in the query", body = ErrorBody),
    )
)]
pub async fn lookup(
    app: Data<State>,
    login: Login,
    query: Query<PriceLookupQuery>,
) -> Result<HttpResponse, ApiError> {
    ApiError::check(query.validate())?;
    let prices = app.pricer.prices([login.workspace_id]).await?;
    let (workspace_id, now) = (login.workspace_id, app.clock.now());
    // The first one reads the public prices.
    let found = web::block(move || {
        let provider = query.provider.as_deref().filter(|provider| !provider.trim().is_empty());
        prices.find(workspace_id, provider, &query.model, now)
    });
    let price = found.await.map_err(|error| ApiError::Internal(error.into()))?;
    let price = price.ok_or(ApiError::NotFound("No price is known for this model"))?;
    Ok(HttpResponse::Ok().json(price.to_lookup()))
}
