//! The API returns arbitrary JSON payloads exactly as they were sent.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicU32, Ordering},
};

use proptest::{
    collection::{hash_map, vec},
    prelude::*,
    test_runner::{Config, TestRunner},
};
use serde_json::{Number, Value, json};

use test_support::{
    sample::trace,
    server::{noon, spawn},
};

/// Any text, with a bias towards characters that must be escaped, end a line, or are outside the basic plane.
fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        vec(
            prop::sample::select(vec![
                '"', '\\', '\n', '\r', '\t', '\0', '\u{7f}', '\u{85}', '\u{2028}', '\u{feff}', '😀', 'e'
            ]),
            0..12
        )
        .prop_map(String::from_iter),
    ]
}

fn any_number() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<i64>().prop_map(|number| json!(number)),
        any::<u64>().prop_map(|number| json!(number)),
        any::<f64>()
            .prop_filter_map("JSON has no infinity", |number| Number::from_f64(number).map(Value::Number)),
        (-1e6..1e6_f64).prop_map(|number| json!(number)),
    ]
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(|value| json!(value)),
        any_number(),
        any_text().prop_map(|text| json!(text)),
    ];
    leaf.prop_recursive(6, 48, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(|values| json!(values)),
            hash_map(any_text(), inner, 0..6).prop_map(|members| json!(members)),
        ]
    })
}

fn any_object() -> impl Strategy<Value = HashMap<String, Value>> {
    hash_map(any_text(), any_json(), 0..4)
}

#[tokio::test(flavor = "multi_thread")]
async fn input_output_and_metadata_are_returned_unchanged() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    let number = AtomicU32::new(0);
    let config = Config { cases: 96, failure_persistence: None, ..Config::default() };
    let strategy = (any_json(), any_json(), any_object(), any_json(), any_object(), any::<bool>());
    let runtime = tokio::runtime::Handle::current();
    let check = |(input, output, metadata, span_input, attributes, pretty): (_, Value, _, Value, _, bool)| {
        let id = format!("run{}", number.fetch_add(1, Ordering::SeqCst));
        let (metadata, attributes) = (json!(metadata), json!(attributes));
        let span = json!({"span_id": "s", "name": "n", "timestamp": noon(), "latency_ms": 1, "input": span_input,
                          "attributes": attributes});
        let more = json!({"input": input, "output": output, "metadata": metadata, "spans": [span]});
        let sent = trace(&id, noon(), more);
        let body = if pretty { format!("{sent:#}") } else { sent.to_string() };
        let found = runtime.block_on(async {
            ada.post_text("/api/v1/traces", body).await.expect(202);
            ada.trace(&id).await
        });
        prop_assert_eq!(&found["input"], &sent["input"]);
        prop_assert_eq!(&found["output"], &sent["output"]);
        prop_assert_eq!(&found["metadata"], &sent["metadata"]);
        prop_assert_eq!(&found["spans"][0]["input"], &sent["spans"][0]["input"]);
        prop_assert_eq!(&found["spans"][0]["attributes"], &sent["spans"][0]["attributes"]);
        Ok(())
    };
    let result = tokio::task::block_in_place(|| {
        TestRunner::new(config).run(&strategy, check).map_err(|error| error.to_string())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
}

#[tokio::test]
async fn numbers_keep_every_digit() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    let numbers = "[0.1, 1.7976931348623157e308, 5e-324, 2.2250738585072011e-308, 9007199254740993, \
                   18446744073709551615, -9223372036854775808, 0.30000000000000004, 123456.78901234567]";
    let body = format!(
        r#"{{"trace_id": "run", "agent_id": "a", "latency_ms": 1, "status": "success", "input": {numbers}, "more": {numbers}}}"#
    );
    ada.post_text("/api/v1/traces", body).await.expect(202);
    let found = ada.get("/api/v1/traces/run").await.expect(200);
    let expected: Value = serde_json::from_str(numbers).unwrap();
    assert_eq!(found.json()["input"], expected);
    assert_eq!(found.json()["metadata"]["more"], expected);
    for digits in ["0.30000000000000004", "18446744073709551615", "9007199254740993", "5e-324"] {
        assert!(found.text.contains(digits), "{digits}: {}", found.text);
    }
}
