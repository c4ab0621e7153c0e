//! KPIs over HTTP: windows exact to the microsecond, changes against the previous window, and the cache.

use std::time::Duration;

use serde_json::{Value, json};
use shared::Timestamp;

use test_support::{
    sample::trace,
    server::{noon, spawn},
};

const MICRO: Duration = Duration::from_micros(1);
const HOUR: Duration = Duration::from_secs(3600);
const NAMES: [&str; 5] =
    ["total_requests", "avg_latency_ms", "error_rate", "total_cost_usd", "avg_quality_score"];

fn values(kpis: &Value, member: &str) -> Vec<f64> {
    NAMES.iter().map(|name| kpis[name][member].as_f64().unwrap()).collect()
}

#[tokio::test]
async fn kpis_of_a_day_are_compared_with_the_previous_day() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    let now = noon();
    let figures = |latency: u32, status: &str, cost: f64, quality: Option<f64>| json!({"latency_ms": latency, "status": status, "cost_usd": cost, "quality_score": quality});
    ada.ingest(&[
        trace("a", now - HOUR, figures(100, "success", 0.001, Some(80.0))),
        trace("b", now - HOUR * 2, figures(200, "error", 0.001, Some(90.0))),
        trace("c", now - HOUR * 9, figures(300, "timeout", 0.001, None)),
        trace("d", now - HOUR * 20, figures(400, "success", 0.001, None)),
        trace("e", now - HOUR * 25, figures(450, "success", 0.01, Some(70.0))),
        trace("f", now - HOUR * 47, figures(550, "success", 0.01, None)),
    ])
    .await;
    let kpis = ada.get("/api/v1/metrics/home-kpis?range=24h").await.expect(200).json();
    let kpi = |value: f64, change: f64, trend: &str| json!({"value": value, "change": change, "change_label": "vs last 24h", "trend": trend});
    let expected = json!({
        "total_requests": kpi(4.0, 100.0, "normal"),
        "avg_latency_ms": kpi(250.0, -50.0, "inverse"),
        "error_rate": kpi(50.0, 100.0, "inverse"),
        "total_cost_usd": kpi(0.004, -80.0, "normal"),
        "avg_quality_score": kpi(85.0, 21.4, "normal"),
    });
    assert_eq!(kpis, expected);
    let default = ada.get("/api/v1/metrics/home-kpis").await.expect(200).json();
    assert_eq!(default, expected, "the default range is a day");
}

#[tokio::test]
async fn every_range_includes_its_start_and_excludes_its_end() {
    let server = spawn().await;
    let now = noon();
    for (name, length) in [("1h", HOUR), ("24h", HOUR * 24), ("7d", HOUR * 24 * 7), ("30d", HOUR * 24 * 30)] {
        let member = server.member(name).await;
        member
            .ingest(&[
                trace("at the end", now, json!({})),
                trace("just inside the end", now - MICRO, json!({})),
                trace("at the start", now - length, json!({})),
                trace("just before the start", now - length - MICRO, json!({})),
                trace("in the middle of the window before", now - length - length / 2, json!({})),
                trace("at the start of the window before", now - length * 2, json!({})),
                trace("before it all", now - length * 2 - MICRO, json!({})),
            ])
            .await;
        let total = member.kpis(name).await["total_requests"].clone();
        let label = format!("vs last {name}");
        assert_eq!(
            total,
            json!({"value": 2.0, "change": -33.3, "change_label": label, "trend": "normal"}),
            "{name}"
        );
    }
}

#[tokio::test]
async fn custom_range_is_compared_with_the_period_before_it() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    let (start, end) = (noon() - HOUR * 100, noon() - HOUR * 90);
    ada.ingest(&[
        trace("at the end", end, json!({})),
        trace("at the start", start, json!({})),
        trace("before", start - MICRO, json!({})),
        trace("long before", start - HOUR * 10 - MICRO, json!({})),
    ])
    .await;
    let total = ada.kpis(&format!("custom&start={start}&end={end}")).await["total_requests"].clone();
    let expected =
        json!({"value": 1.0, "change": 0.0, "change_label": "vs previous period", "trend": "normal"});
    assert_eq!(total, expected);
}

#[tokio::test]
async fn invalid_range_returns_400_with_a_detail() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    let (a, b) = ("2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z");
    for range in [
        "range=2h".to_owned(),
        "range=".to_owned(),
        "range=24H".to_owned(),
        "range=custom".to_owned(),
        format!("range=custom&start={a}"),
        format!("range=custom&end={b}"),
        format!("range=custom&start={b}&end={a}"),
        format!("range=custom&start={a}&end={a}"),
        format!("range=custom&start=2025-02-01T00:00:00Z&end={b}"),
        format!("range=custom&start=2026-03-01T00:00:00&end={b}"),
        format!("range=custom&start=yesterday&end={b}"),
        format!("range=24h&start={a}"),
    ] {
        for path in [
            "/api/v1/metrics/home-kpis?",
            "/api/v1/traces?",
            "/api/v1/metrics/timeseries?metric=requests&",
            "/api/v1/metrics/breakdown?by=agent&",
        ] {
            let response = ada.get(&format!("{path}{range}")).await.expect_error(400, "invalid_time_range");
            let detail = response.json()["detail"].as_str().unwrap().to_owned();
            assert!(detail.starts_with("Invalid time range: "), "{range}: {detail}");
        }
    }
}

