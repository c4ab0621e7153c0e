//! The models of the demo's agents, with their list prices and latencies.

use super::random::Random;

/// A language model.
#[derive(Debug)]
pub struct Model {
    /// The name used by the provider.
    pub name: &'static str,
    /// The provider.
    pub provider: &'static str,
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
    pub const fn cost(&self, tokens_input: u64, tokens_output: u64) -> u64 {
        tokens_input * self.input_price + tokens_output * self.output_price
    }

    /// Draws the latency in milliseconds of a call with `tokens_output` output tokens.
    #[expect(clippy::cast_precision_loss, reason = "thousands of tokens")]
    pub fn latency(&self, tokens_output: u64, random: &mut Random) -> f64 {
        random.log_normal(self.first_token, self.sigma)
            + random.log_normal(self.per_token, 0.2) * tokens_output as f64
    }
}

/// OpenAI's large model.
const GPT_4O: Model = Model {
    name: "gpt-4o",
    provider: "openai",
    input_price: 2_500,
    output_price: 10_000,
    first_token: 420.0,
    per_token: 11.0,
    sigma: 0.35,
    quality: 2.0,
};
/// OpenAI's small model.
const GPT_4O_MINI: Model = Model {
    name: "gpt-4o-mini",
    provider: "openai",
    input_price: 150,
    output_price: 600,
    first_token: 340.0,
    per_token: 8.0,
    sigma: 0.3,
    quality: -3.0,
};
/// Anthropic's large model.
const CLAUDE_SONNET: Model = Model {
    name: "claude-sonnet-4",
    provider: "anthropic",
    input_price: 3_000,
    output_price: 15_000,
    first_token: 780.0,
    per_token: 14.0,
    sigma: 0.3,
    quality: 4.0,
};
/// Anthropic's small model.
const CLAUDE_HAIKU: Model = Model {
    name: "claude-haiku-4-5",
    provider: "anthropic",
    input_price: 1_000,
    output_price: 5_000,
    first_token: 390.0,
    per_token: 6.5,
    sigma: 0.28,
    quality: 0.0,
};
/// Google's small model.
const GEMINI_FLASH: Model = Model {
    name: "gemini-2.5-flash",
    provider: "google",
    input_price: 300,
    output_price: 2_500,
    first_token: 310.0,
    per_token: 5.0,
    sigma: 0.45,
    quality: -1.0,
};

/// All models.
pub static ALL: [Model; 5] = [GPT_4O, GPT_4O_MINI, CLAUDE_SONNET, CLAUDE_HAIKU, GEMINI_FLASH];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_million_tokens_cost_the_list_price() {
        assert_eq!(GPT_4O.cost(1_000_000, 0), 2_500_000_000);
        assert_eq!(GPT_4O.cost(0, 1_000_000), 10_000_000_000);
        assert_eq!(GPT_4O_MINI.cost(1_000_000, 1_000_000), 750_000_000);
    }
}
