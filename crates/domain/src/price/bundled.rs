//! The bundled public prices, from the `genai-prices` crate. The crate computes costs in floating point and does not expose
//! its prices, so they are derived from the costs of sample calls.

use std::time::{Duration, SystemTime};

use genai_prices::{Calculator, PriceCalculation, Usage, UsageKey};
use shared::{Timestamp, cost::PriceTable};

use super::{
    model,
    provider::Provider,
    rate::{ModelPrice, Rates, nanos},
};

/// The granularity of price changes. Some prices depend on the time of day or change on a date, always at a quarter of an hour.
pub const STEP: Duration = Duration::from_secs(15 * 60);
/// Output tokens of the sample calls. A million tokens cost exactly the price.
const OUTPUT_TOKENS: u64 = 1_000_000;
/// Maximum number of lookups per model.
const MAX_LOOKUPS: usize = 64;
/// Input tokens that no real call exceeds.
const MAX_INPUT_TOKENS: u64 = 1 << 30;

/// Returns the public price of a model at a time. The model is looked up at `provider`, then at the provider in the prefix of
/// its name, then at its maker. Providers that sell models of others at their own prices do not fall back to the maker.
///
/// The first call loads the table, which takes tens of milliseconds and 19 MB. Do not call this on async threads.
#[must_use]
pub fn find(provider: Option<&str>, model: &str, at: Timestamp) -> Option<ModelPrice> {
    let lookups = lookups(provider, model);
    lookups.iter().find_map(|(provider, name)| Lookup { provider: provider.as_deref(), name, at }.price())
}

/// Returns whether the public prices contain the model, with or without a price per token.
#[must_use]
pub fn contains(provider: Option<&str>, model: &str) -> bool {
    let at = Timestamp::default();
    let is_known = |(provider, name): &(Option<String>, String)| {
        let lookup = Lookup { provider: provider.as_deref(), name, at };
        lookup.calculate(Tokens { input: 1, ..Tokens::default() }).is_some()
    };
    lookups(provider, model).iter().any(is_known)
}

/// Returns the providers and names under which to look up a model, in order. There are at most [`MAX_LOOKUPS`], because each
/// lookup searches a whole table and senders choose the names.
fn lookups(provider: Option<&str>, model: &str) -> Vec<(Option<String>, String)> {
    let mut all = Vec::new();
    let mut add = |provider: Option<&str>, names: Vec<String>| {
        for name in names {
            let lookup = (provider.map(str::to_owned), name);
            if all.len() < MAX_LOOKUPS && !all.contains(&lookup) {
                all.push(lookup);
            }
        }
    };
    let lower = model.trim().to_lowercase();
    let sent = provider.map(|provider| (provider, lower.as_str()));
    for (provider, name) in sent.into_iter().chain(model::paths(&lower)) {
        match Provider::parse(provider) {
            Some(Provider::Local) => return all,
            Some(Provider::Known(id)) => {
                add(Some(&id), model::spellings(name));
                if !uses_maker_price(&id) {
                    return all;
                }
            }
            Some(Provider::Other(_)) | None => {}
        }
    }
    add(None, model::spellings(model));
    all
}

/// Returns whether the price of the maker applies to models that the table does not list for this provider. `openai` is included,
/// because instrumentations also use it for other services with an OpenAI-compatible API.
fn uses_maker_price(provider: &str) -> bool {
    matches!(provider, "openai" | "azure" | "aws" | "google" | "openrouter")
}

/// A lookup of one name in the public prices.
struct Lookup<'a> {
    provider: Option<&'a str>,
    name: &'a str,
    at: Timestamp,
}

impl Lookup<'_> {
    /// Returns the price of exactly this name.
    fn price(&self) -> Option<ModelPrice> {
        let first = self.calculate(Tokens { input: 1, output: OUTPUT_TOKENS, ..Tokens::default() })?;
        let rates = self.rates(1)?;
        let tiers = self.tiers(rates)?;
        // Models that are billed per minute, page or request have no price per token.
        if rates.is_free() && tiers.is_empty() && !first.model_id.ends_with(":free") {
            return None;
        }
        Some(ModelPrice {
            model: first.model_id,
            provider: Some(first.provider_id),
            table: PriceTable::Bundled,
            rates,
            tiers,
        })
    }

    /// Returns the prices of a call with this many input tokens.
    fn rates(&self, input: u64) -> Option<Rates> {
        let plain = self.calculate(Tokens { input, output: OUTPUT_TOKENS, ..Tokens::default() })?;
        let read = self.calculate(Tokens { input, cache_read: input, ..Tokens::default() })?;
        let write = self.calculate(Tokens { input, cache_write: input, ..Tokens::default() })?;
        let per_million = |dollars: f64, tokens: u64| nanos(dollars / tokens as f64 * 1e6);
        Some(Rates {
            input: per_million(plain.input_price, input),
            cache_read: per_million(read.input_price, input),
            cache_write: per_million(write.input_price, input),
            output: per_million(plain.output_price, OUTPUT_TOKENS),
        })
    }

    /// Returns the input sizes above which other prices apply, with these prices.
    fn tiers(&self, lowest: Rates) -> Option<Vec<(u64, Rates)>> {
        let mut tiers = Vec::new();
        let (mut from, mut rates) = (1, lowest);
        let highest = self.rates(MAX_INPUT_TOKENS)?;
        while rates != highest {
            // Binary search for the smallest input with other prices.
            let (mut same, mut other) = (from, MAX_INPUT_TOKENS);
            while other - same > 1 {
                let middle = same.midpoint(other);
                if self.rates(middle)? == rates { same = middle } else { other = middle }
            }
            (from, rates) = (other, self.rates(other)?);
            tiers.push((same, rates));
        }
        Some(tiers)
    }

    fn calculate(&self, tokens: Tokens) -> Option<PriceCalculation> {
        let mut usage = Usage::new();
        for (key, count) in [
            (UsageKey::INPUT_TOKENS, tokens.input),
            (UsageKey::CACHE_READ_TOKENS, tokens.cache_read),
            (UsageKey::CACHE_WRITE_TOKENS, tokens.cache_write),
            (UsageKey::OUTPUT_TOKENS, tokens.output),
        ] {
            usage.insert(key, count as f64);
        }
        // No price is from before 1970.
        let at = SystemTime::UNIX_EPOCH + self.at.since(Timestamp::EPOCH);
        let request = genai_prices::PriceRequest::new(self.name, &usage).with_timestamp(at);
        let request = match self.provider {
            Some(provider) => request.with_provider_id(provider),
            None => request,
        };
        // Fails if no model matches, which is the common case.
        Calculator::bundled().calculate(&request).ok()
    }
}

#[derive(Clone, Copy, Default)]
struct Tokens {
    input: u64,
    cache_read: u64,
    cache_write: u64,
    output: u64,
}

#[cfg(test)]
#[path = "bundled_tests.rs"]
mod tests;
