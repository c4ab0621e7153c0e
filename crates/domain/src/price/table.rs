//! Prices that somebody wrote down: a workspace's own, or those of a file. They hold for whatever time.

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

/// Questions whose answers are remembered: models are named by senders, and there is no end to names.
const REMEMBERED: usize = 1_000;

/// A table of prices.
#[derive(Debug)]
pub struct Table {
    by_model: HashMap<String, Vec<Entry>>,
    /// Answers, by provider and model as they were asked for.
    answers: RwLock<HashMap<String, Option<Arc<ModelPrice>>>>,
}

/// A price of a model, where the provider with this key serves it; whoever does, where absent.
#[derive(Debug)]
struct Entry {
    provider: Option<String>,
    price: Arc<ModelPrice>,
}

impl Table {
    /// A table of these prices; of two for the same model and provider the later goes.
    #[must_use]
    pub fn new<'a>(table: PriceTable, prices: impl IntoIterator<Item = &'a PriceRequest>) -> Self {
        let mut by_model: HashMap<String, Vec<Entry>> = HashMap::new();
        for request in prices {
            let provider = request.provider.as_deref().map(Provider::key);
            let entries = by_model.entry(request.model.trim().to_lowercase()).or_default();
            entries.retain(|entry| entry.provider != provider);
            entries.push(Entry { provider, price: Arc::new(price(table, request)) });
        }
        Self { by_model, answers: RwLock::default() }
    }

    /// What this table says of a model, by the first of its names that it knows; a price for its provider goes before one
    /// for any.
    #[must_use]
    pub fn find(&self, provider: Option<&str>, model: &str) -> Option<Arc<ModelPrice>> {
        if self.by_model.is_empty() {
            return None;
        }
        let question = format!("{}\0{model}", provider.unwrap_or_default());
        if let Some(answer) = self.answers.read().unwrap_or_else(PoisonError::into_inner).get(&question) {
            return answer.clone();
        }
        let answer = self.search(provider, model);
        let mut answers = self.answers.write().unwrap_or_else(PoisonError::into_inner);
        if answers.len() >= REMEMBERED {
            answers.clear();
        }
        answers.insert(question, answer.clone());
        answer
    }

    fn search(&self, provider: Option<&str>, model: &str) -> Option<Arc<ModelPrice>> {
        let provider = provider.map(Provider::key);
        let spellings = model::spellings(model);
        let entries = spellings.iter().filter_map(|spelling| self.by_model.get(spelling));
        entries
            .filter_map(|entries| {
                let of = |provider: Option<&String>| {
                    entries.iter().find(|entry| entry.provider.as_ref() == provider)
                };
                let own = provider.as_ref().and_then(|provider| of(Some(provider)));
                own.or_else(|| of(None)).map(|entry| Arc::clone(&entry.price))
            })
            .next()
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
        // Twice: the second answer is remembered.
        let _ = table.find(provider, model);
        table.find(provider, model).map(|price| price.rates.input)
    }

    #[test]
    fn a_price_for_the_provider_goes_before_one_for_any() {
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
    fn the_exact_name_goes_before_a_shorter_one() {
        let prices = [request("gpt-4o", None, 1.0), request("GPT-4o-2024-05-13", None, 5.0)];
        let table = Table::new(PriceTable::File, &prices);
        assert_eq!(input(&table, None, "openai/gpt-4o-2024-05-13"), Some(nanos(5.0)));
        assert_eq!(input(&table, None, "openai/gpt-4o-2024-08-06"), Some(nanos(1.0)));
        assert_eq!(input(&table, None, "gpt-4"), None);
    }

    #[test]
    fn cached_tokens_cost_what_others_do_where_nothing_is_said() {
        let told = PriceRequest { cache_read_usd_per_million: Some(0.0), ..request("told", None, 3.0) };
        let prices = [request("untold", None, 3.0), told];
        let table = Table::new(PriceTable::File, &prices);
        let rates = |model| table.find(None, model).map(|price| price.rates).unwrap_or_default();
        let three = nanos(3.0);
        assert_eq!(
            rates("untold"),
            Rates { input: three, cache_read: three, cache_write: three, output: nanos(30.0) }
        );
        assert_eq!(rates("told").cache_read, 0);
    }

    #[test]
    fn of_two_for_the_same_the_later_goes() {
        let prices = [request("m", Some("xai"), 1.0), request("M", Some("x_ai"), 2.0)];
        assert_eq!(input(&Table::new(PriceTable::File, &prices), Some("x-ai"), "m"), Some(nanos(2.0)));
    }

    #[test]
    fn names_without_end_are_not_all_remembered() {
        let table = Table::new(PriceTable::File, &[request("m", None, 1.0)]);
        for number in 0..3 * REMEMBERED {
            let _ = table.find(None, &number.to_string());
        }
        let remembered = table.answers.read().unwrap_or_else(PoisonError::into_inner).len();
        assert!(remembered <= REMEMBERED, "{remembered}");
    }
}
