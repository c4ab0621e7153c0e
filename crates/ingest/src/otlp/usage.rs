//! The model that was called and its usage; of several attribute names the first present one counts.

use domain::trace::record::{Basis, NANOS_PER_DOLLAR, NewSpan};

use super::attribute::{Attributes, as_number, label, parsed};
use crate::field::{COST_MAX_USD, TOKENS_MAX, scaled};

const PROVIDER: [&str; 5] =
    ["gen_ai.provider.name", "gen_ai.system", "llm.provider", "llm.system", "ai.model.provider"];
/// The attributes that hold the name of the called model.
pub(super) const MODEL: [&str; 8] = [
    "gen_ai.response.model",
    "gen_ai.request.model",
    "llm.response.model_name",
    "llm.model_name",
    "llm.request.model_name",
    "embedding.model_name",
    "ai.response.model",
    "ai.model.id",
];
const INPUT: [&str; 6] = [
    "gen_ai.usage.input_tokens",
    "gen_ai.usage.prompt_tokens",
    "llm.token_count.prompt",
    "ai.usage.inputTokens",
    "ai.usage.promptTokens",
    "ai.usage.tokens",
];
const OUTPUT: [&str; 5] = [
    "gen_ai.usage.output_tokens",
    "gen_ai.usage.completion_tokens",
    "llm.token_count.completion",
    "ai.usage.outputTokens",
    "ai.usage.completionTokens",
];
const CACHE_READ: [&str; 7] = [
    "gen_ai.usage.cache_read.input_tokens",
    "gen_ai.usage.cache_read_input_tokens",
    "gen_ai.usage.cache_read_tokens",
    "gen_ai.usage.input_cached_tokens",
    "llm.token_count.prompt_details.cache_read",
    "ai.usage.cachedInputTokens",
    "ai.usage.inputTokenDetails.cacheReadTokens",
];
const CACHE_WRITE: [&str; 6] = [
    "gen_ai.usage.cache_write.input_tokens",
    "gen_ai.usage.cache_creation.input_tokens",
    "gen_ai.usage.cache_creation_input_tokens",
    "gen_ai.usage.cache_write_tokens",
    "llm.token_count.prompt_details.cache_write",
    "ai.usage.inputTokenDetails.cacheWriteTokens",
];
const REASONING: [&str; 5] = [
    "gen_ai.usage.reasoning.output_tokens",
    "gen_ai.usage.reasoning_tokens",
    "llm.token_count.completion_details.reasoning",
    "ai.usage.reasoningTokens",
    "ai.usage.outputTokenDetails.reasoningTokens",
];
const COST: [&str; 2] = ["gen_ai.usage.cost", "llm.cost.total"];

/// Sets the model and the usage as sent; pricing resolves which counts include others.
pub(super) fn fill(span: &mut NewSpan, attributes: &Attributes) {
    span.model = attributes.label(&MODEL).or_else(|| requested_model(attributes));
    span.model_provider = attributes.label(&PROVIDER);
    span.tokens_input = tokens(attributes, &INPUT);
    span.tokens_output = tokens(attributes, &OUTPUT);
    span.tokens_cache_read = tokens(attributes, &CACHE_READ);
    span.tokens_cache_write = tokens(attributes, &CACHE_WRITE);
    span.tokens_reasoning = tokens(attributes, &REASONING);
    span.cost = COST
        .iter()
        .find_map(|name| scaled(as_number(attributes.get(name)?)?, NANOS_PER_DOLLAR, COST_MAX_USD).ok());
    if span.cost.is_some() {
        span.basis = Basis::Reported;
    }
}

/// Returns the requested model of an OpenInference call; a failed call names its model nowhere else.
fn requested_model(attributes: &Attributes) -> Option<String> {
    let parameters = parsed(attributes.get("llm.invocation_parameters")?.clone());
    label(parameters.get("model")?.as_str()?)
}

/// Returns the first valid count. Fractions and negative numbers are not counts; they remain attributes.
fn tokens(attributes: &Attributes, names: &[&str]) -> Option<i64> {
    names.iter().find_map(|name| {
        let number = as_number(attributes.get(name)?)?;
        let valid = number.fract() == 0.0 && (0.0..=TOKENS_MAX).contains(&number);
        valid.then_some(number as i64)
    })
}
