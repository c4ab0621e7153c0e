//! Transfers a directory with every kind of data: afterwards, every account sees the same on the server.

use domain::alert::default::default_rules;
use serde_json::json;

use crate::{
    binary::{count, plain, timescale, transfer},
    fill::{self, BULK_TRACES},
    view,
};
use test_support::{postgres::PostgresServer, sample, server::noon};

#[tokio::test(flavor = "multi_thread")]
async fn accounts_log_in_and_see_the_same_data_on_postgres() {
    assert_accounts_see_the_same(plain().await).await;
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(not(timescale), ignore = "TimescaleDB is not installed")]
async fn accounts_log_in_and_see_the_same_data_on_timescale() {
    assert_accounts_see_the_same(timescale().await).await;
}

async fn assert_accounts_see_the_same(server: &PostgresServer) {
    let directory = tempfile::tempdir().unwrap();
    let filled = fill::fill(&directory).await;
    let before = fill::embedded(&directory).await;
    let mut seen = Vec::new();
    for name in ["ada", "bob", "carol"] {
        seen.push((name, view::of(&before, name).await));
    }
    before.stop();

    let database = server.database().await;
    let files =
        || ["accounts.db", "traces.db"].map(|name| std::fs::read(directory.path().join(name)).unwrap());
    let untouched = files();
    let run = transfer(directory.path(), &database).await.expect(0);
    // Every workspace has the default rules, and ada's has one more.
    let rules = 3 * default_rules().len() + 1;
    assert!(files() == untouched, "the directory is only read");
    for line in [
        "workspaces: 3 (3 new)\n",
        "users: 3 (3 new)\n",
        "API keys: 3 (3 new)\n",
        "scores: 7 (7 new)\n",
        "traces: 4,564 (4,564 new)\n",
        &format!("alert rules: {rules} ({rules} new)\n"),
        "alert channels: 2 (2 new)\n",
        "alerts: 30 (30 new)\n",
        "prices: 1 (1 new)\n",
        "verified: ",
        &format!(
            "Set JWT_SECRET of the servers to the contents of {}",
            directory.path().join("jwt_secret").display()
        ),
    ] {
        assert!(run.stdout.contains(line), "{line}: {run:?}");
    }
    let secret = std::fs::read_to_string(directory.path().join("jwt_secret")).unwrap();
    assert!(!run.stdout.contains(&secret) && !run.stderr.contains(&secret));

    let [here, there] = fill::secrets(&directory, &database).await;
    assert!(here == there && here[1].starts_with("whsec_"), "recipients verify messages with these secrets");

    let run = transfer(directory.path(), &database).await.expect(0);
    assert!(run.stdout.contains("users: 3 (0 new)\n"), "{run:?}");
    assert!(run.stdout.contains(&format!("alert rules: {rules} (0 new)\n")), "{run:?}");
    assert!(run.stdout.contains("alert channels: 2 (0 new)\n"), "{run:?}");
    assert!(run.stdout.contains("alerts: 30 (0 new)\n"), "{run:?}");
    assert!(run.stdout.contains("scores: 7 (0 new)\n"), "{run:?}");
    assert!(run.stdout.contains("traces: 4,564 (0 new)\n"), "{run:?}");
    assert_eq!(count(&database, "traces").await, BULK_TRACES as i64 + 64);
    assert_eq!(count(&database, "alerts").await, 30);
    assert_eq!(count(&database, "waiting_traces").await, 1);
    assert_eq!(
        fill::pending_spans(&database).await,
        ["b loose-agent shop s-1 u-1 [\"b\"]", "c - shop s-1 u-1 [\"c\"]"]
    );

    let after = fill::on(&database, &directory).await;
    for (name, before) in &seen {
        view::assert_same(before, &view::of(&after, name).await);
    }
    after.anonymous_client().with_token(&filled.token).get("/api/v1/auth/me").await.expect(200);
    after.anonymous_client().with_token(filled.revoked.token()).send_trace(&json!({})).await.expect(401);
    // Pending scores are applied when their trace arrives, sent with the agents' existing key.
    let key = after.anonymous_client().with_token(filled.key.token());
    key.ingest(&[sample::trace("to-come", noon(), json!({}))]).await;
    let ada = after.anonymous_client().with_token(&filled.token);
    let trace = ada.trace("to-come").await;
    assert_eq!(trace["quality_score"], 20.5);
    assert_eq!(trace["scores"][0]["comment"], "early\nbird");
}
