//! Agents that send continuously and retry batches that were not acknowledged, as a good client does; and a record of the
//! responses that they got.

use std::{
    collections::{BTreeMap, HashSet},
    fmt::Write,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use api::clock::Clock;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use test_support::{client::Client, sample::trace, wait::eventually_within};

const SENDERS: usize = 4;
const BATCH: usize = 20;
/// Delay before a sender retries a rejected batch.
const PAUSE: Duration = Duration::from_millis(50);
/// Timeout of a request.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Maximum time until acknowledged traces are counted, on a busy machine with a long queue.
const COUNT_TIMEOUT: Duration = Duration::from_secs(60);

pub struct Load {
    client: Client,
    stop: Arc<AtomicBool>,
    ledger: Arc<Ledger>,
    senders: Vec<JoinHandle<()>>,
}

#[derive(Default)]
struct Ledger {
    sent: AtomicUsize,
    acknowledged: Mutex<Vec<Instant>>,
    outcomes: Mutex<BTreeMap<String, usize>>,
}

impl Load {
    pub fn start(client: &Client) -> Self {
        let (stop, ledger) = (Arc::new(AtomicBool::new(false)), Arc::new(Ledger::default()));
        let senders = (0..SENDERS)
            .map(|sender| tokio::spawn(send(client.clone(), sender, Arc::clone(&stop), Arc::clone(&ledger))))
            .collect();
        Self { client: client.clone(), stop, ledger, senders }
    }

    fn acknowledged(&self) -> usize {
        self.ledger.acknowledged.lock().unwrap().len() * BATCH
    }

    /// Waits until this many more traces were acknowledged.
    pub async fn more(&self, traces: usize) {
        let goal = self.acknowledged() + traces;
        eventually_within(COUNT_TIMEOUT, "more traces are acknowledged", || async {
            self.acknowledged() >= goal
        })
        .await;
    }

    /// Returns the time from `moment` to the next acknowledgement.
    fn recovered_after(&self, moment: Instant) -> Option<Duration> {
        let acknowledged = self.ledger.acknowledged.lock().unwrap();
        acknowledged.iter().find_map(|at| at.checked_duration_since(moment))
    }

    /// Stops the load, waits until every acknowledged trace is counted, and asserts that each is stored once: in the KPIs and
    /// in the list. Prints a row of the table; `healed` is the end of the fault.
    pub async fn finish(self, fault: &str, healed: Instant) {
        self.finish_with(fault, healed, 0).await;
    }

    /// Like [`Load::finish`], if `others` more traces were sent in addition to the load.
    pub async fn finish_with(self, fault: &str, healed: Instant, others: usize) {
        self.stop.store(true, Ordering::SeqCst);
        let recovered = self.recovered_after(healed);
        let acknowledged_by = Instant::now();
        let Self { client, ledger, senders, .. } = self;
        for sender in senders {
            sender.await.unwrap();
        }
        let acknowledged = ledger.acknowledged.lock().unwrap().len() * BATCH;
        assert_eq!(ledger.sent.load(Ordering::SeqCst), acknowledged, "every trace is acknowledged");
        let acknowledged = acknowledged + others;
        eventually_within(COUNT_TIMEOUT, "every acknowledged trace is counted", || async {
            counted(&client).await == acknowledged
        })
        .await;
        let seen = acknowledged_by.elapsed();
        let (ids, total) = client.all_trace_ids().await;
        let distinct: HashSet<&String> = ids.iter().collect();
        assert_eq!(
            (ids.len(), distinct.len(), usize::try_from(total).unwrap()),
            (acknowledged, acknowledged, acknowledged)
        );
        assert_eq!(counted(&client).await, acknowledged, "the count is stable");

        let mut outcomes = String::new();
        for (outcome, count) in ledger.outcomes.lock().unwrap().iter() {
            write!(outcomes, "{count} × {outcome}, ").unwrap();
        }
        let recovered =
            recovered.map_or("at once".to_owned(), |after| format!("{:.2} s", after.as_secs_f64()));
        println!(
            "| {fault} | {} | {recovered} | {:.2} s | {acknowledged} | {acknowledged} | {} |",
            outcomes.trim_end_matches(", "),
            seen.as_secs_f64(),
            ids.len()
        );
    }
}

async fn counted(client: &Client) -> usize {
    let response = client.get_fresh("/api/v1/metrics/home-kpis?range=24h").await;
    if response.status == 200 {
        response.json()["total_requests"]["value"].as_f64().unwrap() as usize
    } else {
        0
    }
}

async fn send(client: Client, sender: usize, stop: Arc<AtomicBool>, ledger: Arc<Ledger>) {
    for round in 0.. {
        if stop.load(Ordering::SeqCst) {
            return;
        }
        let now = Clock::system().now() - Duration::from_secs(1);
        let traces: Vec<Value> = (0..BATCH)
            .map(|number| trace(&format!("{sender}-{round}-{number}"), now, json!({"input": "question"})))
            .collect();
        ledger.sent.fetch_add(BATCH, Ordering::SeqCst);
        let body = json!({"traces": traces});
        let deadline = Instant::now() + COUNT_TIMEOUT;
        while !try_send(&client, &body, &ledger).await {
            assert!(
                Instant::now() < deadline,
                "a batch was never accepted: {:?}",
                ledger.outcomes.lock().unwrap()
            );
            tokio::time::sleep(PAUSE).await;
        }
        ledger.acknowledged.lock().unwrap().push(Instant::now());
    }
}

async fn try_send(client: &Client, body: &Value, ledger: &Ledger) -> bool {
    let request = client.request(reqwest::Method::POST, "/api/v1/traces/batch").json(body);
    let outcome = match request.timeout(TIMEOUT).send().await {
        Ok(response) => {
            let status = response.status().as_u16();
            if status == 503 || status == 429 {
                assert!(
                    response.headers().contains_key("retry-after"),
                    "{status} must have a Retry-After header"
                );
            }
            status.to_string()
        }
        Err(error) if error.is_timeout() => "no response".to_owned(),
        Err(error) if error.is_connect() => "no connection".to_owned(),
        Err(_) => "broken connection".to_owned(),
    };
    let accepted = outcome == "202";
    *ledger.outcomes.lock().unwrap().entry(outcome).or_default() += 1;
    accepted
}
