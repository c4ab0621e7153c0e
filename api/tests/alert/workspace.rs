//! Default rules of new workspaces, and isolation of workspaces from each other.

use api::{
    cache::{Cache, Invalidator, MemoryCache},
    config::CacheTtls,
    pricer::Pricer,
    processing::{alert::LEASE, group_writer::GroupWriter},
    telemetry::metrics::Metrics,
};
use shared::{
    alert::Severity,
    alert_rule::{AlertMetric, AlertRuleRequest},
};
use sqlx::{Connection, PgConnection};
use store::price::PriceStore;
use uuid::Uuid;

use crate::stage::{NOON, Stage, errors, minute_of};
use test_support::{
    database::{Database, open_postgres, open_sqlite},
    store_sample::{HOUR, MINUTE},
    wait::eventually,
};

pub async fn the_first_traces_of_a_workspace_create_its_default_rules_once(stage: &mut Stage) {
    let writer = |stage: &Stage| {
        let invalidator =
            Invalidator::new(Cache::Memory(MemoryCache::new(CacheTtls::default())), stage.clock.clone());
        let pricer = Pricer::new(PriceStore::new(stage.store.database()), &[]);
        GroupWriter::new(
            stage.store.clone(),
            pricer,
            invalidator,
            Metrics::new().unwrap(),
            stage.clock.clone(),
        )
    };
    let trace = stage.trace(NOON);
    let first = writer(stage);
    assert_eq!(stage.alerts.list_rules(stage.workspace_id).await.unwrap(), []);
    for result in first.write(&[vec![trace.clone()]]).await.unwrap() {
        result.unwrap();
    }
    let rules = stage.alerts.list_rules(stage.workspace_id).await.unwrap();
    let names: Vec<_> = rules.iter().map(|rule| rule.rule.name.as_str()).collect();
    assert_eq!(names, ["High error rate", "Slow responses", "Cost spike", "Silent agent"]);
    // A deleted default rule is not created again, by this process or another.
    let now = stage.clock.now();
    assert!(stage.alerts.delete_rule(stage.workspace_id, rules[0].id, now).await.unwrap());
    for writer in [first, writer(stage)] {
        writer.write(&[vec![stage.trace(NOON)]]).await.unwrap();
    }
    assert_eq!(stage.alerts.list_rules(stage.workspace_id).await.unwrap().len(), 3);
}

