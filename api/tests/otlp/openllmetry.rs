//! OpenLLMetry: Traceloop's SDK with its decorators and its instrumentation of OpenAI's Python client.

use serde_json::json;

use crate::{
    fake_model_api::{CALL_USAGE, EMBEDDING_TOKENS, SENTENCE, TEXT_USAGE, Usage},
    price::{GPT_4O, GPT_4O_MINI, call, embedding},
    report::Report,
    script::{Script, SentSpan},
    stage::Stage,
};

#[tokio::test(flavor = "multi_thread")]
async fn openllmetry_run_is_stored_as_sent() {
    let stage = Stage::new().await;
    let run = stage.by_http(Script::python("with_openllmetry"), "http/protobuf").run().await;
    let mut report = Report::new("OpenLLMetry, openai | HTTP protobuf", &run, &stage.member).await;
    let roots: Vec<&SentSpan> = run.roots().collect();
    assert_eq!((run.spans.len(), roots.len()), (11, 4));
    let asked = json!({"args": ["What is the weather in Paris?"], "kwargs": {}});
    report.trace_has(
        roots[0],
        &json!({
            "name": "weather.workflow",
            "agent_id": "weather-agent",
            "session_id": "session-7",
            "user_id": "user-9",
            "status": "success",
            "model": "gpt-4o-2024-08-06",
            "model_provider": "openai",
            "tokens_input": CALL_USAGE.input + TEXT_USAGE.input + EMBEDDING_TOKENS,
            "tokens_output": CALL_USAGE.output + TEXT_USAGE.output,
            "cost_usd": call(GPT_4O, CALL_USAGE) + call(GPT_4O, TEXT_USAGE) + embedding(),
            "input": asked,
            "output": SENTENCE,
        }),
    );
    report.span_has(roots[0], &json!({"kind": "chain"}));
    report.span_has(
        run.named("weather-agent.agent").next().unwrap(),
        &json!({"kind": "agent", "input": asked}),
    );
    let calls: Vec<&SentSpan> = run.named("openai.chat").collect();
    let of_model = |model: &str, price, used: Usage| {
        json!({
            "kind": "llm",
            "model": model,
            "model_provider": "openai",
            "tokens_input": used.input,
            "tokens_cache_read": used.cached,
            "tokens_output": used.output,
            "cost_usd": call(price, used),
        })
    };
    report.span_has(calls[0], &of_model("gpt-4o-2024-08-06", GPT_4O, CALL_USAGE));
    report.span_has(calls[1], &of_model("gpt-4o-2024-08-06", GPT_4O, TEXT_USAGE));
    let text = |role: &str, text: &str| json!({"role": role, "parts": [{"type": "text", "content": text}]});
    let (system, user) =
        (text("system", "You are a weather agent."), text("user", "What is the weather in Paris?"));
    let tool_call =
        json!({"type": "tool_call", "id": "call_1", "name": "get_weather", "arguments": {"city": "Paris"}});
    let called = json!([{"role": "assistant", "parts": [tool_call], "finish_reason": "tool_call"}]);
    report.span_has(
        calls[0],
        &json!({
            "input": [system, user], "output": called, "finish_reasons": ["tool_call"],
            "tokens_reasoning": CALL_USAGE.reasoning,
        }),
    );
    let mut answer = text("assistant", SENTENCE);
    answer["finish_reason"] = json!("stop");
    report.span_has(calls[1], &json!({"output": [answer], "finish_reasons": ["stop"]}));
    report.has_first_chunk(calls[1]);
    report.span_has(
        run.named("get_weather.tool").next().unwrap(),
        &json!({
            "kind": "tool", "tool": {"name": "get_weather"},
            "input": {"args": [], "kwargs": {"city": "Paris"}}, "output": {"city": "Paris", "celsius": 21},
        }),
    );
    report.span_has(
        run.named("openai.embeddings").next().unwrap(),
        &json!({
            "kind": "embedding", "model": "text-embedding-3-small", "tokens_input": EMBEDDING_TOKENS, "cost_usd": embedding(),
        }),
    );
    let response = run.named("openai.response").next().unwrap();
    report.span_has(response, &of_model("gpt-4o-mini-2024-07-18", GPT_4O_MINI, TEXT_USAGE));
    report.span_has(response, &json!({"input": [system, user], "output": [answer]}));
    report.trace_has(
        roots[2],
        &json!({"status": "error", "session_id": "session-7", "user_id": "user-9", "cost_usd": null}),
    );
    report.span_has(calls[2], &json!({"status": "error", "model": "gpt-nonsense"}));
    report.trace_has(roots[3], &json!({"status": "timeout"}));
    report.span_has(calls[3], &json!({"status": "timeout", "model": "gpt-slow"}));
    report.finish();
}
