//! Hostile and damaged requests are rejected as a whole or in part, and never cause a panic.

use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use proptest::{
    arbitrary::any as anything,
    prelude::{prop, prop_assert, proptest},
};
use serde_json::json;

use super::*;
use crate::otlp::request::{REQUEST_SPANS, REQUEST_VALUES, SPAN_VALUES};

/// A length-delimited protobuf field.
fn field(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![tag << 3 | 2];
    prost::encoding::encode_varint(content.len() as u64, &mut bytes);
    bytes.extend(content);
    bytes
}

/// A request with these encoded spans.
fn of_spans(spans: &[Vec<u8>]) -> Vec<u8> {
    let spans: Vec<u8> = spans.iter().flat_map(|span| field(2, span)).collect();
    field(1, &field(2, &spans))
}

#[test]
fn rejects_each_span_with_invalid_ids_or_times() {
    let day = 86_400_000_000_000;
    let now = u64::try_from(arrival().now.as_micros()).unwrap() * 1000;
    for (bad, named) in [
        (Span { trace_id: vec![1; 15], ..span(json!({})) }, "trace_id must have 16 bytes, not 15"),
        (Span { trace_id: vec![0; 16], ..span(json!({})) }, "trace_id must not be all zero"),
        (Span { trace_id: vec![], ..span(json!({})) }, "trace_id must have 16 bytes"),
        (Span { span_id: vec![1; 9], ..span(json!({})) }, "span_id must have 8 bytes"),
        (Span { span_id: vec![0; 8], ..span(json!({})) }, "span_id must not be all zero"),
        (Span { parent_span_id: vec![1; 7], ..span(json!({})) }, "parent_span_id must have 8 bytes"),
        (Span { start_time_unix_nano: 0, ..span(json!({})) }, "start_time_unix_nano is missing"),
        (Span { start_time_unix_nano: NOON_NANOS / 1000, ..span(json!({})) }, "before the year 2000"),
        (
            Span { start_time_unix_nano: now + day + 1_000_000, ..span(json!({})) },
            "more than a day in the future",
        ),
        (Span { start_time_unix_nano: u64::MAX, ..span(json!({})) }, "more than a day in the future"),
        (Span { end_time_unix_nano: u64::MAX, ..span(json!({})) }, "more than 30 days"),
    ] {
        let reason = rejected(bad);
        assert!(reason.contains(named), "{reason}");
        assert!(reason.starts_with("resource_spans[0].scope_spans[0].spans[0]: "), "{reason}");
    }
    let turned = full(Span { end_time_unix_nano: NOON_NANOS - 5, ..span(json!({})) }).0;
    assert_eq!(turned.span.latency, 0, "the clock was set back");
    let itself = full(Span { parent_span_id: (0xf1..=0xf8).collect(), ..span(json!({})) }).0;
    assert_eq!(itself.span.parent_span_id.as_deref(), Some("f1f2f3f4f5f6f7f8"), "the store handles it");
}

#[test]
fn names_are_shortened_and_attributes_keep_the_full_text() {
    let long = "ü".repeat(300);
    let (span, payload, _) =
        full(Span { name: "a\nb\0c".to_owned(), ..span(json!({"gen_ai.agent.name": long})) });
    assert_eq!(span.span.name, "a b\u{fffd}c");
    assert_eq!(span.agent_id.unwrap(), "ü".repeat(128));
    assert_eq!(payload["attributes"]["gen_ai.agent.name"], long);
    let unnamed = full(Span { name: String::new(), ..self::span(json!({})) }).0;
    assert_eq!(unnamed.span.name, "unnamed");
}

#[test]
fn reports_the_reasons_of_the_first_rejected_spans() {
    let bad = Span { span_id: vec![], ..span(json!({})) };
    let mut spans = vec![bad; 9];
    spans.push(span(json!({})));
    let decoded = decoded(spans);
    assert_eq!((decoded.spans.len(), decoded.rejected), (1, 9));
    assert!(decoded.reason().ends_with("; and 4 more"), "{}", decoded.reason());
}