/// `broken` and `empty` are histograms as SQL literals of the engine.
async fn an_unreadable_workspace_does_not_block_others(database: &Database, broken: &str, empty: &str) {
    let mut stage = Stage::on(database).await;
    let unreadable = stage.workspace_id;
    let slow = AlertRuleRequest {
        name: "Slow".to_owned(),
        metric: AlertMetric::P95LatencyMs,
        window_minutes: 180,
        warning: Some(1000.0),
        ..AlertRuleRequest::default()
    };
    stage.create_rule(slow).await;
    stage.send_at("bot", NOON - HOUR + MINUTE, 1, 0).await;
    let set = |histogram: &str| format!("UPDATE traces_hourly SET histogram = {histogram}");
    database.execute_in_traces(&set(broken)).await;
    stage.workspace_id = Uuid::new_v4();
    stage.create_rule(errors()).await;
    stage.failures("bot", &[5]).await;
    assert_eq!(stage.alert_lines().await, ["1– Errors, critical, 50.0"]);

    stage.workspace_id = unreadable;
    assert_eq!(stage.alert_lines().await, [""; 0]);
    // The rule is evaluated again when its lease expires, and not before.
    database.execute_in_traces(&set(empty)).await;
    stage.send_at("bot", NOON, 1, 0).await;
    stage.clock.advance(LEASE - std::time::Duration::from_micros(1));
    assert_eq!(stage.evaluate().await, 0);
    stage.advance_minute().await;
    assert_eq!(stage.alert_lines().await, ["2– Slow, warning, 1225.0"]);
    stage.store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_sqlite_an_unreadable_workspace_does_not_block_others() {
    an_unreadable_workspace_does_not_block_others(&open_sqlite().await, "x'ff'", "x''").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgres_an_unreadable_workspace_does_not_block_others() {
    an_unreadable_workspace_does_not_block_others(&open_postgres().await, "'\\xff'", "''").await;
}

/// Rows of another version or edited by hand block neither the evaluation of other rules nor the lists.
async fn unreadable_rows_do_not_block_other_rules(database: &Database) {
    let mut stage = Stage::on(database).await;
    let ops = stage.create_channel("ops", Severity::Info).await;
    stage.create_channel("Broken", Severity::Info).await;
    stage.create_rule(AlertRuleRequest { name: "Broken".to_owned(), ..errors() }).await;
    let unreadable = stage.create_rule(AlertRuleRequest { name: "Unreadable".to_owned(), ..errors() }).await;
    stage.failures("bot", &[5]).await;
    assert_eq!(stage.alerts().await.len(), 2);
    database.execute_in_traces("UPDATE alerts SET severity = 'worse' WHERE title = 'Unreadable'").await;
    database
        .execute_in_traces(
            "UPDATE alert_rules SET rule = '{\"metric\":\"x\"}' WHERE rule LIKE '%\"Broken\"%'",
        )
        .await;
    database
        .execute_in_traces("UPDATE alert_channels SET channel = '{}x' WHERE channel LIKE '%\"Broken\"%'")
        .await;
    stage.create_rule(errors()).await;
    stage.failures("bot", &[5]).await;
    let expected_alerts = ["1– Broken, critical, 50.0", "2– Errors, critical, 50.0"];
    assert_eq!(stage.alert_lines().await, expected_alerts);
    let channels = stage.alerts.list_channels(stage.workspace_id).await.unwrap();
    assert_eq!(channels.iter().map(|channel| channel.id).collect::<Vec<_>>(), [ops]);
    let rules = stage.alerts.list_rules(stage.workspace_id).await.unwrap();
    let evaluated: Vec<_> =
        rules.iter().map(|rule| (rule.rule.name.as_str(), rule.evaluated_at.map(minute_of))).collect();
    assert_eq!(evaluated, [("Unreadable", Some(1)), ("Errors", Some(2))]);
    // Once its alert is readable again, the rule is evaluated.
    database.execute_in_traces("UPDATE alerts SET severity = 'critical' WHERE title = 'Unreadable'").await;
    stage.failures("bot", &[5, 5]).await;
    let rule = stage.alerts.get_rule(stage.workspace_id, unreadable).await.unwrap().unwrap().0;
    assert!(rule.evaluated_at.map(minute_of) >= Some(3));
    assert_eq!(stage.alerts().await.len(), 3);
    stage.store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_sqlite_unreadable_rows_do_not_block_other_rules() {
    unreadable_rows_do_not_block_other_rules(&open_sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgres_unreadable_rows_do_not_block_other_rules() {
    unreadable_rows_do_not_block_other_rules(&open_postgres().await).await;
}

/// The transaction of another client locks an alert, so that the evaluation of its workspace does not end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_evaluation_of_a_workspace_does_not_delay_others() {
    let database = open_postgres().await;
    let Database::Postgres { settings, .. } = &database else { panic!("expected PostgreSQL") };
    let mut stage = Stage::on(&database).await;
    let slow = Uuid::from_u128(1);
    stage.workspace_id = slow;
    stage.create_rule(errors()).await;
    stage.failures("bot", &[3]).await;
    assert_eq!(stage.alert_lines().await, ["1– Errors, warning, 30.0"]);
    stage.send("bot", 0, 50).await;
    stage.workspace_id = Uuid::from_u128(2);
    stage.create_rule(errors()).await;
    // Both rules are due at the same time, and that of the slow workspace is evaluated first.
    assert_eq!(stage.evaluate().await, 1);
    stage.send("bot", 5, 5).await;

    let mut connection = PgConnection::connect(settings.url.expose()).await.unwrap();
    let mut transaction = connection.begin().await.unwrap();
    sqlx::query("SELECT id FROM alerts FOR UPDATE").execute(&mut *transaction).await.unwrap();
    stage.sleep(1);
    let evaluator = stage.evaluator();
    let round = tokio::spawn(async move { evaluator.round().await });
    eventually("the alert of the other workspace", || async { !stage.alerts().await.is_empty() }).await;
    assert!(!round.is_finished());
    transaction.rollback().await.unwrap();
    assert_eq!(round.await.unwrap().unwrap(), 2);
    stage.workspace_id = slow;
    assert_eq!(stage.alert_lines().await, ["1– Errors, critical, 88.3"]);
    stage.store.close().await;
}
