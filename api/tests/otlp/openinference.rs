//! OpenInference's instrumentation of OpenAI's Python client.

use serde_json::json;

use crate::{
    fake_model_api::{CALL_USAGE, EMBEDDING_TOKENS, SENTENCE, TEXT_USAGE, Usage},
    price::{GPT_4O, GPT_4O_MINI, call, embedding},
    report::Report,
    script::{Script, SentSpan},
    stage::Stage,
};

#[tokio::test(flavor = "multi_thread")]
async fn openinference_run_is_stored_as_sent() {
    let stage = Stage::new().await;
    let run = stage.by_http(Script::python("with_openinference"), "http/protobuf").run().await;
    let mut report = Report::new("OpenInference, openai | HTTP protobuf", &run, &stage.member).await;
    let roots: Vec<&SentSpan> = run.roots().collect();
    assert_eq!((run.spans.len(), roots.len()), (10, 4));
    report.trace_has(
        roots[0],
        &json!({
            "name": "weather-agent",
            "agent_id": "weather-service",
            "session_id": "session-7",
            "user_id": "user-9",
            "tags": ["prod"],
            "status": "success",
            "model": "gpt-4o-2024-08-06",
            "model_provider": "openai",
            "tokens_input": CALL_USAGE.input + TEXT_USAGE.input + EMBEDDING_TOKENS,
            "tokens_output": CALL_USAGE.output + TEXT_USAGE.output,
            "cost_usd": call(GPT_4O, CALL_USAGE) + call(GPT_4O, TEXT_USAGE) + embedding(),
            "input": "What is the weather in Paris?",
            "output": SENTENCE,
        }),
    );
    report.span_has(roots[0], &json!({"kind": "agent"}));
    let calls: Vec<&SentSpan> = run.named("ChatCompletion").collect();
    let of_model = |model: &str, price, used: Usage| {
        json!({
            "kind": "llm",
            "model": model,
            "model_provider": "openai",
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
    let user = json!({"role": "user", "content": "What is the weather in Paris?"});
    let function = json!({"name": "get_weather", "arguments": {"city": "Paris"}});
    let called = json!({
        "role": "assistant", "tool_calls": [{"type": "function", "id": "call_1", "function": function}],
    });
    let result =
        json!({"role": "tool", "tool_call_id": "call_1", "content": r#"{"city": "Paris", "celsius": 21}"#});
    let answer = json!([{"role": "assistant", "content": SENTENCE}]);
    report.span_has(
        calls[0],
        &json!({"input": [system, user], "output": [called], "finish_reasons": ["tool_calls"]}),
    );
    report.span_has(
        calls[1],
        &json!({"input": [system, user, called, result], "output": answer, "finish_reasons": ["stop"]}),
    );
    report.has_first_chunk(calls[1]);
    report.span_has(
        run.named("get_weather").next().unwrap(),
        &json!({
            "kind": "tool", "tool": {"name": "get_weather"},
            "input": {"city": "Paris"}, "output": {"city": "Paris", "celsius": 21},
        }),
    );
    report.span_has(
        run.named("CreateEmbeddings").next().unwrap(),
        &json!({
            "kind": "embedding", "model": "text-embedding-3-small", "tokens_input": EMBEDDING_TOKENS, "cost_usd": embedding(),
        }),
    );
    let response = run.named("Response").next().unwrap();
    report.span_has(response, &of_model("gpt-4o-mini-2024-07-18", GPT_4O_MINI, TEXT_USAGE));
    let parts = json!([{"type": "text", "text": SENTENCE}]);
    report.span_has(
        response,
        &json!({"input": [system, user], "output": [{"role": "assistant", "content": parts}]}),
    );
    report.trace_has(roots[2], &json!({"status": "error", "session_id": "session-7", "cost_usd": null}));
    report.span_has(calls[2], &json!({"status": "error", "model": "gpt-nonsense"}));
    report.trace_has(roots[3], &json!({"status": "timeout"}));
    report.span_has(calls[3], &json!({"status": "timeout", "model": "gpt-slow"}));
    report.finish();
}
