//! Validation of ingested traces: every invalid value returns a 4xx that names it, and nothing is stored.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use test_support::{
    sample::trace,
    server::{Member, Server, noon, spawn},
};

fn span(more: Value) -> Value {
    test_support::sample::merged(
        json!({"span_id": "s", "name": "n", "timestamp": noon(), "latency_ms": 1}),
        more,
    )
}

async fn nothing_is_stored(server: &Server, member: &Member) {
    server.clock.advance(Duration::from_secs(1));
    assert_eq!(member.all_trace_ids().await, (vec![], 0));
}

#[tokio::test]
async fn invalid_value_returns_422_and_names_its_field() {
    let server = spawn().await;
    let (ada, bob) = (server.member("ada").await, server.member("bob").await);
    let long = "x".repeat(257);
    let cases = [
        ("latency_ms", json!(-1)),
        ("latency_ms", json!(-0.001)),
        ("latency_ms", json!("100")),
        ("latency_ms", json!("NaN")),
        ("latency_ms", json!(null)),
        ("latency_ms", json!(true)),
        ("latency_ms", json!(2_592_000_001_u64)),
        ("latency_ms", json!(1e300)),
        ("cost_usd", json!(-0.01)),
        ("cost_usd", json!(10_000.01)),
        ("cost_usd", json!(1e308)),
        ("cost_usd", json!("free")),
        ("quality_score", json!(101)),
        ("quality_score", json!(100.000_001)),
        ("quality_score", json!(-1)),
        ("quality_score", json!("good")),
        ("tokens_input", json!(-1)),
        ("tokens_input", json!(1.5)),
        ("tokens_output", json!(1_000_000_001)),
        ("tokens_output", json!(u64::MAX)),
        ("tokens_total", json!("many")),
        ("timestamp", json!("2026-03-11T12:34:56")),
        ("timestamp", json!("2026-03-11")),
        ("timestamp", json!("2026-02-30T12:34:56Z")),
        ("timestamp", json!("yesterday")),
        ("timestamp", json!(1_773_232_496)),
        ("timestamp", json!("1999-12-31T23:59:59Z")),
        ("timestamp", json!("1970-01-01T00:00:00Z")),
        ("timestamp", json!("-005000-01-01T00:00:00Z")),
        ("timestamp", json!(noon() + Duration::from_secs(86_401))),
        ("timestamp", json!("9999-12-30T00:00:00Z")),
        ("status", json!("ok")),
        ("status", json!("SUCCESS")),
        ("status", json!(0)),
        ("status", json!(null)),
        ("tags", json!("prod")),
        ("tags", json!([1])),
        ("tags", json!(["prod", null])),
        ("tags", json!({"prod": true})),
        ("tags", json!(vec!["x"; 65])),
        ("tags[1]", json!(["prod", ""])),
        ("tags[0]", json!([long])),
        ("trace_id", json!("")),
        ("trace_id", json!(long)),
        ("trace_id", json!("two\nlines")),
        ("trace_id", json!("\u{0}")),
        ("trace_id", json!("\u{85}")),
        ("trace_id", json!(17)),
        ("agent_id", json!("")),
        ("agent_id", json!(null)),
        ("agent_id", json!(["a"])),
        ("agent_id", json!("\u{7f}")),
        ("model", json!("")),
        ("model", json!(4)),
        ("session_id", json!(long)),
        ("user_id", json!("a\tb")),
        ("error", json!(500)),
        ("error", json!("x".repeat(16 * 1024 + 1))),
        ("error", json!("a\0b")),
        ("metadata", json!("text")),
        ("metadata", json!([1])),
        ("workspace_id", json!(bob.user.workspace_id)),
        ("workspace_id", json!("mine")),
        ("spans", json!({})),
        ("spans", json!("none")),
        ("spans", json!([span(json!({})), span(json!({}))])),
        ("spans[0]", json!([1])),
        ("spans[1]", json!([span(json!({})), null])),
        ("spans[1].name", json!([span(json!({})), {"span_id": "t", "timestamp": noon(), "latency_ms": 1}])),
        ("spans[1].span_id", json!([span(json!({})), span(json!({"span_id": ""}))])),
        ("spans[0].kind", json!([span(json!({"kind": "LLM"}))])),
        ("spans[0].latency_ms", json!([span(json!({"latency_ms": -1}))])),
        ("spans[0].timestamp", json!([span(json!({"timestamp": null}))])),
        ("spans[0].status", json!([span(json!({"status": "bad"}))])),
        ("spans[0].cost_usd", json!([span(json!({"cost_usd": -1}))])),
        ("spans[0].attributes", json!([span(json!({"attributes": "text"}))])),
        (
            "spans[2].parent_span_id",
            json!([
                span(json!({"span_id": "a"})),
                span(json!({"span_id": "b"})),
                span(json!({"span_id": "c", "parent_span_id": 7})),
            ]),
        ),
    ];
    for (field, value) in &cases {
        let name = field.split(['[', '.']).next().unwrap();
        let body = trace("run", noon(), json!({name: value}));
        let response = ada.send_trace(&body).await;
        assert_eq!(response.status, 422, "{field}={value}: {}", response.text);
        assert_eq!(response.expect_error(422, "validation_failed").fields(), [*field], "{value}");
    }
    nothing_is_stored(&server, &ada).await;
}

