//! OTLP over HTTP: spans in protobuf and JSON become traces, and errors have OTLP's format.

use std::{io::Write, time::Duration};

use flate2::{Compression, write::GzEncoder};
use opentelemetry_proto::tonic::{
    collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse},
    common::v1::{AnyValue, KeyValue, any_value},
    resource::v1::Resource,
    trace::v1::{ResourceSpans, ScopeSpans, Span, Status, span::Event},
};
use prost::Message;
use reqwest::{Method, Response};
use serde_json::{Value, json};

use test_support::{
    client::Client,
    server::{Server, builder, noon, spawn},
};

/// `google.rpc.Status`, as a client decodes it.
#[derive(Clone, PartialEq, Message)]
pub struct RpcStatus {
    #[prost(int32, tag = "1")]
    pub code: i32,
    #[prost(string, tag = "2")]
    pub message: String,
}

pub fn attribute(key: &str, value: impl Into<Value>) -> KeyValue {
    let value = match value.into() {
        Value::Number(number) if number.is_f64() => any_value::Value::DoubleValue(number.as_f64().unwrap()),
        Value::Number(number) => any_value::Value::IntValue(number.as_i64().unwrap()),
        Value::String(text) => any_value::Value::StringValue(text),
        other => any_value::Value::StringValue(other.to_string()),
    };
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
}

/// A span of trace `trace` that starts `start` milliseconds after noon.
pub fn span(trace: u8, id: u8, parent: u8, name: &str, start: u64, attributes: Vec<KeyValue>) -> Span {
    let nanos = u64::try_from(noon().as_micros()).unwrap() * 1000 + start * 1_000_000;
    Span {
        trace_id: vec![trace; 16],
        span_id: vec![id; 8],
        parent_span_id: if parent == 0 { Vec::new() } else { vec![parent; 8] },
        name: name.to_owned(),
        start_time_unix_nano: nanos,
        end_time_unix_nano: nanos + 100_000_000,
        attributes,
        ..Span::default()
    }
}

pub fn request(spans: Vec<Span>) -> ExportTraceServiceRequest {
    let resource = Resource { attributes: vec![attribute("service.name", "weather")], ..Resource::default() };
    let scope_spans = vec![ScopeSpans { spans, ..ScopeSpans::default() }];
    let resource_spans =
        vec![ResourceSpans { resource: Some(resource), scope_spans, ..ResourceSpans::default() }];
    ExportTraceServiceRequest { resource_spans }
}

/// Returns the spans of an agent that called a model and a tool. Children precede their root, as exporters send them.
pub fn run(trace: u8) -> Vec<Span> {
    let asked = json!([{"role": "user", "parts": [{"type": "text", "content": "Weather?"}]}]);
    let said = json!([{"role": "assistant", "parts": [{"type": "text", "content": "Sunny"}]}]);
    let llm = vec![
        attribute("gen_ai.operation.name", "chat"),
        attribute("gen_ai.provider.name", "openai"),
        attribute("gen_ai.response.model", "gpt-4o-2024-08-06"),
        attribute("gen_ai.usage.input_tokens", 120),
        attribute("gen_ai.usage.cache_read.input_tokens", 64),
        attribute("gen_ai.usage.output_tokens", 30),
        attribute("gen_ai.usage.cost", 0.00123),
        attribute("gen_ai.input.messages", asked.clone()),
        attribute("gen_ai.output.messages", said.clone()),
    ];
    let tool = vec![
        attribute("gen_ai.operation.name", "execute_tool"),
        attribute("gen_ai.tool.name", "get_weather"),
        attribute("gen_ai.tool.call.arguments", json!({"city": "Paris"})),
    ];
    let agent = vec![
        attribute("gen_ai.operation.name", "invoke_agent"),
        attribute("gen_ai.agent.name", "weather-agent"),
        attribute("gen_ai.conversation.id", "session-7"),
        attribute("user.id", "user-9"),
        attribute("gen_ai.input.messages", asked),
        attribute("gen_ai.output.messages", said),
    ];
    vec![
        span(trace, 2, 1, "chat gpt-4o", 10, llm),
        Span {
            status: Some(Status { code: 2, message: "no such city".to_owned() }),
            ..span(trace, 3, 1, "execute_tool get_weather", 20, tool)
        },
        span(trace, 1, 0, "invoke_agent weather-agent", 0, agent),
    ]
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Creates a workspace and an exporter with one of its API keys.
pub async fn exporter(server: &Server) -> (test_support::server::Member, Client) {
    let ada = server.member("ada").await;
    let (_, key) = server.key_of(&ada).await;
    (ada, key)
}

pub async fn export_bytes(client: &Client, content_type: &str, body: Vec<u8>) -> Response {
    let request = client.request(Method::POST, "/v1/traces").header("content-type", content_type);
    let response = request.body(body).send().await.unwrap();
    client.wait_for_queue().await;
    response
}

/// Sends spans that must all be accepted.
pub async fn export(client: &Client, spans: Vec<Span>) {
    let response = export_bytes(client, "application/x-protobuf", request(spans).encode_to_vec()).await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "application/x-protobuf");
    let response = ExportTraceServiceResponse::decode(response.bytes().await.unwrap()).unwrap();
    assert_eq!(response.partial_success, None);
}

