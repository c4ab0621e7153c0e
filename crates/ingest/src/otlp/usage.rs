//! The model that was called and its usage; of several attribute names the first present one counts.

use domain::trace::record::{Basis, NANOS_PER_DOLLAR, NewSpan};

use serde_json::{Map, Value};

use super::attribute::{Attributes, as_number, label, parsed};
use crate::field::{COST_MAX_USD, TOKENS_MAX, scaled};

const PROVIDER: [&str; 5] =
    ["gen_ai.provider.name", "gen_ai.system", "llm.provider", "llm.system", "ai.model.provider"];
/// The attributes that hold the name of the called model.
pub(super) const MODEL: [&str; 9] = [
    "gen_ai.response.model",
    "gen_ai.request.model",
    "llm.response.model_name",
    "llm.model_name",
    "llm.request.model_name",
    "embedding.model_name",
    "ai.response.model",
    "ai.model.id",
    "langfuse.observation.model.name",
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
const TOTAL: [&str; 4] =
    ["gen_ai.usage.total_tokens", "llm.token_count.total", "llm.usage.total_tokens", "ai.usage.totalTokens"];
const COST: [&str; 5] =
    ["gen_ai.usage.cost", "gen_ai.cost.total_cost", "litellm.cost.total", "operation.cost", "llm.cost.total"];
/// Costs in US dollars that are added if there is no total.
const COST_PARTS: [&str; 2] = ["llm.cost.prompt", "llm.cost.completion"];
/// JSON objects of the Langfuse SDK: tokens, and costs in US dollars.
const LANGFUSE_USAGE: &str = "langfuse.observation.usage_details";
const LANGFUSE_COST: &str = "langfuse.observation.cost_details";

/// Sets the model and the usage as sent; pricing resolves which counts include others.
pub(super) fn fill(span: &mut NewSpan, attributes: &Attributes) {
    span.model = attributes.label(&MODEL).or_else(|| requested_model(attributes));
    span.model_provider = attributes.label(&PROVIDER);
    span.tokens_input = tokens(attributes, &INPUT);
    span.tokens_output = tokens(attributes, &OUTPUT);
    span.tokens_cache_read = tokens(attributes, &CACHE_READ);
    span.tokens_cache_write = tokens(attributes, &CACHE_WRITE);
    span.tokens_reasoning = tokens(attributes, &REASONING);
    if let Some(details) = object(attributes, LANGFUSE_USAGE) {
        fill_langfuse(span, &details);
    } else if is_claude_code(attributes) {
        fill_claude_code(span, attributes);
    } else if let Some(total) = tokens(attributes, &TOTAL) {
        include_parts(span, total);
    }
    span.cost = cost(attributes);
    if span.cost.is_some() {
        span.basis = Basis::Reported;
    }
}

/// Adds the cache to the input and the reasoning to the output if the total of the sender shows that they are apart. The same
/// total in two ways, because of a count of 0, changes nothing.
fn include_parts(span: &mut NewSpan, total: i64) {
    let (Some(input), Some(output)) = (span.tokens_input, span.tokens_output) else { return };
    let cache = span.tokens_cache_read.unwrap_or(0) + span.tokens_cache_write.unwrap_or(0);
    let reasoning = span.tokens_reasoning.unwrap_or(0);
    let apart = [(0, 0), (cache, 0), (0, reasoning), (cache, reasoning)]
        .into_iter()
        .find(|(cache, reasoning)| input + cache + output + reasoning == total);
    if let Some((cache, reasoning)) = apart {
        span.tokens_input = Some(input + cache);
        span.tokens_output = Some(output + reasoning);
    }
}

/// Reads the usage of the Langfuse SDK: every count is apart from the others, such as `input` and `input_cached_tokens`.
fn fill_langfuse(span: &mut NewSpan, details: &Map<String, Value>) {
    let sum = |is_part: &dyn Fn(&str) -> bool| {
        let parts = details.iter().filter(|(name, _)| is_part(name));
        let counts = parts.filter_map(|(_, value)| count(value));
        counts.fold(None, |sum: Option<i64>, count| Some(sum.unwrap_or(0).saturating_add(count)))
    };
    let is_read = |name: &str| name.contains("cached") || name.contains("cache_read");
    let is_write = |name: &str| name.contains("cache_creation") || name.contains("cache_write");
    let is_cache = |name: &str| is_read(name) || is_write(name);
    span.tokens_input = sum(&|name| {
        name == "input" || name == "prompt_tokens" || name.starts_with("input_") || is_cache(name)
    });
    span.tokens_output = sum(&|name| {
        !is_cache(name) && (name == "output" || name == "completion_tokens" || name.starts_with("output_"))
    });
    span.tokens_cache_read = sum(&is_read);
    span.tokens_cache_write = sum(&is_write);
    span.tokens_reasoning = sum(&|name| name.contains("reasoning"));
}

/// Returns whether the span is a model call of Claude Code, which uses names without a prefix.
fn is_claude_code(attributes: &Attributes) -> bool {
    attributes.text(&["span.type"]).as_deref() == Some("llm_request") && attributes.has("gen_ai.system")
}

/// Reads the usage of Claude Code: the cache is apart from the input, as in the API of Anthropic.
fn fill_claude_code(span: &mut NewSpan, attributes: &Attributes) {
    span.tokens_cache_read = tokens(attributes, &["cache_read_tokens"]);
    span.tokens_cache_write = tokens(attributes, &["cache_creation_tokens"]);
    let cache = span.tokens_cache_read.unwrap_or(0) + span.tokens_cache_write.unwrap_or(0);
    span.tokens_input = tokens(attributes, &["input_tokens"]).map(|input| input + cache);
    span.tokens_output = tokens(attributes, &["output_tokens"]);
}

/// Returns the cost that the sender reports, in nano-dollars.
fn cost(attributes: &Attributes) -> Option<i64> {
    let dollars = |number: f64| scaled(number, NANOS_PER_DOLLAR, COST_MAX_USD).ok();
    let total = COST.iter().find_map(|name| dollars(as_number(attributes.get(name)?)?));
    total
        .or_else(|| {
            let parts = COST_PARTS.iter().filter_map(|name| as_number(attributes.get(name)?));
            parts.reduce(|sum, part| sum + part).and_then(dollars)
        })
        .or_else(|| {
            let details = object(attributes, LANGFUSE_COST)?;
            let total = details.get("total").and_then(as_number);
            total
                .or_else(|| details.values().filter_map(as_number).reduce(|sum, part| sum + part))
                .and_then(dollars)
        })
}

fn object(attributes: &Attributes, name: &str) -> Option<Map<String, Value>> {
    match parsed(attributes.get(name)?.clone()) {
        Value::Object(object) => Some(object),
        _ => None,
    }
}

/// Returns the requested model of an OpenInference call; a failed call names its model nowhere else.
fn requested_model(attributes: &Attributes) -> Option<String> {
    let parameters = parsed(attributes.get("llm.invocation_parameters")?.clone());
    label(parameters.get("model")?.as_str()?)
}

/// Returns the first valid count. Fractions and negative numbers are not counts; they remain attributes.
fn tokens(attributes: &Attributes, names: &[&str]) -> Option<i64> {
    names.iter().find_map(|name| count(attributes.get(name)?))
}

fn count(value: &Value) -> Option<i64> {
    let number = as_number(value)?;
    let valid = number.fract() == 0.0 && (0.0..=TOKENS_MAX).contains(&number);
    valid.then_some(number as i64)
}
