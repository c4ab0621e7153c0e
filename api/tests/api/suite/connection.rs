//! Connections of clients that send or read too slowly, and too many connections of one client.

use std::time::Duration;

use test_support::server::{Server, builder, eventually};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{sleep, timeout},
};
use tonic::Code;

use super::otlp::exporter;

/// Far longer than the timeouts of the server in these tests, and shorter than its default timeouts.
const PATIENCE: Duration = Duration::from_secs(8);

async fn slow_server() -> Server {
    builder().with("CLIENT_TIMEOUT_SECONDS", "1").spawn().await
}

async fn connect(url: &str) -> TcpStream {
    TcpStream::connect(url.trim_start_matches("http://")).await.unwrap()
}

/// Sends `start`, then `drip` every 100 ms, until the server closes the connection. Returns what the server sent.
async fn drip(url: &str, start: &str, drip: &str) -> String {
    let mut stream = connect(url).await;
    stream.write_all(start.as_bytes()).await.unwrap();
    let (mut from, mut to) = stream.into_split();
    let drip = drip.to_owned();
    let writing = tokio::spawn(async move {
        while to.write_all(drip.as_bytes()).await.is_ok() {
            sleep(Duration::from_millis(100)).await;
        }
    });
    let mut reply = Vec::new();
    // A reset after the response also closes the connection.
    let closed = timeout(PATIENCE, from.read_to_end(&mut reply)).await;
    writing.abort();
    let reply = String::from_utf8(reply).unwrap();
    assert!(closed.is_ok(), "the connection is still open: {start:?} {reply:?}");
    reply
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_body_gets_408_and_its_connection_is_closed() {
    let server = slow_server().await;
    let (_, key) = exporter(&server).await;
    let key = format!("host: a\r\nauthorization: Bearer {}\r\n", key.token());
    let json = "content-type: application/json\r\n";
    let protobuf = "content-type: application/x-protobuf\r\n";
    for (path, headers) in [
        ("/api/v1/auth/login", format!("host: a\r\n{json}")),
        ("/api/v1/traces", format!("{key}{json}")),
        ("/api/v1/traces/batch", format!("{key}{json}")),
        ("/api/v1/traces/t/scores", format!("{key}{json}")),
        ("/v1/traces", format!("{key}{json}")),
        ("/v1/traces", format!("{key}{protobuf}")),
    ] {
        for (length, byte) in [("content-length: 1000", " "), ("transfer-encoding: chunked", "1\r\n \r\n")] {
            let start = format!("POST {path} HTTP/1.1\r\n{headers}{length}\r\n\r\n");
            let reply = drip(&server.url, &start, byte).await;
            assert!(reply.starts_with("HTTP/1.1 408 Request Timeout\r\n"), "{start}: {reply}");
            assert!(reply.contains("The body was not received in time"), "{start}: {reply}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn silent_connections_and_slow_heads_are_closed() {
    let server = slow_server().await;
    let head = "GET /health HTTP/1.1\r\nhost: a\r\n";
    assert!(drip(&server.url, "", "").await.starts_with("HTTP/1.1 408"), "sends nothing");
    assert!(drip(&server.url, head, "x: y\r\n").await.starts_with("HTTP/1.1 408"), "sends a slow head");
    let replies = drip(&server.url, &format!("{head}\r\n"), "G").await;
    assert!(replies.starts_with("HTTP/1.1 200"), "sends a slow second head: {replies}");
    // The rest of a body that the server does not read.
    let unread = "POST /api/v1/traces HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n";
    for chunk in ["1\r\n \r\n", ""] {
        let reply = drip(&server.url, unread, chunk).await;
        assert!(reply.starts_with("HTTP/1.1 401"), "{reply}");
    }
    drip(&server.grpc, "", "").await;
    drip(&server.grpc, "PRI", "").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_message_over_grpc_gets_deadline_exceeded() {
    let server = slow_server().await;
    let (_, key) = exporter(&server).await;
    let channel =
        tonic::transport::Endpoint::from_shared(server.grpc.clone()).unwrap().connect().await.unwrap();
    let mut client = tonic::client::Grpc::new(channel);
    client.ready().await.unwrap();
    let mut request = tonic::Request::new(futures_util::stream::pending::<()>());
    request.metadata_mut().insert("authorization", format!("Bearer {}", key.token()).parse().unwrap());
    let path = "/opentelemetry.proto.collector.trace.v1.TraceService/Export".parse().unwrap();
    let codec = tonic_prost::ProstCodec::<(), ()>::default();
    let status = timeout(PATIENCE, client.client_streaming(request, path, codec)).await.unwrap().unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn address_has_a_maximum_number_of_connections_on_both_ports() {
    let server = builder().with("MAX_CONNECTIONS_PER_ADDRESS", "3").spawn().await;
    let answers = async |stream: &mut TcpStream| {
        let sent = stream.write_all(b"GET /health HTTP/1.1\r\nhost: a\r\n\r\n").await;
        sent.is_ok() && matches!(stream.read(&mut [0; 12]).await, Ok(12))
    };
    let (mut first, mut second) = (connect(&server.url).await, connect(&server.url).await);
    assert!(answers(&mut first).await && answers(&mut second).await);
    let mut third = connect(&server.grpc).await;
    // The server has accepted it when it sends its settings.
    third.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
    assert!(matches!(third.read(&mut [0; 9]).await, Ok(1..)));
    for url in [&server.url, &server.grpc] {
        let mut rejected = connect(url).await;
        assert!(matches!(rejected.read(&mut [0; 1]).await, Ok(0) | Err(_)), "{url}");
    }
    drop(third);
    eventually("a connection is closed and another one is accepted", || async {
        answers(&mut connect(&server.url).await).await
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn trusted_proxies_may_open_any_number_of_connections() {
    let server = builder()
        .with("MAX_CONNECTIONS_PER_ADDRESS", "1")
        .with("TRUSTED_PROXIES", "127.0.0.0/8")
        .spawn()
        .await;
    let mut connections = Vec::new();
    for _ in 0..5 {
        let mut stream = connect(&server.url).await;
        stream.write_all(b"GET /health HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
        assert!(matches!(stream.read(&mut [0; 12]).await, Ok(12)));
        connections.push(stream);
    }
}
