//! A receiver of webhooks on a free port, with configurable responses.

use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    sync::Semaphore,
};
use tokio_rustls::TlsAcceptor;

use crate::tls::Stream;

/// The response to a request.
#[derive(Clone)]
pub enum Reply {
    /// A status, additional header lines and a body.
    Status(u16, &'static str, &'static str),
    /// No response; the connection stays open.
    NoResponse,
    /// Closes the connection without a response.
    Close,
    /// Status 500 with an endless body.
    EndlessBody,
    /// Status 200 as soon as a permit is available.
    OnPermit(Arc<Semaphore>),
}

/// A received request.
#[derive(Clone, Debug)]
pub struct Received {
    pub path: String,
    /// Headers by lowercase name.
    pub headers: HashMap<String, String>,
    pub body: Vec<u8>,
}

impl Received {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub fn id(&self) -> String {
        self.headers["webhook-id"].clone()
    }
}

#[derive(Default)]
struct State {
    received: Mutex<Vec<Received>>,
    replies: Mutex<VecDeque<Reply>>,
    concurrent: AtomicUsize,
    max_concurrent: AtomicUsize,
}

pub struct Receiver {
    pub port: u16,
    state: Arc<State>,
    task: tokio::task::JoinHandle<()>,
}

impl Receiver {
    /// Starts a receiver that sends the responses in order, then 200.
    pub async fn start(replies: impl IntoIterator<Item = Reply>) -> Self {
        Self::start_with(replies, None).await
    }

    /// Starts a receiver with TLS.
    pub async fn encrypted(acceptor: TlsAcceptor) -> Self {
        Self::start_with([], Some(acceptor)).await
    }

    async fn start_with(replies: impl IntoIterator<Item = Reply>, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state =
            Arc::new(State { replies: Mutex::new(replies.into_iter().collect()), ..State::default() });
        let task = tokio::spawn({
            let state = state.clone();
            async move {
                while let Ok((stream, _)) = listener.accept().await {
                    let (state, tls) = (state.clone(), tls.clone());
                    tokio::spawn(async move {
                        let stream: Stream = match tls {
                            None => Box::new(stream),
                            Some(acceptor) => match acceptor.accept(stream).await {
                                Ok(stream) => Box::new(stream),
                                // The client rejected the certificate.
                                Err(_) => return,
                            },
                        };
                        serve(stream, state).await;
                    });
                }
            }
        });
        Self { port, state, task }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hook?a=b", self.port)
    }

    pub fn received(&self) -> Vec<Received> {
        self.state.received.lock().unwrap().clone()
    }

    pub fn count(&self) -> usize {
        self.state.received.lock().unwrap().len()
    }

    /// Returns the highest number of concurrent requests.
    pub fn max_concurrent(&self) -> usize {
        self.state.max_concurrent.load(Ordering::SeqCst)
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut stream: Stream, state: Arc<State>) {
    let Some(received) = read(&mut stream).await else { return };
    let concurrent = state.concurrent.fetch_add(1, Ordering::SeqCst) + 1;
    state.max_concurrent.fetch_max(concurrent, Ordering::SeqCst);
    state.received.lock().unwrap().push(received);
    let reply = state.replies.lock().unwrap().pop_front().unwrap_or(Reply::Status(200, "", ""));
    let (status, headers, body) = match reply {
        Reply::Status(status, headers, body) => (status, headers, body),
        Reply::NoResponse => {
            // Waits until the client closes the connection.
            let _ = stream.read(&mut [0; 1]).await;
            state.concurrent.fetch_sub(1, Ordering::SeqCst);
            return;
        }
        Reply::Close => (0, "", ""),
        Reply::EndlessBody => {
            let head = "HTTP/1.1 500 Internal Server Error\r\nTransfer-Encoding: chunked\r\n\r\n";
            let mut sent = stream.write_all(head.as_bytes()).await;
            while sent.is_ok() {
                sent = stream.write_all(format!("1000\r\n{}\r\n", "x".repeat(4096)).as_bytes()).await;
            }
            (0, "", "")
        }
        Reply::OnPermit(permits) => {
            permits.acquire().await.unwrap().forget();
            (200, "", "")
        }
    };
    state.concurrent.fetch_sub(1, Ordering::SeqCst);
    if status > 0 {
        let length = body.len();
        let reply = format!(
            "HTTP/1.1 {status} Test\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        );
        let _ = stream.write_all(reply.as_bytes()).await;
        let _ = stream.shutdown().await;
    }
}

async fn read(stream: &mut Stream) -> Option<Received> {
    let mut bytes = Vec::new();
    let head = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        (stream.read_buf(&mut bytes).await.ok()? > 0).then_some(())?;
    };
    let text = String::from_utf8(bytes[..head].to_vec()).unwrap();
    let mut lines = text.lines();
    let path = lines.next().unwrap().strip_prefix("POST ").unwrap().split(' ').next().unwrap().to_owned();
    let headers: HashMap<_, _> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length: usize = headers["content-length"].parse().unwrap();
    while bytes.len() < head + length {
        (stream.read_buf(&mut bytes).await.ok()? > 0).then_some(())?;
    }
    Some(Received { path, headers, body: bytes[head..].to_vec() })
}