/// Asserts that `found` is the trace of [`run`].
#[track_caller]
pub fn assert_is_run(found: &Value) {
    let expected = json!({
        "agent_id": "weather-agent", "name": "invoke_agent weather-agent", "session_id": "session-7", "user_id": "user-9",
        "status": "success", "latency_ms": 100.0, "tokens_input": 120, "tokens_output": 30, "cost_usd": 0.00123,
        "model": "gpt-4o-2024-08-06", "model_provider": "openai",
    });
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&found[name], value, "{name}: {found}");
    }
    let spans = found["spans"].as_array().unwrap();
    let kinds: Vec<&str> = spans.iter().map(|span| span["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["agent", "llm", "tool"]);
    assert_eq!(spans[1]["parent_span_id"], spans[0]["span_id"]);
    assert_eq!((&spans[1]["tokens_cache_read"], &spans[1]["cost_usd"]), (&json!(64), &json!(0.00123)));
    assert_eq!(spans[1]["output"][0]["parts"][0]["content"], "Sunny");
    assert_eq!((&spans[2]["status"], &spans[2]["error"]), (&json!("error"), &json!("no such city")));
    assert_eq!(
        (&spans[2]["input"], &spans[2]["tool"]["name"]),
        (&json!({"city": "Paris"}), &json!("get_weather"))
    );
    assert_eq!(spans[0]["resource"]["service.name"], "weather");
    assert_eq!(found["input"][0]["parts"][0]["content"], "Weather?");
}

#[tokio::test]
async fn protobuf_run_becomes_one_trace_also_if_compressed_or_sent_twice() {
    let server = spawn().await;
    let (ada, exporter) = exporter(&server).await;
    export(&exporter, run(0xa1)).await;
    assert_is_run(&ada.trace(&"a1".repeat(16)).await);

    let body = request(run(0xa2)).encode_to_vec();
    for _ in 0..2 {
        let sent = exporter
            .request(Method::POST, "/v1/traces")
            .header("content-type", "application/x-protobuf")
            .header("content-encoding", "gzip")
            .body(gzip(&body));
        assert_eq!(sent.send().await.unwrap().status(), 200);
        exporter.wait_for_queue().await;
    }
    assert_is_run(&ada.trace(&"a2".repeat(16)).await);
    server.clock.advance(Duration::from_secs(2));
    assert_eq!(
        ada.kpis("1h").await["requests"]["total"].as_u64().or(ada.traces("").await["total"].as_u64()),
        Some(2)
    );
    let metrics = server.metrics().await;
    let line = r#"agent_obs_ingested_spans_total{outcome="accepted"} 9"#;
    assert!(metrics.contains(line), "{metrics}");
}

#[tokio::test]
async fn json_run_becomes_a_trace_with_the_key_in_x_api_key() {
    let server = spawn().await;
    let (ada, exporter) = exporter(&server).await;
    let noon = noon().as_micros() * 1000;
    let body = json!({"resourceSpans": [{
        "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "weather-js"}}]},
        "scopeSpans": [{"scope": {"name": "ai"}, "spans": [{
            "traceId": "B1".repeat(16), "spanId": "0102030405060708", "name": "ai.generateText", "kind": 1,
            "startTimeUnixNano": noon.to_string(), "endTimeUnixNano": (noon + 250_000_000).to_string(),
            "attributes": [{"key": "ai.usage.inputTokens", "value": {"intValue": 7}}], "status": {"code": 0},
        }]}],
    }]});
    let sent = server
        .anonymous_client()
        .request(Method::POST, "/v1/traces/")
        .header("x-api-key", exporter.token())
        .json(&body);
    let response = sent.send().await.unwrap();
    assert_eq!((response.status().as_u16(), response.text().await.unwrap().as_str()), (200, "{}"));
    exporter.wait_for_queue().await;
    let found = ada.trace(&"b1".repeat(16)).await;
    let figures = (&found["agent_id"], &found["latency_ms"], &found["tokens_input"]);
    assert_eq!(figures, (&json!("weather-js"), &json!(250.0), &json!(7)));
    assert_eq!(found["spans"][0]["scope"]["name"], "ai");
}

#[tokio::test]
async fn valid_spans_are_stored_and_invalid_ones_are_named() {
    let server = spawn().await;
    let (ada, exporter) = exporter(&server).await;
    let mut spans = run(0xc1);
    spans.insert(1, Span { trace_id: vec![1; 3], ..spans[0].clone() });
    let response =
        export_bytes(&exporter, "application/x-protobuf", request(spans.clone()).encode_to_vec()).await;
    assert_eq!(response.status(), 200);
    let response = ExportTraceServiceResponse::decode(response.bytes().await.unwrap()).unwrap();
    let partial = response.partial_success.unwrap();
    assert_eq!(partial.rejected_spans, 1);
    let expected = "resource_spans[0].scope_spans[0].spans[1]: trace_id must have 16 bytes, not 3";
    assert_eq!(partial.error_message, expected);
    assert_is_run(&ada.trace(&"c1".repeat(16)).await);
    let bad = json!({"resourceSpans": [{"scopeSpans": [{"spans": [{}, 7]}]}]});
    let response = exporter.post("/v1/traces", &bad).await.expect(200).json();
    assert_eq!(response["partialSuccess"]["rejectedSpans"], "2", "64-bit integers are strings in JSON");
    for empty in [Vec::new(), request(Vec::new()).encode_to_vec()] {
        let response = export_bytes(&exporter, "application/x-protobuf", empty).await;
        assert_eq!((response.status().as_u16(), response.bytes().await.unwrap().len()), (200, 0));
    }
}

#[tokio::test]
async fn evaluation_event_is_stored_as_a_score() {
    let server = spawn().await;
    let (ada, exporter) = exporter(&server).await;
    let mut spans = run(0xd1);
    let ended = spans[2].end_time_unix_nano;
    spans[2].events.push(Event {
        time_unix_nano: ended,
        name: "gen_ai.evaluation.result".to_owned(),
        attributes: vec![
            attribute("gen_ai.evaluation.name", "Relevance"),
            attribute("gen_ai.evaluation.score.value", 0.75),
            attribute("gen_ai.evaluation.score.label", "relevant"),
        ],
        ..Event::default()
    });
    export(&exporter, spans).await;
    let found = ada.trace(&"d1".repeat(16)).await;
    assert_eq!(found["quality_score"], 75.0);
    assert_eq!(
        (&found["scores"][0]["name"], &found["scores"][0]["comment"]),
        (&json!("Relevance"), &json!("relevant"))
    );
}

#[tokio::test]
async fn errors_are_statuses_in_the_encoding_of_the_request() {
    let server = spawn().await;
    let (_, exporter) = exporter(&server).await;
    let read = async |response: Response| {
        let (status, kind) = (response.status().as_u16(), response.headers()["content-type"].clone());
        let body = response.bytes().await.unwrap();
        let error = if kind == "application/x-protobuf" {
            let error = RpcStatus::decode(body).unwrap();
            (error.code, error.message)
        } else {
            let error: Value = serde_json::from_slice(&body).unwrap();
            let code = error["code"].as_i64().unwrap();
            (i32::try_from(code).unwrap(), error["message"].as_str().unwrap().to_owned())
        };
        (status, kind.to_str().unwrap().to_owned(), error.0, error.1)
    };
    let (protobuf, json) = ("application/x-protobuf", "application/json");
    for kind in [protobuf, json] {
        let (status, found, code, message) =
            read(export_bytes(&exporter, kind, b"\xff\xff".to_vec()).await).await;
        assert_eq!((status, found.as_str(), code), (400, kind, 3), "{message}");
        assert!(message.contains("ExportTraceServiceRequest"), "{message}");
        let (status, found, code, message) =
            read(export_bytes(&server.anonymous_client(), kind, Vec::new()).await).await;
        assert_eq!((status, found.as_str(), code), (401, kind, 16), "{message}");
        let large = export_bytes(&exporter, kind, vec![b' '; 16 * 1024 * 1024 + 1]).await;
        let (status, found, code, message) = read(large).await;
        assert_eq!((status, found.as_str(), code), (413, kind, 3), "{message}");
        for path in ["/v1/metrics", "/v1/logs"] {
            let sent = exporter.request(Method::POST, path).header("content-type", kind).body(Vec::new());
            let (status, found, code, message) = read(sent.send().await.unwrap()).await;
            assert_eq!((status, found.as_str(), code), (404, kind, 5));
            assert!(message.starts_with("Only traces are accepted"), "{message}");
        }
    }
    for path in ["/v1/traces/v1/traces", "/api/public/otel/v1/traces", "/otel/v1/traces"] {
        let sent = exporter.request(Method::POST, path).body(Vec::new()).send().await.unwrap();
        assert_eq!(sent.status(), 404, "{path}");
        let text = sent.text().await.unwrap();
        assert!(text.contains("OTEL_EXPORTER_OTLP_ENDPOINT"), "{path}: {text}");
    }
    let (status, _, code, message) = read(export_bytes(&exporter, "text/plain", Vec::new()).await).await;
    assert_eq!((status, code), (415, 3), "{message}");
    let got = read(exporter.request(Method::GET, "/v1/traces").send().await.unwrap()).await;
    assert_eq!((got.0, got.2), (405, 12));
    let sent = exporter.request(Method::POST, "/v1/traces").header("content-type", protobuf);
    let (status, _, code, _) =
        read(sent.header("content-encoding", "gzip").body("not gzip").send().await.unwrap()).await;
    assert_eq!((status, code), (400, 3));
}

#[tokio::test]
async fn rate_limited_response_has_a_retry_after_header() {
    let server = builder().with("RATE_LIMIT_PER_MINUTE", "2").spawn().await;
    let ada = server.member("ada").await;
    for _ in 0..2 {
        assert_eq!(export_bytes(&ada, "application/x-protobuf", Vec::new()).await.status(), 200);
    }
    let response = export_bytes(&ada, "application/x-protobuf", Vec::new()).await;
    assert_eq!(response.status(), 429);
    let seconds: u64 = response.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=60).contains(&seconds), "{seconds}");
    assert_eq!(RpcStatus::decode(response.bytes().await.unwrap()).unwrap().code, 8);
}

#[tokio::test]
async fn workspaces_with_the_same_trace_id_do_not_share_spans() {
    let server = spawn().await;
    let (ada, adas) = exporter(&server).await;
    let bob = server.member("bob").await;
    let (_, bobs) = server.key_of(&bob).await;
    export(&adas, run(0xe1)).await;
    bob.get(&format!("/api/v1/traces/{}", "e1".repeat(16))).await.expect_error(404, "not_found");
    export(&bobs, vec![span(0xe1, 9, 0, "bob's", 0, Vec::new())]).await;
    assert_is_run(&ada.trace(&"e1".repeat(16)).await);
    assert_eq!(bob.trace(&"e1".repeat(16)).await["spans"].as_array().unwrap().len(), 1);
}
