//! Prices as integers, and exact costs of tokens, rounded half up once per kind of token.

use shared::{
    cost::{AppliedPrice, CostPart, PriceTable, TokenKind},
    price::{PriceLookup, PriceTier},
};

use super::usage::Usage;
use crate::trace::record::NANOS_PER_DOLLAR;

const MILLION: i128 = 1_000_000;

/// Prices per kind of token, in nano-dollars per million tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rates {
    /// Price of uncached input tokens.
    pub input: i64,
    /// Price of input tokens that are read from the cache of the provider.
    pub cache_read: i64,
    /// Price of input tokens that are written to the cache of the provider.
    pub cache_write: i64,
    /// Price of output tokens.
    pub output: i64,
}

impl Rates {
    /// Returns whether all prices are 0.
    #[must_use]
    pub fn is_free(self) -> bool {
        self == Self::default()
    }
}

/// The price of a model at a time, with its source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelPrice {
    /// The name of the model in the table.
    pub model: String,
    /// The name of the provider in the table; absent for all providers.
    pub provider: Option<String>,
    /// The table that contains the price.
    pub table: PriceTable,
    /// The base prices.
    pub rates: Rates,
    /// Other prices for calls with more input tokens than a bound, sorted by bound. They apply to all tokens of the call.
    pub tiers: Vec<(u64, Rates)>,
}

impl ModelPrice {
    fn rates_for(&self, whole_input: u64) -> &Rates {
        let tier = self.tiers.iter().rev().find(|(over, _)| whole_input > *over);
        tier.map_or(&self.rates, |(_, rates)| rates)
    }

    /// Computes the cost of tokens in nano-dollars, with its parts.
    #[must_use]
    pub fn apply(&self, usage: Usage) -> (i64, AppliedPrice) {
        let rates = self.rates_for(usage.whole_input());
        let kinds = [
            (TokenKind::Input, usage.input, rates.input),
            (TokenKind::CacheRead, usage.cache_read, rates.cache_read),
            (TokenKind::CacheWrite, usage.cache_write, rates.cache_write),
            (TokenKind::Output, usage.output, rates.output),
        ];
        let mut cost = 0_i64;
        let mut parts = Vec::with_capacity(kinds.len());
        for (tokens_kind, tokens, rate) in kinds {
            if tokens > 0 {
                let part = part(tokens, rate);
                cost = cost.saturating_add(part);
                parts.push(CostPart {
                    tokens_kind,
                    tokens,
                    usd_per_million: dollars(rate),
                    cost_usd: dollars(part),
                });
            }
        }
        let (model, provider) = (self.model.clone(), self.provider.clone());
        (cost, AppliedPrice { model, provider, table: self.table, parts })
    }

    /// Converts the price into its DTO, in dollars.
    #[must_use]
    pub fn to_lookup(&self) -> PriceLookup {
        let tier = |&(over, rates): &(u64, Rates)| PriceTier {
            over_input_tokens: over,
            input_usd_per_million: dollars(rates.input),
            output_usd_per_million: dollars(rates.output),
            cache_read_usd_per_million: dollars(rates.cache_read),
            cache_write_usd_per_million: dollars(rates.cache_write),
        };
        PriceLookup {
            model: self.model.clone(),
            provider: self.provider.clone(),
            table: self.table,
            input_usd_per_million: dollars(self.rates.input),
            output_usd_per_million: dollars(self.rates.output),
            cache_read_usd_per_million: dollars(self.rates.cache_read),
            cache_write_usd_per_million: dollars(self.rates.cache_write),
            tiers: self.tiers.iter().map(tier).collect(),
        }
    }
}

/// Computes the cost of tokens in nano-dollars, rounded half up. `rate` is in nano-dollars per million tokens.
fn part(tokens: u64, rate: i64) -> i64 {
    let millionths = i128::from(tokens) * i128::from(rate);
    i64::try_from((millionths + MILLION / 2).div_euclid(MILLION)).unwrap_or(i64::MAX)
}

/// Converts dollars into nano-dollars, rounded to the nearest integer.
#[must_use]
pub fn nanos(dollars: f64) -> i64 {
    // The cast saturates.
    (dollars * NANOS_PER_DOLLAR).round() as i64
}

