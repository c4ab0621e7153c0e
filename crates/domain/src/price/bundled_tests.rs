//! Compares the public prices with the prices that the providers published, as of 2026-11-24 unless noted otherwise.

use super::*;
use crate::price::usage;

const TODAY: &str = "2026-11-24T12:00:00Z";

fn at(time: &str) -> Timestamp {
    time.parse().unwrap_or_default()
}

/// Dollars per million tokens: input, cache read, cache write, output.
fn dollars(rates: Rates) -> [f64; 4] {
    [rates.input, rates.cache_read, rates.cache_write, rates.output].map(|rate| rate as f64 / 1e9)
}

fn price(provider: &str, model: &str) -> Option<ModelPrice> {
    find(Some(provider).filter(|provider| !provider.is_empty()), model, at(TODAY))
}

fn cost(provider: &str, model: &str, input: u64, output: u64) -> Option<i64> {
    price(provider, model).map(|price| price.apply(usage::Usage { input, output, ..Default::default() }).0)
}

#[test]
fn finds_published_prices_by_the_names_that_senders_use() {
    for (provider, model, expected) in [
        ("openai", "gpt-4o", [2.5, 1.25, 2.5, 10.0]),
        ("openai", "gpt-4o-2024-08-06", [2.5, 1.25, 2.5, 10.0]),
        // An older version with its own price.
        ("openai", "gpt-4o-2024-05-13", [5.0, 5.0, 5.0, 15.0]),
        ("openai", "gpt-4o-mini-2024-07-18", [0.15, 0.075, 0.15, 0.6]),
        ("", "openai/gpt-4o", [2.5, 1.25, 2.5, 10.0]),
        ("", "gpt-4o", [2.5, 1.25, 2.5, 10.0]),
        ("langchain", "gpt-4o", [2.5, 1.25, 2.5, 10.0]),
        ("openai.chat", "gpt-4.1-2025-04-14", [2.0, 0.5, 2.0, 8.0]),
        ("azure.ai.openai", "gpt-4o-2024-08-06", [2.5, 1.25, 2.5, 10.0]),
        ("openai", "text-embedding-3-small", [0.02, 0.02, 0.02, 0.0]),
        ("anthropic", "claude-3-5-sonnet-20241022", [3.0, 0.3, 3.75, 15.0]),
        ("anthropic", "claude-3-5-sonnet-latest", [3.0, 0.3, 3.75, 15.0]),
        ("anthropic", "claude-3-5-haiku-20241022", [0.8, 0.08, 1.0, 4.0]),
        ("anthropic", "claude-haiku-4-5-20251001", [1.0, 0.1, 1.25, 5.0]),
        ("anthropic", "claude-opus-4-1-20250805", [15.0, 1.5, 18.75, 75.0]),
        ("aws.bedrock", "anthropic.claude-3-5-sonnet-20241022-v2:0", [3.0, 0.3, 3.75, 15.0]),
        ("aws.bedrock", "us.anthropic.claude-3-5-sonnet-20241022-v2:0", [3.0, 0.3, 3.75, 15.0]),
        ("", "bedrock/us.anthropic.claude-3-5-sonnet-20241022-v2:0", [3.0, 0.3, 3.75, 15.0]),
        ("gcp.vertex_ai", "claude-3-5-sonnet-v2@20241022", [3.0, 0.3, 3.75, 15.0]),
        ("gcp.gemini", "models/gemini-2.5-flash", [0.3, 0.03, 0.3, 2.5]),
        ("google", "gemini-2.0-flash-001", [0.1, 0.025, 0.1, 0.4]),
        ("mistral_ai", "mistral-embed", [0.1, 0.1, 0.1, 0.1]),
        ("groq", "llama-3.3-70b-versatile", [0.59, 0.59, 0.59, 0.79]),
        ("x_ai", "grok-3", [3.0, 0.75, 3.0, 15.0]),
    ] {
        let found = price(provider, model).map(|price| dollars(price.rates));
        assert_eq!(found, Some(expected), "{provider} {model}");
    }
}

#[test]
fn limits_lookups_for_any_name() {
    for part in ["aws", "openai", "google", "gpt-4.1-2024-08-06"] {
        let lookups = lookups(Some("azure"), &format!("{}gpt-4.1-2024-08-06", format!("{part}/").repeat(60)));
        assert!(lookups.len() <= MAX_LOOKUPS, "{part}: {}", lookups.len());
    }
    assert!(lookups(Some("openrouter"), "anthropic/claude-3.5-sonnet-20241022").len() < 32);
    assert!(contains(Some("openai"), "gpt-4o") && !contains(Some("openai"), "nobody-s-model"));
}

