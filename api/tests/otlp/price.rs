//! Expected costs of the calls to the fake model API, computed from OpenAI's public prices independently of the server.

use crate::fake_model_api::{EMBEDDING_TOKENS, Usage};

/// Nano-dollars per token: input, cached input, output.
pub type Price = (u64, u64, u64);

/// $2.50, $1.25 and $10 per million tokens.
pub const GPT_4O: Price = (2_500, 1_250, 10_000);
/// $0.15, $0.075 and $0.60 per million tokens.
pub const GPT_4O_MINI: Price = (150, 75, 600);
/// $0.02 per million tokens.
pub const EMBEDDING: u64 = 20;

/// Returns the dollars of a call that reports its cached tokens.
pub fn call(price: Price, used: Usage) -> f64 {
    dollars(nanos(price, used))
}

/// Returns the dollars of a call that does not report its cached tokens: all count as uncached.
pub fn call_without_cache(price: Price, used: Usage) -> f64 {
    call(price, Usage { cached: 0, ..used })
}

/// Returns the dollars of the embedding.
pub fn embedding() -> f64 {
    dollars(EMBEDDING_TOKENS * EMBEDDING)
}

fn nanos((new, cached, out): Price, used: Usage) -> u64 {
    (used.input - used.cached) * new + used.cached * cached + used.output * out
}

fn dollars(nanos: u64) -> f64 {
    nanos as f64 / 1e9
}
