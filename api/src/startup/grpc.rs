//! The gRPC server: binding its port, and a graceful shutdown together with the HTTP server.

use std::{future::ready, net::TcpListener, sync::Arc, time::Duration};

use domain::error::chain;
use futures_util::StreamExt;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::oneshot,
    task::JoinHandle,
    time::Instant,
};
use tonic::transport::{Server, server::TcpIncoming};

use super::{
    connection::{ClientTimeouts, Connection},
    connection_limit::ConnectionLimit,
    error::StartError,
    http::SHUTDOWN_TIMEOUT_SECONDS,
};
use crate::{
    config::{Config, GrpcPort},
    gateway::grpc::{Ingestion, ServiceGuard},
    process_state::ProcessState,
};

/// The timeout of a call.
const CALL_TIMEOUT: Duration = Duration::from_secs(60);
/// The interval of keep-alive pings on idle connections.
const KEEP_ALIVE: Duration = Duration::from_secs(60);
/// The maximum number of concurrent calls of a connection.
const MAX_CONCURRENT_CALLS: u32 = 100;
/// The maximum duration of calls in flight once the server is stopping, the same as for HTTP requests.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(SHUTDOWN_TIMEOUT_SECONDS);
/// The time in which last responses are sent and idle connections are closed.
const CLOSE_DELAY: Duration = Duration::from_secs(1);

/// A running server for OTLP over gRPC.
pub(super) struct Grpc {
    /// The bound port.
    pub(super) port: u16,
    /// Requests the stop; `None` once it was requested.
    stop: Option<oneshot::Sender<()>>,
    /// When the server must have stopped; `None` until the stop is requested.
    deadline: Option<Instant>,
    /// The state that connections use in their own tasks.
    open: ServiceGuard,
    task: JoinHandle<()>,
}

impl Grpc {
    /// Binds the port and starts to serve, if the gateway runs here and gRPC is not turned off.
    pub(super) fn listen(
        config: &Config,
        state: &ProcessState,
        limit: &ConnectionLimit,
    ) -> Result<Option<Self>, StartError> {
        let Some(open) = open(state, config.client_timeout) else { return Ok(None) };
        let (port, needed) = match config.otlp_grpc {
            GrpcPort::Off => return Ok(None),
            GrpcPort::Default => (GrpcPort::DEFAULT, false),
            GrpcPort::Set(port) => (port, true),
        };
        let what = || format!("cannot listen on SERVICE_HOST={} OTLP_GRPC_PORT={port}", config.host);
        let listener = TcpListener::bind((config.host, port)).and_then(|listener| {
            listener.set_nonblocking(true)?;
            tokio::net::TcpListener::from_std(listener)
        });
        let listener = match listener {
            Ok(listener) => listener,
            Err(error) if !needed => {
                tracing::warn!(
                    port,
                    error = chain(&error),
                    "OTLP over gRPC is off, cannot bind its default port"
                );
                return Ok(None);
            }
            Err(source) => return Err(StartError::Io { what: what(), source }),
        };
        let port = listener.local_addr().map_err(|source| StartError::Io { what: what(), source })?.port();
        let (timeouts, limit) = (ClientTimeouts::new(config.client_timeout, KEEP_ALIVE), limit.clone());
        let connections = TcpIncoming::from(listener).with_nodelay(Some(true)).filter_map(move |accepted| {
            ready(accepted.and_then(|stream| Ok((stream.peer_addr()?, stream))).map_or_else(
                |error| Some(Err(error)),
                |(peer, stream)| {
                    // Dropping the stream closes the connection.
                    let permit = limit.admit(peer).ok()?;
                    Some(Ok(Connection::http2(stream, timeouts, permit)))
                },
            ))
        });
        let (stop, stopped) = oneshot::channel();
        let serving = Server::builder()
            .timeout(CALL_TIMEOUT)
            .http2_keepalive_interval(Some(KEEP_ALIVE))
            .max_concurrent_streams(MAX_CONCURRENT_CALLS)
            .serve_with_incoming_shutdown(
                open.service(),
                connections,
                // Stops on a request, or when the sender is dropped.
                async { drop(stopped.await) },
            );
        let task = tokio::spawn(async move {
            if let Err(error) = serving.await {
                tracing::error!(error = chain(&error), "gRPC server failed");
            }
        });
        Ok(Some(Self { port, stop: Some(stop), deadline: None, open, task }))
    }

    /// Stops accepting calls.
    pub(super) fn request_stop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // Fails if the server has failed before.
            let _ = stop.send(());
            self.deadline = Some(Instant::now() + SHUTDOWN_TIMEOUT);
        }
    }

    /// Stops accepting calls, and finishes those in flight, or rejects them at the deadline.
    pub(super) async fn stop(mut self) {
        self.request_stop();
        let deadline = self.deadline.unwrap_or_else(Instant::now);
        let in_flight = self.open.in_flight();
        // Idle connections that do not close must not delay the stop.
        let idle = async {
            while {
                in_flight.wait_until_idle().await;
                tokio::time::sleep(CLOSE_DELAY).await;
                in_flight.is_active()
            } {}
        };
        let stopped = tokio::time::timeout_at(deadline, async {
            tokio::select! {
                _ = &mut self.task => {}
                () = idle => {}
            }
        });
        if stopped.await.is_err() {
            tracing::warn!("gRPC calls did not finish in time, rejecting them");
            in_flight.cancel();
            // Their responses must be sent.
            tokio::time::sleep(CLOSE_DELAY).await;
        }
        in_flight.cancel();
        self.task.abort();
    }
}

fn open(state: &ProcessState, client_timeout: Duration) -> Option<ServiceGuard> {
    let gateway = state.gateway.as_ref()?;
    let ingestion = match (&state.ingestion, &state.peers) {
        (Some(ingestion), _) => Ingestion::Local(ingestion.clone()),
        (None, Some(peers)) => Ingestion::Remote(Arc::new(peers.clone())),
        (None, None) => return None,
    };
    Some(ServiceGuard::new(gateway.clone(), ingestion, state.metrics.clone(), client_timeout))
}

/// Waits for the signals that stop the HTTP server, which has its own handlers. Poll it after the HTTP server: a signal without
/// a handler ends the process, and a signal that only this function handles would not stop the HTTP server.
pub(super) async fn stop_requested() {
    let (terminate, interrupt) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()));
    tokio::select! {
        () = arrives(terminate) => {}
        () = arrives(interrupt) => {}
    }
}

/// Waits for a signal; forever if no handler can be installed.
async fn arrives(signal: std::io::Result<Signal>) {
    match signal {
        Ok(mut signal) => drop(signal.recv().await),
        Err(_) => std::future::pending().await,
    }
}
