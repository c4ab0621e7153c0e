//! The gRPC side: its socket, and stopping with the rest.

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
    gateway::grpc::{Ingestion, Open},
    internal::hand_on::HandOn,
    parts::Parts,
};

/// How long a message may take to arrive and be kept.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often a silent connection is asked whether it is still there.
const KEEP_ALIVE: Duration = Duration::from_secs(60);
/// Messages of one connection at once.
const STREAMS: u32 = 100;
/// How long calls that are under way may take once told to stop: as long as HTTP's.
const STOPPING: Duration = Duration::from_secs(ANSWERING_SECONDS);
/// How long the last answers may be on their way, and connections without calls take to close.
const CLOSING: Duration = Duration::from_secs(1);

/// A running server of OTLP over gRPC.
pub(super) struct Grpc {
    port: u16,
    /// There until it is told to stop.
    stop: Option<oneshot::Sender<()>>,
    /// When it must have stopped, once it is told to.
    deadline: Option<Instant>,
    /// There until connections, which have tasks of their own, may not reach anything any more.
    open: Open,
    task: JoinHandle<()>,
}

impl Grpc {
    /// Binds and serves, where the gateway runs and the setting does not say otherwise.
    pub(super) fn listen(config: &Config, parts: &Parts) -> Result<Option<Self>, StartError> {
        let Some(open) = open(parts)? else { return Ok(None) };
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
                    "OTLP is not taken over gRPC: the port cannot be had"
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
                open.service(),
                TcpIncoming::from(listener).with_nodelay(Some(true)),
                // By a word, or by the end of whoever could say it.
                async { drop(stopped.await) },
            );
        let task = tokio::spawn(async move {
            if let Err(error) = serving.await {
                tracing::error!(error = chain(&error), "the gRPC server broke");
            }
        });
        Ok(Some(Self { port, stop: Some(stop), deadline: None, open, task }))
    }

    /// The port that is listened on.
    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// Takes no more calls.
    pub(super) fn begin_to_stop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // Nobody listens where it broke.
            let _ = stop.send(());
            self.deadline = Some(Instant::now() + STOPPING);
        }
    }

    /// Takes no more calls and finishes those that are under way, or refuses them where they take too long.
    pub(super) async fn stop(mut self) {
        self.begin_to_stop();
        let deadline = self.deadline.unwrap_or_else(Instant::now);
        let in_flight = self.open.in_flight();
        // Whoever holds a connection without a call, and does not answer, holds up nobody.
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
            tracing::warn!("calls over gRPC did not come to an end, stopping all the same");
            in_flight.end();
            // What they are told must get out.
            tokio::time::sleep(CLOSING).await;
        }
        in_flight.end();
        self.task.abort();
    }
}

fn open(parts: &Parts) -> Result<Option<Open>, StartError> {
    let Some(gateway) = &parts.gateway else { return Ok(None) };
    let ingestion = match (&parts.ingestion, &parts.peers) {
        (Some(ingestion), _) => Ingestion::Here(ingestion.clone()),
        (None, Some(peers)) => Ingestion::Away(HandOn::new(peers.clone())?),
        (None, None) => return Ok(None),
    };
    Ok(Some(Open::new(gateway.clone(), ingestion, parts.metrics.clone())))
}

/// Waits for the signals that stop HTTP's side, which listens for them itself. To be polled after it: what nobody listens
/// for ends the process, what is listened for here alone would be lost.
pub(super) async fn told_to_stop() {
    let (terminate, interrupt) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()));
    tokio::select! {
        () = arrives(terminate) => {}
        () = arrives(interrupt) => {}
    }
}

/// Never, where signals cannot be listened for.
async fn arrives(signal: std::io::Result<Signal>) {
    match signal {
        Ok(mut signal) => drop(signal.recv().await),
        Err(_) => std::future::pending().await,
    }
}
