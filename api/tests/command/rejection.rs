//! Transfers that are rejected before they start: nothing is written, and the reason is printed.

use std::{fs, path::Path, time::Duration};

use api::clock::Clock;
use domain::trace::record::NewScore;
use shared::Timestamp;
use sqlx::{AssertSqlSafe, ConnectOptions, sqlite::SqliteConnectOptions};
use store::trace::TraceStore;
use tempfile::TempDir;
use uuid::Uuid;

use crate::{
    binary::{agent_obs, count, plain, transfer},
    fill,
};
use test_support::{
    sample,
    server::{self, PASSWORD},
};

/// Returns a directory with migrated, empty databases.
async fn empty_directory() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    agent_obs(&["migrate"], &[("DATA_DIR", directory.path().to_str().unwrap())]).await.expect(0);
    directory
}

#[tokio::test(flavor = "multi_thread")]
async fn email_of_another_account_on_the_server_stops_the_transfer() {
    let directory = tempfile::tempdir().unwrap();
    fill::fill(&directory).await;
    let database = plain().await.database().await;
    let target = fill::on(&database, &directory).await;
    target.anonymous_client().register("Bob@example.com", PASSWORD).await.expect(201);
    let run = transfer(directory.path(), &database).await.expect(1);
    assert!(run.stderr.contains("nothing was copied") && run.stderr.contains("bob@example.com"), "{run:?}");
    assert!(!run.stderr.contains("ada@"), "{run:?}");
    for (table, rows) in
        [("users", 1), ("workspaces", 1), ("api_keys", 0), ("traces", 0), ("scores", 0), ("alerts", 0)]
    {
        assert_eq!(count(&database, table).await, rows, "{table}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_directory_is_named_with_the_reason() {
    let database = plain().await.database().await;
    let directory = tempfile::tempdir().unwrap();
    let rejected = async |directory: &Path, why: &str| {
        let run = transfer(directory, &database).await.expect(2);
        assert!(
            run.stderr.contains(directory.to_str().unwrap()) && run.stderr.contains(why),
            "{why}: {run:?}"
        );
        assert!(run.stdout.is_empty(), "{run:?}");
    };
    rejected(&directory.path().join("nowhere"), "accounts.db does not exist").await;
    rejected(directory.path(), "accounts.db does not exist").await;
    fs::write(
        directory.path().join("accounts.db"),
        "this file is not a database, although its name ends with .db",
    )
    .unwrap();
    rejected(directory.path(), "accounts.db cannot be read: ").await;
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "nothing is created there");

    let directory = empty_directory().await;
    let modify = async |statement: &str| {
        let options = SqliteConnectOptions::new().filename(directory.path().join("traces.db"));
        let mut connection = options.connect().await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await.unwrap();
    };
    modify("UPDATE _sqlx_migrations SET version = version + 9000").await;
    rejected(directory.path(), "traces.db was written by a newer version").await;
    modify("DELETE FROM _sqlx_migrations").await;
    rejected(directory.path(), "traces.db was written by an older version: run `agent-obs migrate`").await;
    fs::remove_file(directory.path().join("traces.db")).unwrap();
    rejected(directory.path(), "traces.db does not exist").await;
    assert_eq!(count(&database, "users").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn transfer_requires_a_configured_and_reachable_server() {
    let directory = empty_directory().await;
    let from = ["transfer", "--from", directory.path().to_str().unwrap()];
    for settings in
        [&[][..], &[("POSTGRES_URL", "postgres://db/accounts")], &[("TIMESCALE_URL", "mysql://db/all")]]
    {
        let run = agent_obs(&from, settings).await.expect(2);
        assert!(run.stderr.contains("TIMESCALE_URL=") && run.stderr.contains("expected"), "{run:?}");
    }
    let unreachable = "postgres://ada:hunter2@127.0.0.1:1/all?sslmode=disable";
    let run = agent_obs(&from, &[("TIMESCALE_URL", unreachable)]).await.expect(1);
    assert!(run.stderr.contains("POSTGRES_URL") && run.stderr.contains("refused"), "{run:?}");
    assert!(!run.stderr.contains("hunter2"), "{run:?}");
    agent_obs(&["transfer"], &[("TIMESCALE_URL", unreachable)]).await.expect(2);
}

#[tokio::test(flavor = "multi_thread")]
async fn traces_older_than_the_retention_of_the_server_are_not_copied() {
    let directory = tempfile::tempdir().unwrap();
    let now = Clock::system().now();
    let server = server::builder().with_system_clock().in_directory(&directory).spawn().await;
    let ada = server.member("ada").await;
    let at = |id: &str, days: u64| sample::full(id, now - Duration::from_secs(days * 86_400), id);
    ada.ingest(&[at("new", 2), at("old", 40), at("newer", 1)]).await;
    server.stop();
    let database = plain().await.database().await;
    let settings = [("TIMESCALE_URL", database.as_str()), ("TRACE_RETENTION_DAYS", "30")];
    let run =
        agent_obs(&["transfer", "--from", directory.path().to_str().unwrap()], &settings).await.expect(0);
    assert!(run.stdout.contains("traces: 2 (2 new)"), "{run:?}");
}

#[tokio::test]
async fn read_only_store_rejects_writes() {
    let directory = empty_directory().await;
    let store = TraceStore::open_sqlite_read_only(&directory.path().join("traces.db")).await.unwrap();
    store.ping().await.unwrap();
    let (trace_id, name) = ("t".to_owned(), "quality".to_owned());
    let (workspace_id, timestamp) = (Uuid::nil(), Timestamp::EPOCH);
    let score = NewScore { workspace_id, trace_id, name, score: 1, comment: None, timestamp };
    assert!(store.score(&score).await.is_err());
}