fn dollars(nanos: i64) -> f64 {
    nanos as f64 / NANOS_PER_DOLLAR
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn price(rates: Rates, tiers: Vec<(u64, Rates)>) -> ModelPrice {
        ModelPrice { model: "m".to_owned(), provider: None, table: PriceTable::Bundled, rates, tiers }
    }

    #[test]
    fn rounds_half_a_nano_dollar_up() {
        assert_eq!(part(1, 499_999), 0);
        assert_eq!(part(1, 500_000), 1);
        assert_eq!(part(3, 500_000), 2);
        assert_eq!(part(1_000_000, 2_500_000_000), 2_500_000_000);
    }

    #[test]
    fn saturates_costs_that_exceed_the_integer_range() {
        assert_eq!(part(u64::MAX, i64::MAX), i64::MAX);
        let rates = Rates { input: i64::MAX, output: i64::MAX, ..Rates::default() };
        let usage = Usage { input: u64::MAX, output: u64::MAX, ..Usage::default() };
        assert_eq!(price(rates, Vec::new()).apply(usage).0, i64::MAX);
    }

    #[test]
    fn tier_starts_above_its_bound_and_applies_to_all_tokens() {
        let high = Rates { input: 2_500_000_000, output: 15_000_000_000, ..Rates::default() };
        let low = Rates { input: 1_250_000_000, output: 10_000_000_000, ..Rates::default() };
        let price = price(low, vec![(200_000, high)]);
        let cost = |input, output| price.apply(Usage { input, output, ..Usage::default() }).0;
        assert_eq!(cost(200_000, 1_000), 250_000_000 + 10_000_000);
        assert_eq!(cost(200_001, 1_000), 500_002_500 + 15_000_000);
    }

    proptest! {
        #[test]
        fn parts_add_up_exactly_to_the_cost(
            tokens in prop::array::uniform4(0_u64..2_000_000_000),
            rates in prop::array::uniform4(0_i64..1_000_000_000_000),
        ) {
            let [input, cache_read, cache_write, output] = tokens;
            let usage = Usage { input, cache_read, cache_write, output };
            let [input, cache_read, cache_write, output] = rates;
            let (cost, applied) = price(Rates { input, cache_read, cache_write, output }, Vec::new()).apply(usage);
            // The response contains dollars, which convert back into the same nano-dollars.
            prop_assert_eq!(applied.parts.iter().map(|part| nanos(part.cost_usd)).sum::<i64>(), cost);
            for (tokens, rate) in tokens.into_iter().zip(rates) {
                let exact = i128::from(tokens) * i128::from(rate);
                let off = i128::from(part(tokens, rate)) * MILLION - exact;
                prop_assert!(-MILLION / 2 < off && off <= MILLION / 2, "{off}");
            }
        }

        #[test]
        fn sum_of_costs_does_not_depend_on_their_order(mut costs in prop::collection::vec(0_i64..1_000_000_000_000, 0..200)) {
            let sum: i64 = costs.iter().sum();
            costs.reverse();
            prop_assert_eq!(sum, costs.iter().sum::<i64>());
        }
    }

    #[test]
    fn a_million_costs_add_up_exactly() {
        // $0.15 has no exact floating-point representation.
        let price = price(Rates { input: nanos(0.15), output: nanos(0.6), ..Rates::default() }, Vec::new());
        let mut sum = 0;
        for number in 0..1_000_000_u64 {
            sum += price.apply(Usage { input: number, output: number % 7, ..Usage::default() }).0;
        }
        let exact: i64 = (0..1_000_000_i64).map(|number| number * 150 + number % 7 * 600).sum();
        assert_eq!(sum, exact);
    }

    #[test]
    fn applied_price_survives_json() {
        let price = price(Rates { input: nanos(0.3), output: nanos(2.5), ..Rates::default() }, Vec::new());
        let (_, applied) = price.apply(Usage { input: 7, output: 3, ..Usage::default() });
        let json = serde_json::to_string(&applied).unwrap();
        assert_eq!(serde_json::from_str::<AppliedPrice>(&json).unwrap(), applied);
    }
}
