//! Starts a server: opens what its roles need, binds the ports, runs the jobs, and stops in order.

mod admission;
mod connection;
mod connection_limit;
mod error;
mod grpc;
mod http;
mod process;
mod resources;

use std::{io, time::Duration};

use actix_web::dev::{Server, ServerHandle};
use tokio::task::JoinSet;

pub use self::error::StartError;
use self::{connection_limit::ConnectionLimit, grpc::Grpc, process::Running};
use crate::{clock::Clock, config::Config, gateway::address::TrustedProxies, process_state::ProcessState};

/// The maximum time for writing queued records and stopping the jobs, once all requests have ended.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(10);

/// A server with bound ports that is ready to run.
pub struct Application {
    state: ProcessState,
    running: Running,
    server: Server,
    port: u16,
    grpc: Option<Grpc>,
    metrics: Option<(Server, u16)>,
    tasks: JoinSet<()>,
}

impl Application {
    /// Opens everything, binds the ports, and starts the jobs.
    ///
    /// # Errors
    /// Returns an error if a resource cannot be opened or a port cannot be bound.
    pub async fn build(config: Config, clock: Clock) -> Result<Self, StartError> {
        let (state, mut running) = process::open(&config, clock).await?;
        let limit = ConnectionLimit::new(
            // The other roles have few clients: the gateways, which have many connections.
            if state.gateway.is_some() { config.max_connections_per_address } else { 0 },
            TrustedProxies::new(config.trusted_proxies.clone()),
        );
        let (server, port) = http::listen(&config, &state, &limit)?;
        let grpc = Grpc::listen(&config, &state, &limit)?;
        let metrics = http::listen_metrics(&config, &state)?;
        running.start_jobs();
        Ok(Self { state, running, server, port, grpc, metrics, tasks: JoinSet::new() })
    }

    /// Runs a task that is aborted when the server stops.
    pub fn spawn_task(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(task);
    }

    /// Returns the bound port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns the bound port of OTLP over gRPC, or `None` if it is off.
    #[must_use]
    pub fn grpc_port(&self) -> Option<u16> {
        self.grpc.as_ref().map(|grpc| grpc.port)
    }

    /// Returns the bound port of the metrics, or `None` if the service port serves them.
    #[must_use]
    pub fn metrics_port(&self) -> Option<u16> {
        self.metrics.as_ref().map(|(_, port)| *port)
    }

    /// Returns a handle that stops the server, like SIGTERM.
    #[must_use]
    pub fn handle(&self) -> ServerHandle {
        self.server.handle()
    }

    /// Returns the state of the handlers.
    #[must_use]
    pub fn state(&self) -> &ProcessState {
        &self.state
    }

    /// Serves until SIGTERM or SIGINT. Then stops accepting requests, completes those in flight, writes queued records,
    /// stops the jobs, and closes the stores.
    ///
    /// # Errors
    /// Returns an error if the HTTP server fails.
    pub async fn run_until_stopped(self) -> io::Result<()> {
        let Self { state, running, mut server, mut grpc, metrics, mut tasks, .. } = self;
        let metrics = metrics.map(|(server, _)| (server.handle(), tokio::spawn(server)));
        let result = tokio::select! {
            biased;
            result = &mut server => result,
            () = grpc::stop_requested() => {
                if let Some(grpc) = &mut grpc {
                    grpc.request_stop();
                }
                server.await
            }
        };
        if let Some(grpc) = grpc {
            grpc.stop().await;
        }
        if let Some((handle, task)) = metrics {
            handle.stop(false).await;
            // A panic of the task was logged when it happened.
            let _ = task.await;
        }
        // The tasks and the handlers must release the state, so that the sending side of the queue is dropped.
        tasks.shutdown().await;
        drop(state);
        running.close(SHUTDOWN_TIMEOUT).await;
        result
    }
}
