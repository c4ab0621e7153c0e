//! Every connection to PostgreSQL and Redis over TLS, with certificates of a private authority.

use serde_json::json;

use crate::{
    proxy::Proxy,
    stack::{Plan, Stack, free_port},
};
use test_support::{
    postgres::{PostgresServer, Setup},
    redis::{RedisOptions, RedisServer},
    tls::Authority,
    wait::eventually_within,
};

#[tokio::test(flavor = "multi_thread")]
async fn gateway_connects_to_the_other_roles_over_tls() {
    let (query, ingestion) = (free_port(), free_port());
    let authority = Authority::new("roles");
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("authority.pem");
    std::fs::write(&file, authority.pem()).unwrap();
    let plan = Plan { queries: 0, ingestions: 0, gateways: 0, ..Plan::default() }
        .with("QUERY_SERVICE_URL", &Proxy::terminating_tls(authority.server("localhost"), query).await)
        .with(
            "INGESTION_SERVICE_URL",
            &Proxy::terminating_tls(authority.server("localhost"), ingestion).await,
        )
        .with("SSL_CERT_FILE", file.to_str().unwrap());
    let mut stack = Stack::start(plan).await;
    stack.queries.push(stack.run("query", query));
    stack.ingestions.push(stack.run("ingestion", ingestion));
    stack.gateways.push(stack.run("gateway", 0));
    let ada = stack.member("ada").await;
    let ready = ada.get("/ready").await.expect(200).json();
    assert_eq!(ready["status"], "ready", "{ready}");
    let trace = json!({"trace_id": "t", "agent_id": "a", "latency_ms": 1, "status": "success"});
    ada.send_trace(&trace).await.expect(202);
    eventually_within(std::time::Duration::from_secs(10), "the trace is stored", || async {
        ada.get_fresh("/api/v1/traces/t").await.status == 200
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_role_connects_to_its_servers_over_tls() {
    let redis = RedisServer::start_with(RedisOptions {
        password: Some("open sesame".replace(' ', "-")),
        tls: true,
        ..RedisOptions::default()
    });
    let authority = redis.authority();
    let postgres = PostgresServer::start(Setup { tls: Some(redis.certificate()), ..Setup::default() }).await;
    let database = postgres
        .database()
        .await
        .replace("127.0.0.1", "localhost")
        .replace("sslmode=disable", "sslmode=verify-full");
    let plan = Plan::default().with("SSL_CERT_FILE", authority.to_str().unwrap());
    let stack = Stack::start_over(database, redis, plan);
    let ada = stack.member("ada").await;
    ada.get("/ready").await.expect(200);
    ada.send_trace(&json!({"trace_id": "t", "agent_id": "a", "latency_ms": 1, "status": "success"}))
        .await
        .expect(202);
    eventually_within(std::time::Duration::from_secs(10), "the trace is stored", || async {
        ada.get_fresh("/api/v1/traces/t").await.status == 200
    })
    .await;
    eventually_within(std::time::Duration::from_secs(10), "the cache has the trace", || async {
        ada.get("/api/v1/traces/t").await.header("x-cache") == "hit"
    })
    .await;
}
