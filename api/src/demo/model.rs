//! The models of the demo's agents, with their list prices and latencies.

use std::sync::LazyLock;

use serde::Deserialize;

use super::{data, random::Random};

/// A language model.
#[derive(Debug, Deserialize)]
pub struct Model {
    /// The name used by the provider.
    pub name: String,
    /// The provider.
    pub provider: String,
    /// Nano-dollars per input token: the list price in dollars per million tokens, times 1000.
    input_price: u64,
    /// Nano-dollars per output token.
    output_price: u64,
    /// The median time to the first token in milliseconds.
    first_token: f64,
    /// The median time per further token in milliseconds.
    per_token: f64,
    /// The sigma of the latency distribution, which determines its tail.
    sigma: f64,
    /// The contribution to the quality score.
    pub quality: f64,
}

impl Model {
    /// Returns the cost of a call in nano-dollars.
    pub fn cost(&self, tokens_input: u64, tokens_output: u64) -> u64 {
        tokens_input * self.input_price + tokens_output * self.output_price
    }

    /// Draws the latency in milliseconds of a call with `tokens_output` output tokens.
    #[expect(clippy::cast_precision_loss, reason = "thousands of tokens")]
    pub fn latency(&self, tokens_output: u64, random: &mut Random) -> f64 {
        random.log_normal(self.first_token, self.sigma)
            + random.log_normal(self.per_token, 0.2) * tokens_output as f64
    }
}

/// All models.
pub static ALL: LazyLock<Vec<Model>> = LazyLock::new(|| data::read(include_str!("models.json")));

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn a_million_tokens_cost_the_list_price() {
        let model = |name: &str| ALL.iter().find(|model| model.name == name).unwrap();
        assert_eq!(model("gpt-4o").cost(1_000_000, 0), 2_500_000_000);
        assert_eq!(model("gpt-4o").cost(0, 1_000_000), 10_000_000_000);
        assert_eq!(model("gpt-4o-mini").cost(1_000_000, 1_000_000), 750_000_000);
    }
}
