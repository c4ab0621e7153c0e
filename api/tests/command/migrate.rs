//! `agent-obs migrate`: pending migrations, applied migrations, and exit codes.

use crate::binary::{Run, agent_obs, plain, timescale};

/// Checks, migrates, checks, and migrates again; asserts the output and the exit codes.
async fn check_and_migrate_twice(settings: &[(&str, &str)], steps: &[&str]) {
    let lines = |word: &str| steps.iter().map(|step| format!("{word} {step}\n")).collect::<String>();
    let check = || agent_obs(&["migrate", "--check"], settings);
    for _ in 0..2 {
        assert_eq!(check().await.expect(1).stdout, lines("pending"), "a check changes nothing");
    }
    assert_eq!(agent_obs(&["migrate"], settings).await.expect(0).stdout, lines("applied"));
    assert_eq!(check().await.expect(0).stdout, "no pending migrations\n");
    let Run { stdout, stderr, .. } = agent_obs(&["migrate"], settings).await.expect(0);
    assert_eq!((stdout.as_str(), stderr.as_str()), ("no pending migrations\n", ""));
}

#[tokio::test]
async fn creates_missing_files_and_applies_their_migrations() {
    let outer = tempfile::tempdir().unwrap();
    let directory = outer.path().join("data");
    let directory = directory.to_str().unwrap();
    agent_obs(&["migrate", "--check"], &[("DATA_DIR", directory)]).await.expect(1);
    assert!(std::fs::read_dir(outer.path()).unwrap().next().is_none(), "a check creates nothing");
    let steps = [
        "accounts.db: 0001 accounts",
        "accounts.db: 0002 people",
        "accounts.db: 0003 oidc",
        "traces.db: 0001 traces",
        "traces.db: 0002 spans",
        "traces.db: 0003 prices",
        "traces.db: 0004 alerts",
        "traces.db: 0005 deliveries",
        "traces.db: 0006 recipients",
    ]
    .map(|step| format!("{directory}/{step}"));
    check_and_migrate_twice(&[("DATA_DIR", directory)], &steps.each_ref().map(String::as_str)).await;
}

#[tokio::test]
async fn migrates_both_schemas_in_one_database() {
    let database = plain().await.database().await;
    let steps = [
        "accounts_migrations: 0001 accounts",
        "accounts_migrations: 0002 people",
        "accounts_migrations: 0003 oidc",
        "traces_migrations: 0001 traces",
        "traces_migrations: 0002 spans",
        "traces_migrations: 0003 prices",
        "traces_migrations: 0004 alerts",
        "traces_migrations: 0005 deliveries",
        "traces_migrations: 0006 recipients",
        "traces_plain_migrations: 0001 rollups",
    ];
    check_and_migrate_twice(&[("TIMESCALE_URL", &database)], &steps).await;
}

#[tokio::test]
#[cfg_attr(not(timescale), ignore = "TimescaleDB is not installed")]
async fn migrates_accounts_and_traces_on_separate_servers() {
    let (accounts, traces) = (plain().await.database().await, timescale().await.database().await);
    let steps = [
        "accounts_migrations: 0001 accounts",
        "accounts_migrations: 0002 people",
        "accounts_migrations: 0003 oidc",
        "traces_migrations: 0001 traces",
        "traces_migrations: 0002 spans",
        "traces_migrations: 0003 prices",
        "traces_migrations: 0004 alerts",
        "traces_migrations: 0005 deliveries",
        "traces_migrations: 0006 recipients",
        "traces_timescale_migrations: 0001 hypertable",
    ];
    check_and_migrate_twice(&[("POSTGRES_URL", &accounts), ("TIMESCALE_URL", &traces)], &steps).await;
}

#[tokio::test]
async fn invalid_setting_exits_with_2_and_unreachable_server_with_1() {
    for arguments in [&["migrate"][..], &["migrate", "--check"]] {
        let run = agent_obs(arguments, &[("POSTGRES_URL", "mysql://ada:hunter2@db")]).await.expect(2);
        assert!(
            run.stderr.starts_with("agent-obs: POSTGRES_URL=") && !run.stderr.contains("hunter2"),
            "{run:?}"
        );
        let unreachable = ("TIMESCALE_URL", "postgres://ada:hunter2@127.0.0.1:1/all?sslmode=disable");
        let run = agent_obs(arguments, &[unreachable]).await.expect(1);
        assert!(run.stderr.contains("the accounts") && run.stderr.contains("refused"), "{run:?}");
        assert!(!run.stderr.contains("hunter2"), "{run:?}");
    }
}
