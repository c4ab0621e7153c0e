//! `agent-obs serve`: the server, and with `--demo` a workspace to look at.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    process::ExitCode,
};

use clap::Args;
use domain::error::chain;

use crate::{
    clock::Clock, config::Config, demo::feed, parts::Parts, role::Role, startup::Application, telemetry::log,
};

/// What to serve. Everything else is set by the environment or a `.env` file.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// Run one role alone, beside other processes with the others; all of them in this one where absent.
    #[arg(long, value_enum)]
    role: Option<Role>,
    /// Make a demo workspace with 60 days of traffic, and let new traces arrive in it.
    #[arg(long, conflicts_with = "role")]
    demo: bool,
    /// Serve the pages of this folder instead of the ones that are built in.
    #[arg(long, value_name = "FOLDER")]
    web_dir: Option<PathBuf>,
}

/// Serves until told to stop. The exit code is 2 for a bad setting, 1 for anything else that goes wrong.
pub async fn run(args: ServeArgs) -> ExitCode {
    let mut config = match Config::read(args.role, |name| std::env::var(name).ok()) {
        Ok(config) => config,
        Err(error) => {
            eprintln!("agent-obs: {error}");
            return ExitCode::from(2);
        }
    };
    config.web_dir = args.web_dir.or(config.web_dir);
    log::start(&config.log_level, config.log_format);
    let host = config.host;
    let mut application = match Application::build(config, Clock::system()).await {
        Ok(application) => application,
        Err(error) => {
            eprintln!("agent-obs: {}", chain(&error));
            return ExitCode::FAILURE;
        }
    };
    let url = format!("http://{}", SocketAddr::new(reachable(host), application.port()));
    println!("Agent Observability listens on {url}");
    if let Some(port) = application.grpc_port() {
        println!("OTLP over gRPC listens on http://{}", SocketAddr::new(reachable(host), port));
    }
    let Parts { gateway, query, .. } = application.parts().clone();
    if args.demo
        && let (Some(gateway), Some(query)) = (gateway, query)
    {
        match feed::account(&gateway).await {
            Ok(user) => application.run_beside(feed::run_or_log(gateway, query, user, url)),
            Err(error) => {
                eprintln!("agent-obs: the demo account cannot be made: {}", chain(error.as_ref()));
                return ExitCode::FAILURE;
            }
        }
        println!(
            "Log in as {} with the password {} (its history loads in the background, the newest day first)",
            feed::EMAIL,
            feed::PASSWORD
        );
    }
    match application.run_until_stopped().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("agent-obs: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Where a server that listens on `host` is reached from this machine.
fn reachable(host: IpAddr) -> IpAddr {
    if host.is_unspecified() { Ipv4Addr::LOCALHOST.into() } else { host }
}
