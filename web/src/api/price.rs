//! Model prices and reprices.

use shared::{
    page::ItemList,
    price::{Price, PriceLookup, PriceRequest, Reprice, RepriceRequest},
};

use super::{ApiRequest, Client, client::item};

const PRICES: &str = "/api/v1/prices";
const REPRICES: &str = "/api/v1/prices/reprice";

impl Client {
    /// Lists the prices of the workspace.
    pub fn list_prices(&self) -> ApiRequest<ItemList<Price>> {
        self.get_list(PRICES, &())
    }

    /// Creates a price, or replaces the price of the same model and provider.
    pub fn save_price(&self, request: &PriceRequest) -> ApiRequest<Price> {
        self.post(PRICES, request)
    }

    /// Deletes a price.
    pub fn delete_price(&self, id: &str) -> ApiRequest<()> {
        self.delete(&item(PRICES, id, ""))
    }

    /// Gets the price that applies to a model.
    pub fn lookup_price(&self, model: &str, provider: Option<&str>) -> ApiRequest<PriceLookup> {
        self.get("/api/v1/prices/lookup", &(("model", model), ("provider", provider)))
    }

    /// Lists the newest reprices.
    pub fn list_reprices(&self) -> ApiRequest<ItemList<Reprice>> {
        self.get_list(REPRICES, &())
    }

    /// Starts a reprice.
    pub fn create_reprice(&self, request: &RepriceRequest) -> ApiRequest<Reprice> {
        self.post(REPRICES, request)
    }
}
