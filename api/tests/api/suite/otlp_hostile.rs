//! Hostile OTLP requests: compression bombs, millions of empty items, deep nesting, cycles. Each returns a 4xx or a
//! partial success, memory stays bounded, and the valid spans of the request are stored.

use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use prost::Message;
use reqwest::Method;
use serde_json::{Value, json};

use super::otlp::{assert_is_run, export_bytes, exporter, gzip, request, run, span};
use test_support::server::spawn;

/// Returns the peak memory of this process so far, in kilobytes.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Returns 200 MiB of zeros, compressed with gzip.
fn bomb() -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    for _ in 0..200 {
        encoder.write_all(&[0; 1024 * 1024]).unwrap();
    }
    encoder.finish().unwrap()
}

/// Encodes a length-delimited protobuf field.
fn field(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![tag << 3 | 2];
    prost::encoding::encode_varint(content.len() as u64, &mut bytes);
    bytes.extend(content);
    bytes
}

#[tokio::test]
async fn expanding_requests_use_bounded_memory() {
    let server = spawn().await;
    let (ada, exporter) = exporter(&server).await;
    let before = peak_memory();
    // Millions of empty spans, resources and attributes: as structures they would take gigabytes.
    let item_count = 4_000_000;
    let empty_spans = field(1, &field(2, &[2 << 3 | 2, 0].repeat(item_count)));
    let empty_resources = [1 << 3 | 2, 0].repeat(item_count);
    let empty_attributes = field(1, &field(2, &field(2, &[9 << 3 | 2, 0].repeat(item_count))));
    let heavy_resources = field(1, &field(1, &[1 << 3 | 2, 0].repeat(99_999))).repeat(80);
    for (body, status) in
        [(empty_spans, 400), (empty_resources, 400), (empty_attributes, 200), (heavy_resources, 400)]
    {
        let sent =
            exporter.request(Method::POST, "/v1/traces").header("content-type", "application/x-protobuf");
        let response = sent.header("content-encoding", "gzip").body(gzip(&body)).send().await.unwrap();
        assert_eq!(response.status(), status, "{}", response.text().await.unwrap());
    }
    let empty = "{},".repeat(item_count);
    let spans = format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{empty}{{}}]}}]}}]}}"#);
    let attributes =
        format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{{"attributes":[{empty}{{}}]}}]}}]}}]}}"#);
    let list = |item: &str, count: usize| format!("[{}]", vec![item; count].join(","));
    let scopes = format!(r#"{{"scopeSpans":{}}}"#, list("{}", 99_999));
    let scopes = format!(r#"{{"resourceSpans":{}}}"#, list(&scopes, 55));
    let values = format!(r#"{{"arrayValue":{{"values":{}}}}}"#, list("{}", 99_999));
    let values = format!(r#"{{"key":"a","value":{{"arrayValue":{{"values":{}}}}}}}"#, list(&values, 13));
    let values =
        format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{{"attributes":[{values}]}}]}}]}}]}}"#);
    for (body, status) in [(spans, 400), (attributes, 200), (scopes, 400), (values, 200)] {
        assert_eq!(export_bytes(&exporter, "application/json", body.into_bytes()).await.status(), status);
    }
    let bomb = bomb();
    let sent = exporter.request(Method::POST, "/v1/traces").header("content-type", "application/x-protobuf");
    assert_eq!(sent.header("content-encoding", "gzip").body(bomb).send().await.unwrap().status(), 413);
    let grown = (peak_memory() - before) / 1024;
    println!("hostile requests: peak memory grew by {grown} MiB");
    // Includes the memory of tests that run at the same time.
    assert!(grown < 400, "{grown} MiB");
    super::otlp::export(&exporter, run(0x51)).await;
    assert_is_run(&ada.trace(&"51".repeat(16)).await);
}

/// Returns a gibibyte of zeros, compressed with brotli.
fn brotli_bomb() -> Vec<u8> {
    let mut compressed = Vec::new();
    let mut writer = brotli::CompressorWriter::new(&mut compressed, 1024 * 1024, 2, 24);
    for _ in 0..1024 {
        writer.write_all(&[0; 1024 * 1024]).unwrap();
    }
    drop(writer);
    compressed
}

