//! OpenTelemetry's own instrumentation of OpenAI's Python client, with default settings and with message contents enabled.

use serde_json::{Value, json};

use crate::{
    fake_model_api::{CALL_USAGE, EMBEDDING_TOKENS, SENTENCE, TEXT_USAGE, Usage},
    price::{GPT_4O, call_without_cache, embedding},
    report::Report,
    script::{Script, SentSpan},
    stage::Stage,
};

const SCRIPT: &str = "with_semantic_conventions";

#[tokio::test(flavor = "multi_thread")]
async fn run_with_the_latest_semantic_conventions_is_stored_as_sent() {
    let stage = Stage::new().await;
    let script = stage
        .by_http(Script::python(SCRIPT), "http/protobuf")
        .with("OTEL_SEMCONV_STABILITY_OPT_IN", "gen_ai_latest_experimental")
        .with("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "span_only");
    let text = |role: &str, text: &str| json!({"role": role, "parts": [{"type": "text", "content": text}]});
    let tool_call =
        json!({"type": "tool_call", "id": "call_1", "name": "get_weather", "arguments": {"city": "Paris"}});
    let called = json!([{"role": "assistant", "parts": [tool_call], "finish_reason": "tool_calls"}]);
    let mut answer = text("assistant", SENTENCE);
    answer["finish_reason"] = json!("stop");
    let asked =
        json!([text("system", "You are a weather agent."), text("user", "What is the weather in Paris?")]);
    let first = json!({"input": asked, "output": called});
    let second = json!({"output": [answer]});
    check("OpenTelemetry GenAI, openai, latest | HTTP protobuf", &stage, script, [first, second]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn run_with_the_default_semantic_conventions_is_stored_without_content() {
    let stage = Stage::new().await;
    let script = stage.by_http(Script::python(SCRIPT), "http/protobuf");
    let nothing = json!({"input": null, "output": null});
    check("OpenTelemetry GenAI, openai | HTTP protobuf", &stage, script, [nothing.clone(), nothing]).await;
}

async fn check(client: &str, stage: &Stage, script: Script, content: [Value; 2]) {
    let run = script.run().await;
    let mut report = Report::new(client, &run, &stage.member).await;
    let roots: Vec<&SentSpan> = run.roots().collect();
    assert_eq!((run.spans.len(), roots.len()), (9, 3));
    let cost = |used: Usage| call_without_cache(GPT_4O, used);
    report.trace_has(
        roots[0],
        &json!({
            "name": "invoke_agent weather-agent",
            "agent_id": "weather-agent",
            "session_id": "session-7",
            "user_id": "user-9",
            "status": "success",
            "model": "gpt-4o-2024-08-06",
            "model_provider": "openai",
            "tokens_input": CALL_USAGE.input + TEXT_USAGE.input + EMBEDDING_TOKENS,
            "tokens_output": CALL_USAGE.output + TEXT_USAGE.output,
            "cost_usd": cost(CALL_USAGE) + cost(TEXT_USAGE) + embedding(),
        }),
    );
    let calls: Vec<&SentSpan> = run.named("chat gpt-4o").collect();
    for (sent, (used, content)) in calls.iter().zip([CALL_USAGE, TEXT_USAGE].into_iter().zip(&content)) {
        report.span_has(
            sent,
            &json!({
                "kind": "llm",
                "model": "gpt-4o-2024-08-06",
                "model_provider": "openai",
                "tokens_input": used.input,
                "tokens_output": used.output,
                "cost_usd": cost(used),
            }),
        );
        report.span_has(sent, content);
    }
    report.span_has(
        run.named("execute_tool get_weather").next().unwrap(),
        &json!({
            "kind": "tool", "tool": {"name": "get_weather", "call_id": "call_1"},
            "input": {"city": "Paris"}, "output": {"city": "Paris", "celsius": 21},
        }),
    );
    report.span_has(
        run.named("embeddings text-embedding-3-small").next().unwrap(),
        &json!({
            "kind": "embedding", "model": "text-embedding-3-small", "tokens_input": EMBEDDING_TOKENS, "cost_usd": embedding(),
        }),
    );
    report.trace_has(roots[1], &json!({"status": "error", "cost_usd": null}));
    report.span_has(
        run.named("chat gpt-nonsense").next().unwrap(),
        &json!({"status": "error", "model": "gpt-nonsense"}),
    );
    report.trace_has(roots[2], &json!({"status": "timeout"}));
    report.span_has(
        run.named("chat gpt-slow").next().unwrap(),
        &json!({"status": "timeout", "model": "gpt-slow"}),
    );
    report.finish();
}
