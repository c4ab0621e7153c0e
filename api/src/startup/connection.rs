//! The connection of a client. It fails if the server waits too long for the client: for the rest of a request head, for the
//! rest of a body that no handler reads, or for a client that does not read a response.

use std::{
    io::{ErrorKind, IoSlice, Result},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Instant, Sleep, sleep_until},
};
use tonic::transport::server::{Connected, TcpConnectInfo};

use super::connection_limit::Permit;

/// The maximum time for receiving a request head.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// The length of the first message of a connection with HTTP/2.
const PREFACE_BYTES: usize = 24;

/// How long the server waits for a client.
#[derive(Clone, Copy, Debug)]
pub(super) struct ClientTimeouts {
    /// For the rest of a request head.
    pub(super) head: Duration,
    /// For the first byte of the next request.
    pub(super) idle: Duration,
    /// For a client that does not read a response.
    pub(super) write: Duration,
}

impl ClientTimeouts {
    /// Returns the timeouts for clients that may be slow for `client` and idle for `idle`.
    pub(super) fn new(client: Duration, idle: Duration) -> Self {
        Self { head: HEAD_TIMEOUT.min(client), idle, write: client }
    }
}

/// Since when the server has waited for the client. Clones share the state with the connection.
#[derive(Clone, Debug, Default)]
pub(super) struct ClientWait(Arc<Mutex<Wait>>);

#[derive(Debug, Default)]
struct Wait {
    /// `None` while a request is handled.
    since: Option<Instant>,
    /// Whether a part of the request was received.
    has_begun: bool,
    /// Whether the last body was not read to its end. HTTP/1 receives the rest before the next request.
    has_unread_body: bool,
}

impl ClientWait {
    /// Returns the state of a connection that must send its first message.
    fn begun() -> Self {
        Self(Arc::new(Mutex::new(Wait {
            since: Some(Instant::now()),
            has_begun: true,
            has_unread_body: false,
        })))
    }

    /// Ends the wait until the returned value is dropped, at the end of a response.
    pub(super) fn suspend(&self) -> Suspended {
        *self.lock() = Wait::default();
        Suspended(self.clone())
    }

    /// Records whether the body of the handled request was read to its end.
    pub(super) fn set_unread_body(&self, is_unread: bool) {
        self.lock().has_unread_body = is_unread;
    }

    fn lock(&self) -> MutexGuard<'_, Wait> {
        // No operation leaves the state inconsistent.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request that is handled, or its response that is sent.
#[derive(Debug)]
pub(super) struct Suspended(ClientWait);

impl Drop for Suspended {
    fn drop(&mut self) {
        let mut wait = self.0.lock();
        wait.since = Some(Instant::now());
        wait.has_begun = wait.has_unread_body;
    }
}

/// A connection with deadlines.
pub(super) struct Connection {
    stream: TcpStream,
    timeouts: ClientTimeouts,
    wait: ClientWait,
    /// The number of bytes until the wait ends, if it ends with the first message.
    preface: usize,
    timer: Timer,
    stall_timer: Timer,
    /// When the client stopped reading.
    stalled_at: Option<Instant>,
    _permit: Option<Permit>,
}

impl Connection {
    /// Creates a connection of HTTP/1. The first request head is not waited for here, but by actix, which responds with 408.
    pub(super) fn http1(stream: TcpStream, timeouts: ClientTimeouts, permit: Option<Permit>) -> Self {
        // A compressed response is sent in several parts. Otherwise each would wait until the client acknowledges the previous
        // one, up to 40 ms. If it fails, the connection is closed already.
        let _ = stream.set_nodelay(true);
        Self {
            stream,
            timeouts,
            wait: ClientWait::default(),
            preface: 0,
            timer: Timer::default(),
            stall_timer: Timer::default(),
            stalled_at: None,
            _permit: permit,
        }
    }

    /// Creates a connection of HTTP/2. After the first message, pings find out whether the client is there.
    pub(super) fn http2(stream: TcpStream, timeouts: ClientTimeouts, permit: Option<Permit>) -> Self {
        Self { wait: ClientWait::begun(), preface: PREFACE_BYTES, ..Self::http1(stream, timeouts, permit) }
    }

    /// Returns the state that the middleware of HTTP/1 changes.
    pub(super) fn wait(&self) -> ClientWait {
        self.wait.clone()
    }

    /// Records that bytes were received.
    fn received(&mut self, bytes: usize) {
        let mut wait = self.wait.lock();
        if bytes > 0 && self.preface > 0 {
            self.preface = self.preface.saturating_sub(bytes);
            if self.preface == 0 {
                wait.since = None;
            }
        } else if bytes > 0 && !wait.has_begun && wait.since.is_some() {
            wait.since = Some(Instant::now());
            wait.has_begun = true;
        }
    }

