//! Custom prices of a workspace or of the price file. They do not depend on time.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use shared::{cost::PriceTable, price::PriceRequest};

use super::{
    model,
    provider::Provider,
    rate::{ModelPrice, Rates, nanos},
};

/// Maximum number of cached lookups. The cache is bounded because senders choose the names of models.
const CACHE_CAPACITY: usize = 1_000;

/// A table of prices.
#[derive(Debug)]
pub struct Table {
    by_model: HashMap<String, Vec<Entry>>,
    /// Results of lookups by provider and model, as they were sent.
    cache: RwLock<HashMap<String, Option<Arc<ModelPrice>>>>,
}

/// The price of a model at the provider with this key; without a key, at all other providers.
#[derive(Debug)]
struct Entry {
    provider: Option<String>,
    price: Arc<ModelPrice>,
}

impl Table {
    /// Creates a table. A later price for the same model and provider replaces an earlier one.
    #[must_use]
    pub fn new<'a>(table: PriceTable, prices: impl IntoIterator<Item = &'a PriceRequest>) -> Self {
        let mut by_model: HashMap<String, Vec<Entry>> = HashMap::new();
        for request in prices {
            let provider = request.provider.as_deref().map(Provider::key);
            let entries = by_model.entry(request.model.trim().to_lowercase()).or_default();
            entries.retain(|entry| entry.provider != provider);
            entries.push(Entry { provider, price: Arc::new(price(table, request)) });
        }
        Self { by_model, cache: RwLock::default() }
    }

    /// Returns the price of a model by the first of its [spellings](model::spellings) that has one. A price for the provider
    /// overrides a price for all providers.
    #[must_use]
    pub fn find(&self, provider: Option<&str>, model: &str) -> Option<Arc<ModelPrice>> {
        if self.by_model.is_empty() {
            return None;
        }
        let key = format!("{}\0{model}", provider.unwrap_or_default());
        if let Some(price) = self.cache.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return price.clone();
        }
        let price = self.search(provider, model);
        let mut cache = self.cache.write().unwrap_or_else(PoisonError::into_inner);
        if cache.len() >= CACHE_CAPACITY {
            cache.clear();
        }
        cache.insert(key, price.clone());
        price
    }

    fn search(&self, provider: Option<&str>, model: &str) -> Option<Arc<ModelPrice>> {
        let provider = provider.map(Provider::key);
        model::spellings(model).iter().find_map(|spelling| {
            let entries = self.by_model.get(spelling)?;
            let of = |provider: &Option<String>| entries.iter().find(|entry| entry.provider == *provider);
            Some(Arc::clone(&of(&provider).or_else(|| of(&None))?.price))
        })
    }
}

fn price(table: PriceTable, request: &PriceRequest) -> ModelPrice {
    let input = nanos(request.input_usd_per_million);
    ModelPrice {
        model: request.model.clone(),
        provider: request.provider.clone(),
        table,
        rates: Rates {
            input,
            cache_read: request.cache_read_usd_per_million.map_or(input, nanos),
            cache_write: request.cache_write_usd_per_million.map_or(input, nanos),
            output: nanos(request.output_usd_per_million),
        },
        tiers: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(model: &str, provider: Option<&str>, input: f64) -> PriceRequest {
        PriceRequest {
            model: model.to_owned(),
            provider: provider.map(ToOwned::to_owned),
            input_usd_per_million: input,
            output_usd_per_million: 10.0 * input,
            ..PriceRequest::default()
        }
    }

    fn input(table: &Table, provider: Option<&str>, model: &str) -> Option<i64> {
        // The cache serves the second lookup.
        let _ = table.find(provider, model);
        table.find(provider, model).map(|price| price.rates.input)
    }

    #[test]
    fn price_for_a_provider_overrides_price_for_all_providers() {
        let prices =
            [request("m", None, 1.0), request("m", Some("azure"), 2.0), request("n", Some("azure"), 3.0)];
        let table = Table::new(PriceTable::Workspace, &prices);
        assert_eq!(input(&table, Some("az.ai.openai"), "m"), Some(nanos(2.0)));
        assert_eq!(input(&table, Some("openai"), "m"), Some(nanos(1.0)));
        assert_eq!(input(&table, None, "m"), Some(nanos(1.0)));
        assert_eq!(input(&table, Some("azure"), "n"), Some(nanos(3.0)));
        assert_eq!(input(&table, Some("openai"), "n"), None);
        assert_eq!(input(&table, None, "n"), None);
    }

    #[test]
    fn exact_name_overrides_shorter_name() {
        let prices = [request("gpt-4o", None, 1.0), request("GPT-4o-2024-05-13", None, 5.0)];
        let table = Table::new(PriceTable::File, &prices);
        assert_eq!(input(&table, None, "openai/gpt-4o-2024-05-13"), Some(nanos(5.0)));
        assert_eq!(input(&table, None, "openai/gpt-4o-2024-08-06"), Some(nanos(1.0)));
        assert_eq!(input(&table, None, "gpt-4"), None);
    }

    #[test]
    fn cache_prices_default_to_the_input_price() {
        let free = PriceRequest { cache_read_usd_per_million: Some(0.0), ..request("free-cache", None, 3.0) };
        let prices = [request("default", None, 3.0), free];
        let table = Table::new(PriceTable::File, &prices);
        let rates = |model| table.find(None, model).map(|price| price.rates).unwrap_or_default();
        let three = nanos(3.0);
        assert_eq!(
            rates("default"),
            Rates { input: three, cache_read: three, cache_write: three, output: nanos(30.0) }
        );
        assert_eq!(rates("free-cache").cache_read, 0);
    }

    #[test]
    fn later_price_replaces_earlier_price_for_the_same_model_and_provider() {
        let prices = [request("m", Some("xai"), 1.0), request("M", Some("x_ai"), 2.0)];
        assert_eq!(input(&Table::new(PriceTable::File, &prices), Some("x-ai"), "m"), Some(nanos(2.0)));
    }

    #[test]
    fn limits_the_cache_of_lookups() {
        let table = Table::new(PriceTable::File, &[request("m", None, 1.0)]);
        for number in 0..3 * CACHE_CAPACITY {
            let _ = table.find(None, &number.to_string());
        }
        let cached = table.cache.read().unwrap_or_else(PoisonError::into_inner).len();
        assert!(cached <= CACHE_CAPACITY, "{cached}");
    }
}
