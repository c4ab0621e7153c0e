//! The public prices that come with this version: the `genai-prices` crate. It computes what calls cost in floating point
//! and shows no prices, so they are found out by asking it what tokens of one kind cost.

use std::time::{Duration, SystemTime};

use genai_prices::{Calculator, PriceCalculation, Usage, UsageKey};
use shared::{Timestamp, cost::PriceTable};

use super::{
    model,
    provider::Provider,
    rate::{ModelPrice, Rates, nanos},
};

/// Prices change on the quarter of an hour at most: where a provider has prices for times of the day, or from a day on.
pub const STEP: Duration = Duration::from_secs(15 * 60);
/// Tokens that come out of the calls that are asked for. A million costs its price.
const OUTPUT: u64 = 1_000_000;
/// Looks at the table for one model at most.
const QUESTIONS: usize = 64;
/// A call into which more than this goes does not exist.
const MOST_INPUT: u64 = 1 << 30;

/// What the public prices say of a model at some time. They know models by who serves them: the provider that was named,
/// then the one that the model's name begins with, then whoever made the model. Those who serve others' models at prices of
/// their own are not taken for these others.
///
/// The table takes some tens of milliseconds and 19 MB to be read, which is done when it is first asked for: not for async
/// threads.
#[must_use]
pub fn find(provider: Option<&str>, model: &str, at: Timestamp) -> Option<ModelPrice> {
    let asked = questions(provider, model);
    asked.iter().find_map(|(provider, name)| Question { provider: provider.as_deref(), name, at }.answer())
}

/// Whether the public prices know the model at all, be it without a price that is said here.
#[must_use]
pub fn knows(provider: Option<&str>, model: &str) -> bool {
    let at = Timestamp::default();
    let is_known = |(provider, name): &(Option<String>, String)| {
        Question { provider: provider.as_deref(), name, at }
            .calculate(Tokens { input: 1, ..Tokens::default() })
    };
    questions(provider, model).iter().any(|question| is_known(question).is_some())
}

/// Whom to ask for what, the first answer being the one: [`QUESTIONS`] at most, since each is a look through a whole table
/// and senders choose the names.
fn questions(provider: Option<&str>, model: &str) -> Vec<(Option<String>, String)> {
    let mut all = Vec::new();
    let mut ask = |provider: Option<&str>, names: Vec<String>| {
        for name in names {
            let question = (provider.map(str::to_owned), name);
            if all.len() < QUESTIONS && !all.contains(&question) {
                all.push(question);
            }
        }
    };
    match provider.and_then(Provider::read) {
        Some(Provider::Local) => return all,
        Some(Provider::Known(id)) => {
            ask(Some(&id), model::spellings(model));
            if !sells_at_the_makers_price(&id) {
                return all;
            }
        }
        Some(Provider::Other(_)) | None => {}
    }
    let lower = model.trim().to_lowercase();
    for (first, after) in model::paths(&lower) {
        match Provider::read(first) {
            Some(Provider::Local) => return all,
            Some(Provider::Known(id)) => {
                ask(Some(&id), model::spellings(after));
                if !sells_at_the_makers_price(&id) {
                    return all;
                }
            }
            _ => {}
        }
    }
    ask(None, model::spellings(model));
    all
}

/// Whether a model that the table does not have for this provider costs there what its maker takes. `openai` is also what
/// instrumentations say of whatever talks like it.
fn sells_at_the_makers_price(provider: &str) -> bool {
    matches!(provider, "openai" | "azure" | "aws" | "google" | "openrouter")
}

struct Question<'a> {
    provider: Option<&'a str>,
    name: &'a str,
    at: Timestamp,
}

impl Question<'_> {
    /// The price, where the table has one for this very name.
    fn answer(&self) -> Option<ModelPrice> {
        let first = self.calculate(Tokens { input: 1, output: OUTPUT, ..Tokens::default() })?;
        let rates = self.rates(1)?;
        let tiers = self.tiers(rates)?;
        // Where tokens have no price (but minutes, pages or requests do) there is none to say here.
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

    /// Prices where so much goes in.
    fn rates(&self, input: u64) -> Option<Rates> {
        let plain = self.calculate(Tokens { input, output: OUTPUT, ..Tokens::default() })?;
        let read = self.calculate(Tokens { input, cache_read: input, ..Tokens::default() })?;
        let write = self.calculate(Tokens { input, cache_write: input, ..Tokens::default() })?;
        let per_million = |dollars: f64, tokens: u64| nanos(dollars / tokens as f64 * 1e6);
        Some(Rates {
            input: per_million(plain.input_price, input),
            cache_read: per_million(read.input_price, input),
            cache_write: per_million(write.input_price, input),
            output: per_million(plain.output_price, OUTPUT),
        })
    }

    /// Where prices change with what goes in, and to what.
    fn tiers(&self, lowest: Rates) -> Option<Vec<(u64, Rates)>> {
        let mut tiers = Vec::new();
        let (mut from, mut rates) = (1, lowest);
        let highest = self.rates(MOST_INPUT)?;
        while rates != highest {
            // The smallest input with other prices, by halving.
            let (mut same, mut other) = (from, MOST_INPUT);
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
        let request = genai_prices::PriceRequest::new(self.name, &usage).with_timestamp(system_time(self.at));
        let request = match self.provider {
            Some(provider) => request.with_provider_id(provider),
            None => request,
        };
        // Fails where nothing fits, which is the common case here.
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

fn system_time(at: Timestamp) -> SystemTime {
    let micros = at.as_micros();
    let distance = Duration::from_micros(micros.unsigned_abs());
    let time = if micros < 0 {
        SystemTime::UNIX_EPOCH.checked_sub(distance)
    } else {
        SystemTime::UNIX_EPOCH.checked_add(distance)
    };
    time.unwrap_or(SystemTime::UNIX_EPOCH)
}

#[cfg(test)]
#[path = "bundled_tests.rs"]
mod tests;
