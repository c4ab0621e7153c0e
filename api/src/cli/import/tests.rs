//! The import, with a scripted server on a real socket.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::{io::Cursor, sync::Mutex};

use clap::{Command, FromArgMatches};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader as AsyncBufReader},
    net::{TcpListener, TcpStream},
};

use super::*;

/// A request as received by the server.
#[derive(Clone, Debug)]
struct Seen {
    head: String,
    body: Value,
}

impl Seen {
    fn ids(&self) -> Vec<&str> {
        self.body["traces"]
            .as_array()
            .unwrap()
            .iter()
            .map(|trace| trace["trace_id"].as_str().unwrap())
            .collect()
    }
}

/// A server whose responses (status, headers and body) `respond` returns.
struct Server {
    url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    async fn start(respond: impl Fn(usize, &Seen) -> (&'static str, String) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (all, respond) = (Arc::clone(&seen), Arc::new(respond));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&all), Arc::clone(&respond)));
            }
        });
        Self { url, seen }
    }

    fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    async fn import(&self, text: &str, options: &[&str]) -> (Result<(), ImportError>, Arc<Report>) {
        let args = args(&[&["-", "--url", &self.url, "--api-key", "ao_key"], options].concat());
        let report = Arc::new(Report::start(None));
        let result = import(&args, Cursor::new(text.to_owned().into_bytes()), &report).await;
        (result, report)
    }
}

async fn serve(
    stream: TcpStream,
    all: Arc<Mutex<Vec<Seen>>>,
    respond: Arc<impl Fn(usize, &Seen) -> (&'static str, String)>,
) {
    let mut stream = AsyncBufReader::new(stream);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if stream.read_line(&mut head).await.unwrap_or(0) == 0 {
                return;
            }
        }
        let head = head.to_ascii_lowercase();
        let length = head.split("content-length: ").nth(1).unwrap().lines().next().unwrap().parse().unwrap();
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.unwrap();
        let seen = Seen { head, body: serde_json::from_slice(&body).unwrap() };
        let (status, text) = respond(all.lock().unwrap().len(), &seen);
        all.lock().unwrap().push(seen);
        let length = text.len();
        let response = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n{text}");
        stream.write_all(response.as_bytes()).await.unwrap();
    }
}

fn args(words: &[&str]) -> ImportArgs {
    let command = ImportArgs::augment_args(Command::new("import").no_binary_name(true));
    ImportArgs::from_arg_matches(&command.try_get_matches_from(words).unwrap()).unwrap()
}

fn lines(count: usize) -> String {
    (1..=count).map(|number| format!("{{\"trace_id\":\"t{number}\",\"agent_id\":\"a\"}}\n")).collect()
}

fn take_all(seen: &Seen) -> (&'static str, String) {
    ("202 Accepted", format!("{{\"accepted\":{},\"rejected\":[]}}", seen.ids().len()))
}

#[tokio::test]
async fn sends_all_lines_once_in_batches_with_the_key() {
    let server = Server::start(|_, seen| take_all(seen)).await;
    let (result, report) = server.import(&lines(25), &["--batch", "10", "--parallel", "3"]).await;
    result.unwrap();
    assert_eq!((report.accepted(), report.invalid_lines()), (25, 0));
    let seen = server.seen();
    assert_eq!(seen.len(), 3);
    assert!(seen.iter().all(|seen| seen.head.starts_with("post /api/v1/traces/batch ")));
    assert!(seen.iter().all(|seen| seen.head.contains("authorization: bearer ao_key\r\n")));
    let mut ids: Vec<_> = seen.iter().flat_map(Seen::ids).collect();
    ids.sort_by_key(|id| id[1..].parse::<u32>().unwrap());
    assert_eq!(ids, (1..=25).map(|number| format!("t{number}")).collect::<Vec<_>>());
}

#[tokio::test]
async fn retries_a_batch_when_the_server_is_busy() {
    let server = Server::start(|nth, seen| match nth {
        0 => (
            "503 Service Unavailable\r\nRetry-After: 0",
            r#"{"detail":"Full","code":"queue_full"}"#.to_owned(),
        ),
        1 => (
            "429 Too Many Requests\r\nRetry-After: 0",
            r#"{"detail":"Slow","code":"rate_limited"}"#.to_owned(),
        ),
        _ => take_all(seen),
    })
    .await;
    let (result, report) = server.import(&lines(3), &[]).await;
    result.unwrap();
    assert_eq!((report.accepted(), server.seen().len()), (3, 3));
}

#[tokio::test]
async fn gives_up_on_a_server_that_is_always_busy() {
    let server = Server::start(|_, _| ("503 Service Unavailable\r\nRetry-After: 0", String::new())).await;
    let (result, report) = server.import(&lines(3), &["--parallel", "1"]).await;
    let error = result.unwrap_err().to_string();
    assert!(error.contains("503") && error.contains("failed after 8 attempts"), "{error}");
    assert_eq!((report.accepted(), server.seen().len()), (0, 8));
}

#[tokio::test]
async fn counts_rejected_and_invalid_lines_and_continues() {
    let server = Server::start(|_, seen| {
        assert_eq!(seen.ids(), ["t1", "t3", "t4"]);
        (
            "202 Accepted",
            r#"{"accepted":2,"rejected":[{"index":1,"detail":"latency_ms is required"}]}"#.to_owned(),
        )
    })
    .await;
    let text = lines(4).replace("{\"trace_id\":\"t2\",", "{oops");
    let (result, report) = server.import(&text, &[]).await;
    result.unwrap();
    assert_eq!((report.accepted(), report.invalid_lines()), (2, 2));
}

#[tokio::test]
async fn halves_a_rejected_batch_until_it_finds_the_invalid_line() {
    let server = Server::start(|_, seen| {
        if seen.ids().contains(&"t6") {
            ("400 Bad Request", r#"{"detail":"The body is not valid JSON","code":"bad_request"}"#.to_owned())
        } else {
            take_all(seen)
        }
    })
    .await;
    let (result, report) = server.import(&lines(9), &[]).await;
    result.unwrap();
    assert_eq!((report.accepted(), report.invalid_lines()), (8, 1));
}

#[tokio::test]
async fn stops_at_a_rejected_key_without_showing_it() {
    let body = r#"{"detail":"Unknown API key","code":"unauthorized"}"#;
    let server = Server::start(|_, _| ("401 Unauthorized", body.to_owned())).await;
    let (result, _) = server.import(&lines(100), &["--batch", "1", "--parallel", "1"]).await;
    let error = result.unwrap_err().to_string();
    assert!(error.contains("rejected") && error.contains("Unknown API key"), "{error}");
    assert!(
        !error.contains("ao_key") && !format!("{:?}", args(&["-", "--api-key", "ao_key"])).contains("ao_key")
    );
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn reports_a_redirect_without_following_it() {
    let server =
        Server::start(|_, _| ("301 Moved Permanently\r\nLocation: https://example.com/", String::new()))
            .await;
    let (result, _) = server.import(&lines(1), &[]).await;
    assert!(result.unwrap_err().to_string().contains("redirects to https://example.com/"));
}

#[tokio::test]
async fn gives_up_sooner_on_a_server_that_never_responds() {
    // The listener is dropped, so that no server listens on this port.
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let args = args(&["-", "--api-key", "ao_key", "--url", &format!("http://127.0.0.1:{port}")]);
    let report = Arc::new(Report::start(None));
    let error = import(&args, Cursor::new(lines(1).into_bytes()), &report).await.unwrap_err().to_string();
    assert!(error.contains("does not respond") && error.contains("failed after 3 attempts"), "{error}");
}
