//! OpenTelemetry's own SDKs and exporters with manually created spans: HTTP with protobuf and JSON, gRPC, and compression.

use serde_json::{Value, json};

use crate::{
    fake_model_api::{CALL_USAGE, EMBEDDING_TOKENS, SENTENCE, TEXT_USAGE, Usage},
    price::{GPT_4O, call, embedding},
    report::Report,
    script::{Run, Script, SentSpan},
    stage::Stage,
};

const QUESTION: &str = "What is the weather in Paris?";

fn text_message(role: &str, text: &str) -> Value {
    json!({"role": role, "parts": [{"type": "text", "content": text}]})
}

fn assistant_message(text: &str) -> Value {
    let mut message = text_message("assistant", text);
    message["finish_reason"] = json!("stop");
    json!([message])
}

#[tokio::test(flavor = "multi_thread")]
async fn python_sdk_run_over_http_protobuf_is_stored_as_sent() {
    let stage = Stage::new().await;
    let run = stage.by_http(Script::python("by_hand"), "http/protobuf").run().await;
    check_python_run("OpenTelemetry Python | HTTP protobuf", &stage, &run).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn python_sdk_run_over_compressed_http_with_x_api_key_is_stored_as_sent() {
    let stage = Stage::new().await;
    let headers = format!("x-api-key={}", stage.key);
    let script = Script::python("by_hand").sending_to(&stage.server.url, "http/protobuf", &headers);
    let run = script.with("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip").run().await;
    check_python_run("OpenTelemetry Python | HTTP protobuf, gzip", &stage, &run).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn python_sdk_run_over_compressed_grpc_is_stored_as_sent() {
    let stage = Stage::new().await;
    let run =
        stage.by_grpc(Script::python("by_hand")).with("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip").run().await;
    check_python_run("OpenTelemetry Python | gRPC, gzip", &stage, &run).await;
}

async fn check_python_run(client: &str, stage: &Stage, run: &Run) {
    let mut report = Report::new(client, run, &stage.member).await;
    let roots: Vec<&SentSpan> = run.roots().collect();
    assert_eq!((run.spans.len(), roots.len()), (7, 2));
    let cost = |used: Usage| call(GPT_4O, used);
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
            // The agent span reports the sum of its two calls, which must not count twice.
            "tokens_input": CALL_USAGE.input + TEXT_USAGE.input + EMBEDDING_TOKENS,
            "tokens_output": CALL_USAGE.output + TEXT_USAGE.output,
            "cost_usd": cost(CALL_USAGE) + cost(TEXT_USAGE) + embedding(),
            "unpriced": null,
            "incomplete": null,
            "input": [text_message("user", QUESTION)],
            "output": assistant_message(SENTENCE),
        }),
    );
    report.span_has(roots[0], &json!({"kind": "agent"}));
    let calls: Vec<&SentSpan> = run.named("chat gpt-4o").collect();
    let of_model = |used: Usage| {
        json!({
            "kind": "llm",
            "model": "gpt-4o-2024-08-06",
            "model_provider": "openai",
            "tokens_input": used.input,
            "tokens_cache_read": used.cached,
            "tokens_output": used.output,
            "tokens_reasoning": used.reasoning,
            "cost_usd": cost(used),
        })
    };
    report.span_has(calls[0], &of_model(CALL_USAGE));
    report.span_has(calls[1], &of_model(TEXT_USAGE));
    let system = text_message("system", "You are a weather agent.");
    let tool_call =
        json!({"type": "tool_call", "id": "call_1", "name": "get_weather", "arguments": {"city": "Paris"}});
    let called = json!([{"role": "assistant", "parts": [tool_call], "finish_reason": "tool_call"}]);
    let asked = json!([system, text_message("user", QUESTION)]);
    report.span_has(calls[0], &json!({"input": asked, "output": called, "finish_reasons": ["tool_call"]}));
    report.span_has(calls[1], &json!({"output": assistant_message(SENTENCE), "finish_reasons": ["stop"]}));
    report.span_has(
        run.named("execute_tool get_weather").next().unwrap(),
        &json!({
            "kind": "tool",
            "tool": {"name": "get_weather", "call_id": "call_1", "type": "function"},
            "input": {"city": "Paris"},
            "output": {"city": "Paris", "celsius": 21},
        }),
    );
    report.span_has(
        run.named("embeddings text-embedding-3-small").next().unwrap(),
        &json!({
            "kind": "embedding", "model": "text-embedding-3-small", "tokens_input": EMBEDDING_TOKENS, "cost_usd": embedding(),
        }),
    );
    report.trace_has(roots[1], &json!({"status": "error", "error": "no such model", "cost_usd": null}));
    report.span_has(
        run.named("chat gpt-nonsense").next().unwrap(),
        &json!({"status": "error", "model": "gpt-nonsense", "error": "The model `gpt-nonsense` does not exist"}),
    );
    report.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn javascript_sdk_run_over_http_json_is_stored_as_sent() {
    check_javascript_run("OpenTelemetry JavaScript | HTTP JSON", "http/json").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn javascript_sdk_run_over_http_protobuf_is_stored_as_sent() {
    check_javascript_run("OpenTelemetry JavaScript | HTTP protobuf", "http/protobuf").await;
}

async fn check_javascript_run(client: &str, protocol: &str) {
    let stage = Stage::new().await;
    let run = stage.by_http(Script::node("by_hand"), protocol).run().await;
    let mut report = Report::new(client, &run, &stage.member).await;
    let roots: Vec<&SentSpan> = run.roots().collect();
    assert_eq!((run.spans.len(), roots.len()), (4, 2));
    let output = assistant_message("It is 21 degrees in Paris. ☀");
    let chat = json!({
        "kind": "llm",
        "model": "gpt-4o-2024-08-06",
        "model_provider": "openai",
        "tokens_input": TEXT_USAGE.input,
        "tokens_cache_read": TEXT_USAGE.cached,
        "tokens_output": TEXT_USAGE.output,
        "tokens_reasoning": TEXT_USAGE.reasoning,
        "cost_usd": call(GPT_4O, TEXT_USAGE),
        "finish_reasons": ["stop"],
        "input": [text_message("user", QUESTION)],
        "output": output,
        "links": [{"trace_id": roots[0].trace_id, "span_id": roots[0].span_id}],
    });
    report.span_has(run.named("chat gpt-4o").next().unwrap(), &chat);
    report.span_has(
        run.named("execute_tool get_weather").next().unwrap(),
        &json!({"kind": "tool", "input": {"city": "Paris"}, "output": {"city": "Paris", "celsius": 21}}),
    );
    report.trace_has(
        roots[0],
        &json!({
            "agent_id": "weather-agent",
            "session_id": "session-7",
            "user_id": "user-9",
            "cost_usd": call(GPT_4O, TEXT_USAGE),
            "input": [text_message("user", QUESTION)],
            "output": output,
        }),
    );
    report
        .trace_has(roots[1], &json!({"status": "error", "error": "too far", "agent_id": "weather-service"}));
    report.finish();
}
