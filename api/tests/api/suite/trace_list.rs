//! Trace lists over HTTP: filters, pages, cursors, and isolation between workspaces.

use std::{collections::HashSet, time::Duration};

use serde_json::{Value, json};
use shared::Timestamp;

use test_support::{
    client::trace_ids,
    sample::{full, trace},
    server::{noon, spawn},
};

const SECOND: Duration = Duration::from_secs(1);

fn ago(seconds: u32) -> Timestamp {
    noon() - SECOND * (seconds + 1)
}

/// Returns `count` traces, newest first: `0` a second ago, `1` two seconds ago…
fn newest_first(count: u32) -> Vec<Value> {
    (0..count).map(|i| trace(&i.to_string(), ago(i), json!({}))).collect()
}

fn numbers(range: std::ops::Range<u32>) -> Vec<String> {
    range.map(|i| i.to_string()).collect()
}

#[tokio::test]
async fn list_returns_the_newest_50_traces_of_the_last_day() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    let mut traces = newest_first(60);
    traces.reverse();
    traces.push(trace("yesterday", ago(86_400), json!({})));
    ada.ingest(&traces).await;
    let page = ada.get("/api/v1/traces").await.expect(200).json();
    assert_eq!(trace_ids(&page), numbers(0..50));
    assert_eq!((&page["total"], &page["page"]), (&json!(60), &json!(1)));
    assert_eq!((&page["limit"], &page["total_pages"]), (&json!(50), &json!(2)));
    assert!(page["next_cursor"].is_string());
    assert_eq!(ada.traces("range=7d").await["total"], 61);
}

#[tokio::test]
async fn listed_trace_has_metrics_and_no_payloads() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    ada.ingest(&[full("run", ago(0), "x")]).await;
    let item = ada.traces("").await["items"][0].clone();
    let expected = json!({
        "trace_id": "run", "workspace_id": ada.user.workspace_id, "agent_id": "support-bot-x",
        "timestamp": ago(0), "latency_ms": 1234.5, "status": "error", "model": "gpt-4o-x",
        "model_provider": "openai-x", "tokens_input": 812, "tokens_output": 96, "tokens_total": 908,
        "cost_usd": 0.00299, "quality_score": 87.5, "session_id": "session-x", "user_id": "user-x",
        "tags": ["prod-x", "batch"], "error": "the tool\nbroke x",
    });
    assert_eq!(item, expected);
}

#[tokio::test]
async fn filters_narrow_the_list_and_its_total() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    let (agents, models, statuses) =
        (["a", "b", "c"], [json!("m"), json!("n"), json!(null)], ["success", "error", "timeout"]);
    let mut traces = Vec::new();
    for (i, agent) in agents.iter().enumerate() {
        for (j, model) in models.iter().enumerate() {
            for (k, status) in statuses.iter().enumerate() {
                let number = u32::try_from(9 * i + 3 * j + k).unwrap();
                let session = if j == 1 { json!("s") } else { json!(null) };
                let user = if k == 1 { json!("u") } else { json!("v") };
                let more = json!({"agent_id": agent, "model": model, "status": status, "session_id": session,
                                  "user_id": user});
                // Some minutes apart, so that the total uses both rollups and raw rows.
                traces.push(trace(&format!("{agent}{j}{status}"), ago(number * 400), more));
            }
        }
    }
    ada.ingest(&traces).await;
    for (query, expected) in [
        ("agent_id=a", 9),
        ("agent_id=a&status=error", 3),
        ("status=timeout", 9),
        ("model=m", 9),
        ("model=m&status=success", 3),
        ("agent_id=b&model=n", 3),
        ("agent_id=b&model=n&status=error", 1),
        ("agent_id=nobody", 0),
        ("model=M", 0),
        ("session_id=s", 9),
        ("user_id=u", 9),
        ("session_id=s&user_id=u", 3),
        ("session_id=s&agent_id=a", 3),
        ("user_id=u&status=error", 9),
        ("user_id=u&status=timeout", 0),
        ("session_id=s&user_id=u&agent_id=b&model=m&status=error", 0),
        ("session_id=s&user_id=u&agent_id=b&model=n&status=error", 1),
        ("session_id=S", 0),
        ("", 27),
    ] {
        let page = ada.traces(query).await;
        let items = page["items"].as_array().unwrap();
        assert_eq!((page["total"].as_u64().unwrap(), items.len()), (expected, expected as usize), "{query}");
        for condition in query.split('&').filter(|condition| !condition.is_empty()) {
            let (name, value) = condition.split_once('=').unwrap();
            assert!(items.iter().all(|item| item[name] == value), "{query}: {items:?}");
        }
    }
}

