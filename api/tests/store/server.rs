//! Tests of stores on a database server: concurrent starts, broken connections, restarts of the server, certificates.

use std::time::{Duration, Instant};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use sqlx::{Connection, PgConnection};
use store::{
    account::AccountStore,
    trace::{Lifecycle, TraceStore, list::ListRequest},
};
use uuid::Uuid;

use test_support::{
    database::{Database, open_postgres, open_timescale, settings},
    oracle,
    postgres::{PostgresServer, Setup},
    store_sample::{self, MINUTE, START, always, plain},
};

async fn eight_processes_start_on_an_empty_database(database: Database) {
    let Database::Postgres { settings, .. } = &database else { panic!("expected a database on a server") };
    assert_eq!(AccountStore::pending_postgres(settings).await.unwrap().len(), 3);
    let pending = TraceStore::pending_postgres(settings).await.unwrap().len();
    let starts: Vec<_> = (0..8)
        .map(|_| {
            let settings = settings.clone();
            tokio::spawn(async move {
                let accounts = AccountStore::open_postgres(&settings).await.unwrap();
                let traces = TraceStore::open_postgres(&settings, &Lifecycle::default()).await.unwrap();
                traces.write(&[&plain(Uuid::nil(), "t", START)]).await.unwrap();
                accounts.close().await;
                traces.close().await;
            })
        })
        .collect();
    for start in starts {
        start.await.unwrap();
    }
    assert_eq!(database.count_in_traces("traces").await, 1);
    assert_eq!(database.count_in_traces("accounts_migrations").await, 3);
    // One of the pending migrations belongs to the layout, which has its own table of migrations.
    assert_eq!(database.count_in_traces("traces_migrations").await, pending as i64 - 1);
    assert!(AccountStore::pending_postgres(settings).await.unwrap().is_empty());
    assert!(TraceStore::pending_postgres(settings).await.unwrap().is_empty());
    assert!(TraceStore::migrate_postgres(settings).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_processes_start_on_an_empty_database_of_postgres() {
    eight_processes_start_on_an_empty_database(open_postgres().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[cfg_attr(not(timescale), ignore = "TimescaleDB is not installed")]
async fn eight_processes_start_on_an_empty_database_of_timescale() {
    eight_processes_start_on_an_empty_database(open_timescale().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn terminated_connections_neither_lose_nor_duplicate_writes() {
    let database = open_postgres().await;
    let Database::Postgres { settings, .. } = &database else { panic!("expected a database on a server") };
    let store = database.traces().await;
    let workspace_id = Uuid::new_v4();
    let traces: Vec<_> =
        (0..4000).map(|n| plain(workspace_id, format!("t{n}"), START + n * MINUTE)).collect();
    let writing = {
        let (store, traces) = (store.clone(), traces.clone());
        tokio::spawn(async move {
            for batch in traces.chunks(20) {
                let batch: Vec<_> = batch.iter().collect();
                while let Err(error) = store.write(&batch).await {
                    assert!(error.is_transient(), "{error:?}");
                }
                while let Err(error) = store.sums(workspace_id, &[always()]).await {
                    assert!(error.is_transient(), "{error:?}");
                }
            }
        })
    };
    let mut terminated = 0;
    let mut other = PgConnection::connect(settings.url.expose()).await.unwrap();
    while !writing.is_finished() {
        let ended: i64 = sqlx::query_scalar(
            "SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity \
             WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        .fetch_one(&mut other)
        .await
        .unwrap();
        terminated += ended;
        tokio::time::sleep(Duration::from_millis(53)).await;
    }
    writing.await.unwrap();
    assert!(terminated > 3, "only {terminated} connections were terminated");
    assert_eq!(store.sums(workspace_id, &[always()]).await.unwrap(), [oracle::sums(&traces)]);
    assert_eq!(database.count_in_traces("traces").await, 4000);
    store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_server_fails_fast_and_returns_with_all_data() {
    let mut server = PostgresServer::start(Setup { fsync: true, ..Setup::default() }).await;
    let settings = settings(&server.database().await);
    let store = TraceStore::open_postgres(&settings, &Lifecycle::default()).await.unwrap();
    let accounts = AccountStore::open_postgres(&settings).await.unwrap();
    let workspace_id = Uuid::new_v4();
    let traces: Vec<_> = (0..30).map(|n| plain(workspace_id, format!("t{n}"), START + n * MINUTE)).collect();
    for (round, shut_down) in [PostgresServer::stop, PostgresServer::kill].into_iter().enumerate() {
        let batch = &traces[round * 10..][..10];
        assert_eq!(store_sample::write(&store, batch, 10).await, 10);
        shut_down(&mut server);
        let since = Instant::now();
        let write = store.write(&batch.iter().collect::<Vec<_>>()).await.unwrap_err();
        let read = store.list(&ListRequest::first(workspace_id, always(), 5)).await.unwrap_err();
        let account = accounts.ping().await.unwrap_err();
        assert!(write.is_transient() && read.is_transient() && account.is_transient(), "{write:?} {read:?}");
        assert!(store.ping().await.is_err());
        assert!(since.elapsed() < Duration::from_secs(25), "{:?}", since.elapsed());
        server.resume().await;
        // The rows written before are still stored, and writing them again adds none.
        assert_eq!(store_sample::write(&store, batch, 10).await, 0);
        accounts.ping().await.unwrap();
    }
    assert_eq!(store_sample::write(&store, &traces[20..], 10).await, 10);
    assert_eq!(store.sums(workspace_id, &[always()]).await.unwrap(), [oracle::sums(&traces)]);
    store.close().await;
    accounts.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn verify_full_checks_the_certificate_and_the_host_name() {
    let mut authority = CertificateParams::new(vec![]).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let names = vec!["localhost".to_owned()];
    let certificate = CertificateParams::new(names).unwrap().signed_by(&key, &authority).unwrap();
    let tls = Some((certificate.pem(), key.serialize_pem()));
    let server = PostgresServer::start(Setup { tls, ..Setup::default() }).await;
    server.database().await;
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("ca.pem");
    std::fs::write(&file, authority.pem()).unwrap();
    let url = |host: &str, rest: &str| {
        format!("postgres://postgres@{host}:{}/test_0?sslmode=verify-full{rest}", server.port)
    };
    let trusted = format!("&sslrootcert={}", file.display());

    let store = AccountStore::open_postgres(&settings(&url("localhost", &trusted))).await.unwrap();
    store.ping().await.unwrap();
    store.close().await;
    let unknown = AccountStore::open_postgres(&settings(&url("localhost", ""))).await;
    assert!(unknown.is_err(), "the authority is not trusted");
    let misnamed = AccountStore::open_postgres(&settings(&url("127.0.0.1", &trusted))).await;
    assert!(misnamed.is_err(), "the certificate is for another name");
}
