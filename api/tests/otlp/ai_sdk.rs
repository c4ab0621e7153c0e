//! The Vercel AI SDK with its own telemetry.

use serde_json::json;

use crate::{
    fake_model_api::{CALL_USAGE, EMBEDDING_TOKENS, SENTENCE, TEXT_USAGE, Usage},
    price::{GPT_4O, GPT_4O_MINI, call, embedding},
    report::Report,
    script::{Script, SentSpan},
    stage::Stage,
};

#[tokio::test(flavor = "multi_thread")]
async fn ai_sdk_run_is_stored_as_sent() {
    let stage = Stage::new().await;
    let run = stage.by_http(Script::node("with_ai_sdk"), "http/json").run().await;
    let mut report = Report::new("Vercel AI SDK | HTTP JSON", &run, &stage.member).await;
    let roots: Vec<&SentSpan> = run.roots().collect();
    assert_eq!((run.spans.len(), roots.len()), (10, 4));
    let ids = json!({"session_id": "session-7", "user_id": "user-9"});
    roots.iter().for_each(|root| report.trace_has(root, &ids));
    report.trace_has(
        roots[0],
        &json!({
            "name": "ai.generateText",
            "agent_id": "weather-agent",
            "status": "success",
            // The outer span reports the sum of its two calls, which must not count twice.
            "tokens_input": CALL_USAGE.input + TEXT_USAGE.input,
            "tokens_output": CALL_USAGE.output + TEXT_USAGE.output,
            "cost_usd": call(GPT_4O, CALL_USAGE) + call(GPT_4O, TEXT_USAGE),
            "unpriced": null,
            "input": {"system": "You are a weather agent.", "prompt": "What is the weather in Paris?"},
            "output": SENTENCE,
        }),
    );
    let calls: Vec<&SentSpan> = run.named("ai.generateText.doGenerate").collect();
    let of_model = |model: &str, price, used: Usage| {
        json!({
            "kind": "llm",
            "model": model,
            "tokens_input": used.input,
            "tokens_cache_read": used.cached,
            "tokens_output": used.output,
            "tokens_reasoning": used.reasoning,
            "cost_usd": call(price, used),
        })
    };
    report.span_has(calls[0], &of_model("gpt-4o-2024-08-06", GPT_4O, CALL_USAGE));
    report.span_has(calls[1], &of_model("gpt-4o-2024-08-06", GPT_4O, TEXT_USAGE));
    let system = json!({"role": "system", "content": "You are a weather agent."});
    let user =
        json!({"role": "user", "content": [{"type": "text", "text": "What is the weather in Paris?"}]});
    let function = json!({"name": "get_weather", "arguments": {"city": "Paris"}});
    let called = json!([{
        "role": "assistant", "content": null,
        "tool_calls": [{"type": "function", "id": "call_1", "function": function}],
    }]);
    report.span_has(
        calls[0],
        &json!({"input": [system, user], "output": called, "finish_reasons": ["tool-calls"]}),
    );
    report.span_has(calls[1], &json!({"output": SENTENCE, "finish_reasons": ["stop"]}));
    report.span_has(
        run.named("ai.toolCall").next().unwrap(),
        &json!({
            "kind": "tool", "tool": {"name": "get_weather", "call_id": "call_1"},
            "input": {"city": "Paris"}, "output": {"city": "Paris", "celsius": 21},
        }),
    );
    let stream = run.named("ai.streamText.doStream").next().unwrap();
    report.span_has(stream, &of_model("gpt-4o-mini-2024-07-18", GPT_4O_MINI, TEXT_USAGE));
    report.span_has(stream, &json!({"input": [system, user], "output": SENTENCE}));
    report.has_first_chunk(stream);
    report.trace_has(roots[1], &json!({"cost_usd": call(GPT_4O_MINI, TEXT_USAGE), "output": SENTENCE}));
    report.span_has(
        run.named("ai.embed.doEmbed").next().unwrap(),
        &json!({
            "kind": "embedding", "model": "text-embedding-3-small", "tokens_input": EMBEDDING_TOKENS, "cost_usd": embedding(),
        }),
    );
    // Both spans of this trace report the same tokens.
    report.trace_has(
        roots[2],
        &json!({"tokens_input": EMBEDDING_TOKENS, "cost_usd": embedding(), "input": "sunny", "unpriced": null}),
    );
    report.trace_has(roots[3], &json!({"status": "error", "agent_id": "failing", "cost_usd": null}));
    report.span_has(calls[2], &json!({"status": "error", "model": "gpt-nonsense"}));
    report.finish();
}