#[tokio::test]
async fn second_response_is_cached_until_the_client_requests_a_fresh_one() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    ada.ingest(&[trace("a", noon() - HOUR * 23, json!({}))]).await;
    let path = "/api/v1/metrics/home-kpis?range=24h";
    let first = ada.get(path).await.expect(200);
    assert_eq!(first.header("x-cache"), "miss");
    // The trace leaves the window without a write: only a cached response still counts it.
    server.clock.advance(HOUR * 2);
    let second = ada.get(path).await.expect(200);
    assert_eq!((second.header("x-cache"), &second.text), ("hit", &first.text));
    let fresh = ada.get_fresh(path).await.expect(200);
    assert_eq!(fresh.header("x-cache"), "bypass");
    assert_eq!(fresh.json()["total_requests"]["value"], 0.0);
    let refilled = ada.get(path).await.expect(200);
    assert_eq!((refilled.header("x-cache"), &refilled.text), ("hit", &fresh.text));
}

#[tokio::test]
async fn kpis_of_an_empty_workspace_are_zero() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    for range in ["1h", "24h", "7d", "30d"] {
        let kpis = ada.kpis(range).await;
        assert_eq!(values(&kpis, "value"), [0.0; 5], "{range}");
        assert_eq!(values(&kpis, "change"), [0.0; 5], "{range}");
    }
}

#[tokio::test]
async fn change_from_zero_is_100_percent_and_change_to_zero_is_minus_100() {
    let server = spawn().await;
    let (up, down) = (server.member("up").await, server.member("down").await);
    let run = json!({"status": "error", "cost_usd": 1.5, "quality_score": 50});
    up.ingest(&[trace("now", noon() - HOUR, run.clone())]).await;
    down.ingest(&[trace("before", noon() - HOUR * 30, run)]).await;
    assert_eq!(values(&up.kpis("24h").await, "change"), [100.0; 5]);
    assert_eq!(values(&down.kpis("24h").await, "change"), [-100.0; 5]);
    assert_eq!(values(&down.kpis("24h").await, "value"), [0.0; 5]);
}

#[tokio::test]
async fn change_is_capped_at_ten_thousand_percent() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    let mut traces =
        vec![trace("before", noon() - HOUR * 30, json!({"latency_ms": 0.01, "cost_usd": 0.000_001}))];
    traces.extend((0..102).map(|i| trace(&i.to_string(), noon() - HOUR, json!({"cost_usd": 1}))));
    ada.ingest(&traces).await;
    let kpis = ada.kpis("24h").await;
    assert_eq!(values(&kpis, "change"), [10_000.0, 10_000.0, 0.0, 10_000.0, 0.0]);
    assert_eq!(values(&kpis, "value")[3], 102.0);
}

#[tokio::test]
async fn mean_weights_every_trace_equally() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    let mut traces: Vec<Value> =
        (0..9).map(|i| trace(&i.to_string(), noon() - HOUR, json!({"quality_score": 100}))).collect();
    traces.push(trace("slow", noon() - HOUR * 5, json!({"latency_ms": 1100, "quality_score": 0})));
    ada.ingest(&traces).await;
    let values = values(&ada.kpis("24h").await, "value");
    assert_eq!((values[0], values[1], values[4]), (10.0, 200.0, 90.0));
}

#[tokio::test]
async fn costs_are_added_exactly() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    let at = |i: u32| Timestamp::from_micros(noon().as_micros() - 1_000_000 * i64::from(i + 1));
    let traces: Vec<Value> =
        (0..1000).map(|i| trace(&i.to_string(), at(i), json!({"cost_usd": 0.1}))).collect();
    ada.ingest(&traces).await;
    assert_eq!(ada.kpis("24h").await["total_cost_usd"]["value"], 100.0);
}

#[tokio::test]
async fn kpis_count_only_the_own_workspace() {
    let server = spawn().await;
    let (ada, bob) = (server.member("ada").await, server.member("bob").await);
    ada.ingest(&[trace("a", noon() - HOUR, json!({})), trace("b", noon() - HOUR, json!({}))]).await;
    bob.ingest(&[trace("a", noon() - HOUR, json!({"latency_ms": 7}))]).await;
    assert_eq!(values(&ada.kpis("24h").await, "value")[..2], [2.0, 100.0]);
    assert_eq!(values(&bob.kpis("24h").await, "value")[..2], [1.0, 7.0]);
}
