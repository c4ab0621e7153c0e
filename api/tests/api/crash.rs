//! Kills or stops a server while clients send traces: every acknowledged trace is stored exactly once.

use std::{
    collections::HashSet,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use serde_json::{Value, json};
use shared::Timestamp;

use test_support::{
    child::Process,
    client::Client,
    response::Response,
    sample::{full, trace},
    server::PASSWORD,
};

/// The traces that the senders of all rounds have sent, and the ids of those that were acknowledged.
#[derive(Default)]
struct Ledger {
    sent: Mutex<Vec<Value>>,
    acknowledged: Mutex<HashSet<String>>,
}

fn id(trace: &Value) -> String {
    trace["trace_id"].as_str().unwrap().to_owned()
}

/// Sends batches and single traces until the server stops responding.
async fn send_until_server_stops(
    client: Client,
    ledger: Arc<Ledger>,
    count: Arc<AtomicUsize>,
    sender: String,
    now: Timestamp,
) {
    for round in 0.. {
        let size = if sender.ends_with('0') { 1 } else { 1 + round % 40 };
        let traces: Vec<Value> = (0..size)
            .map(|i| {
                let (id, at) = (format!("{sender}-{round}-{i}"), now - Duration::from_millis(7) * i);
                if i % 8 == 0 { full(&id, at, "x") } else { trace(&id, at, json!({"cost_usd": 0.01})) }
            })
            .collect();
        ledger.sent.lock().unwrap().extend(traces.iter().cloned());
        let (path, body) = if size == 1 && round % 2 == 0 {
            ("/api/v1/traces", traces[0].clone())
        } else {
            ("/api/v1/traces/batch", json!({"traces": traces}))
        };
        let Ok(response) = client.request(reqwest::Method::POST, path).json(&body).send().await else {
            return;
        };
        if response.status() == 202 {
            ledger.acknowledged.lock().unwrap().extend(traces.iter().map(id));
            count.fetch_add(traces.len(), Ordering::SeqCst);
        }
    }
}

/// Starts the senders and returns as soon as `acknowledged` traces were acknowledged.
async fn start_senders(
    client: &Client,
    ledger: &Arc<Ledger>,
    name: &str,
    acknowledged: usize,
    now: Timestamp,
) -> Vec<tokio::task::JoinHandle<()>> {
    let count = Arc::new(AtomicUsize::new(0));
    let senders = (0..6)
        .map(|sender| {
            let sender = format!("{name}-{sender}");
            tokio::spawn(send_until_server_stops(
                client.clone(),
                Arc::clone(ledger),
                Arc::clone(&count),
                sender,
                now,
            ))
        })
        .collect();
    test_support::server::eventually("enough traces are acknowledged", || async {
        count.load(Ordering::SeqCst) >= acknowledged
    })
    .await;
    senders
}

/// Logs in; creates the account on the first call.
async fn log_in(process: &Process) -> Client {
    let anonymous = process.anonymous_client();
    let mut response: Response = anonymous.login("ada@example.com", PASSWORD).await;
    if response.status == 401 {
        anonymous.register("ada@example.com", PASSWORD).await.expect(201);
        response = anonymous.login("ada@example.com", PASSWORD).await;
    }
    anonymous.with_token(response.expect(200).json()["access_token"].as_str().unwrap())
}

/// Asserts that every acknowledged trace is stored once, that every stored trace was sent, and that the counts match.
/// Returns the number of stored traces.
async fn check(client: &Client, ledger: &Ledger) -> u64 {
    let (ids, total) = client.all_trace_ids().await;
    let stored: HashSet<String> = ids.iter().cloned().collect();
    assert_eq!(
        (ids.len(), stored.len()),
        (usize::try_from(total).unwrap(), ids.len()),
        "each trace is listed once"
    );
    let acknowledged = ledger.acknowledged.lock().unwrap().clone();
    let missing: Vec<_> = acknowledged.difference(&stored).collect();
    assert!(
        missing.is_empty(),
        "{} of {} acknowledged traces are missing: {missing:?}",
        missing.len(),
        acknowledged.len()
    );
    let sent: HashSet<String> = ledger.sent.lock().unwrap().iter().map(id).collect();
    let never_sent: Vec<_> = stored.difference(&sent).collect();
    assert!(never_sent.is_empty(), "{never_sent:?}");
    let counted = client.kpis("30d").await["total_requests"]["value"].as_f64().unwrap();
    assert_eq!(counted, total as f64, "the rollups match the rows");
    total
}

fn now() -> Timestamp {
    api::clock::Clock::system().now() - Duration::from_secs(1)
}

fn start(directory: &Path) -> Process {
    Process::start(directory, &[])
}

#[tokio::test(flavor = "multi_thread")]
async fn acknowledged_traces_survive_kill_9_and_count_once() {
    let directory = tempfile::tempdir().unwrap();
    let ledger = Arc::new(Ledger::default());
    for (round, acknowledged) in [100, 700, 1500].into_iter().enumerate() {
        let process = start(directory.path());
        let client = log_in(&process).await;
        let senders = start_senders(&client, &ledger, &format!("kill{round}"), acknowledged, now()).await;
        process.kill();
        for sender in senders {
            sender.await.unwrap();
        }
        let process = start(directory.path());
        check(&log_in(&process).await, &ledger).await;
        process.kill();
    }

    let process = start(directory.path());
    let client = log_in(&process).await;
    let before = check(&client, &ledger).await;
    let (sent, acknowledged) =
        (ledger.sent.lock().unwrap().clone(), ledger.acknowledged.lock().unwrap().clone());
    let again: Vec<Value> = sent.iter().filter(|trace| acknowledged.contains(&id(trace))).cloned().collect();
    assert!(again.len() >= 2300, "{}", again.len());
    client.ingest(&again).await;
    assert_eq!(check(&client, &ledger).await, before, "traces that are sent again count once");
    for (trace, position) in again.iter().step_by(97).zip(0..) {
        let found = client.trace(&id(trace)).await;
        let spans = trace["spans"].as_array().map_or(0, Vec::len);
        assert_eq!(found["spans"].as_array().unwrap().len(), spans, "{position}");
        assert_eq!(found["output"], trace["output"], "{position}");
    }
    // A trace whose request was interrupted by a kill may be stored only now.
    client.ingest(&sent).await;
    assert_eq!(check(&client, &ledger).await, sent.len() as u64);
}

#[tokio::test(flavor = "multi_thread")]
async fn server_that_stops_under_load_exits_with_0_and_writes_every_acknowledged_trace() {
    let directory = tempfile::tempdir().unwrap();
    let ledger = Arc::new(Ledger::default());
    let process = start(directory.path());
    let client = log_in(&process).await;
    let senders = start_senders(&client, &ledger, "term", 500, now()).await;
    let started = std::time::Instant::now();
    let (status, output) = tokio::task::spawn_blocking(|| process.terminate()).await.unwrap();
    assert_eq!(status.code(), Some(0), "{output}");
    assert!(!output.contains("still holds the writer"), "{output}");
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    for sender in senders {
        sender.await.unwrap();
    }
    let process = start(directory.path());
    let client = log_in(&process).await;
    check(&client, &ledger).await;
}
