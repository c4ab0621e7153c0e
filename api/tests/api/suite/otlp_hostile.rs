//! OTLP that means harm: bombs, millions of nothing, nesting, cycles. Each is a 4xx or a partial success, memory stays
//! bounded, and the rest of the request is kept.

use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use prost::Message;
use reqwest::Method;
use serde_json::{Value, json};

use super::otlp::{export_bytes, exporter, gzip, is_the_run, request, run, span};
use test_support::server::spawn;

/// Kilobytes that this process holds at most, so far.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// 200 MiB of zeros, which are never in memory here.
fn bomb() -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    for _ in 0..200 {
        encoder.write_all(&[0; 1024 * 1024]).unwrap();
    }
    encoder.finish().unwrap()
}

/// A field of protobuf that has a length.
fn field(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![tag << 3 | 2];
    prost::encoding::encode_varint(content.len() as u64, &mut bytes);
    bytes.extend(content);
    bytes
}

#[tokio::test]
async fn what_unpacks_to_far_more_takes_no_more_memory() {
    let server = spawn().await;
    let (ada, exporter) = exporter(&server).await;
    let before = peak_memory();
    // Eight million empty spans, resources and attributes: as structures they would be gigabytes.
    let million = 4_000_000;
    let empty_spans = field(1, &field(2, &[2 << 3 | 2, 0].repeat(million)));
    let empty_resources = [1 << 3 | 2, 0].repeat(million);
    let empty_attributes = field(1, &field(2, &field(2, &[9 << 3 | 2, 0].repeat(million))));
    let heavy_resources = field(1, &field(1, &[1 << 3 | 2, 0].repeat(99_999))).repeat(80);
    for (body, status) in
        [(empty_spans, 400), (empty_resources, 400), (empty_attributes, 200), (heavy_resources, 400)]
    {
        let sent =
            exporter.request(Method::POST, "/v1/traces").header("content-type", "application/x-protobuf");
        let response = sent.header("content-encoding", "gzip").body(gzip(&body)).send().await.unwrap();
        assert_eq!(response.status(), status, "{}", response.text().await.unwrap());
    }
    let empty = "{},".repeat(million);
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
    println!("the hostile requests took {grown} MiB at most");
    // What other tests take at the same time counts, too.
    assert!(grown < 400, "{grown} MiB");
    super::otlp::export(&exporter, run(0x51)).await;
    is_the_run(&ada.trace(&"51".repeat(16)).await);
}

/// A gibibyte of zeros, as brotli has it.
fn brotli_bomb() -> Vec<u8> {
    let mut packed = Vec::new();
    let mut writer = brotli::CompressorWriter::new(&mut packed, 1024 * 1024, 2, 24);
    for _ in 0..1024 {
        writer.write_all(&[0; 1024 * 1024]).unwrap();
    }
    drop(writer);
    packed
}

#[tokio::test]
async fn nobody_unpacks_what_brotli_made_small() {
    let server = spawn().await;
    let (_, exporter) = exporter(&server).await;
    let bomb = brotli_bomb();
    assert!(bomb.len() < 64 * 1024, "the control, small enough for every resource: {} bytes", bomb.len());
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
    println!("brotli's bombs took {grown} MiB at most");
    // What other tests take at the same time counts, too.
    assert!(grown < 400, "{grown} MiB");
}

#[tokio::test]
async fn deep_nesting_and_broken_spans_cost_nobody_else_anything() {
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
async fn spans_of_the_future_are_rejected_and_cycles_are_kept_without_harm() {
    let server = spawn().await;
    let (ada, exporter) = exporter(&server).await;
    let mut spans = run(0x71);
    let future = span(0x71, 7, 1, "tomorrow", 2 * 86_400_000, Vec::new());
    spans.push(future);
    // Two that are each other's parents, and one that is its own.
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
async fn nothing_that_is_no_text_reaches_the_store() {
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
    let answer = exporter.post("/v1/traces", &body).await.expect(200);
    assert_eq!(answer.text, "{}");
    exporter.settle().await;
    let found = ada.trace(&"81".repeat(16)).await;
    assert_eq!((&found["agent_id"], &found["error"]), (&json!("a\u{fffd}b"), &json!("a\u{fffd}b")));
    assert!(!found.to_string().contains("\\u0000"), "{found}");
}
