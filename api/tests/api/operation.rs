//! Endpoints for operators: health, readiness, metrics, and the OpenAPI document.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use test_support::{
    client::Client,
    sample::trace,
    server::{builder, noon, spawn},
};

#[tokio::test]
async fn health_and_ready_need_no_login() {
    let server = spawn().await;
    let anonymous = server.anonymous_client();
    let health = anonymous.get("/health").await.expect(200).json();
    assert_eq!(health, json!({"status": "ok", "version": env!("CARGO_PKG_VERSION")}));
    let ready = anonymous.get("/ready").await.expect(200).json();
    assert_eq!(ready, json!({"status": "ready", "dependencies": {"accounts": "up", "traces": "up"}}));
}

#[tokio::test]
async fn ready_names_a_dependency_that_is_down_and_health_still_returns_200() {
    let server = spawn().await;
    server.close_traces().await;
    let ready = server.anonymous_client().get("/ready").await.expect(503).json();
    assert_eq!(ready, json!({"status": "not ready", "dependencies": {"accounts": "up", "traces": "down"}}));
    server.anonymous_client().get("/health").await.expect(200);
}

#[tokio::test]
async fn metrics_label_requests_by_route_and_never_by_path() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    ada.ingest(&[trace("run-of-ada", noon(), json!({}))]).await;
    for path in ["/api/v1/traces/run-of-ada", "/api/v1/traces/run-of-bob", "/invented-path"] {
        ada.get(path).await;
    }
    let response = server.anonymous_client().get("/metrics").await.expect(200);
    assert!(response.header("content-type").starts_with("text/plain; version=0.0.4"));
    for line in [
        r#"http_server_request_duration_seconds_count{method="GET",route="/api/v1/traces/{trace_id}",status="200"} 1"#,
        r#"http_server_request_duration_seconds_count{method="GET",route="/api/v1/traces/{trace_id}",status="404"} 1"#,
        r#"http_server_request_duration_seconds_count{method="POST",route="/api/v1/traces/batch",status="202"} 1"#,
        r#"agent_obs_cache_requests_total{kind="trace_detail",outcome="miss"} 1"#,
        "agent_obs_write_duration_seconds_count 1",
    ] {
        assert!(response.text.lines().any(|found| found == line), "{line}: {}", response.text);
    }
    for name in ["run-of-ada", "run-of-bob", "invented-path"] {
        assert!(!response.text.contains(name), "{name}: {}", response.text);
    }
}

#[tokio::test]
async fn metrics_require_the_token_if_there_is_one() {
    let token = "the token of Prometheus in this test";
    let server = builder().with("METRICS_TOKEN", token).spawn().await;
    let ada = server.member("ada").await;
    let anonymous = server.anonymous_client();
    for client in [&anonymous, &ada.client, &anonymous.with_token(&token[1..]), &anonymous.with_token("")] {
        let rejected = client.get("/metrics").await.expect_error(401, "unauthorized");
        assert_eq!(rejected.header("www-authenticate"), "Bearer");
    }
    let basic = anonymous.request(Method::GET, "/metrics").header("authorization", token);
    anonymous.send(basic).await.expect_error(401, "unauthorized");
    let metrics = anonymous.with_token(token).get("/metrics").await.expect(200);
    assert!(metrics.text.contains("http_server_request_duration_seconds"), "{}", metrics.text);
    assert_eq!(metrics.header("cache-control"), "no-store");
}

#[tokio::test]
async fn port_for_metrics_serves_them_instead_of_the_service_port() {
    let server = builder().with("METRICS_PORT", "0").spawn().await;
    let port = Client::new(server.metrics_url.as_deref().unwrap());
    server.anonymous_client().get("/health").await.expect(200);
    let metrics = port.get("/metrics").await.expect(200);
    assert!(metrics.text.contains(r#"route="/health",status="200"} 1"#), "{}", metrics.text);
    for path in ["/", "/health", "/api/v1/traces", "/openapi.json"] {
        port.get(path).await.expect_error(404, "not_found");
    }
    server.anonymous_client().get("/metrics").await.expect_error(404, "not_found");
}

/// Returns every method and path of the route table, read from its source.
fn routes() -> BTreeSet<(String, String)> {
    let source: String = include_str!("../../src/routes.rs").split_whitespace().collect();
    // Both functions create a resource; `compressible_resource` also accepts compressed bodies.
    let source = source.replace("compressible_resource(\"", "resource(\"");
    let mut routes = BTreeSet::new();
    for scope in source.split("web::scope(\"").skip(1) {
        let (prefix, scope) = scope.split_once('"').unwrap();
        for chunk in scope.split(".service(resource(\"").skip(1) {
            let (path, rest) = chunk.split_once('"').unwrap();
            let rest = rest.split(".service(").next().unwrap();
            for method in ["get", "post", "put", "patch", "delete"] {
                if rest.contains(&format!(".at({method}(),")) {
                    routes.insert((method.to_owned(), format!("{prefix}{path}")));
                }
            }
        }
    }
    routes
}

#[tokio::test]
async fn openapi_document_describes_every_route_and_nothing_else() {
    let server = spawn().await;
    let document = server.anonymous_client().get("/openapi.json").await.expect(200).json();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1."), "{}", document["openapi"]);
    let mut described = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            assert!(
                operation["responses"].as_object().is_some_and(|responses| !responses.is_empty()),
                "{method} {path}"
            );
            assert!(operation["summary"].as_str().is_some_and(|text| !text.is_empty()), "{method} {path}");
            described.insert((method.clone(), path.clone()));
        }
    }
    let routes = routes();
    assert!(routes.len() >= 17, "{routes:?}");
    let operation = ["/health", "/ready", "/metrics"].map(|path| ("get".to_owned(), path.to_owned()));
    let expected: BTreeSet<_> = routes.into_iter().chain(operation).collect();
    assert_eq!(described, expected);
}

#[tokio::test]
async fn every_reference_in_the_openapi_document_resolves() {
    let server = spawn().await;
    let document = server.anonymous_client().get("/openapi.json").await.expect(200).json();
    fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            Value::Object(members) => {
                found.extend(members.get("$ref").and_then(Value::as_str));
                members.values().for_each(|member| references(member, found));
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(found.len() > 20, "{found:?}");
    for reference in found {
        assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
    }
    for operation in
        document["paths"].as_object().unwrap().values().flat_map(|path| path.as_object().unwrap().values())
    {
        for scheme in operation["security"].as_array().into_iter().flatten() {
            for name in scheme.as_object().unwrap().keys() {
                assert!(document["components"]["securitySchemes"].get(name).is_some(), "{name}");
            }
        }
    }
}

#[tokio::test]
async fn docs_page_loads_no_files_from_other_hosts() {
    let server = spawn().await;
    let anonymous = server.anonymous_client();
    let page = anonymous.get("/docs/").await.expect(200);
    assert!(page.header("content-type").starts_with("text/html"), "{:?}", page.headers);
    let files: Vec<_> =
        page.text.split(['"', '\'']).filter(|text| text.ends_with(".js") || text.ends_with(".css")).collect();
    assert!(!files.is_empty(), "{}", page.text);
    for file in files {
        assert!(!file.contains("//"), "{file} is on another host");
        anonymous.get(&format!("/docs/{}", file.trim_start_matches("./"))).await.expect(200);
    }
    let start = anonymous.get("/docs/swagger-initializer.js").await.expect(200);
    assert!(start.text.contains("/openapi.json"), "{}", start.text);
    let without_slash = anonymous.get("/docs").await.expect(307);
    assert_eq!(without_slash.header("location"), "/docs/");
}
