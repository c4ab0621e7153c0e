//! Unknown paths, methods and files return errors in the common format.

use reqwest::Method;

use test_support::server::{builder, spawn};

#[tokio::test]
async fn unknown_path_returns_404_in_the_common_error_format() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    for path in [
        "/api/v1/nothing",
        "/api/v1/",
        "/api/v1",
        "/api/v2/traces",
        "/api/v1/traces/a/b",
        "/api/v1/traces/",
        "/favicon.bmp",
        "/../../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/api/v1/traces/a/scores/b",
        "/.env",
    ] {
        for client in [&ada.client, &server.anonymous_client()] {
            let response = client.get(path).await;
            assert_eq!(response.status, 404, "{path}: {}", response.text);
            response.expect_error(404, "not_found");
        }
    }
}

#[tokio::test]
async fn unsupported_method_returns_405_in_the_common_error_format() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    for (method, path) in [
        (Method::DELETE, "/api/v1/traces"),
        (Method::PUT, "/api/v1/traces/a"),
        (Method::POST, "/api/v1/traces/a"),
        (Method::PUT, "/api/v1/traces/batch"),
        (Method::GET, "/api/v1/traces/a/scores"),
        (Method::GET, "/api/v1/auth/login"),
        (Method::GET, "/api/v1/auth/register"),
        (Method::POST, "/api/v1/auth/me"),
        (Method::PATCH, "/api/v1/api-keys"),
        (Method::POST, "/api/v1/metrics/home-kpis"),
        (Method::POST, "/health"),
        (Method::DELETE, "/ready"),
        (Method::POST, "/metrics"),
        (Method::PUT, "/openapi.json"),
        (Method::POST, "/"),
        (Method::POST, "/dashboard"),
    ] {
        let response = ada.send(ada.request(method.clone(), path)).await;
        let allowed = response.header("allow");
        assert!(!allowed.is_empty() && !allowed.contains(method.as_str()), "{method} {path}: {allowed}");
        assert_eq!(response.status, 405, "{method} {path}: {}", response.text);
        assert!(!response.text.is_empty(), "{method} {path} has an empty response body");
        response.expect_error(405, "method_not_allowed");
    }
}

#[tokio::test]
async fn file_outside_the_web_directory_is_not_served() {
    let directory = tempfile::tempdir().unwrap();
    let web = directory.path().join("web");
    std::fs::create_dir(&web).unwrap();
    std::fs::write(web.join("index.html"), "the page").unwrap();
    std::fs::write(directory.path().join("private"), "SECRET").unwrap();
    let server = builder().with("WEB_DIR", web.to_str().unwrap()).spawn().await;
    assert_eq!(server.anonymous_client().get("/").await.expect(200).text, "the page");
    server.anonymous_client().get("/dashboard").await.expect_error(404, "not_found");
    let address = server.url.trim_start_matches("http://").to_owned();
    for path in ["/../private", "/%2e%2e/private", "/..%2fprivate", "//private", "/./../private", "/%00"] {
        // Over a plain TCP connection: HTTP clients normalize such paths.
        let (address, request) =
            (address.clone(), format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
        let response = tokio::task::spawn_blocking(move || {
            use std::io::{Read, Write};
            let mut connection = std::net::TcpStream::connect(address).unwrap();
            connection.write_all(request.as_bytes()).unwrap();
            let mut response = Vec::new();
            connection.read_to_end(&mut response).unwrap();
            String::from_utf8_lossy(&response).into_owned()
        });
        let response = response.await.unwrap();
        assert!(response.starts_with("HTTP/1.1 404") && !response.contains("SECRET"), "{path}: {response}");
    }
}

#[tokio::test]
async fn unavailable_store_returns_503_without_internal_details() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    server.close_traces().await;
    let failing = [
        ada.get("/api/v1/metrics/home-kpis").await,
        ada.get("/api/v1/traces").await,
        ada.get("/api/v1/traces/run").await,
    ];
    for response in failing {
        let response = response.expect_error(503, "unavailable");
        assert_eq!(response.header("retry-after"), "5");
        let words = response.text.to_lowercase();
        assert!(["sql", "pool", "trace"].iter().all(|word| !words.contains(word)), "{words}");
    }
    server.anonymous_client().get("/health").await.expect(200);
    ada.get("/api/v1/auth/me").await.expect(200);
}
