//! Computes the costs of spans and traces: the reported cost, otherwise model × price × tokens.

use std::{collections::HashMap, fmt::Write, sync::Arc};

use shared::{Timestamp, cost::PriceTable, price::PriceRequest};
use uuid::Uuid;

use super::{bundled, call::Call, rate::ModelPrice, table::Table, usage::Usage};
use crate::trace::record::{Basis, NewSpan};

/// Capacity of the cache of public prices, and of the cache of unknown models.
const CACHE_CAPACITY: u64 = 50_000;

/// The prices that apply to all workspaces.
#[derive(Debug)]
pub struct PublicPrices {
    file: Table,
    /// Bundled prices by provider, model and time step.
    bundled: moka::sync::Cache<Box<str>, Option<Arc<ModelPrice>>>,
    /// Providers and models that are not in the public prices at any time.
    unknown: moka::sync::Cache<Box<str>, ()>,
}

/// The current prices of some workspaces, in memory.
#[derive(Clone, Debug)]
pub struct Prices {
    public: Arc<PublicPrices>,
    workspaces: HashMap<Uuid, Arc<Table>>,
}

impl PublicPrices {
    /// Creates the public prices from a price file and the bundled prices.
    #[must_use]
    pub fn new(file: &[PriceRequest]) -> Self {
        Self {
            file: Table::new(PriceTable::File, file),
            bundled: moka::sync::Cache::builder().max_capacity(CACHE_CAPACITY).build(),
            unknown: moka::sync::Cache::builder().max_capacity(CACHE_CAPACITY).build(),
        }
    }

    fn find(&self, provider: Option<&str>, model: &str, at: Timestamp) -> Option<Arc<ModelPrice>> {
        if let Some(price) = self.file.find(provider, model) {
            return Some(price);
        }
        let step = at.floor(bundled::STEP);
        let mut key = String::with_capacity(model.len() + 40);
        // Writing to a String cannot fail.
        let _ = write!(key, "{}\0{model}", provider.unwrap_or_default());
        if self.unknown.contains_key(key.as_str()) {
            return None;
        }
        let length = key.len();
        let _ = write!(key, "\0{}", step.as_micros());
        if let Some(price) = self.bundled.get(key.as_str()) {
            return price;
        }
        let price = bundled::find(provider, model, step).map(Arc::new);
        if price.is_none() && !bundled::contains(provider, model) {
            self.unknown.insert(key[..length].into(), ());
            return None;
        }
        self.bundled.insert(key.into_boxed_str(), price.clone());
        price
    }
}

impl Prices {
    /// Creates the prices of some workspaces from their tables and the public prices.
    #[must_use]
    pub fn new(public: Arc<PublicPrices>, workspaces: HashMap<Uuid, Arc<Table>>) -> Self {
        Self { public, workspaces }
    }

    /// Returns the price of a model at a time from the first table that contains it.
    #[must_use]
    pub fn find(
        &self,
        workspace_id: Uuid,
        provider: Option<&str>,
        model: &str,
        at: Timestamp,
    ) -> Option<Arc<ModelPrice>> {
        let own = self.workspaces.get(&workspace_id).and_then(|table| table.find(provider, model));
        own.or_else(|| self.public.find(provider, model, at))
    }

    /// Sets the cost of a span and its basis, unless the basis is already set.
    pub fn price_span(&self, workspace_id: Uuid, span: &mut NewSpan) {
        if span.basis == Basis::Unknown {
            if span.cost.is_some() {
                span.basis = Basis::Reported;
            } else {
                (span.cost, span.basis) = self.cost(workspace_id, &Call::of_span(span));
            }
        }
    }

    /// Computes the cost of a call in nano-dollars, with its basis.
    pub(super) fn cost(&self, workspace_id: Uuid, call: &Call<'_>) -> (Option<i64>, Basis) {
        let usage = Usage::from(call.counts);
        let model = call.model.filter(|model| !model.trim().is_empty());
        if usage.is_empty() || model.is_none() && !call.is_model {
            return (None, Basis::Unknown);
        }
        let price = model.and_then(|model| self.find(workspace_id, call.provider, model, call.at));
        let Some(price) = price else { return (None, Basis::NoPrice) };
        let (cost, applied) = price.apply(usage);
        match serde_json::to_string(&applied) {
            Ok(json) => (Some(cost), Basis::Computed(json)),
            // Serializing numbers and names cannot fail. A cost is not stored without its explanation.
            Err(_) => (None, Basis::NoPrice),
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
#[path = "prices_tests.rs"]
mod tests;
