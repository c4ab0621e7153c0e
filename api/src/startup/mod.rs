//! Builds a server: opens what its roles need, binds, runs and stops.

mod base;
mod error;
mod grpc;
mod http;
mod role;

use std::{io, time::Duration};

use actix_web::dev::{Server, ServerHandle};
use domain::error::chain;
use store::trace::TraceStore;
use tokio::task::JoinHandle;

pub use self::error::StartError;
use self::{grpc::Grpc, role::Running};
use crate::{clock::Clock, config::Config, gateway, parts::Parts, processing::sink::Sink};

/// The interval of storing when API keys were last used.
const SAVE_USES: Duration = Duration::from_secs(30);
/// The interval of store maintenance: retention and late rollups.
const MAINTAIN: Duration = Duration::from_secs(60);
/// The interval of assembling pending traces whose root span did not arrive in time.
const PROMOTE: Duration = Duration::from_secs(10);
/// How long queued records may take to be written after the servers have stopped.
const WRITING: Duration = Duration::from_secs(10);

/// A server that is bound and ready to run.
pub struct Application {
    parts: Parts,
    running: Running,
    server: Server,
    port: u16,
    grpc: Option<Grpc>,
    tasks: Vec<JoinHandle<()>>,
}

impl Application {
    /// Opens everything and binds.
    ///
    /// # Errors
    /// Returns an error if something cannot be opened or a port is taken.
    pub async fn build(config: Config, clock: Clock) -> Result<Self, StartError> {
        let (parts, running) = role::open(&config, clock.clone()).await?;
        let (server, port) = http::listen(&config, &parts)?;
        let grpc = Grpc::listen(&config, &parts)?;
        let mut application = Self { parts, running, server, port, grpc, tasks: Vec::new() };
        if let Some(gateway) = application.parts.gateway.clone() {
            application.spawn(async move {
                let mut ticks = tokio::time::interval(SAVE_USES);
                loop {
                    ticks.tick().await;
                    save_uses(&gateway).await;
                }
            });
        }
        if let Some(traces) = application.running.writable_traces().cloned() {
            application.spawn(maintain(traces, clock.clone()));
        }
        if let Some(sink) = application.running.sink().cloned() {
            application.spawn(promote(sink, clock, config.root_wait));
        }
        if let Some(repricer) = application.running.take_repricer() {
            application.spawn(repricer.run());
        }
        if let Some(evaluator) = application.running.take_evaluator() {
            application.spawn(evaluator.run());
        }
        Ok(application)
    }

    /// Runs a task until the server stops.
    pub fn spawn(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.push(tokio::spawn(task));
    }

    /// Returns the HTTP port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns the port of OTLP over gRPC, if it is served.
    #[must_use]
    pub fn grpc_port(&self) -> Option<u16> {
        self.grpc.as_ref().map(Grpc::port)
    }

    /// Returns a handle that stops the server like SIGTERM.
    #[must_use]
    pub fn handle(&self) -> ServerHandle {
        self.server.handle()
    }

    /// Returns the states of the handlers, for background tasks.
    #[must_use]
    pub fn parts(&self) -> &Parts {
        &self.parts
    }

    /// Serves until SIGTERM or SIGINT. Then stops accepting requests, completes those in flight, writes queued
    /// records and closes the stores.
    ///
    /// # Errors
    /// Returns an error if the server fails.
    pub async fn run_until_stopped(self) -> io::Result<()> {
        let Self { parts, running, mut server, mut grpc, tasks, .. } = self;
        let result = tokio::select! {
            biased;
            result = &mut server => result,
            () = grpc::stop_signal() => {
                if let Some(grpc) = &mut grpc {
                    grpc.begin_shutdown();
                }
                server.await
            }
        };
        if let Some(grpc) = grpc {
            grpc.stop().await;
        }
        for task in tasks {
            task.abort();
            // The task has released the states once it has ended.
            let _ = task.await;
        }
        if let Some(gateway) = &parts.gateway {
            save_uses(gateway).await;
        }
        drop(parts);
        running.close(WRITING).await;
        result
    }
}

async fn maintain(traces: TraceStore, clock: Clock) {
    let mut ticks = tokio::time::interval(MAINTAIN);
    loop {
        ticks.tick().await;
        if let Err(error) = traces.maintain(clock.now()).await {
            tracing::warn!(error = chain(&error), "store maintenance failed; retrying later");
        }
    }
}

async fn promote(sink: Sink, clock: Clock, root_wait: Duration) {
    let mut ticks = tokio::time::interval(PROMOTE);
    loop {
        ticks.tick().await;
        if let Err(error) = sink.promote(clock.now() - root_wait).await {
            tracing::warn!(error = chain(&error), "failed to assemble pending traces; retrying later");
        }
    }
}

async fn save_uses(gateway: &gateway::State) {
    if let Err(error) = gateway.credentials.save_uses().await {
        tracing::warn!(%error, "failed to store the last uses of API keys");
    }
}
