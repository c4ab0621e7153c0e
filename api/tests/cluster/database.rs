//! PostgreSQL stops for twenty seconds under load.

use std::time::{Duration, Instant};

use crate::{
    load::Load,
    stack::{Plan, Stack, eventually},
};
use test_support::postgres::{PostgresServer, Setup};

const AWAY: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread")]
async fn while_the_database_is_away_traces_are_taken_and_cached_answers_go_on() {
    let mut postgres = PostgresServer::start(Setup { fsync: true, ..Setup::default() }).await;
    let stack = Stack::start_on(postgres.database().await, Plan::default());
    let ada = stack.member("ada").await;
    let load = Load::start(&ada);
    load.more(200).await;
    // Nothing arrives in this workspace: its answers stay in the cache.
    let bob = stack.member("bob").await;
    let cached = "/api/v1/metrics/home-kpis";
    bob.get(cached).await.expect(200);
    postgres.stop();
    let away = Instant::now();
    load.more(400).await;
    let (mut refused, mut hits) = (0, 0);
    while away.elapsed() < AWAY {
        let answer = ada.get("/api/v1/traces?range=24h&agent_id=nobody").await;
        if answer.status == 503 {
            refused += 1;
            answer.expect_error(503, "unavailable");
        }
        if bob.get(cached).await.header("x-cache") == "hit" {
            hits += 1;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    assert!(refused > 0, "what is not cached cannot be answered");
    assert!(hits > 0, "what is cached can");
    let ready =
        test_support::client::Client::new(&stack.queries[0].url).get("/ready").await.expect(503).json();
    assert_eq!(ready["dependencies"]["traces"], "down");
    println!("the database away: {refused} × 503 for what was not cached, {hits} cached answers");

    postgres.resume().await;
    let healed = Instant::now();
    load.more(200).await;
    load.finish("PostgreSQL stopped for 20 s", healed).await;
    eventually("everything is ready", Duration::from_secs(20), || async {
        ada.get("/ready").await.json()["status"] == "ready"
    })
    .await;
}
