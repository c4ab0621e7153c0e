//! Shared load: one workspace floods the gateways while another does not, and a hundred dashboards during ingestion.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use serde_json::json;

use crate::{
    load::Load,
    stack::{Plan, Stack},
};
use test_support::client::Client;

const LIMIT: usize = 300;
const FLOOD: Duration = Duration::from_secs(8);
const PATH: &str = "/api/v1/metrics/home-kpis";

#[tokio::test(flavor = "multi_thread")]
async fn flooding_workspace_is_limited_across_all_gateways_and_the_other_is_not() {
    let plan = Plan { gateways: 2, ..Plan::default() }.with("RATE_LIMIT_PER_MINUTE", &LIMIT.to_string());
    let stack = Stack::start(plan).await;
    let (flooding, other) = (stack.member("flooding").await, stack.member("other").await);
    let alone = sample_latency(&other, Duration::from_secs(2)).await;

    let stop = Arc::new(AtomicBool::new(false));
    let (accepted, rejected) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let begun = Instant::now();
    let floods: Vec<_> = (0..8)
        .map(|number| {
            let client = Client::new(&stack.gateways[number % 2].url).with_token(flooding.token());
            let (stop, accepted, rejected) =
                (Arc::clone(&stop), Arc::clone(&accepted), Arc::clone(&rejected));
            tokio::spawn(async move {
                while !stop.load(Ordering::SeqCst) {
                    let response = client
                        .send_trace(&json!({"agent_id": "a", "latency_ms": 1, "status": "success"}))
                        .await;
                    match response.status {
                        202 => accepted.fetch_add(1, Ordering::SeqCst),
                        429 => rejected.fetch_add(1, Ordering::SeqCst),
                        status => panic!("{status}: {}", response.text),
                    };
                }
            })
        })
        .collect();
    let during_flood = sample_latency(&other, FLOOD).await;
    stop.store(true, Ordering::SeqCst);
    for flood in floods {
        flood.await.unwrap();
    }
    let (accepted, rejected) = (accepted.load(Ordering::SeqCst), rejected.load(Ordering::SeqCst));
    // Requests that leave the sliding window during the test free capacity.
    let slid = LIMIT * usize::try_from(begun.elapsed().as_secs()).unwrap() / 60 + 1;
    // If Redis is too slow on a busy machine, each gateway counts on its own.
    let fallbacks = limit_fallbacks(&stack).await;
    assert!(
        accepted <= LIMIT + slid + fallbacks,
        "{accepted} were accepted, {fallbacks} of them counted by a single gateway"
    );
    assert!(accepted >= LIMIT / 2, "{accepted} were accepted");
    assert!(rejected > 0);
    println!(
        "two workspaces: the flooding one {accepted} accepted ({fallbacks} counted by a single gateway), {rejected} × 429; median latency of the other {:?} alone, {:?} during the flood",
        median(alone),
        median(during_flood)
    );
}

/// Returns how many requests the gateways counted on their own, without Redis.
async fn limit_fallbacks(stack: &Stack) -> usize {
    let mut count = 0;
    for gateway in &stack.gateways {
        let metrics = Client::new(&gateway.url).get("/metrics").await.expect(200).text;
        let fallbacks =
            metrics.lines().find_map(|line| line.strip_prefix("agent_obs_limit_fallbacks_total "));
        count += fallbacks.unwrap().parse::<usize>().unwrap();
    }
    count
}

/// Sends ten requests per second, which must all succeed, and returns their latencies.
async fn sample_latency(client: &Client, duration: Duration) -> Vec<Duration> {
    let begin = Instant::now();
    let mut latencies = Vec::new();
    while begin.elapsed() < duration {
        let sent = Instant::now();
        client.get(PATH).await.expect(200);
        latencies.push(sent.elapsed());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    latencies
}

fn median(mut latencies: Vec<Duration>) -> Duration {
    latencies.sort_unstable();
    latencies[latencies.len() / 2]
}

#[tokio::test(flavor = "multi_thread")]
async fn hundred_dashboards_are_served_from_the_cache_while_traces_arrive() {
    let stack = Stack::start(Plan::default().with("RATE_LIMIT_PER_MINUTE", "0")).await;
    let ada = stack.member("ada").await;
    let load = Load::start(&ada);
    load.more(100).await;
    let before = CacheLookups::read(&stack).await;
    let dashboards: Vec<_> = (0..100)
        .map(|_| {
            let ada = ada.clone();
            tokio::spawn(async move {
                for _ in 0..15 {
                    ada.get(PATH).await.expect(200);
                    tokio::time::sleep(Duration::from_millis(500)).await;
                }
            })
        })
        .collect();
    for dashboard in dashboards {
        dashboard.await.unwrap();
    }
    let after = CacheLookups::read(&stack).await;
    let metrics = (after.hits - before.hits) / (after.lookups - before.lookups);
    let redis = (after.redis_hits - before.redis_hits) / (after.redis_lookups - before.redis_lookups);
    println!(
        "hit rate with 100 dashboards: {:.1} % by /metrics, {:.1} % of Redis' own lookups",
        metrics * 100.0,
        redis * 100.0
    );
    assert!(metrics > 0.8, "{metrics}");
    assert!(redis > 0.8, "{redis}");
    load.finish("100 dashboards, no fault", Instant::now()).await;
}

/// The number of cache lookups and cache hits, by `/metrics` and by Redis.
struct CacheLookups {
    lookups: f64,
    hits: f64,
    redis_lookups: f64,
    redis_hits: f64,
}

impl CacheLookups {
    async fn read(stack: &Stack) -> Self {
        let metrics = Client::new(&stack.queries[0].url).get("/metrics").await.expect(200).text;
        let count = |outcome: &str| -> f64 {
            let start =
                format!("agent_obs_cache_requests_total{{kind=\"home_kpis\",outcome=\"{outcome}\"}} ");
            metrics
                .lines()
                .find_map(|line| line.strip_prefix(&start))
                .map_or(0.0, |count| count.parse().unwrap())
        };
        let info: String = stack.redis.query(&["INFO", "stats"]).await;
        let stat = |name: &str| -> f64 {
            info.lines().find_map(|line| line.trim().strip_prefix(name)).unwrap().parse().unwrap()
        };
        let (redis_hits, redis_misses) = (stat("keyspace_hits:"), stat("keyspace_misses:"));
        let hits = count("hit");
        Self {
            lookups: hits + count("miss") + count("bypass"),
            hits,
            redis_lookups: redis_hits + redis_misses,
            redis_hits,
        }
    }
}