#[test]
fn common_models_have_prices_at_their_providers() {
    for (provider, model) in [
        ("openai", "o3"),
        ("openai", "o4-mini"),
        ("openai", "gpt-5"),
        ("openai", "gpt-5-mini"),
        ("openai", "gpt-4.1-nano"),
        ("azure", "gpt-4o-mini"),
        ("azure", "gpt-5"),
        ("anthropic", "claude-sonnet-4-5"),
        ("anthropic", "claude-opus-4-5"),
        ("bedrock", "amazon.nova-pro-v1:0"),
        ("bedrock", "us.anthropic.claude-sonnet-4-5-20250929-v1:0"),
        ("bedrock", "eu.anthropic.claude-haiku-4-5-20251001-v1:0"),
        ("bedrock", "meta.llama3-3-70b-instruct-v1:0"),
        ("vertexai", "gemini-2.5-pro"),
        ("vertexai", "claude-sonnet-4-5@20250929"),
        ("google", "gemini-2.5-flash-lite"),
        ("mistralai", "mistral-large-latest"),
        ("mistralai", "mistral-small-latest"),
        ("mistralai", "codestral-latest"),
        ("groq", "openai/gpt-oss-120b"),
        ("groq", "llama-3.1-8b-instant"),
        ("xai", "grok-4"),
        ("xai", "grok-4-fast"),
        ("deepseek", "deepseek-chat"),
        ("deepseek", "deepseek-reasoner"),
        ("cohere", "command-r-plus"),
        ("openrouter", "anthropic/claude-sonnet-4.5"),
        ("openrouter", "openai/gpt-4o"),
        ("perplexity", "sonar-pro"),
        ("together", "meta-llama/Llama-3.3-70B-Instruct-Turbo"),
        ("fireworks", "accounts/fireworks/models/deepseek-v3p2"),
        ("voyageai", "voyage-3"),
        ("moonshot", "kimi-k2-0905-preview"),
    ] {
        assert!(price(provider, model).is_some(), "{provider} {model}");
    }
}

#[test]
fn higher_tier_applies_to_all_tokens_of_a_long_input() {
    // Gemini 2.5 Pro: $1.25 and $10, above 200,000 tokens $2.50 and $15.
    assert_eq!(cost("google", "gemini-2.5-pro", 200_000, 1_000), Some(260_000_000));
    assert_eq!(cost("google", "gemini-2.5-pro", 200_001, 1_000), Some(515_002_500));
    let gemini = price("google", "gemini-2.5-pro");
    let tiers = gemini.map(|price| price.tiers).unwrap_or_default();
    assert_eq!(
        tiers.into_iter().map(|(over, rates)| (over, dollars(rates))).collect::<Vec<_>>(),
        [(200_000, [2.5, 0.25, 2.5, 15.0])]
    );
    // Cached tokens count as input, too.
    let usage = usage::Usage { input: 1_000, cache_read: 199_001, ..Default::default() };
    let long = price("google", "gemini-2.5-pro").map(|price| price.apply(usage).0);
    assert_eq!(long, Some(2_500_000 + 49_750_250));
}

#[test]
fn price_depends_on_the_time_of_the_call() {
    // o3 cost $10 and $40 until 2025-06-10, then $2 and $8.
    let o3 = |time| find(Some("openai"), "o3", at(time)).map(|price| (price.rates.input, price.rates.output));
    assert_eq!(o3("2025-06-09T23:59:59.999999Z"), Some((10_000_000_000, 40_000_000_000)));
    assert_eq!(o3("2025-06-10T00:00:00Z"), Some((2_000_000_000, 8_000_000_000)));
    assert!(find(Some("openai"), "gpt-4o", Timestamp::from_micros(i64::MIN)).is_some());
    assert!(find(Some("openai"), "gpt-4o", Timestamp::from_micros(i64::MAX)).is_some());
}

#[test]
fn prices_are_constant_within_a_step() {
    // DeepSeek's prices depend on the time of day.
    let times: Vec<_> = (0..96).map(|step| at(TODAY).floor(STEP) + STEP * step).collect();
    let of = |model, time| find(Some("deepseek"), model, time).map(|price| price.rates);
    let mut changes = 0;
    for model in ["deepseek-chat", "deepseek-reasoner", "deepseek-flash"] {
        for &time in &times {
            let first = of(model, time);
            assert_eq!(of(model, time + (STEP - Duration::from_micros(1))), first, "{model} {time}");
            changes += usize::from(of(model, time + STEP) != first);
        }
    }
    assert!(changes >= 2, "{changes}");
}

#[test]
fn unknown_models_have_no_price() {
    for (provider, model) in [
        ("openai", "gpt-99-ultra"),
        ("", "my-own-model"),
        ("openai", ""),
        // Models on local servers have no public price.
        ("ollama", "deepseek-r1:7b"),
        ("", "ollama/gpt-oss-20b"),
        // Groq has its own prices, so the maker's price does not apply to a model that it does not list.
        ("groq", "claude-3-5-sonnet-20241022"),
        // Billed per minute, not per token.
        ("groq", "whisper-large-v3"),
    ] {
        assert_eq!(price(provider, model), None, "{provider} {model}");
    }
}

#[test]
fn derived_prices_match_the_costs_that_the_table_computes() {
    let usages = [
        (1, 0, 0, 1),
        (150_000, 0, 0, 777),
        (1_234, 1_000, 200, 56),
        (300_001, 250_000, 0, 4_096),
        (0, 0, 0, 9),
    ];
    let mut compared = 0;
    for provider in Calculator::bundled().providers() {
        for model in provider.models() {
            let lookup = Lookup { provider: Some(provider.id()), name: model.id(), at: at(TODAY) };
            let Some(price) = lookup.price() else { continue };
            for (input, cache_read, cache_write, output) in usages {
                let whole = lookup.calculate(Tokens { input, cache_read, cache_write, output });
                // Excludes charges per request.
                let whole = whole.map_or(0.0, |whole| whole.input_price + whole.output_price);
                let input = input - cache_read - cache_write;
                let (cost, _) = price.apply(usage::Usage { input, cache_read, cache_write, output });
                let off = (cost as f64 - whole * 1e9).abs();
                // Each of at most four parts is rounded by at most half a nano-dollar.
                assert!(off <= 2.0 + whole * 1e-3, "{} {}: {cost} and {whole}", provider.id(), model.id());
                compared += 1;
            }
        }
    }
    assert!(compared > 8_000, "{compared}");
}
