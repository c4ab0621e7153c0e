//! The gRPC server: its socket and graceful shutdown.

use std::{net::TcpListener, time::Duration};

use domain::error::chain;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::oneshot,
    task::JoinHandle,
    time::Instant,
};
use tonic::transport::{Server, server::TcpIncoming};

use super::{error::StartError, http::ANSWERING_SECONDS};
use crate::{
    config::{Config, GrpcPort},
    gateway::grpc::{Ingestion, ServiceGuard},
    internal::forward_spans::SpanForwarder,
    parts::Parts,
};

/// The timeout of a call.
const PATIENCE: Duration = Duration::from_secs(60);
/// The interval of keep-alive pings on idle connections.
const KEEP_ALIVE: Duration = Duration::from_secs(60);
/// The maximum number of concurrent calls per connection.
const STREAMS: u32 = 100;
/// How long calls in flight may take once the server is stopping; same as for HTTP.
const STOPPING: Duration = Duration::from_secs(ANSWERING_SECONDS);
/// How long the last responses may take, and connections without calls to close.
const CLOSING: Duration = Duration::from_secs(1);

/// A running server for OTLP over gRPC.
pub(super) struct Grpc {
    port: u16,
    /// Present until the server is told to stop.
    stop: Option<oneshot::Sender<()>>,
    /// The end of the graceful shutdown, once it has begun.
    deadline: Option<Instant>,
    /// Keeps the service running for connections, which have their own tasks.
    guard: ServiceGuard,
    task: JoinHandle<()>,
}

impl Grpc {
    /// Binds and serves, if this process runs the gateway and gRPC is enabled.
    pub(super) fn listen(config: &Config, parts: &Parts) -> Result<Option<Self>, StartError> {
        let Some(guard) = guard(parts)? else { return Ok(None) };
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
                    "OTLP over gRPC is disabled: cannot bind the default port"
                );
                return Ok(None);
            }
            Err(source) => return Err(StartError::Io { what: what(), source }),
        };
        let port = listener.local_addr().map_err(|source| StartError::Io { what: what(), source })?.port();
        let (stop, stopped) = oneshot::channel();
        let serving = Server::builder()
            .timeout(PATIENCE)
            .http2_keepalive_interval(Some(KEEP_ALIVE))
            .max_concurrent_streams(STREAMS)
            .serve_with_incoming_shutdown(
                guard.service(),
                TcpIncoming::from(listener).with_nodelay(Some(true)),
                // Stops on a message, or when the sender is dropped.
                async { drop(stopped.await) },
            );
        let task = tokio::spawn(async move {
            if let Err(error) = serving.await {
                tracing::error!(error = chain(&error), "gRPC server failed");
            }
        });
        Ok(Some(Self { port, stop: Some(stop), deadline: None, guard, task }))
    }

    /// Returns the port.
    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// Stops accepting calls.
    pub(super) fn begin_shutdown(&mut self) {
        if let Some(stop) = self.stop.take() {
            // The receiver no longer exists if the server has failed.
            let _ = stop.send(());
            self.deadline = Some(Instant::now() + STOPPING);
        }
    }

    /// Stops accepting calls and completes those in flight, or cancels them if they take too long.
    pub(super) async fn stop(mut self) {
        self.begin_shutdown();
        let deadline = self.deadline.unwrap_or_else(Instant::now);
        let in_flight = self.guard.in_flight();
        // Connections without calls that do not respond do not delay the shutdown.
        let idle = async {
            while {
                in_flight.none().await;
                tokio::time::sleep(CLOSING).await;
                in_flight.any()
            } {}
        };
        let stopped = tokio::time::timeout_at(deadline, async {
            tokio::select! {
                _ = &mut self.task => {}
                () = idle => {}
            }
        });
        if stopped.await.is_err() {
            tracing::warn!("gRPC calls did not complete in time; cancelling them");
            in_flight.end();
            // Leaves time to send the final responses.
            tokio::time::sleep(CLOSING).await;
        }
        in_flight.end();
        self.task.abort();
    }
}

fn guard(parts: &Parts) -> Result<Option<ServiceGuard>, StartError> {
    let Some(gateway) = &parts.gateway else { return Ok(None) };
    let ingestion = match (&parts.ingestion, &parts.peers) {
        (Some(ingestion), _) => Ingestion::Local(ingestion.clone()),
        (None, Some(peers)) => Ingestion::Remote(SpanForwarder::new(peers.clone())?),
        (None, None) => return Ok(None),
    };
    Ok(Some(ServiceGuard::new(gateway.clone(), ingestion, parts.metrics.clone())))
}

/// Waits for the signals that stop the HTTP server, which handles them itself. Poll this after the HTTP server: a
/// signal without a handler ends the process, and one handled only here would be lost.
pub(super) async fn stop_signal() {
    let (terminate, interrupt) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()));
    tokio::select! {
        () = wait_for(terminate) => {}
        () = wait_for(interrupt) => {}
    }
}

/// Waits forever if signals cannot be handled.
async fn wait_for(signal: std::io::Result<Signal>) {
    match signal {
        Ok(mut signal) => drop(signal.recv().await),
        Err(_) => std::future::pending().await,
    }
}