#[test]
fn a_million_attributes_reject_only_their_span() {
    let attributes = Span { attributes: vec![KeyValue::default(); 1_000_000], ..span(json!({})) };
    let decoded = decoded(vec![span(json!({})), attributes, span(json!({}))]);
    assert_eq!((decoded.spans.len(), decoded.rejected), (2, 1));
    assert!(
        decoded.reason().contains(&format!("more than {SPAN_VALUES} attributes")),
        "{}",
        decoded.reason()
    );
    let listed = AnyValue {
        value: Some(Any::ArrayValue(ArrayValue { values: vec![AnyValue::default(); 1_000_000] })),
    };
    let pair = KeyValue { key: "a".to_owned(), value: Some(listed), ..KeyValue::default() };
    let reason = rejected(Span { attributes: vec![pair], ..span(json!({})) });
    assert!(reason.contains("more than"), "{reason}");
}

#[test]
fn resources_and_scopes_of_a_request_share_one_limit() {
    let of_origins = format!("more than {REQUEST_VALUES} attributes and nested values of resources");
    let assert_exceeds_limit = |encoding, body: &[u8]| {
        let error = decode_error(encoding, body);
        assert!(matches!(&error, DecodeError::Unreadable(detail) if detail.contains(&of_origins)), "{error}");
    };
    let resource = field(1, &field(1, &[1 << 3 | 2, 0].repeat(99_999)));
    let scope = field(1, &field(2, &field(1, &[3 << 3 | 2, 0].repeat(99_999))));
    assert!(read(Encoding::Protobuf, &[resource.repeat(2), scope.repeat(3)].concat(), arrival()).is_ok());
    for many in [resource.repeat(80), scope.repeat(80), [resource.repeat(3), scope.repeat(3)].concat()] {
        assert_exceeds_limit(Encoding::Protobuf, &many);
    }
    let list = |item: &str, count: usize| format!("[{}]", vec![item; count].join(","));
    let attributes = format!(r#"{{"attributes":{}}}"#, list("{}", 99_000));
    let resource = format!(r#"{{"resource":{attributes}}}"#);
    let scope = format!(r#"{{"scopeSpans":[{{"scope":{attributes}}}]}}"#);
    for (item, fit) in [(&resource, 5), (&scope, 5)] {
        let of = |count| format!(r#"{{"resourceSpans":{}}}"#, list(item, count));
        assert!(read(Encoding::Json, of(fit).as_bytes(), arrival()).is_ok());
        assert_exceeds_limit(Encoding::Json, of(40).as_bytes());
    }
}

#[test]
fn nested_empty_lists_are_counted_in_json() {
    let list = |item: &str, count: usize| format!("[{}]", vec![item; count].join(","));
    let scopes = format!(r#"{{"scopeSpans":{}}}"#, list("{}", 99_999));
    let body = format!(r#"{{"resourceSpans":{}}}"#, list(&scopes, 50));
    let error = decode_error(Encoding::Json, body.as_bytes());
    assert!(
        matches!(&error, DecodeError::Unreadable(detail) if detail.contains("more than 100000 spans")),
        "{error}"
    );
    let values = format!(r#"{{"arrayValue":{{"values":{}}}}}"#, list("{}", 90_000));
    let nested = format!(r#"{{"arrayValue":{{"values":{}}}}}"#, list(&values, 12));
    let spans = format!(r#"[{{"attributes":[{{"key":"a","value":{nested}}}]}}]"#);
    let body = format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":{spans}}}]}}]}}"#);
    let decoded = read(Encoding::Json, body.as_bytes(), arrival()).unwrap();
    assert_eq!((decoded.spans.len(), decoded.rejected), (0, 1));
    assert!(
        decoded.reason().contains(&format!("more than {SPAN_VALUES} attributes")),
        "{}",
        decoded.reason()
    );
    // Brackets inside a text are not counted.
    let text = r#"{[\"{["#.repeat(60_000);
    let span = format!(
        r#"{{"traceId":"{}","spanId":"{}","startTimeUnixNano":"{NOON_NANOS}","name":"{text}"}}"#,
        "ab".repeat(16),
        "cd".repeat(8)
    );
    let body = format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{span}]}}]}}]}}"#);
    assert_eq!(read(Encoding::Json, body.as_bytes(), arrival()).unwrap().spans.len(), 1);
}

