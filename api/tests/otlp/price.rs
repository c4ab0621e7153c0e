//! What the calls to the stand-in cost by OpenAI's public prices, reckoned apart from the server.

use crate::stand_in::{EMBEDDED, Usage};

/// Nano-dollars of a token: in, in from the cache, out.
pub type Price = (u64, u64, u64);

/// $2.50, $1.25 and $10 for a million.
pub const GPT_4O: Price = (2_500, 1_250, 10_000);
/// $0.15, $0.075 and $0.60 for a million.
pub const GPT_4O_MINI: Price = (150, 75, 600);
/// $0.02 for a million.
pub const EMBEDDING: u64 = 20;

/// Dollars of a call whose cached tokens were told.
pub fn call(price: Price, used: Usage) -> f64 {
    dollars(nanos(price, used))
}

/// Dollars of a call whose cached tokens were not told: all count as new.
pub fn call_without_cache(price: Price, used: Usage) -> f64 {
    call(price, Usage { cached: 0, ..used })
}

/// Dollars of the stand-in's embedding.
pub fn embedding() -> f64 {
    dollars(EMBEDDED * EMBEDDING)
}

fn nanos((new, cached, out): Price, used: Usage) -> u64 {
    (used.input - used.cached) * new + used.cached * cached + used.output * out
}

fn dollars(nanos: u64) -> f64 {
    nanos as f64 / 1e9
}
