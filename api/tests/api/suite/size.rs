//! Body size limits of compressed and uncompressed bodies, and supported content encodings.

use std::{
    io::{Read, Write},
    net::TcpStream,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use flate2::{Compression, write::GzEncoder};
use futures_util::stream;
use reqwest::Method;
use serde_json::{Value, json};
use shared::limit;

use test_support::{
    sample::trace,
    server::{Member, PASSWORD, noon, spawn},
};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Returns a trace whose JSON has exactly this many bytes.
fn of_size(trace_id: &str, bytes: usize) -> Value {
    let empty = trace(trace_id, noon(), json!({"input": ""})).to_string().len();
    trace(trace_id, noon(), json!({"input": "x".repeat(bytes - empty)}))
}

async fn send_encoded(
    ada: &Member,
    encoding: &str,
    path: &str,
    body: Vec<u8>,
) -> test_support::response::Response {
    let request = ada.request(Method::POST, path).header("content-type", "application/json");
    ada.send(request.header("content-encoding", encoding).body(body)).await
}

#[tokio::test]
async fn accepts_a_trace_of_4_mib_and_rejects_one_byte_more() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    ada.send_trace(&of_size("largest", limit::TRACE_BYTES)).await.expect(202);
    ada.send_trace(&of_size("too large", limit::TRACE_BYTES + 1))
        .await
        .expect_error(413, "payload_too_large");
    let batch = [of_size("too large", limit::TRACE_BYTES + 1), trace("small", noon(), json!({}))];
    let response = ada.send_batch(&batch).await.expect(202).json();
    assert_eq!((&response["accepted"], &response["rejected"][0]["index"]), (&json!(1), &json!(0)));
    assert_eq!(
        ada.trace("largest").await["input"].as_str().unwrap().len(),
        limit::TRACE_BYTES - { trace("largest", noon(), json!({"input": ""})).to_string().len() }
    );
    server.clock.advance(Duration::from_secs(1));
    assert_eq!(ada.traces("").await["total"], 2);
}

#[tokio::test]
async fn accepts_a_batch_of_1000_traces_and_rejects_1001() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    let traces: Vec<Value> = (0..1001).map(|i| trace(&i.to_string(), noon(), json!({}))).collect();
    let response = ada.send_batch(&traces).await.expect_error(422, "validation_failed");
    assert_eq!(response.fields(), ["traces"]);
    ada.ingest(&traces[..1000]).await;
    server.clock.advance(Duration::from_secs(1));
    assert_eq!(ada.traces("").await["total"], 1000);
}

#[tokio::test]
async fn rejects_a_content_length_above_the_limit_before_the_body_arrives() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    for (path, limit) in [
        ("/api/v1/traces", limit::TRACE_BYTES),
        ("/api/v1/traces/batch", limit::INGEST_BODY_BYTES),
        ("/api/v1/traces/run/scores", limit::BODY_BYTES),
        ("/api/v1/auth/login", limit::BODY_BYTES),
    ] {
        let address = server.url.trim_start_matches("http://").to_owned();
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n",
            ada.token(),
            limit + 1
        );
        let response = tokio::task::spawn_blocking(move || {
            let mut connection = TcpStream::connect(address).unwrap();
            connection.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
            connection.write_all(head.as_bytes()).unwrap();
            let mut response = [0; 1024];
            let length = connection.read(&mut response).unwrap();
            String::from_utf8_lossy(&response[..length]).into_owned()
        });
        let response = response.await.unwrap();
        assert!(response.starts_with("HTTP/1.1 413 "), "{path}: {response}");
    }
}

