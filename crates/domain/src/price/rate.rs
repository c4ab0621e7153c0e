//! Prices as integers, and what tokens come to by them: exact, rounded half-up once for each kind of tokens.

use shared::{
    cost::{AppliedPrice, CostPart, PriceTable, TokenKind},
    price::{PriceLookup, PriceTier},
};

use super::usage::Usage;
use crate::trace::record::NANOS_PER_DOLLAR;

const MILLION: i128 = 1_000_000;

/// What a million tokens of each kind cost, in nano-dollars.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rates {
    /// That go in.
    pub input: i64,
    /// That are read from the provider's cache.
    pub cache_read: i64,
    /// That are written to the provider's cache.
    pub cache_write: i64,
    /// That come out.
    pub output: i64,
}

impl Rates {
    /// Whether nothing costs anything.
    #[must_use]
    pub fn is_free(self) -> bool {
        self == Self::default()
    }
}

/// A model's prices at some time, and where they are from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelPrice {
    /// What the table calls the model.
    pub model: String,
    /// What the table calls who serves it.
    pub provider: Option<String>,
    /// Which table.
    pub table: PriceTable,
    /// Whatever goes in.
    pub rates: Rates,
    /// Where more tokens than this go in with one call, all of them cost this instead; ascending.
    pub tiers: Vec<(u64, Rates)>,
}

impl ModelPrice {
    fn rates_for(&self, whole_input: u64) -> &Rates {
        let tier = self.tiers.iter().rev().find(|(over, _)| whole_input > *over);
        tier.map_or(&self.rates, |(_, rates)| rates)
    }

    /// What these tokens cost, in nano-dollars, and what that is made of.
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

    /// The same for people.
    #[must_use]
    pub fn lookup(&self) -> PriceLookup {
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

/// Nano-dollars for so many tokens at so many nano-dollars a million, half-up.
fn part(tokens: u64, rate: i64) -> i64 {
    let millionths = i128::from(tokens) * i128::from(rate);
    i64::try_from((millionths + MILLION / 2).div_euclid(MILLION)).unwrap_or(i64::MAX)
}

/// Dollars as nano-dollars, to the nearest.
#[must_use]
pub fn nanos(dollars: f64) -> i64 {
    // Saturates.
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
    fn half_a_nano_dollar_is_rounded_up() {
        assert_eq!(part(1, 499_999), 0);
        assert_eq!(part(1, 500_000), 1);
        assert_eq!(part(3, 500_000), 2);
        assert_eq!(part(1_000_000, 2_500_000_000), 2_500_000_000);
    }

    #[test]
    fn what_no_integer_can_hold_is_the_most_that_one_can() {
        assert_eq!(part(u64::MAX, i64::MAX), i64::MAX);
        let rates = Rates { input: i64::MAX, output: i64::MAX, ..Rates::default() };
        let usage = Usage { input: u64::MAX, output: u64::MAX, ..Usage::default() };
        assert_eq!(price(rates, Vec::new()).apply(usage).0, i64::MAX);
    }

    #[test]
    fn a_tier_begins_after_its_bound_and_holds_for_all_tokens() {
        let high = Rates { input: 2_500_000_000, output: 15_000_000_000, ..Rates::default() };
        let low = Rates { input: 1_250_000_000, output: 10_000_000_000, ..Rates::default() };
        let price = price(low, vec![(200_000, high)]);
        let cost = |input, output| price.apply(Usage { input, output, ..Usage::default() }).0;
        assert_eq!(cost(200_000, 1_000), 250_000_000 + 10_000_000);
        assert_eq!(cost(200_001, 1_000), 500_002_500 + 15_000_000);
    }

    proptest! {
        #[test]
        fn the_parts_add_up_to_the_cost_to_the_last_digit(
            tokens in prop::array::uniform4(0_u64..2_000_000_000),
            rates in prop::array::uniform4(0_i64..1_000_000_000_000),
        ) {
            let [input, cache_read, cache_write, output] = tokens;
            let usage = Usage { input, cache_read, cache_write, output };
            let [input, cache_read, cache_write, output] = rates;
            let (cost, applied) = price(Rates { input, cache_read, cache_write, output }, Vec::new()).apply(usage);
            // As they stand in the answer: dollars, from which the nano-dollars come back.
            prop_assert_eq!(applied.parts.iter().map(|part| nanos(part.cost_usd)).sum::<i64>(), cost);
            for (tokens, rate) in tokens.into_iter().zip(rates) {
                let exact = i128::from(tokens) * i128::from(rate);
                let off = i128::from(part(tokens, rate)) * MILLION - exact;
                prop_assert!(-MILLION / 2 < off && off <= MILLION / 2, "{off}");
            }
        }

        #[test]
        fn the_order_of_costs_makes_no_difference(mut costs in prop::collection::vec(0_i64..1_000_000_000_000, 0..200)) {
            let there: i64 = costs.iter().sum();
            costs.reverse();
            prop_assert_eq!(there, costs.iter().sum::<i64>());
        }
    }

    #[test]
    fn a_million_costs_add_up_to_what_whole_numbers_say() {
        // $0.15 a million, of which floating point has no exact value.
        let price = price(Rates { input: nanos(0.15), output: nanos(0.6), ..Rates::default() }, Vec::new());
        let mut sum = 0;
        for number in 0..1_000_000_u64 {
            sum += price.apply(Usage { input: number, output: number % 7, ..Usage::default() }).0;
        }
        let exact: i64 = (0..1_000_000_i64).map(|number| number * 150 + number % 7 * 600).sum();
        assert_eq!(sum, exact);
    }

    #[test]
    fn a_price_s_parts_survive_json() {
        let price = price(Rates { input: nanos(0.3), output: nanos(2.5), ..Rates::default() }, Vec::new());
        let (_, applied) = price.apply(Usage { input: 7, output: 3, ..Usage::default() });
        let json = serde_json::to_string(&applied).unwrap();
        assert_eq!(serde_json::from_str::<AppliedPrice>(&json).unwrap(), applied);
    }
}