#[tokio::test]
async fn brotli_bodies_are_rejected_without_decompression() {
    let server = spawn().await;
    let (_, exporter) = exporter(&server).await;
    let bomb = brotli_bomb();
    assert!(bomb.len() < 64 * 1024, "the bomb must be below every body limit: {} bytes", bomb.len());
    let before = peak_memory();
    for (path, content_type) in [
        ("/api/v1/auth/login", "application/json"),
        ("/v1/traces", "application/x-protobuf"),
        ("/v1/traces", "application/json"),
        ("/api/v1/traces", "application/json"),
    ] {
        let sent = exporter.request(Method::POST, path).header("content-type", content_type);
        let sent = sent.header("content-encoding", "br").body(bomb.clone());
        assert_eq!(sent.send().await.unwrap().status(), 415, "{path}");
    }
    let grown = (peak_memory() - before) / 1024;
    println!("brotli bombs: peak memory grew by {grown} MiB");
    // Includes the memory of tests that run at the same time.
    assert!(grown < 400, "{grown} MiB");
}

#[tokio::test]
async fn deeply_nested_and_broken_spans_do_not_affect_valid_spans() {
    let server = spawn().await;
    let (ada, exporter) = exporter(&server).await;
    let mut value = field(1, b"x");
    for _ in 0..10_000 {
        value = field(5, &field(1, &value));
    }
    let deep = field(9, &[field(1, b"a"), field(2, &value)].concat());
    let mut spans: Vec<Vec<u8>> = run(0x61).iter().map(Message::encode_to_vec).collect();
    spans.insert(1, [spans[0].clone(), deep].concat());
    spans.insert(2, [spans[0].clone(), field(5, b"\xff\xfe")].concat());
    spans.insert(3, vec![1 << 3, 7]);
    let spans: Vec<u8> = spans.iter().flat_map(|span| field(2, span)).collect();
    let response = export_bytes(&exporter, "application/x-protobuf", field(1, &field(2, &spans))).await;
    assert_eq!(response.status(), 200);
    let text = String::from_utf8_lossy(&response.bytes().await.unwrap()).into_owned();
    assert!(
        text.contains("spans[1]: ") && text.contains("spans[2]: ") && text.contains("spans[3]: "),
        "{text}"
    );
    let found = ada.trace(&"61".repeat(16)).await;
    assert_eq!(found["spans"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn spans_from_the_future_are_rejected_and_cycles_are_stored() {
    let server = spawn().await;
    let (ada, exporter) = exporter(&server).await;
    let mut spans = run(0x71);
    let future = span(0x71, 7, 1, "tomorrow", 2 * 86_400_000, Vec::new());
    spans.push(future);
    // Two spans that are each other's parents, and one that is its own parent.
    spans.push(span(0x71, 8, 9, "a", 30, Vec::new()));
    spans.push(span(0x71, 9, 8, "b", 31, Vec::new()));
    spans.push(span(0x71, 10, 10, "c", 32, Vec::new()));
    let response = export_bytes(&exporter, "application/x-protobuf", request(spans).encode_to_vec()).await;
    let text = String::from_utf8_lossy(&response.bytes().await.unwrap()).into_owned();
    assert!(text.contains("spans[3]: start_time_unix_nano is more than a day in the future"), "{text}");
    let found = ada.trace(&"71".repeat(16)).await;
    assert_eq!((found["spans"].as_array().unwrap().len(), &found["tokens_input"]), (6, &json!(120)));
}

#[tokio::test]
async fn nul_bytes_are_replaced_before_spans_are_stored() {
    let server = spawn().await;
    let (ada, exporter) = exporter(&server).await;
    let text = "a\u{0}b";
    let noon = test_support::server::noon().as_micros() * 1000;
    let string = |key: &str| json!({"key": key, "value": {"stringValue": text}});
    let keys = [
        "gen_ai.agent.name",
        "session.id",
        "user.id",
        "gen_ai.request.model",
        "input.value",
        "tag.tags",
        "x\u{0}",
    ];
    let attributes: Vec<Value> = keys.iter().map(|key| string(key)).collect();
    let body = json!({"resourceSpans": [{"resource": {"attributes": [string("service.name")]}, "scopeSpans": [{
        "scope": {"name": text}, "spans": [{
            "traceId": "81".repeat(16), "spanId": "01".repeat(8), "name": text, "startTimeUnixNano": noon.to_string(),
            "endTimeUnixNano": noon.to_string(), "attributes": attributes, "status": {"code": 2, "message": text},
            "events": [{"name": text, "attributes": [string("exception.message")]}],
        }],
    }]}]});
    let response = exporter.post("/v1/traces", &body).await.expect(200);
    assert_eq!(response.text, "{}");
    exporter.wait_for_queue().await;
    let found = ada.trace(&"81".repeat(16)).await;
    assert_eq!((&found["agent_id"], &found["error"]), (&json!("a\u{fffd}b"), &json!("a\u{fffd}b")));
    assert!(!found.to_string().contains("\\u0000"), "{found}");
}
