//! A proxy between an exporter and its server: it can refuse connections, and drop a response after the server has processed
//! the request. The exporter keeps the same address, even if the server changes.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU16, AtomicUsize, Ordering},
    },
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Notify,
};

/// An exporter that has sent more bytes than this has sent spans, and not only a handshake.
const HANDSHAKE_BYTES: usize = 1000;

/// A proxy to a server.
pub struct Proxy {
    address: SocketAddr,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    /// The port of the server; 0 without a server.
    port: AtomicU16,
    refused: AtomicUsize,
    forwarded: AtomicUsize,
    /// Whether responses to spans are dropped.
    drops_responses: AtomicBool,
    cut: Notify,
}

impl Proxy {
    /// Starts a proxy without a server: it refuses every connection.
    pub async fn without_server() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let (address, state) = (listener.local_addr().unwrap(), Arc::new(State::default()));
        tokio::spawn(accept(listener, Arc::clone(&state)));
        Self { address, state }
    }

    /// Starts a proxy to this server.
    pub async fn to(url: &str) -> Self {
        let proxy = Self::without_server().await;
        proxy.forward_to(url);
        proxy
    }

    /// Forwards new connections to this server.
    pub fn forward_to(&self, url: &str) {
        let port = url.rsplit(':').next().unwrap().parse().unwrap();
        self.state.port.store(port, Ordering::SeqCst);
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns the number of refused connections.
    pub fn refused(&self) -> usize {
        self.state.refused.load(Ordering::SeqCst)
    }

    /// Returns the number of forwarded connections.
    pub fn forwarded(&self) -> usize {
        self.state.forwarded.load(Ordering::SeqCst)
    }

    /// Drops all further responses to spans.
    pub fn drop_responses(&self) {
        self.state.drops_responses.store(true, Ordering::SeqCst);
    }

    /// Cuts every connection and forwards later ones with their responses.
    pub fn reset(&self) {
        self.state.drops_responses.store(false, Ordering::SeqCst);
        self.state.cut.notify_waiters();
    }
}

async fn accept(listener: TcpListener, state: Arc<State>) {
    while let Ok((client, _)) = listener.accept().await {
        let port = state.port.load(Ordering::SeqCst);
        if port == 0 {
            state.refused.fetch_add(1, Ordering::SeqCst);
            continue;
        }
        state.forwarded.fetch_add(1, Ordering::SeqCst);
        let state = Arc::clone(&state);
        tokio::spawn(async move {
            let cut = state.cut.notified();
            let forward = async {
                if let Ok(server) = TcpStream::connect(("127.0.0.1", port)).await {
                    forward(client, server, &state).await;
                }
            };
            tokio::select! {
                () = cut => {}
                () = forward => {}
            }
        });
    }
}

async fn forward(client: TcpStream, server: TcpStream, state: &State) {
    let ((mut from_client, mut to_client), (mut from_server, mut to_server)) =
        (client.into_split(), server.into_split());
    let sent = AtomicUsize::new(0);
    let requests = async {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(read @ 1..) = from_client.read(&mut buffer).await {
            sent.fetch_add(read, Ordering::SeqCst);
            if to_server.write_all(&buffer[..read]).await.is_err() {
                break;
            }
        }
    };
    let responses = async {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(read @ 1..) = from_server.read(&mut buffer).await {
            let responds_to_spans = sent.load(Ordering::SeqCst) > HANDSHAKE_BYTES;
            if responds_to_spans && state.drops_responses.load(Ordering::SeqCst) {
                continue;
            }
            if to_client.write_all(&buffer[..read]).await.is_err() {
                break;
            }
        }
    };
    tokio::select! {
        () = requests => {}
        () = responses => {}
    }
}
