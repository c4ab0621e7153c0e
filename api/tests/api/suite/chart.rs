//! Charts and top lists over HTTP. The tests of the store cover the numbers for arbitrary data.

use std::time::Duration;

use serde_json::{Value, json};

use test_support::{
    sample::trace,
    server::{noon, spawn},
};

const MINUTE: Duration = Duration::from_secs(60);

fn points(series: &Value) -> Vec<f64> {
    series["points"].as_array().unwrap().iter().map(|point| point["value"].as_f64().unwrap_or(-1.0)).collect()
}

#[tokio::test]
async fn time_series_covers_its_window_and_sums_to_the_total() {
    let server = spawn().await;
    let (ada, bob) = (server.member("ada").await, server.member("bob").await);
    let agent = |i: u32| if i.is_multiple_of(4) { "a" } else { "b" };
    let traces: Vec<_> = (0..50)
        .map(|i| trace(&i.to_string(), noon() - MINUTE * 29 * (i + 1), json!({"agent_id": agent(i)})))
        .collect();
    ada.ingest(&traces).await;
    for (range, total) in [("1h", 2.0), ("24h", 49.0), ("7d", 50.0), ("30d", 50.0)] {
        let path = format!("/api/v1/metrics/timeseries?metric=requests&range={range}");
        let chart = ada.get(&path).await.expect(200).json();
        let series = chart["series"].as_array().unwrap();
        assert_eq!((series.len(), &series[0]["key"]), (1, &json!(null)), "{range}");
        assert_eq!(points(&series[0]).iter().sum::<f64>(), total, "{range}");
        assert_eq!(chart["end"], json!(noon()), "{range}");
        assert!(points(&series[0]).len() <= 61, "{range}");
        let grouped = ada.get(&format!("{path}&group_by=agent")).await.expect(200).json();
        let keys: Vec<_> =
            grouped["series"].as_array().unwrap().iter().map(|line| line["key"].clone()).collect();
        let expected = if range == "1h" { ["a", "b"] } else { ["b", "a"] };
        assert_eq!(keys, expected.map(|key| json!(key)), "{range}: busiest first, then by name");
        let nothing = bob.get(&path).await.expect(200).json();
        assert!(points(&nothing["series"][0]).iter().all(|value| *value == 0.0), "{range}: {nothing}");
    }
}

#[tokio::test]
async fn time_series_support_every_metric() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    let run = json!({"latency_ms": 250, "status": "error", "cost_usd": 0.5, "tokens_total": 70, "quality_score": 30});
    ada.ingest(&[trace("run", noon() - MINUTE * 90, run)]).await;
    for (metric, expected) in [
        ("requests", 1.0),
        ("errors", 1.0),
        ("error_rate", 100.0),
        ("avg_latency_ms", 250.0),
        ("p50_latency_ms", 250.0),
        ("p95_latency_ms", 250.0),
        ("p99_latency_ms", 250.0),
        ("cost_usd", 0.5),
        ("tokens", 70.0),
        ("quality_score", 30.0),
    ] {
        let path = format!("/api/v1/metrics/timeseries?metric={metric}");
        let chart = ada.get(&path).await.expect(200).json();
        let largest = points(&chart["series"][0]).into_iter().fold(f64::MIN, f64::max);
        assert!((largest - expected).abs() <= expected * 0.02, "{metric}: {largest}");
    }
    for query in ["metric=beauty", "", "metric=requests&group_by=colour"] {
        ada.get(&format!("/api/v1/metrics/timeseries?{query}")).await.expect_error(400, "bad_request");
    }
}

#[tokio::test]
async fn breakdown_lists_the_busiest_first_with_their_metrics() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    let mut traces = Vec::new();
    for (agent, runs) in [("quiet", 1), ("busy", 6), ("middling", 3)] {
        for i in 0..runs {
            let status = if i == 0 { "timeout" } else { "success" };
            let more = json!({
                "agent_id": agent, "status": status, "cost_usd": 0.25, "tokens_input": 10, "tokens_output": 5,
                "model": if agent == "busy" { json!("gpt") } else { json!(null) },
            });
            traces.push(trace(&format!("{agent}{i}"), noon() - MINUTE * (i + 1) * 40, more));
        }
    }
    ada.ingest(&traces).await;
    let list = ada.get("/api/v1/metrics/breakdown?by=agent").await.expect(200).json();
    let keys: Vec<_> = list["items"].as_array().unwrap().iter().map(|item| item["key"].clone()).collect();
    assert_eq!(
        (keys, &list["total"]),
        (["busy", "middling", "quiet"].map(|key| json!(key)).to_vec(), &json!(3))
    );
    let middling = &list["items"][1];
    assert_eq!((&middling["requests"], &middling["cost_usd"]), (&json!(3), &json!(0.75)));
    assert_eq!((&middling["tokens_total"], &middling["avg_latency_ms"]), (&json!(45), &json!(100.0)));
    assert_eq!((middling["error_rate"].as_f64().unwrap() * 3.0).round(), 100.0);
    assert_eq!(middling["avg_quality_score"], json!(null));
    let models = ada.get("/api/v1/metrics/breakdown?by=model&limit=1").await.expect(200).json();
    assert_eq!((&models["items"][0]["key"], &models["total"]), (&json!("gpt"), &json!(2)));
    ada.get("/api/v1/metrics/breakdown?by=colour").await.expect_error(400, "bad_request");
    ada.get("/api/v1/metrics/breakdown?by=agent&limit=0").await.expect_error(422, "validation_failed");
}
