//! One workspace with many requests does not delay others.

use sqlx::{Connection, PgConnection};
use tokio::task::JoinSet;

use test_support::{
    postgres::{PostgresServer, Setup},
    server::{builder, eventually},
};

const PATH: &str = "/api/v1/metrics/home-kpis";

#[tokio::test]
async fn requests_of_a_workspace_beyond_the_limit_wait_and_leave_connections_to_others() {
    let postgres = PostgresServer::start(Setup::default()).await;
    let database = postgres.database().await;
    let server = builder()
        .with("TIMESCALE_URL", &database)
        .with("JWT_SECRET", "the secret that signs the tokens of the test")
        .with("DB_POOL_MIN_SIZE", "0")
        .with("DB_POOL_MAX_SIZE", "4")
        .spawn()
        .await;
    let (busy, other) = (server.member("busy").await, server.member("other").await);
    // No query of traces ends before this transaction.
    let mut connection = PgConnection::connect(&database).await.unwrap();
    let mut transaction = connection.begin().await.unwrap();
    sqlx::query("LOCK TABLE traces IN ACCESS EXCLUSIVE MODE").execute(&mut *transaction).await.unwrap();

    let mut requests = JoinSet::new();
    for _ in 0..40 {
        let client = busy.client.clone();
        requests.spawn(async move { client.get_fresh(PATH).await });
    }
    // Two are computed and 32 wait.
    let mut rejected = Vec::new();
    while rejected.len() < 6 {
        rejected.push(requests.join_next().await.unwrap().unwrap());
    }
    for response in rejected {
        let response = response.expect_error(429, "rate_limited");
        assert_eq!(response.header("retry-after"), "1");
    }
    // Another workspace has a connection for queries of other tables.
    other.get_fresh("/api/v1/alerts/recent").await.expect(200);
    transaction.rollback().await.unwrap();
    while let Some(response) = requests.join_next().await {
        response.unwrap().expect(200);
    }
    eventually("room for another request", || async { busy.get_fresh(PATH).await.status == 200 }).await;
}