#[test]
fn records_some_of_twenty_thousand_evaluations_and_counts_the_rest() {
    let judged = |index: usize| {
        let name = format!("evaluation {index}");
        let attributes = json!({"gen_ai.evaluation.name": name, "gen_ai.evaluation.score.value": 0.5});
        event("gen_ai.evaluation.result", attributes)
    };
    let heavy = Span { events: (0..20_000).map(judged).collect(), ..span(json!({})) };
    let decoded = decoded(vec![heavy]);
    assert_eq!((decoded.spans.len(), decoded.rejected, decoded.scores.len()), (1, 0, 100));
    assert!(
        decoded.reason().starts_with("19900 evaluations were not recorded as scores"),
        "{}",
        decoded.reason()
    );
    for encoding in [Encoding::Protobuf, Encoding::Json] {
        let response = encoding.encode_response(decoded.rejected, &decoded.reason());
        assert!(String::from_utf8_lossy(&response).contains("19900 evaluations"));
    }
    let some = Span { events: (0..60).map(judged).collect(), ..span(json!({})) };
    let many = self::decoded(vec![some; 30]);
    assert_eq!((many.spans.len(), many.scores.len(), many.scores_ignored), (30, 1000, 800));
}

#[test]
fn rejects_a_span_that_is_too_large_and_a_request_with_too_many_spans() {
    let large = rejected(span(json!({"a": "x".repeat(4 * 1024 * 1024)})));
    assert!(large.contains("at most 4194304 are allowed"), "{large}");
    let many = of_spans(&vec![Vec::new(); REQUEST_SPANS + 1]);
    let error = decode_error(Encoding::Protobuf, &many);
    assert!(
        matches!(&error, DecodeError::Unreadable(detail) if detail.contains("more than 100000 spans")),
        "{error}"
    );
    // Every span repeats the resource.
    let mut heavy = request(vec![span(json!({})); 200]);
    let blob = json!({"service.name": "s", "blob": "x".repeat(1024 * 1024)});
    heavy.resource_spans[0].resource = Some(Resource { attributes: pairs(&blob), ..Resource::default() });
    let error = decode_error(Encoding::Protobuf, &heavy.encode_to_vec());
    assert!(matches!(error, DecodeError::TooLarge(_)), "{error}");
}

#[test]
fn values_nested_too_deeply_reject_their_span() {
    let mut value = field(1, b"x");
    for _ in 0..10_000 {
        value = field(5, &field(1, &value));
    }
    let pair = [field(1, b"a"), field(2, &value)].concat();
    let good = span(json!({})).encode_to_vec();
    let deep = [good.clone(), field(9, &pair)].concat();
    let body = of_spans(&[good.clone(), deep, good]);
    let start = Instant::now();
    let decoded = read(Encoding::Protobuf, &body, arrival()).unwrap();
    assert_eq!((decoded.spans.len(), decoded.rejected), (2, 1), "{}", decoded.reason());
    assert!(start.elapsed() < Duration::from_secs(5));

    let nested = format!("{}{{}}{}", "{\"arrayValue\":{\"values\":[".repeat(10_000), "]}}".repeat(10_000));
    let good = format!(
        r#"{{"traceId":"{}","spanId":"{}","startTimeUnixNano":"{NOON_NANOS}","attributes":[ATTRIBUTES]}}"#,
        "ab".repeat(16),
        "cd".repeat(8)
    );
    let deep = good.replace("ATTRIBUTES", &format!(r#"{{"key":"a","value":{nested}}}"#));
    let good = good.replace("ATTRIBUTES", "");
    let body = format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{good},{deep},{good}]}}]}}]}}"#);
    let decoded = read(Encoding::Json, body.as_bytes(), arrival()).unwrap();
    assert_eq!((decoded.spans.len(), decoded.rejected), (2, 1), "{}", decoded.reason());
    // The maximum depth can be read back.
    let deep = (0..30).fold(json!(1), |inner, _| json!([inner]));
    assert_eq!(mapped(json!({"a": deep})).1["attributes"]["a"], deep);
    let text = format!("{}1{}", "[".repeat(100), "]".repeat(100));
    assert_eq!(mapped(json!({"input.value": text})).1["input"], json!(text), "it remains text");
    let dotted = format!("llm.input_messages.0.{}", "a.".repeat(50_000));
    let (span, _) = mapped(json!({dotted: 1, "llm.input_messages.99999999999.message.role": "user"}));
    assert!(serde_json::from_str::<Value>(&span.span.payload).is_ok());
}

