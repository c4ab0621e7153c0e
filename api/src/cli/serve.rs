//! `agent-obs serve`: the server, with `--demo` including a demo workspace.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    process::ExitCode,
};

use clap::Args;
use domain::error::chain;

use super::failure::fail;
use crate::{
    auth::email::DEMO_EMAIL, clock::Clock, config::Config, demo::feed, process_state::ProcessState,
    role::Role, startup::Application, telemetry::log,
};

/// The arguments of the server. All other settings come from the environment or a `.env` file.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// Run only one role, with the other roles in other processes; without it this process runs all roles.
    #[arg(long, value_enum)]
    role: Option<Role>,
    /// Create a demo workspace with 60 days of traffic, and keep adding new traces to it.
    #[arg(long, conflicts_with = "role")]
    demo: bool,
    /// Serve the SPA from this directory instead of the built-in one.
    #[arg(long, value_name = "DIRECTORY")]
    web_dir: Option<PathBuf>,
}

/// Serves until stopped. Exits with 2 for an invalid setting, and with 1 for any other error.
pub async fn run(args: ServeArgs) -> ExitCode {
    let mut config = match Config::read(args.role, |name| std::env::var(name).ok()) {
        Ok(config) => config,
        Err(error) => return fail(2, error),
    };
    config.web_dir = args.web_dir.or(config.web_dir);
    log::start(&config.log_level, config.log_format);
    let host = config.host;
    let mut application = match Application::build(config, Clock::system()).await {
        Ok(application) => application,
        Err(error) => return fail(1, chain(&error)),
    };
    let url = format!("http://{}", SocketAddr::new(reachable(host), application.port()));
    println!("Agent Observability listens on {url}");
    if let Some(port) = application.grpc_port() {
        println!("OTLP over gRPC listens on http://{}", SocketAddr::new(reachable(host), port));
    }
    if let Some(port) = application.metrics_port() {
        println!("Metrics are served on http://{}/metrics", SocketAddr::new(reachable(host), port));
    }
    let ProcessState { gateway, query, .. } = application.state().clone();
    if !args.demo
        && let Some(gateway) = &gateway
        && let Err(error) = feed::disable(gateway).await
    {
        return fail(1, format_args!("cannot disable the demo account: {}", chain(error.as_ref())));
    }
    if args.demo
        && let (Some(gateway), Some(query)) = (gateway, query)
    {
        match feed::account(&gateway).await {
            Ok(user) => application.spawn_task(feed::run_or_log(gateway, query, user, url)),
            Err(error) => {
                return fail(1, format_args!("cannot create the demo account: {}", chain(error.as_ref())));
            }
        }
        println!(
            "Log in as {} with the password {}. The demo history is loading in the background, newest day first.",
            DEMO_EMAIL,
            feed::PASSWORD
        );
    }
    match application.run_until_stopped().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(1, error),
    }
}

/// Returns the address at which this machine reaches a server that listens on `host`.
fn reachable(host: IpAddr) -> IpAddr {
    if host.is_unspecified() { Ipv4Addr::LOCALHOST.into() } else { host }
}
