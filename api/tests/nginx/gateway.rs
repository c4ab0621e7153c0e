//! Requests that nginx forwards to the gateway, and nginx's own errors if the gateway does not respond.

use std::{
    io::{Read, Write},
    net::TcpListener,
    thread,
};

use shared::limit::{BODY_BYTES, INGEST_BODY_BYTES};

use crate::spa;
use test_support::{client::Client, nginx::Nginx, server::builder};

/// Returns a port without a listener.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Responds to every request with the head of that request, until the test process ends.
fn echo(listener: TcpListener) {
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || {
                let mut head = Vec::new();
                let mut byte = [0];
                while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read > 0) {
                    head.push(byte[0]);
                }
                let response =
                    format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", head.len());
                let _ = stream.write_all(response.as_bytes()).and_then(|()| stream.write_all(&head));
            });
        }
    });
}

#[tokio::test]
async fn unreachable_gateway_returns_502_in_the_common_error_format_until_it_is_back() {
    let (directory, port) = (spa::directory(), free_port());
    let nginx = Nginx::start(&format!("http://127.0.0.1:{port}"), directory.path());
    let client = Client::new(&nginx.url);
    let response = client.get("/api/v1/auth/me").await.expect_error(502, "unavailable");
    assert_eq!(response.header("retry-after"), "5");
    assert_eq!(response.header("cache-control"), "no-store");
    assert!(!response.header("x-request-id").is_empty());
    client.get("/").await.expect(200);

    echo(TcpListener::bind(("127.0.0.1", port)).unwrap());
    client.get("/api/v1/auth/me").await.expect(200);
    assert!(nginx.log().contains("\"path\":\"/api/v1/auth/me\""), "{}", nginx.log());
}

#[tokio::test]
async fn nginx_uses_another_gateway_if_one_is_unreachable() {
    let directory = spa::directory();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let reachable = listener.local_addr().unwrap().port();
    echo(listener);
    let upstream = format!("http://127.0.0.1:{},http://127.0.0.1:{reachable}", free_port());
    let nginx = Nginx::start(&upstream, directory.path());
    for _ in 0..4 {
        Client::new(&nginx.url).get("/api/v1/auth/me").await.expect(200);
    }
}

#[tokio::test]
async fn nginx_overwrites_the_forwarding_headers_of_the_client() {
    let directory = spa::directory();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let upstream = format!("http://{}", listener.local_addr().unwrap());
    echo(listener);
    let nginx = Nginx::start(&upstream, directory.path());
    let client = Client::new(&nginx.url);
    let request = client
        .request(reqwest::Method::GET, "/api/v1/traces/a%2Fb?range=24h")
        .header("x-forwarded-for", "203.0.113.7")
        .header("x-forwarded-proto", "https")
        .header("forwarded", "for=203.0.113.7")
        .header("x-request-id", "my-own.id_1");
    let response = client.send(request).await.expect(200);
    let head = response.text.to_lowercase();
    assert!(head.starts_with("get /api/v1/traces/a%2fb?range=24h http/1.1\r\n"), "{head}");
    for line in ["x-forwarded-for: 127.0.0.1", "x-forwarded-proto: http", "x-request-id: my-own.id_1"] {
        assert!(head.contains(&format!("\r\n{line}\r\n")), "{line} in {head}");
    }
    assert!(!head.contains("203.0.113.7"), "{head}");
    // No HSTS without TLS.
    assert_eq!(response.header("strict-transport-security"), "");
}

#[tokio::test]
async fn body_limits_equal_those_of_the_api() {
    let directory = spa::directory();
    let server = builder().spawn().await;
    let nginx = Nginx::start(&server.url, directory.path());
    let client = Client::new(&nginx.url);
    let body = |bytes: usize| " ".repeat(bytes);
    for (path, limit) in [
        ("/api/v1/auth/login", BODY_BYTES),
        ("/api/v1/traces", INGEST_BODY_BYTES),
        ("/api/v1/traces/batch", INGEST_BODY_BYTES),
        ("/v1/traces", INGEST_BODY_BYTES),
    ] {
        client.post_text(path, body(limit + 1)).await.expect_error(413, "payload_too_large");
        let within = client.post_text(path, body(limit)).await;
        assert_ne!(within.status, 413, "{path}: {}", within.text);
    }
}

#[tokio::test]
async fn oversized_request_heads_are_rejected_in_the_common_error_format() {
    let directory = spa::directory();
    let nginx = Nginx::start(&format!("http://127.0.0.1:{}", free_port()), directory.path());
    let client = Client::new(&nginx.url);
    let long = "a".repeat(20_000);
    client.get(&format!("/api/v1/{long}")).await.expect_error(414, "bad_request");
    let request = client.request(reqwest::Method::GET, "/api/v1/auth/me").header("x-long", long);
    client.send(request).await.expect_error(400, "bad_request");
}

#[tokio::test]
async fn access_log_contains_no_ids_of_end_users_and_no_invented_methods() {
    let directory = spa::directory();
    let nginx = Nginx::start(&format!("http://127.0.0.1:{}", free_port()), directory.path());
    let client = Client::new(&nginx.url);
    for path in ["/users/mark", "/api/v1/users/mark?range=24h", &format!("/{}", "x".repeat(5000))] {
        client.get(path).await;
    }
    let invented = reqwest::Method::from_bytes(b"MARK").unwrap();
    client.send(client.request(invented, "/")).await;
    test_support::wait::eventually("four lines", || async { nginx.log().lines().count() >= 4 }).await;
    let log = nginx.log();
    assert!(!log.to_lowercase().contains("mark"), "{log}");
    assert!(log.contains("/api/v1/users/{user_id}") && log.contains("_OTHER"), "{log}");
    assert!(log.lines().all(|line| line.len() < 1000), "{log}");
}
