//! Workspaces beside each other: how each gets its first rules, and that none suffers from another.

use api::{
    cache::{Cache, Invalidator, MemoryCache, Ttls},
    pricer::Pricer,
    processing::{alert::LEASE, sink::Sink},
    telemetry::metrics::Metrics,
};
use shared::{
    alert::Severity,
    alert_rule::{AlertMetric, AlertRuleRequest},
};
use store::price::PriceStore;
use uuid::Uuid;

use crate::stage::{NOON, Stage, errors, minute_of};
use test_support::{
    database::{Database, open_postgres, open_sqlite},
    store_sample::{HOUR, MINUTE},
};

pub async fn the_first_traces_of_a_workspace_bring_it_its_rules_once(stage: &mut Stage) {
    let sink = |stage: &Stage| {
        let invalidator =
            Invalidator::new(Cache::Memory(MemoryCache::new(Ttls::default())), stage.clock.clone());
        let pricer = Pricer::new(PriceStore::new(stage.store.database()), &[]);
        Sink::new(stage.store.clone(), pricer, invalidator, Metrics::new().unwrap(), stage.clock.clone())
    };
    let trace = stage.trace(NOON);
    let first = sink(stage);
    assert_eq!(stage.alerts.list_rules(stage.workspace_id).await.unwrap(), []);
    for result in first.write(&[vec![trace.clone()]]).await.unwrap() {
        result.unwrap();
    }
    let rules = stage.alerts.list_rules(stage.workspace_id).await.unwrap();
    let names: Vec<_> = rules.iter().map(|rule| rule.rule.name.as_str()).collect();
    assert_eq!(names, ["High error rate", "Slow responses", "Cost spike", "Silent agent"]);
    // What somebody removed does not come back, whoever writes.
    let now = stage.clock.now();
    assert!(stage.alerts.delete_rule(stage.workspace_id, rules[0].id, now).await.unwrap());
    for sink in [first, sink(stage)] {
        sink.write(&[vec![stage.trace(NOON)]]).await.unwrap();
    }
    assert_eq!(stage.alerts.list_rules(stage.workspace_id).await.unwrap().len(), 3);
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

/// What another version wrote, or a hand, keeps nobody else's rules from their turn, and nobody's lists from being shown.
async fn what_cannot_be_read_stops_nothing_else(database: &Database) {
    let mut stage = Stage::on(database).await;
    let ops = stage.channel("ops", Severity::Info).await;
    stage.channel("Broken", Severity::Info).await;
    stage.rule(AlertRuleRequest { name: "Broken".to_owned(), ..errors() }).await;
    let lasts = stage.rule(AlertRuleRequest { name: "Lasts".to_owned(), ..errors() }).await;
    stage.failures("bot", &[5]).await;
    assert_eq!(stage.alerts().await.len(), 2);
    database.execute_in_traces("UPDATE alerts SET severity = 'worse' WHERE title = 'Lasts'").await;
    database
        .execute_in_traces(
            "UPDATE alert_rules SET rule = '{\"metric\":\"x\"}' WHERE rule LIKE '%\"Broken\"%'",
        )
        .await;
    database
        .execute_in_traces("UPDATE alert_channels SET channel = '{}x' WHERE channel LIKE '%\"Broken\"%'")
        .await;
    stage.rule(errors()).await;
    stage.failures("bot", &[5]).await;
    let lives = ["1– Broken, critical, 50.0", "2– Errors, critical, 50.0"];
    assert_eq!(stage.lives().await, lives);
    let channels = stage.alerts.list_channels(stage.workspace_id).await.unwrap();
    assert_eq!(channels.iter().map(|channel| channel.id).collect::<Vec<_>>(), [ops]);
    let rules = stage.alerts.list_rules(stage.workspace_id).await.unwrap();
    let evaluated: Vec<_> =
        rules.iter().map(|rule| (rule.rule.name.as_str(), rule.evaluated_at.map(minute_of))).collect();
    assert_eq!(evaluated, [("Lasts", Some(1)), ("Errors", Some(2))]);
    // Once it can be read, it goes on.
    database.execute_in_traces("UPDATE alerts SET severity = 'critical' WHERE title = 'Lasts'").await;
    stage.failures("bot", &[5, 5]).await;
    let rule = stage.alerts.get_rule(stage.workspace_id, lasts).await.unwrap().unwrap().0;
    assert!(rule.evaluated_at.map(minute_of) >= Some(3));
    assert_eq!(stage.alerts().await.len(), 3);
    stage.store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_sqlite_what_cannot_be_read_stops_nothing_else() {
    what_cannot_be_read_stops_nothing_else(&open_sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgres_what_cannot_be_read_stops_nothing_else() {
    what_cannot_be_read_stops_nothing_else(&open_postgres().await).await;
}
