//! A pricing anew whose process is killed in the middle: the next one goes on, and comes to the same.

use std::time::Duration;

use api::clock::Clock;
use serde_json::{Value, json};

use test_support::{
    child::Process,
    client::Client,
    sample::trace,
    server::{PASSWORD, eventually_within},
};

const REPRICE: &str = "/api/v1/prices/reprice";
const TRACES: usize = 4_000;

async fn log_in(process: &Process) -> Client {
    let answer = process.anyone().login("ada@example.com", PASSWORD).await.expect(200).json();
    process.anyone().with_token(answer["access_token"].as_str().unwrap())
}

async fn newest(client: &Client) -> Value {
    client.get(REPRICE).await.expect(200).json()["items"][0].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pricing_that_was_killed_in_the_middle_is_finished_by_the_next_process() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(folder.path(), &[]);
    process.anyone().register("ada@example.com", PASSWORD).await.expect(201);
    let ada = log_in(&process).await;
    let now = Clock::system().now();
    let runs: Vec<_> = (0..TRACES)
        .map(|number| {
            let at = now - Duration::from_millis(60_000 + number as u64);
            let tokens = json!({"model": "house", "tokens_input": 1_000, "tokens_output": 0});
            trace(&format!("run-{number}"), at, tokens)
        })
        .collect();
    ada.ingest(&runs).await;
    let price = json!({"model": "house", "input_usd_per_million": 2, "output_usd_per_million": 0});
    ada.post("/api/v1/prices", &price).await.expect(201);
    let window = json!({"start": now - Duration::from_secs(3_600), "end": now});
    let asked = ada.post(REPRICE, &window).await.expect(202).json();
    // The same while it is under way is the same.
    assert_eq!(ada.post(REPRICE, &window).await.expect(202).json()["id"], asked["id"]);
    eventually_within(Duration::from_secs(15), "the first part", || async {
        newest(&ada).await["traces_seen"] != json!(0)
    })
    .await;
    let seen = newest(&ada).await;
    process.kill();
    assert!(seen["traces_seen"].as_u64().unwrap() < TRACES as u64, "it was too quick to be killed: {seen}");

    let process = Process::start(folder.path(), &[]);
    let ada = log_in(&process).await;
    let left = newest(&ada).await;
    assert_eq!((&left["id"], &left["finished_at"]), (&asked["id"], &json!(null)), "it is as it was left");
    // Another process may still be at work, for all that this one knows: it waits for the lease to be over.
    eventually_within(Duration::from_secs(40), "the end", || async {
        newest(&ada).await["finished_at"] != json!(null)
    })
    .await;
    let done = newest(&ada).await;
    assert_eq!(done["traces_seen"], TRACES);
    let cost = ada.kpis("24h").await["total_cost_usd"]["value"].as_f64().unwrap();
    assert!((cost - 0.002 * TRACES as f64).abs() < 1e-9, "{cost}");
}
