//! What models cost, and pricing anew.

use shared::{
    page::ItemList,
    price::{Price, PriceLookup, PriceRequest, Reprice, RepriceRequest},
};

use super::{ApiError, Client, client::segment};

const REPRICE: &str = "/api/v1/prices/reprice";

impl Client {
    /// The workspace's own prices.
    pub async fn prices(&self) -> Result<ItemList<Price>, ApiError> {
        self.get("/api/v1/prices", &[]).await
    }

    /// Keeps a price; one of the same model and provider is replaced.
    pub async fn keep_price(&self, request: &PriceRequest) -> Result<Price, ApiError> {
        self.post("/api/v1/prices", request).await
    }

    /// Removes a price.
    pub async fn remove_price(&self, id: &str) -> Result<(), ApiError> {
        self.delete(&format!("/api/v1/prices/{}", segment(id))).await
    }

    /// What a model costs.
    pub async fn lookup_price(&self, model: &str, provider: Option<&str>) -> Result<PriceLookup, ApiError> {
        self.get("/api/v1/prices/lookup", &[("model", Some(model)), ("provider", provider)]).await
    }

    /// The newest pricings anew.
    pub async fn reprices(&self) -> Result<ItemList<Reprice>, ApiError> {
        self.get(REPRICE, &[]).await
    }

    /// Asks for a pricing anew.
    pub async fn begin_reprice(&self, request: &RepriceRequest) -> Result<Reprice, ApiError> {
        self.post(REPRICE, request).await
    }
}
