//! Many at once: a workspace that floods beside one that does not, and a hundred dashboards beside steady ingestion.

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
async fn a_workspace_that_floods_is_limited_over_all_gateways_and_the_other_is_not() {
    let plan = Plan { gateways: 2, ..Plan::default() }.with("RATE_LIMIT_PER_MINUTE", &LIMIT.to_string());
    let stack = Stack::start(plan).await;
    let (flooding, other) = (stack.member("flooding").await, stack.member("other").await);
    let alone = ask(&other, Duration::from_secs(2)).await;

    let stop = Arc::new(AtomicBool::new(false));
    let (taken, refused) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let begun = Instant::now();
    let floods: Vec<_> = (0..8)
        .map(|number| {
            let client = Client::new(&stack.gateways[number % 2].url).with_token(flooding.token());
            let (stop, taken, refused) = (Arc::clone(&stop), Arc::clone(&taken), Arc::clone(&refused));
            tokio::spawn(async move {
                while !stop.load(Ordering::SeqCst) {
                    let answer = client
                        .send_trace(&json!({"agent_id": "a", "latency_ms": 1, "status": "success"}))
                        .await;
                    match answer.status {
                        202 => taken.fetch_add(1, Ordering::SeqCst),
                        429 => refused.fetch_add(1, Ordering::SeqCst),
                        status => panic!("{status}: {}", answer.text),
                    };
                }
            })
        })
        .collect();
    let beside = ask(&other, FLOOD).await;
    stop.store(true, Ordering::SeqCst);
    for flood in floods {
        flood.await.unwrap();
    }
    let (taken, refused) = (taken.load(Ordering::SeqCst), refused.load(Ordering::SeqCst));
    // What leaves the sliding window while it runs may come in again.
    let slid = LIMIT * usize::try_from(begun.elapsed().as_secs()).unwrap() / 60 + 1;
    // Where Redis was too slow to ask, on a machine that does everything at once, each gateway counts by itself.
    let apart = counted_apart(&stack).await;
    assert!(taken <= LIMIT + slid + apart, "{taken} were taken, {apart} of them counted apart");
    assert!(taken >= LIMIT / 2, "{taken} were taken");
    assert!(refused > 0);
    println!(
        "two workspaces: the flooding one {taken} taken ({apart} counted apart), {refused} × 429; the other median {:?} alone, {:?} beside it",
        median(alone),
        median(beside)
    );
}

/// Requests that the gateways did not count together.
async fn counted_apart(stack: &Stack) -> usize {
    let mut count = 0;
    for gateway in &stack.gateways {
        let metrics = Client::new(&gateway.url).get("/metrics").await.expect(200).text;
        let apart = metrics.lines().find_map(|line| line.strip_prefix("agent_obs_limit_fallbacks_total "));
        count += apart.unwrap().parse::<usize>().unwrap();
    }
    count
}

/// Asks ten times a second, which must always be answered, and says how long each answer took.
async fn ask(client: &Client, long: Duration) -> Vec<Duration> {
    let begin = Instant::now();
    let mut took = Vec::new();
    while begin.elapsed() < long {
        let asked = Instant::now();
        client.get(PATH).await.expect(200);
        took.push(asked.elapsed());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    took
}

fn median(mut took: Vec<Duration>) -> Duration {
    took.sort_unstable();
    took[took.len() / 2]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_dashboards_are_answered_from_the_cache_while_traces_keep_arriving() {
    let stack = Stack::start(Plan::default().with("RATE_LIMIT_PER_MINUTE", "0")).await;
    let ada = stack.member("ada").await;
    let load = Load::start(&ada);
    load.more(100).await;
    let before = Looked::up(&stack).await;
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
    let after = Looked::up(&stack).await;
    let metrics = (after.hits - before.hits) / (after.asked - before.asked);
    let redis = (after.redis_hits - before.redis_hits) / (after.redis_asked - before.redis_asked);
    println!(
        "hit rate with 100 dashboards: {:.1} % by /metrics, {:.1} % of Redis' own lookups",
        metrics * 100.0,
        redis * 100.0
    );
    assert!(metrics > 0.8, "{metrics}");
    assert!(redis > 0.8, "{redis}");
    load.finish("100 dashboards, no fault", Instant::now()).await;
}

/// How often the cache was asked, and had the answer.
struct Looked {
    asked: f64,
    hits: f64,
    redis_asked: f64,
    redis_hits: f64,
}

impl Looked {
    async fn up(stack: &Stack) -> Self {
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
            asked: hits + count("miss") + count("bypass"),
            hits,
            redis_asked: redis_hits + redis_misses,
            redis_hits,
        }
    }
}
