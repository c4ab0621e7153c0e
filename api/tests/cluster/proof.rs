//! Requests between roles as an attacker on their network sees them: a recorded request can be repeated only unchanged, and
//! only to the same role.

use std::sync::{Arc, Mutex};

use serde_json::json;
use test_support::client::Client;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::stack::{Plan, Stack, free_port, port_of};

/// Records what the gateway sends to `port`, and forwards it.
async fn recorder(port: u16) -> (String, Arc<Mutex<Vec<u8>>>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let recorded = Arc::new(Mutex::new(Vec::new()));
    let recording = Arc::clone(&recorded);
    tokio::spawn(async move {
        while let Ok((near, _)) = listener.accept().await {
            let recording = Arc::clone(&recording);
            tokio::spawn(async move {
                let far = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                let ((mut from, mut back), (mut replies, mut to)) = (near.into_split(), far.into_split());
                tokio::spawn(async move { tokio::io::copy(&mut replies, &mut back).await });
                let mut bytes = [0; 16 * 1024];
                while let Ok(count @ 1..) = from.read(&mut bytes).await {
                    recording.lock().unwrap().extend_from_slice(&bytes[..count]);
                    to.write_all(&bytes[..count]).await.unwrap();
                }
            });
        }
    });
    (url, recorded)
}

/// Sends a request with a new connection, and returns its status.
async fn status_of(port: u16, request: &str) -> u16 {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut reply = [0; 12];
    stream.read_exact(&mut reply).await.unwrap();
    String::from_utf8_lossy(&reply[9..]).parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn recorded_request_is_rejected_with_another_body_or_by_another_role() {
    let port = free_port();
    let (url, recorded) = recorder(port).await;
    let plan = Plan { ingestions: 0, ..Plan::default() }.with("INGESTION_SERVICE_URL", &url);
    let mut stack = Stack::start(plan).await;
    stack.ingestions.push(stack.run("ingestion", port));
    let ada = stack.member("ada").await;
    let trace = json!({"trace_id": "recorded", "agent_id": "a", "latency_ms": 1, "status": "success"});
    ada.send_trace(&trace).await.expect(202);

    let request = String::from_utf8(recorded.lock().unwrap().clone()).unwrap();
    assert!(request.starts_with("POST /api/v1/traces HTTP/1.1\r\n"), "{request}");
    assert_eq!(status_of(port, &request).await, 202, "unchanged, within half a minute: {request}");
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let chunked: String = head
        .lines()
        .filter(|line| !line.starts_with("content-length"))
        .fold(String::new(), |lines, line| lines + line + "\r\n");
    for changed in [
        request.replace("recorded", "replaced"),
        request.replace(r#""a""#, r#""b""#),
        format!("{chunked}transfer-encoding: chunked\r\n\r\n{:x}\r\n{body} \r\n0\r\n\r\n", body.len() + 1),
        format!("{chunked}content-length: 0\r\n\r\n"),
        request.replace("POST /api/v1/traces HTTP", "POST /api/v1/traces/batch HTTP"),
    ] {
        assert_ne!(changed, request);
        assert_eq!(status_of(port, &changed).await, 403, "{changed}");
    }
    assert_eq!(status_of(port_of(&stack.queries[0]), &request).await, 403, "the proof is for another role");
    let read = request.replace("POST", "GET");
    assert_eq!(status_of(port_of(&stack.queries[0]), &read).await, 403);
    let direct = Client::new(&stack.ingestions[0].url).post("/api/v1/traces", &trace).await;
    direct.expect_error(403, "forbidden");
    ada.get_fresh("/api/v1/traces/replaced").await.expect(404);
}