    /// Returns an error if the server has waited too long for the client, and otherwise wakes the task when it has.
    fn check_wait(&mut self, context: &mut Context<'_>) -> Result<()> {
        let deadline = {
            let wait = self.wait.lock();
            let timeout = if wait.has_begun { self.timeouts.head } else { self.timeouts.idle };
            wait.since.map(|since| since + timeout)
        };
        self.timer.check(deadline, context)
    }

    /// Like [`Self::check_wait`], for a client that does not read.
    fn check_write<T>(&mut self, written: Poll<Result<T>>, context: &mut Context<'_>) -> Poll<Result<T>> {
        if written.is_ready() {
            self.stalled_at = None;
            return written;
        }
        let stalled_at = *self.stalled_at.get_or_insert_with(Instant::now);
        self.stall_timer.check(Some(stalled_at + self.timeouts.write), context)?;
        Poll::Pending
    }
}

/// A timer that is created when it is needed.
#[derive(Default)]
struct Timer(Option<Pin<Box<Sleep>>>);

impl Timer {
    /// Returns an error if the deadline has passed, and otherwise wakes the task when it has.
    fn check(&mut self, deadline: Option<Instant>, context: &mut Context<'_>) -> Result<()> {
        let Some(deadline) = deadline else { return Ok(()) };
        let sleep = self.0.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        // An earlier time is left alone: resetting the timer for each request costs more than one that elapses early.
        if sleep.deadline() > deadline || sleep.is_elapsed() {
            sleep.as_mut().reset(deadline);
        }
        while sleep.as_mut().poll(context).is_ready() {
            if Instant::now() >= deadline {
                return Err(ErrorKind::TimedOut.into());
            }
            sleep.as_mut().reset(deadline);
        }
        Ok(())
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        let filled = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if read.is_ready() {
            let bytes = buffer.filled().len() - filled;
            self.received(bytes);
        }
        // Also checked if there are bytes: a slow client always sends some.
        self.check_wait(context)?;
        read
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.check_write(written, context)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(context))?;
        // HTTP/1 flushes at the end of a response. Nothing else may wake the task if the client sends nothing.
        self.check_wait(context)?;
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, buffers);
        self.check_write(written, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

impl Connected for Connection {
    type ConnectInfo = TcpConnectInfo;

    fn connect_info(&self) -> TcpConnectInfo {
        self.stream.connect_info()
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
        time::timeout,
    };

    use super::*;

    /// Returns both ends of a connection.
    async fn connection(
        connect: fn(TcpStream, ClientTimeouts, Option<Permit>) -> Connection,
    ) -> (Connection, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let timeouts = ClientTimeouts::new(Duration::from_millis(200), Duration::from_millis(400));
        (connect(listener.accept().await.unwrap().0, timeouts, None), client)
    }

    /// Fails if nothing is returned in time.
    async fn in_time<T>(result: impl Future<Output = T>) -> T {
        timeout(Duration::from_secs(20), result).await.unwrap()
    }

    fn is_late<T>(result: &Result<T>) -> bool {
        result.as_ref().is_err_and(|error| error.kind() == ErrorKind::TimedOut)
    }

    #[tokio::test]
    async fn parts_of_a_response_are_sent_without_delay() {
        for connect in [Connection::http1, Connection::http2] {
            let (server, _client) = connection(connect).await;
            assert!(server.stream.nodelay().unwrap());
        }
    }

    #[tokio::test]
    async fn a_client_that_does_not_read_is_disconnected() {
        let (mut server, _client) = connection(Connection::http1).await;
        let bytes = vec![0; 64 * 1024 * 1024];
        assert!(
            is_late(&in_time(server.write_all(&bytes)).await),
            "more than the buffers of the system hold"
        );
    }

    #[tokio::test]
    async fn an_idle_client_is_disconnected_but_not_while_its_request_is_handled() {
        let (mut server, _client) = connection(Connection::http1).await;
        let handled = server.wait().suspend();
        let mut byte = [0; 1];
        let during = timeout(Duration::from_secs(1), server.read(&mut byte)).await;
        assert!(during.is_err(), "{during:?}");
        drop(handled);
        assert!(is_late(&in_time(server.read(&mut byte)).await));
    }

    #[tokio::test]
    async fn a_connection_of_http2_must_begin_and_may_then_be_idle() {
        let (mut server, mut client) = connection(Connection::http2).await;
        client.write_all(b"PRI").await.unwrap();
        let mut bytes = [0; 64];
        assert_eq!(in_time(server.read(&mut bytes)).await.unwrap(), 3);
        assert!(is_late(&in_time(server.read(&mut bytes)).await));
        let (mut server, mut client) = connection(Connection::http2).await;
        client.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
        assert_eq!(in_time(server.read(&mut bytes)).await.unwrap(), PREFACE_BYTES);
        assert!(timeout(Duration::from_secs(1), server.read(&mut bytes)).await.is_err());
    }
}
