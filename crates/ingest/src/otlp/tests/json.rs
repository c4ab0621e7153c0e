//! OTLP/JSON as specified, and as exporters send it.

use serde_json::json;

use super::*;

fn one(span: Value) -> Value {
    json!({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]})
}

fn merged(mut value: Value, more: Value) -> Value {
    value.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    value
}

fn minimal() -> Value {
    json!({
        "traceId": "5B8EFFF798038103D269B633813FC60C", "spanId": "EEE19B7EC3C1B174", "name": "I'm a server span",
        "startTimeUnixNano": NOON_NANOS.to_string(), "endTimeUnixNano": (NOON_NANOS + 1_500_000).to_string(),
    })
}

fn read_json(request: &Value) -> Decoded {
    read(Encoding::Json, request.to_string().as_bytes(), arrival()).unwrap()
}

#[test]
fn decodes_the_request_of_the_javascript_exporter() {
    let request = json!({"resourceSpans": [{
        "resource": {
            "attributes": [{"key": "service.name", "value": {"stringValue": "weather-js"}},
                           {"key": "process.pid", "value": {"intValue": 17}}],
            "droppedAttributesCount": 0,
        },
        "scopeSpans": [{
            "scope": {"name": "ai", "version": "1.2.3"},
            "spans": [merged(minimal(), json!({
                "parentSpanId": "eee19b7ec3c1b173", "kind": 1, "flags": 257,
                "startTimeUnixNano": "1773230400000000000", "endTimeUnixNano": "1773230401500000000",
                "attributes": [
                    {"key": "gen_ai.request.model", "value": {"stringValue": "gpt-4o"}},
                    {"key": "ai.usage.inputTokens", "value": {"intValue": 12}},
                    {"key": "gen_ai.usage.output_tokens", "value": {"intValue": "34"}},
                    {"key": "gen_ai.response.finish_reasons",
                     "value": {"arrayValue": {"values": [{"stringValue": "stop"}]}}},
                    {"key": "share", "value": {"doubleValue": 1}},
                    {"key": "odd", "value": {"doubleValue": "NaN"}},
                    {"key": "map", "value": {"kvlistValue": {"values": [{"key": "a", "value": {"boolValue": true}}]}}},
                    {"key": "bytes", "value": {"bytesValue": "AP8="}},
                    {"key": "empty", "value": {}},
                    {"key": "none"},
                    {"key": "tomorrow", "value": {"newValue": {"x": [1]}, "stringValue": "known"}},
                ],
                "droppedAttributesCount": 0,
                "events": [{"timeUnixNano": "1773230400500000000", "name": "e", "attributes": [], "droppedAttributesCount": 0}],
                "droppedEventsCount": 0,
                "status": {"code": 2, "message": "no"},
                "links": [{"traceId": "00000000000000000000000000000001", "spanId": "0000000000000001", "attributes": null}],
                "droppedLinksCount": 0, "notKnown": {"at": "all"},
            }))],
        }],
    }]});
    let decoded = read_json(&request);
    assert!(decoded.reasons.is_empty(), "{}", decoded.reason());
    let span = &decoded.spans[0];
    assert_eq!(span.trace_id, "5b8efff798038103d269b633813fc60c");
    assert_eq!(span.span.parent_span_id.as_deref(), Some("eee19b7ec3c1b173"));
    assert_eq!((span.span.tokens_input, span.span.tokens_output), (Some(12), Some(34)));
    assert_eq!((span.span.latency, span.span.error.as_deref()), (1_500_000, Some("no")));
    assert_eq!(span.service.as_deref(), Some("weather-js"));
    let payload: Value = serde_json::from_str(&span.span.payload).unwrap();
    assert_eq!(payload["scope"], json!({"name": "ai", "version": "1.2.3"}));
    assert_eq!(payload["resource"]["process.pid"], 17);
    assert_eq!(payload["finish_reasons"], json!(["stop"]));
    let expected = json!({
        "share": 1.0, "odd": "NaN", "map": {"a": true}, "bytes": "AP8=", "empty": null, "none": null,
        "tomorrow": "known",
    });
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(payload["attributes"].get(name), Some(value), "{name}");
    }
    assert_eq!(payload["events"][0]["timestamp"], "2026-03-11T12:00:00.5Z");
    assert_eq!(payload["links"][0]["span_id"], "0000000000000001");
}

