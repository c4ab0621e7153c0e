//! Sessions and end users over HTTP: conversations, totals, and lists.

use std::time::Duration;

use serde_json::{Value, json};
use shared::{Timestamp, limit};

use test_support::{
    client::{Client, escaped, trace_ids},
    sample::{merged, trace},
    server::{noon, spawn},
};

const SECOND: Duration = Duration::from_secs(1);

fn ago(seconds: u32) -> Timestamp {
    noon() - SECOND * seconds
}

/// Returns a trace of this session and end user, `seconds` ago.
fn of(trace_id: &str, session: Option<&str>, user: Option<&str>, seconds: u32, more: Value) -> Value {
    trace(trace_id, ago(seconds), merged(json!({"session_id": session, "user_id": user}), more))
}

/// Returns the trace ids of a session or end user, read by cursor in pages of `limit`.
async fn walk(client: &Client, path: &str, limit: u32) -> Vec<String> {
    let mut page = client.get(&format!("{path}?limit={limit}")).await.expect(200).json();
    let mut ids = trace_ids(&page);
    while let Some(cursor) = page["next_cursor"].as_str() {
        page = client.get(&format!("{path}?limit={limit}&cursor={cursor}")).await.expect(200).json();
        ids.extend(trace_ids(&page));
    }
    ids
}

#[tokio::test]
async fn session_contains_its_traces_in_order_with_payloads_and_totals() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    let first = json!({"input": "hello", "output": {"text": "hi"}, "tokens_total": 10, "cost_usd": 0.1,
                       "quality_score": 50, "latency_ms": 100, "metadata": {"secret": 1}});
    let second = json!({"input": [{"role": "user"}], "status": "timeout", "tokens_total": 5, "cost_usd": 0.2,
                        "latency_ms": 200});
    // One trace is old: a session is not limited to a time window.
    let month = 40 * 86_400;
    ada.ingest(&[
        of("late", Some("s"), Some("u"), 10, second),
        of("early", Some("s"), None, month, first),
        of("another's", Some("t"), Some("u"), 5, json!({})),
        of("nobody's", None, None, 5, json!({})),
    ])
    .await;
    let found = ada.get("/api/v1/sessions/s").await.expect(200).json();
    let expected = json!({
        "traces": 2, "errors": 1, "tokens": 15, "cost_usd": 0.3, "unpriced": 0, "avg_latency_ms": 150.0,
        "avg_quality_score": 50.0, "first": ago(month), "last": ago(10),
    });
    assert_eq!(
        (&found["id"], &found["totals"], &found["next_cursor"]),
        (&json!("s"), &expected, &json!(null))
    );
    assert_eq!(trace_ids(&found), ["early", "late"]);
    let items = &found["items"];
    assert_eq!((&items[0]["input"], &items[0]["output"]), (&json!("hello"), &json!({"text": "hi"})));
    assert_eq!((&items[1]["input"], &items[1]["output"]), (&json!([{"role": "user"}]), &json!(null)));
    assert_eq!((&items[1]["status"], &items[1]["user_id"]), (&json!("timeout"), &json!("u")));
    assert!(items[0].get("metadata").is_none() && items[0].get("input_truncated").is_none(), "{items}");

    let found = ada.get("/api/v1/users/u").await.expect(200).json();
    assert_eq!(trace_ids(&found), ["another's", "late"], "newest first");
    assert_eq!((&found["id"], &found["totals"]["traces"]), (&json!("u"), &json!(2)));
}

#[tokio::test]
async fn pages_of_a_session_or_end_user_contain_every_trace_once() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    // Three traces per timestamp: pages start and end within ties.
    let traces: Vec<_> = (0..20)
        .map(|number| {
            of(&number.to_string(), Some("s"), Some("u"), 100 - number / 3, json!({"input": number}))
        })
        .collect();
    ada.ingest(&traces).await;
    let in_order: Vec<_> = (0..20).map(|number| number.to_string()).collect();
    let newest_first: Vec<_> = in_order.iter().rev().cloned().collect();
    for limit in [1, 7, 19, 20, 100] {
        assert_eq!(walk(&ada, "/api/v1/sessions/s", limit).await, in_order, "{limit}");
        assert_eq!(walk(&ada, "/api/v1/users/u", limit).await, newest_first, "{limit}");
    }
    let page = ada.get("/api/v1/sessions/s?limit=7").await.expect(200).json();
    let cursor = page["next_cursor"].as_str().unwrap();
    let next = ada.get(&format!("/api/v1/sessions/s?limit=7&cursor={cursor}")).await.expect(200).json();
    assert_eq!(next["totals"], page["totals"]);
    assert_eq!(next["items"][0]["input"], 7);
}

