//! What models cost, and pricing anew.

use shared::{
    page::ItemList,
    price::{Price, PriceLookup, PriceRequest, Reprice, RepriceRequest},
};

use super::{Asked, Client, client::segment};

const REPRICE: &str = "/api/v1/prices/reprice";

impl Client {
    /// The workspace's own prices.
    pub fn prices(&self) -> Asked<ItemList<Price>> {
        self.get("/api/v1/prices", &[])
    }

    /// Keeps a price; one of the same model and provider is replaced.
    pub fn keep_price(&self, request: &PriceRequest) -> Asked<Price> {
        self.post("/api/v1/prices", request)
    }

    /// Removes a price.
    pub fn remove_price(&self, id: &str) -> Asked<()> {
        self.delete(&format!("/api/v1/prices/{}", segment(id)))
    }

    /// What a model costs.
    pub fn lookup_price(&self, model: &str, provider: Option<&str>) -> Asked<PriceLookup> {
        self.get("/api/v1/prices/lookup", &[("model", Some(model)), ("provider", provider)])
    }

    /// The newest pricings anew.
    pub fn reprices(&self) -> Asked<ItemList<Reprice>> {
        self.get(REPRICE, &[])
    }

    /// Asks for a pricing anew.
    pub fn begin_reprice(&self, request: &RepriceRequest) -> Asked<Reprice> {
        self.post(REPRICE, request)
    }
}