#[tokio::test]
async fn rejects_an_endless_body_without_reading_it_forever() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    let sent = Arc::new(AtomicUsize::new(0));
    let endless = stream::repeat_with({
        let sent = Arc::clone(&sent);
        move || {
            sent.fetch_add(65_536, Ordering::SeqCst);
            Ok::<_, std::io::Error>(vec![b' '; 65_536])
        }
    });
    let request = ada.request(Method::POST, "/api/v1/traces").header("content-type", "application/json");
    // The server may close the connection before the client reads the response; it must not read forever.
    let response = tokio::time::timeout(
        Duration::from_secs(20),
        request.body(reqwest::Body::wrap_stream(endless)).send(),
    );
    if let Ok(response) = response.await.expect("the server must respond before the end of the body") {
        assert_eq!(response.status(), 413);
    }
    assert!(sent.load(Ordering::SeqCst) >= limit::TRACE_BYTES);
    ada.ingest(&[trace("after", noon(), json!({}))]).await;
}

#[tokio::test]
async fn accepts_a_compressed_body() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    let body = json!({"traces": [trace("a", noon(), json!({})), trace("b", noon(), json!({}))]}).to_string();
    send_encoded(&ada, "gzip", "/api/v1/traces/batch", gzip(body.as_bytes())).await.expect(202);
    let single = trace("c", noon(), json!({"input": "x".repeat(1_000_000)})).to_string();
    send_encoded(&ada, "gzip", "/api/v1/traces", gzip(single.as_bytes())).await.expect(202);
    send_encoded(&ada, "identity", "/api/v1/traces", trace("d", noon(), json!({})).to_string().into())
        .await
        .expect(202);
    server.clock.advance(Duration::from_secs(1));
    assert_eq!(ada.traces("").await["total"], 4);
}

#[tokio::test]
async fn rejects_a_small_body_that_decompresses_above_the_limit() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    for (path, limit) in
        [("/api/v1/traces", limit::TRACE_BYTES), ("/api/v1/traces/batch", limit::INGEST_BODY_BYTES)]
    {
        let bomb = gzip(&vec![b' '; limit + 1]);
        assert!(bomb.len() < limit / 100, "the bomb must be small: {} bytes", bomb.len());
        send_encoded(&ada, "gzip", path, bomb).await.expect_error(413, "payload_too_large");
    }
}

#[tokio::test]
async fn body_that_cannot_be_decompressed_returns_400() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    let body = trace("run", noon(), json!({"input": "x".repeat(10_000)})).to_string();
    let compressed = gzip(body.as_bytes());
    for (encoding, body) in [
        ("gzip", body.clone().into_bytes()),
        ("gzip", compressed[..compressed.len() / 2].to_vec()),
        ("deflate", compressed),
    ] {
        send_encoded(&ada, encoding, "/api/v1/traces", body).await.expect_error(400, "bad_request");
    }
    server.clock.advance(Duration::from_secs(1));
    assert_eq!(ada.traces("").await["total"], 0);
}

#[tokio::test]
async fn unsupported_content_encoding_returns_415() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    let body = trace("run", noon(), json!({})).to_string().into_bytes();
    for encoding in ["zstd", "br", "snappy", "gzip, gzip", ""] {
        for path in ["/api/v1/traces", "/api/v1/traces/batch"] {
            let response = send_encoded(&ada, encoding, path, body.clone()).await;
            response.expect_error(415, "unsupported_media_type");
        }
    }
}

#[tokio::test]
async fn endpoints_outside_ingestion_reject_compressed_bodies() {
    let server = spawn().await;
    let ada = server.member("ada").await;
    let login = json!({"email": "ada@example.com", "password": PASSWORD}).to_string().into_bytes();
    for path in ["auth/login", "auth/register", "api-keys", "prices", "prices/reprice", "traces/run/scores"] {
        let path = format!("/api/v1/{path}");
        for encoding in ["gzip", "br", "zstd"] {
            let response = send_encoded(&ada, encoding, &path, gzip(&login)).await;
            response.expect_error(415, "unsupported_media_type");
        }
    }
    send_encoded(&ada, "identity", "/api/v1/auth/login", login).await.expect(200);
}

#[tokio::test]
async fn body_of_an_unauthenticated_request_is_not_read() {
    let server = spawn().await;
    let body = vec![b' '; 1024 * 1024];
    server.anonymous_client().post_text("/api/v1/traces", body).await.expect_error(401, "unauthorized");
}