#[tokio::test]
async fn long_payloads_are_truncated_and_marked() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    let long = "long ü ".repeat(10_000);
    let more = json!({"input": long, "output": {"messages": [long]}});
    ada.ingest(&[
        of("run", Some("s"), None, 5, more),
        of("short", Some("s"), None, 4, json!({"input": "x"})),
    ])
    .await;
    let found = ada.get("/api/v1/sessions/s").await.expect(200).json();
    let item = &found["items"][0];
    let (input, output) = (item["input"].as_str().unwrap(), item["output"].as_str().unwrap());
    assert!(long.starts_with(input) && input.len() > limit::EXCERPT_BYTES - 4, "{}", input.len());
    assert!(output.starts_with(r#"{"messages":["long ü long"#) && output.len() <= limit::EXCERPT_BYTES);
    assert_eq!((&item["input_truncated"], &item["output_truncated"]), (&json!(true), &json!(true)));
    assert_eq!(found["items"][1]["input"], "x");
    assert!(found["items"][1].get("input_truncated").is_none());
}

#[tokio::test]
async fn lists_contain_sessions_and_end_users_of_the_window_by_latest_activity() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    let hours = |hours: u32| hours * 3600;
    ada.ingest(&[
        of("1", Some("long"), Some("u"), hours(30), json!({"tokens_total": 1})),
        of("2", Some("long"), Some("u"), hours(2), json!({"tokens_total": 2, "status": "error"})),
        of("3", Some("new"), Some("v"), hours(1), json!({"tokens_total": 4})),
        of("4", Some("old"), Some("w"), hours(100), json!({})),
        of("5", None, Some("u"), 60, json!({"tokens_total": 8})),
    ])
    .await;
    let list = async |path: &str| {
        let found = ada.get(&format!("/api/v1/{path}")).await.expect(200).json();
        let items: Vec<_> = found["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| {
                let number = |name: &str| item[name].as_u64().unwrap();
                (
                    item["id"].as_str().unwrap().to_owned(),
                    number("traces"),
                    number("errors"),
                    number("tokens"),
                )
            })
            .collect();
        (found["total"].as_u64().unwrap(), items)
    };
    let item = |id: &str, traces, errors, tokens| (id.to_owned(), traces, errors, tokens);
    assert_eq!(list("sessions").await, (2, vec![item("new", 1, 0, 4), item("long", 1, 1, 2)]));
    assert_eq!(
        list("sessions?range=7d").await,
        (3, vec![item("new", 1, 0, 4), item("long", 2, 1, 3), item("old", 1, 0, 0)])
    );
    assert_eq!(list("sessions?range=7d&limit=1").await, (3, vec![item("new", 1, 0, 4)]));
    assert_eq!(list("users").await, (2, vec![item("u", 2, 1, 10), item("v", 1, 0, 4)]));
    assert_eq!(list("users?range=1h&limit=100").await.0, 2, "the start of the window is inclusive");
}

#[tokio::test]
async fn sessions_and_end_users_of_any_name_are_found_in_their_own_workspace_only() {
    let server = spawn().await;
    let (ada, bob) = (server.member("ada").await, server.member("bob").await);
    let longest = "x".repeat(256);
    let names = ["a/b?c", "a%2Fb?c", "100%", "a b", "a#b", "ünï-😀", "a+b", "'--", "a:b", &longest];
    // In one request: a later write would invalidate the cache again while the responses are read.
    ada.ingest(&names.map(|name| of(name, Some(name), Some(name), 5, json!({})))).await;
    bob.ingest(&[of("bob's", Some("a b"), Some("bob"), 5, json!({}))]).await;
    for (kind, name) in ["sessions", "users"].iter().flat_map(|kind| names.map(|name| (kind, name))) {
        let path = format!("/api/v1/{kind}/{}", escaped(name));
        for outcome in ["miss", "hit"] {
            let found = ada.get(&path).await.expect(200);
            assert_eq!(found.header("x-cache"), outcome);
            assert_eq!(trace_ids(&found.json()), [name]);
        }
        if (*kind, name) != ("sessions", "a b") {
            bob.get(&path).await.expect_error(404, "not_found");
        }
    }
    assert_eq!(trace_ids(&bob.get("/api/v1/sessions/a%20b").await.expect(200).json()), ["bob's"]);
    assert_eq!(bob.get("/api/v1/users").await.expect(200).json()["total"], 1);
    assert_eq!(ada.traces(&format!("session_id={}", escaped("a/b?c"))).await["total"], 1);
}

#[tokio::test]
async fn unknown_names_return_404_and_invalid_queries_are_rejected() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    ada.ingest(&[of("run", Some("s"), Some("u"), 5, json!({}))]).await;
    for path in ["sessions/u", "users/s", "sessions/S", "sessions/a%00b", "users/a%00b", "sessions/%25"] {
        ada.get(&format!("/api/v1/{path}")).await.expect_error(404, "not_found");
    }
    for (query, status, code) in [
        ("limit=0", 422, "validation_failed"),
        ("limit=101", 422, "validation_failed"),
        ("limit=ten", 400, "bad_request"),
        ("cursor=", 400, "bad_request"),
        ("cursor=%27;drop%20table%20traces-1", 400, "bad_request"),
    ] {
        for path in ["sessions/s", "users/u"] {
            ada.get(&format!("/api/v1/{path}?{query}")).await.expect_error(status, code);
        }
    }
    for path in ["sessions", "users"] {
        ada.get(&format!("/api/v1/{path}?limit=0")).await.expect_error(422, "validation_failed");
        ada.get(&format!("/api/v1/{path}?range=2d")).await.expect_error(400, "invalid_time_range");
    }
    // A cursor beyond the end returns an empty page.
    let beyond =
        ada.get("/api/v1/sessions/s?cursor=7fffffffffffffff-7fffffffffffffff").await.expect(200).json();
    assert_eq!((&beyond["items"], &beyond["totals"]["traces"]), (&json!([]), &json!(1)));
}