#[tokio::test]
async fn filter_value_is_never_interpreted_as_sql() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    ada.ingest(&[trace("a", ago(0), json!({"agent_id": "x' OR '1'='1"}))]).await;
    assert_eq!(ada.traces("agent_id=x%27%20OR%20%271%27=%271").await["total"], 1);
    assert_eq!(ada.traces("agent_id=y%27%20OR%20%271%27=%271").await["total"], 0);
    assert_eq!(ada.traces("agent_id=%25").await["total"], 0);
}

#[tokio::test]
async fn numbered_pages_contain_every_trace_once() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    ada.ingest(&newest_first(20)).await;
    for (page, expected) in [(1, 0..7), (2, 7..14), (3, 14..20)] {
        let response = ada.traces(&format!("limit=7&page={page}")).await;
        assert_eq!(trace_ids(&response), numbers(expected), "page {page}");
        assert_eq!((&response["total"], &response["total_pages"]), (&json!(20), &json!(3)));
        assert_eq!((&response["page"], &response["limit"]), (&json!(page), &json!(7)));
        assert_eq!(response.get("next_cursor").is_some(), page < 3, "page {page}");
    }
    for page in ["4", "1000000"] {
        let beyond = ada.traces(&format!("limit=7&page={page}")).await;
        assert_eq!((&beyond["items"], &beyond["total"]), (&json!([]), &json!(20)), "page {page}");
        assert!(beyond.get("next_cursor").is_none());
    }
    let exact = ada.traces("limit=20").await;
    assert_eq!((&exact["total_pages"], exact.get("next_cursor")), (&json!(1), None));
}

#[tokio::test]
async fn an_empty_list_has_no_pages() {
    let server = spawn().await;
    let page = server.member("ada").await.traces("").await;
    assert_eq!(page, json!({"items": [], "total": 0, "page": 1, "limit": 50, "total_pages": 0}));
}

#[tokio::test]
async fn cursor_returns_every_trace_once_while_new_ones_arrive() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    // Seven traces per timestamp: pages start and end within ties.
    let traces: Vec<Value> =
        (0..100).map(|i| trace(&format!("old{i}"), ago(10 + i / 7), json!({}))).collect();
    ada.ingest(&traces).await;
    let mut page = ada.traces("limit=9").await;
    let mut read = trace_ids(&page);
    let mut round = 0;
    while let Some(cursor) = page["next_cursor"].as_str() {
        // One is the newest trace; one has the timestamp of the last trace read: it arrived later, so it precedes it.
        let last = page["items"].as_array().unwrap().last().unwrap()["timestamp"].clone();
        let tie = json!({"timestamp": last});
        ada.ingest(&[
            trace(&format!("new{round}"), ago(0), json!({})),
            trace(&format!("tie{round}"), ago(0), tie),
        ])
        .await;
        page = ada.traces(&format!("limit=9&cursor={cursor}")).await;
        read.extend(trace_ids(&page));
        round += 1;
    }
    assert_eq!(round, 11);
    let distinct: HashSet<&String> = read.iter().collect();
    assert_eq!((read.len(), distinct.len()), (100, 100), "{read:?}");
    assert!(read.iter().all(|id| id.starts_with("old")), "{read:?}");
    assert_eq!(ada.traces("limit=9").await["total"], 122);
}

