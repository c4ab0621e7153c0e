//! Kills the process during a repricing: the next process resumes it and computes the same costs.

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
    let response = process.anonymous_client().login("ada@example.com", PASSWORD).await.expect(200).json();
    process.anonymous_client().with_token(response["access_token"].as_str().unwrap())
}

async fn newest(client: &Client) -> Value {
    client.get(REPRICE).await.expect(200).json()["items"][0].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn next_process_finishes_a_repricing_that_was_killed() {
    let directory = tempfile::tempdir().unwrap();
    let process = Process::start(directory.path(), &[]);
    process.anonymous_client().register("ada@example.com", PASSWORD).await.expect(201);
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
    let created = ada.post(REPRICE, &window).await.expect(202).json();
    // The same request returns the repricing in progress.
    assert_eq!(ada.post(REPRICE, &window).await.expect(202).json()["id"], created["id"]);
    eventually_within(Duration::from_secs(15), "the first batch is repriced", || async {
        newest(&ada).await["traces_seen"] != json!(0)
    })
    .await;
    let seen = newest(&ada).await;
    process.kill();
    assert!(
        seen["traces_seen"].as_u64().unwrap() < TRACES as u64,
        "the repricing finished before the kill: {seen}"
    );

    let process = Process::start(directory.path(), &[]);
    let ada = log_in(&process).await;
    let resumed = newest(&ada).await;
    assert_eq!(
        (&resumed["id"], &resumed["finished_at"]),
        (&created["id"], &json!(null)),
        "the repricing is not finished"
    );
    // The killed process still holds the lease: the new process waits until it expires.
    eventually_within(Duration::from_secs(40), "the repricing is finished", || async {
        newest(&ada).await["finished_at"] != json!(null)
    })
    .await;
    let done = newest(&ada).await;
    assert_eq!(done["traces_seen"], TRACES);
    let cost = ada.kpis("24h").await["total_cost_usd"]["value"].as_f64().unwrap();
    assert!((cost - 0.002 * TRACES as f64).abs() < 1e-9, "{cost}");
}
