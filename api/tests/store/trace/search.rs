//! Text search in the spans of a trace.

use domain::trace::record::{NewSpan, NewTrace};
use serde_json::json;
use shared::Timestamp;
use store::trace::TraceStore;
use uuid::Uuid;

use test_support::store_sample::{self, START, plain};

/// The spans fill many frames, which they share with other traces. Every seventh span contains the word.
pub async fn finds_spans_that_contain_a_text_ordered_by_start(store: &TraceStore) {
    let workspace_id = Uuid::new_v4();
    let span = |trace: &str, number: i64| {
        let word = if number % 7 == 0 { "Needle" } else { "hay" };
        let plain = NewSpan {
            span_id: format!("{trace}{number}"),
            name: "step".to_owned(),
            // Later spans are sent first and lie in the first frames.
            timestamp: Timestamp::from_micros(START - number),
            payload: json!({"input": "x".repeat(1000)}).to_string(),
            ..NewSpan::default()
        };
        match number % 4 {
            0 => NewSpan { name: format!("a {word}"), ..plain },
            1 => NewSpan { model: Some(word.to_owned()), ..plain },
            2 => NewSpan { error: Some(format!("no {word}!")), ..plain },
            _ => NewSpan { payload: json!({"output": ["x".repeat(1000), word]}).to_string(), ..plain },
        }
    };
    let trace = |id: &str| NewTrace {
        spans: (0..700).map(|number| span(id, number)).collect(),
        ..plain(workspace_id, id, START)
    };
    store_sample::write(store, &[trace("a"), trace("b"), trace("c")], 3).await;
    let found = store.search(workspace_id, "b", "nEEdle").await.unwrap().unwrap();
    let expected: Vec<_> =
        (0..700).rev().filter(|number| number % 7 == 0).map(|number| format!("b{number}")).collect();
    assert_eq!((found.total, found.incomplete), (100, false));
    assert_eq!(found.items, expected);
    let found = store.search(workspace_id, "b", "needles").await.unwrap().unwrap();
    assert_eq!((found.total, found.items), (0, vec![]));
    let found = store.search(workspace_id, "b", "xxx").await.unwrap().unwrap();
    assert_eq!((found.total, found.items.len()), (700, 700));
}