#[test]
fn accepts_absent_and_null_fields_and_numbers_in_several_forms() {
    for more in [
        json!({}),
        json!({"attributes": null, "events": null, "links": null, "status": null, "parentSpanId": null, "kind": null}),
        json!({"parentSpanId": "", "kind": "SPAN_KIND_SERVER", "status": {}}),
        json!({"parentSpanId": "0000000000000000", "status": {"code": "STATUS_CODE_OK"}}),
        json!({"startTimeUnixNano": NOON_NANOS, "endTimeUnixNano": 1.773_230_400_001_5e18}),
    ] {
        let decoded = read_json(&one(merged(minimal(), more.clone())));
        assert_eq!((decoded.spans.len(), decoded.reason()), (1, String::new()), "{more}");
        assert_eq!(decoded.spans[0].span.parent_span_id, None, "{more}");
        assert_eq!(decoded.spans[0].span.latency / 1000, 1, "{more}");
    }
    for empty in ["{}", "{\"resourceSpans\": []}", "{\"resourceSpans\": null}", "{\"resourceSpans\": [{}]}"] {
        assert!(read(Encoding::Json, empty.as_bytes(), arrival()).unwrap().spans.is_empty(), "{empty}");
    }
}

#[test]
fn rejects_an_invalid_span_with_its_position_and_keeps_the_others() {
    let bad = [
        json!({"traceId": "xyz"}),
        json!({"traceId": 7}),
        json!({"spanId": "EEE19B7EC3C1B1"}),
        json!({"startTimeUnixNano": "yesterday"}),
        json!({"startTimeUnixNano": -1}),
        json!({"attributes": {"a": 1}}),
        json!({"attributes": [{"key": "a", "value": {"intValue": "many"}}]}),
        json!({"attributes": [{"key": "a", "value": {"bytesValue": "?"}}]}),
        json!({"attributes": [{"key": 7}]}),
        json!({"name": ["a"]}),
        json!({"status": "bad"}),
        json!({"events": [7]}),
    ];
    for more in bad {
        let spans = json!([minimal(), merged(minimal(), more.clone()), minimal(), 7, null]);
        let decoded = read_json(&json!({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}));
        assert_eq!((decoded.spans.len(), decoded.rejected), (2, 3), "{more}");
        let place = "resource_spans[0].scope_spans[0].spans[1]: ";
        assert!(decoded.reasons[0].starts_with(place), "{more}: {}", decoded.reasons[0]);
    }
}

#[test]
fn rejects_a_body_that_is_not_a_request() {
    for bad in [
        "",
        "[]",
        "7",
        "{",
        "{\"resourceSpans\": {}}",
        "{\"resourceSpans\": [7]}",
        "{\"resourceSpans\": [{\"scopeSpans\": 1}]}",
        "{\"resourceSpans\": [{\"scopeSpans\": [{\"spans\": {}}]}]}",
        "{\"resourceSpans\": [{\"resource\": {\"attributes\": 7}}]}",
        "{} {}",
    ] {
        let error = decode_error(Encoding::Json, bad.as_bytes());
        assert!(matches!(error, DecodeError::Unreadable(_)), "{bad}: {error}");
    }
    assert!(matches!(
        decode_error(
            Encoding::Json,
            b"{\"resourceSpans\": [{\"scopeSpans\": [{\"spans\": [{\"name\": \"\xff\"}]}]}]}"
        ),
        DecodeError::Unreadable(_)
    ));
}
