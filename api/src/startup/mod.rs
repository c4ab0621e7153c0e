//! Putting a server together: open what its roles need, bind, run, stop.

mod base;
mod error;
mod grpc;
mod http;
mod part;

use std::{io, time::Duration};

use actix_web::dev::{Server, ServerHandle};
use domain::error::chain;
use store::trace::TraceStore;
use tokio::task::JoinHandle;

pub use self::error::StartError;
use self::{grpc::Grpc, part::Running};
use crate::{clock::Clock, config::Config, gateway, parts::Parts, processing::sink::Sink};

/// How often the last uses of API keys are written down.
const SAVE_USES: Duration = Duration::from_secs(30);
/// How often old traces are looked for, and rollups that came too late.
const MAINTAIN: Duration = Duration::from_secs(60);
/// How often traces are looked for that have waited long enough for their outermost span.
const PROMOTE: Duration = Duration::from_secs(10);
/// How long what was handed in may take to be written after that.
const WRITING: Duration = Duration::from_secs(10);

/// A server that is bound and ready to run.
pub struct Application {
    parts: Parts,
    running: Running,
    server: Server,
    port: u16,
    grpc: Option<Grpc>,
    beside: Vec<JoinHandle<()>>,
}

impl Application {
    /// Opens everything and binds.
    ///
    /// # Errors
    /// Where something cannot be opened or the port is taken.
    pub async fn build(config: Config, clock: Clock) -> Result<Self, StartError> {
        let (parts, running) = part::open(&config, clock.clone()).await?;
        let (server, port) = http::listen(&config, &parts)?;
        let grpc = Grpc::listen(&config, &parts)?;
        let mut application = Self { parts, running, server, port, grpc, beside: Vec::new() };
        if let Some(gateway) = application.parts.gateway.clone() {
            application.run_beside(async move {
                let mut ticks = tokio::time::interval(SAVE_USES);
                loop {
                    ticks.tick().await;
                    save_uses(&gateway).await;
                }
            });
        }
        if let Some(traces) = application.running.written().cloned() {
            application.run_beside(maintain(traces, clock.clone()));
        }
        if let Some(sink) = application.running.sink().cloned() {
            application.run_beside(promote(sink, clock, config.root_wait));
        }
        if let Some(repricer) = application.running.take_repricer() {
            application.run_beside(repricer.run());
        }
        if let Some(evaluator) = application.running.take_evaluator() {
            application.run_beside(evaluator.run());
        }
        Ok(application)
    }

    /// Runs a task beside the server, until that is told to stop.
    pub fn run_beside(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        self.beside.push(tokio::spawn(task));
    }

    /// The port that is listened on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The port on which OTLP is taken over gRPC, where it is.
    #[must_use]
    pub fn grpc_port(&self) -> Option<u16> {
        self.grpc.as_ref().map(Grpc::port)
    }

    /// What stops the server from elsewhere, as SIGTERM does.
    #[must_use]
    pub fn handle(&self) -> ServerHandle {
        self.server.handle()
    }

    /// What the handlers work with, for what runs beside them.
    #[must_use]
    pub fn parts(&self) -> &Parts {
        &self.parts
    }

    /// Serves until told to stop (SIGTERM, SIGINT): then takes no more requests, answers those that are under way,
    /// writes what was handed in, and closes the stores.
    ///
    /// # Errors
    /// Where the server breaks.
    pub async fn run_until_stopped(self) -> io::Result<()> {
        let Self { parts, running, mut server, mut grpc, beside, .. } = self;
        let result = tokio::select! {
            biased;
            result = &mut server => result,
            () = grpc::told_to_stop() => {
                if let Some(grpc) = &mut grpc {
                    grpc.begin_to_stop();
                }
                server.await
            }
        };
        if let Some(grpc) = grpc {
            grpc.stop().await;
        }
        for task in beside {
            task.abort();
            // Ended means that it holds the parts no more.
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
            tracing::warn!(error = chain(&error), "the traces were not maintained, trying again later");
        }
    }
}

async fn promote(sink: Sink, clock: Clock, root_wait: Duration) {
    let mut ticks = tokio::time::interval(PROMOTE);
    loop {
        ticks.tick().await;
        if let Err(error) = sink.promote(clock.now() - root_wait).await {
            tracing::warn!(error = chain(&error), "traces that wait were not promoted, trying again later");
        }
    }
}

async fn save_uses(gateway: &gateway::State) {
    if let Err(error) = gateway.credentials.save_uses().await {
        tracing::warn!(%error, "the last uses of API keys were not written down");
    }
}
