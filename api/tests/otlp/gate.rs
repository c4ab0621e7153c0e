//! What lies between an exporter and its server: a network that can be closed, and that can lose an answer after the server
//! has done what it was asked for. The exporter keeps its one address, whichever server is behind.

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

/// What an exporter has said when it has sent its spans, and not when it has only greeted.
const MORE_THAN_A_GREETING: usize = 1000;

/// The way to a server.
pub struct Gate {
    address: SocketAddr,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    /// The server's port; 0 while nobody is behind.
    port: AtomicU16,
    turned_away: AtomicUsize,
    let_through: AtomicUsize,
    /// Whether what the server answers to spans is kept back.
    keeps_answers: AtomicBool,
    cut: Notify,
}

impl Gate {
    /// A gate that nobody is behind: who comes is turned away.
    pub async fn closed() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let (address, state) = (listener.local_addr().unwrap(), Arc::new(State::default()));
        tokio::spawn(accept(listener, Arc::clone(&state)));
        Self { address, state }
    }

    /// A gate before this server.
    pub async fn before(url: &str) -> Self {
        let gate = Self::closed().await;
        gate.open(url);
        gate
    }

    /// Lets through to this server.
    pub fn open(&self, url: &str) {
        let port = url.rsplit(':').next().unwrap().parse().unwrap();
        self.state.port.store(port, Ordering::SeqCst);
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many have been turned away.
    pub fn turned_away(&self) -> usize {
        self.state.turned_away.load(Ordering::SeqCst)
    }

    /// How many connections have been let through.
    pub fn let_through(&self) -> usize {
        self.state.let_through.load(Ordering::SeqCst)
    }

    /// Keeps back what is answered to spans from now on.
    pub fn keep_answers(&self) {
        self.state.keeps_answers.store(true, Ordering::SeqCst);
    }

    /// Cuts every connection, with all answers in them; what comes after goes through whole.
    pub fn lose_answers(&self) {
        self.state.keeps_answers.store(false, Ordering::SeqCst);
        self.state.cut.notify_waiters();
    }
}

async fn accept(listener: TcpListener, state: Arc<State>) {
    while let Ok((near, _)) = listener.accept().await {
        let port = state.port.load(Ordering::SeqCst);
        if port == 0 {
            state.turned_away.fetch_add(1, Ordering::SeqCst);
            continue;
        }
        state.let_through.fetch_add(1, Ordering::SeqCst);
        let state = Arc::clone(&state);
        tokio::spawn(async move {
            let cut = state.cut.notified();
            let pass = async {
                if let Ok(far) = TcpStream::connect(("127.0.0.1", port)).await {
                    pass(near, far, &state).await;
                }
            };
            tokio::select! {
                () = cut => {}
                () = pass => {}
            }
        });
    }
}

async fn pass(near: TcpStream, far: TcpStream, state: &State) {
    let ((mut from_near, mut to_near), (mut from_far, mut to_far)) = (near.into_split(), far.into_split());
    let said = AtomicUsize::new(0);
    let there = async {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(read @ 1..) = from_near.read(&mut buffer).await {
            said.fetch_add(read, Ordering::SeqCst);
            if to_far.write_all(&buffer[..read]).await.is_err() {
                break;
            }
        }
    };
    let back = async {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(read @ 1..) = from_far.read(&mut buffer).await {
            let is_answer = said.load(Ordering::SeqCst) > MORE_THAN_A_GREETING;
            if is_answer && state.keeps_answers.load(Ordering::SeqCst) {
                continue;
            }
            if to_near.write_all(&buffer[..read]).await.is_err() {
                break;
            }
        }
    };
    tokio::select! {
        () = there => {}
        () = back => {}
    }
}