#[test]
fn wrong_wire_types_and_invalid_text_reject_only_their_span() {
    let good = span(json!({})).encode_to_vec();
    for bad in [
        // The trace id as a number, the name as a number, the status as text.
        vec![1 << 3, 7],
        [good.clone(), vec![5 << 3, 1]].concat(),
        [good.clone(), field(15, b"\xff\xff\xff")].concat(),
        [good.clone(), field(5, b"\xff\xfe")].concat(),
        [good.clone(), field(9, &field(1, b"\xff"))].concat(),
        [good.clone(), vec![9 << 3 | 2, 100, 1]].concat(),
        [good.clone(), vec![0x0b, 0x0b, 0x0b]].concat(),
        [good.clone(), vec![7]].concat(),
        vec![0xff; 40],
    ] {
        let body = of_spans(&[good.clone(), bad.clone(), good.clone()]);
        let decoded = read(Encoding::Protobuf, &body, arrival()).unwrap();
        assert_eq!((decoded.spans.len(), decoded.rejected), (2, 1), "{bad:?}");
    }
    for bad in [vec![0xff], vec![1 << 3 | 2, 5, 0], field(1, &[2 << 3, 1]), field(1, &field(1, b"\xff"))] {
        let error = decode_error(Encoding::Protobuf, &bad);
        assert!(matches!(error, DecodeError::Unreadable(_)), "{bad:?}: {error}");
    }
    assert!(read(Encoding::Protobuf, &[], arrival()).unwrap().spans.is_empty());
}

fn real() -> Vec<u8> {
    let mut spans = vec![failed(
        "m",
        span(json!({
            "gen_ai.operation.name": "chat", "gen_ai.input.messages": "[{\"role\": \"user\"}]", "tag.tags": ["a"],
            "llm.input_messages.0.message.tool_calls.0.tool_call.function.name": "f", "evaluations.0.evaluation.score": 1,
            "gen_ai.usage.input_tokens": 3, "list": [1, {"a": [2.5, true]}],
        })),
    )];
    spans[0].events = vec![
        event("gen_ai.choice", json!({"message": "{\"content\": \"x\"}"})),
        event("gen_ai.evaluation.result", json!({"gen_ai.evaluation.score.value": 0.5})),
        event("exception", json!({"exception.type": "E"})),
    ];
    spans.push(span(json!({"ai.response.toolCalls": "[{\"toolName\": \"f\"}]"})));
    request(spans).encode_to_vec()
}

#[test]
fn a_truncated_request_is_rejected_or_decoded_in_part() {
    let body = real();
    for length in 0..body.len() {
        if let Ok(decoded) = read(Encoding::Protobuf, &body[..length], arrival()) {
            assert!(decoded.spans.len() < 2, "{length} bytes");
        }
    }
}

proptest! {
    #[test]
    fn mutated_requests_never_panic_and_accepted_spans_can_be_read_back(
        mutations in prop::collection::vec((anything::<prop::sample::Index>(), anything::<u8>(), 0..3_u8), 1..8),
    ) {
        let mut body = real();
        for (at, byte, how) in mutations {
            let at = at.index(body.len());
            match how {
                0 => body[at] = byte,
                1 => body.insert(at, byte),
                _ => drop(body.remove(at)),
            }
        }
        if let Ok(decoded) = read(Encoding::Protobuf, &body, arrival()) {
            for span in decoded.spans {
                prop_assert!(serde_json::from_str::<Value>(&span.span.payload).is_ok());
                prop_assert!(!span.span.name.contains('\0') && span.span.name.len() <= 256);
            }
        }
    }

    #[test]
    fn mutated_json_never_panics(
        mutations in prop::collection::vec((anything::<prop::sample::Index>(), anything::<u8>()), 1..6),
    ) {
        let mut body = json!({"resourceSpans": [{"resource": {"attributes": []}, "scopeSpans": [{"scope": {"name": "s"}, "spans": [{
            "traceId": "ab".repeat(16), "spanId": "cd".repeat(8), "startTimeUnixNano": NOON_NANOS.to_string(),
            "attributes": [{"key": "input.value", "value": {"stringValue": "{\"a\": 1}"}}, {"key": "n", "value": {"intValue": "7"}}],
            "events": [{"name": "e", "timeUnixNano": "1"}], "status": {"code": 2},
        }]}]}]}).to_string().into_bytes();
        for (at, byte) in mutations {
            let at = at.index(body.len());
            body[at] = byte;
        }
        let _ = read(Encoding::Json, &body, arrival());
    }

    #[test]
    fn any_bytes_never_panic(body in prop::collection::vec(anything::<u8>(), 0..300)) {
        let _ = read(Encoding::Protobuf, &body, arrival());
        let _ = read(Encoding::Json, &body, arrival());
    }
}
