//! Workspaces beside each other: how each gets its first rules, and that none suffers from another.

use api::{
    cache::{Cache, Invalidator, MemoryCache, Ttls},
    price::pricer::Pricer,
    processing::{alert::LEASE, sink::Sink},
    telemetry::metrics::Metrics,
};
use shared::alert_rule::{AlertMetric, AlertRuleRequest};
use uuid::Uuid;

use crate::{
    database::{Database, open_postgres, open_sqlite},
    sample::{HOUR, MINUTE},
    stage::{NOON, Stage, errors},
};

pub async fn the_first_traces_of_a_workspace_bring_it_its_rules_once(stage: &mut Stage) {
    let sink = |stage: &Stage| {
        let invalidator =
            Invalidator::new(Cache::Memory(MemoryCache::new(Ttls::default())), stage.clock.clone());
        let pricer = Pricer::new(stage.store.clone(), &[]);
        Sink::new(stage.store.clone(), pricer, invalidator, Metrics::new().unwrap(), stage.clock.clone())
    };
    let trace = stage.trace(NOON);
    let first = sink(stage);
    assert_eq!(stage.store.alert_rules(stage.workspace_id).await.unwrap(), []);
    for result in first.write(&[vec![trace.clone()]]).await.unwrap() {
        result.unwrap();
    }
    let rules = stage.store.alert_rules(stage.workspace_id).await.unwrap();
    let names: Vec<_> = rules.iter().map(|rule| rule.rule.name.as_str()).collect();
    assert_eq!(names, ["High error rate", "Slow responses", "Cost spike", "Silent agent"]);
    // What somebody removed does not come back, whoever writes.
    let now = stage.clock.now();
    assert!(stage.store.remove_alert_rule(stage.workspace_id, rules[0].id, now).await.unwrap());
    for sink in [first, sink(stage)] {
        sink.write(&[vec![stage.trace(NOON)]]).await.unwrap();
    }
    assert_eq!(stage.store.alert_rules(stage.workspace_id).await.unwrap().len(), 3);
}

/// `broken` and `empty` are histograms as the engine writes them down.
async fn a_workspace_that_cannot_be_read_stops_no_other(database: &Database, broken: &str, empty: &str) {
    let mut stage = Stage::on(database).await;
    let sick = stage.workspace_id;
    let slow = AlertRuleRequest {
        name: "Slow".to_owned(),
        metric: AlertMetric::P95LatencyMs,
        window_minutes: 180,
        warning: Some(1000.0),
        ..AlertRuleRequest::default()
    };
    stage.rule(slow).await;
    stage.send_at("bot", NOON - HOUR + MINUTE, 1, 0).await;
    let set = |histogram: &str| format!("UPDATE traces_hourly SET histogram = {histogram}");
    database.execute_in_traces(&set(broken)).await;
    stage.workspace_id = Uuid::new_v4();
    stage.rule(errors()).await;
    stage.failures("bot", &[5]).await;
    assert_eq!(stage.lives().await, ["1– Errors, critical, 50.0"]);

    stage.workspace_id = sick;
    assert_eq!(stage.lives().await, [""; 0]);
    // It is tried again when the lease is over, and not before.
    database.execute_in_traces(&set(empty)).await;
    stage.send_at("bot", NOON, 1, 0).await;
    stage.clock.advance(LEASE - std::time::Duration::from_micros(1));
    assert_eq!(stage.evaluate().await, 0);
    stage.minute().await;
    assert_eq!(stage.lives().await, ["2– Slow, warning, 1225.0"]);
    stage.store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_sqlite_a_workspace_that_cannot_be_read_stops_no_other() {
    a_workspace_that_cannot_be_read_stops_no_other(&open_sqlite().await, "x'ff'", "x''").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgres_a_workspace_that_cannot_be_read_stops_no_other() {
    a_workspace_that_cannot_be_read_stops_no_other(&open_postgres().await, "'\\xff'", "''").await;
}