#[tokio::test]
async fn traces_with_the_same_timestamp_are_listed_latest_arrival_first() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    for id in ["first", "second", "third"] {
        ada.ingest(&[trace(id, ago(5), json!({}))]).await;
    }
    assert_eq!(trace_ids(&ada.traces("").await), ["third", "second", "first"]);
    let first = ada.traces("limit=1").await;
    let cursor = first["next_cursor"].as_str().unwrap();
    assert_eq!(trace_ids(&ada.traces(&format!("limit=1&cursor={cursor}")).await), ["second"]);
    assert_eq!(trace_ids(&ada.traces("limit=1&page=3").await), ["first"]);
}

#[tokio::test]
async fn cursor_continues_within_its_filter() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    let agent = |i: u32| if i.is_multiple_of(3) { "mine" } else { "other" };
    let traces: Vec<Value> =
        (0..30).map(|i| trace(&i.to_string(), ago(i), json!({"agent_id": agent(i)}))).collect();
    ada.ingest(&traces).await;
    let page = ada.traces("agent_id=mine&limit=4").await;
    assert_eq!(
        (trace_ids(&page), &page["total"]),
        (["0", "3", "6", "9"].map(str::to_owned).to_vec(), &json!(10))
    );
    let cursor = page["next_cursor"].as_str().unwrap();
    let next = ada.traces(&format!("agent_id=mine&limit=4&cursor={cursor}")).await;
    assert_eq!(trace_ids(&next), ["12", "15", "18", "21"]);
}

#[tokio::test]
async fn rejects_invalid_page_parameters() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    for (query, status, code) in [
        ("limit=0", 422, "validation_failed"),
        ("limit=101", 422, "validation_failed"),
        ("page=0", 422, "validation_failed"),
        ("page=1000001", 422, "validation_failed"),
        ("limit=-1", 400, "bad_request"),
        ("limit=ten", 400, "bad_request"),
        ("page=4294967296", 400, "bad_request"),
        ("status=fine", 400, "bad_request"),
        ("cursor=", 400, "bad_request"),
        ("cursor=xyz", 400, "bad_request"),
        ("cursor=12-", 400, "bad_request"),
        ("cursor=ffffffffffffffff-1", 400, "bad_request"),
        ("cursor=%27;drop%20table%20traces-1", 400, "bad_request"),
    ] {
        ada.get(&format!("/api/v1/traces?{query}")).await.expect_error(status, code);
    }
}

#[tokio::test]
async fn list_contains_only_the_own_workspace_also_from_the_cache() {
    let server = spawn().await;
    let (ada, bob) = (server.member("ada").await, server.member("bob").await);
    ada.ingest(&[full("run", ago(0), "ada"), trace("only ada's", ago(1), json!({}))]).await;
    bob.ingest(&[full("run", ago(0), "bob")]).await;
    let list = async |client: &test_support::client::Client| client.get("/api/v1/traces").await.expect(200);
    for outcome in ["miss", "hit"] {
        let (adas, bobs) = (list(&ada).await, list(&bob).await);
        assert_eq!((adas.header("x-cache"), bobs.header("x-cache")), (outcome, outcome));
        assert_eq!((&adas.json()["total"], &bobs.json()["total"]), (&json!(2), &json!(1)));
        assert!(adas.text.contains("-ada") && !adas.text.contains("-bob"), "{}", adas.text);
        assert!(bobs.text.contains("-bob") && !bobs.text.contains("ada"), "{}", bobs.text);
    }
    let page = ada.traces("limit=1").await;
    let cursor = page["next_cursor"].as_str().unwrap();
    let with_adas_cursor = bob.traces(&format!("limit=1&cursor={cursor}")).await;
    assert!(
        !with_adas_cursor.to_string().contains("ada"),
        "a cursor must not reveal another workspace: {with_adas_cursor}"
    );
}

#[tokio::test]
async fn nul_byte_is_rejected_in_a_filter_and_unknown_as_an_id() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    for field in ["agent_id", "model", "session_id", "user_id"] {
        let rejected = ada.get(&format!("/api/v1/traces?{field}=a%00b")).await;
        assert_eq!(rejected.expect_error(422, "validation_failed").fields(), [field]);
    }
    ada.get("/api/v1/traces/a%00b").await.expect_error(404, "not_found");
}