#[tokio::test]
async fn response_names_every_invalid_field() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    let body = json!({"latency_ms": -1, "cost_usd": "x", "spans": [{"kind": "?"}]});
    let mut fields = ada.send_trace(&body).await.expect_error(422, "validation_failed").fields();
    fields.sort();
    let expected = [
        "agent_id",
        "cost_usd",
        "latency_ms",
        "spans[0].kind",
        "spans[0].latency_ms",
        "spans[0].name",
        "spans[0].span_id",
        "spans[0].timestamp",
        "status",
    ];
    assert_eq!(fields, expected);
}

#[tokio::test]
async fn rejects_json_that_cannot_be_read_back_and_names_its_field() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    let deep = |levels: usize| format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
    let half = r#""\ud800""#.to_owned();
    for (field, value) in [
        ("input", deep(65)),
        ("output", deep(100_000)),
        ("metadata", format!("{{\"a\": {}}}", deep(64))),
        ("anything", deep(65)),
        ("anything", deep(100_000)),
        ("input", half.clone()),
        ("output", r#"["\udc00\ud800"]"#.to_owned()),
        ("metadata", r#"{"\ud800": 1}"#.to_owned()),
        ("anything", half.clone()),
        ("trace_id", half.clone()),
        ("agent_id", half.clone()),
        ("tags", format!("[{half}]")),
        ("error", half),
        ("input", "1e999".to_owned()),
        ("metadata", r#"{"a": -1e999}"#.to_owned()),
        ("latency_ms", "1e999".to_owned()),
        ("cost_usd", "1e309".to_owned()),
        ("tags", deep(100_000)),
        ("spans", deep(100_000)),
    ] {
        let mut members = vec![("agent_id", "\"a\""), ("latency_ms", "1"), ("status", "\"success\"")];
        members.retain(|(name, _)| *name != field);
        members.push((field, &value));
        let members: Vec<_> = members.iter().map(|(name, value)| format!("\"{name}\": {value}")).collect();
        let response = ada.post_text("/api/v1/traces", format!("{{{}}}", members.join(", "))).await;
        let shown = &value[..value.len().min(40)];
        assert_eq!(response.status, 422, "{field}: {shown}: {}", response.text);
        let named = response.fields().concat();
        assert!(named.starts_with(field), "{field}: {shown}: {named}");
    }
    nothing_is_stored(&server, &ada).await;
}

#[tokio::test]
async fn accepts_and_returns_nesting_up_to_the_limit() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    let deep = (0..64).fold(json!(1), |inner, _| json!([inner]));
    ada.send_trace(&trace("run", noon(), json!({"input": deep, "anything": deep}))).await.expect(202);
    let found = ada.trace("run").await;
    assert_eq!((&found["input"], &found["metadata"]["anything"]), (&deep, &deep));
}

#[tokio::test]
async fn last_value_of_a_repeated_member_is_used() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    let span = r#""span_id": "s", "name": "n", "timestamp": "2026-03-11T12:00:00Z", "latency_ms": 1"#;
    for (number, (repeated, pointer, expected)) in [
        (r#""input": 1, "input": 2"#.to_owned(), "/input", json!(2)),
        (r#""output": "a", "output": null"#.to_owned(), "/output", json!(null)),
        (r#""metadata": {"a": 1}, "metadata": {"b": 2}"#.to_owned(), "/metadata", json!({"b": 2})),
        (r#""anything": 1, "anything": 2"#.to_owned(), "/metadata/anything", json!(2)),
        (r#""agent_id": "b""#.to_owned(), "/agent_id", json!("b")),
        (r#""input": {"a": 1, "a": 2}"#.to_owned(), "/input/a", json!(2)),
        (format!(r#""spans": [{{{span}, "output": 1, "output": 2}}]"#), "/spans/0/output", json!(2)),
    ]
    .into_iter()
    .enumerate()
    {
        let body = format!(
            r#"{{"trace_id": "run{number}", "agent_id": "a", "latency_ms": 1, "status": "success", {repeated}}}"#
        );
        ada.post_text("/api/v1/traces", body).await.expect(202);
        let found = ada.trace(&format!("run{number}")).await;
        assert_eq!(found.pointer(pointer), Some(&expected), "{repeated}");
    }
}

#[tokio::test]
async fn invalid_json_returns_400_with_line_and_column() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    for path in ["/api/v1/traces", "/api/v1/traces/batch", "/api/v1/traces/run/scores", "/api/v1/auth/login"]
    {
        for body in [
            "",
            "{",
            "{\"score\": NaN}",
            "{\"score\": 1,}",
            "{\"score\": Infinity}",
            "nonsense",
            "\u{feff}{}",
        ] {
            let response = ada.post_text(path, body).await;
            assert_eq!(response.status, 400, "{path} {body:?}: {}", response.text);
            let response = response.expect_error(400, "bad_request");
            assert!(response.text.contains("line 1 column "), "{path} {body:?}: {}", response.text);
        }
    }
    let two = ada.post_text("/api/v1/traces", "{} {}").await.expect_error(400, "bad_request");
    assert!(two.text.contains("line 1 column 4"), "{}", two.text);
    let third_line =
        ada.post_text("/api/v1/traces", "{\n\"a\": 1,\n  oops\n}").await.expect_error(400, "bad_request");
    assert!(third_line.text.contains("line 3 column 3"), "{}", third_line.text);
    let latin = ada.post_text("/api/v1/traces", b"{\"agent_id\": \"\xe9\"}".to_vec()).await;
    assert_eq!(latin.status, 400, "{}", latin.text);
    nothing_is_stored(&server, &ada).await;
}

#[tokio::test]
async fn rejects_json_that_is_not_a_batch_or_a_trace() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    for body in ["{}", "[]", "1", "null", r#"{"traces": {}}"#, r#"{"traces": null}"#, r#"{"traces": 7}"#] {
        let response = ada.post_text("/api/v1/traces/batch", body).await;
        assert_eq!(response.status, 422, "{body}: {}", response.text);
        assert_eq!(response.expect_error(422, "validation_failed").fields(), ["traces"], "{body}");
    }
    for body in ["[]", "1", "null", "\"text\""] {
        let response = ada.post_text("/api/v1/traces", body).await;
        assert_eq!(response.expect_error(422, "validation_failed").fields(), ["trace"], "{body}");
    }
}

#[tokio::test]
async fn unsupported_content_type_returns_415() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    let (good, batch) = (trace("run", noon(), json!({})), json!({"traces": []}));
    let login = json!({"email": "ada@example.com", "password": "x"});
    for (path, body) in [
        ("/api/v1/traces", &good),
        ("/api/v1/traces/batch", &batch),
        ("/api/v1/traces/run/scores", &json!({"score": 1})),
        ("/api/v1/auth/login", &login),
    ] {
        for content_type in
            ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
        {
            let request =
                ada.request(Method::POST, path).header("content-type", content_type).body(body.to_string());
            ada.send(request).await.expect_error(415, "unsupported_media_type");
        }
    }
    nothing_is_stored(&server, &ada).await;
    for content_type in ["application/json; charset=utf-8", "Application/JSON", "application/vnd.trace+json"]
    {
        let request = ada.request(Method::POST, "/api/v1/traces").header("content-type", content_type);
        ada.send(request.body(good.to_string())).await.expect(202);
    }
}
