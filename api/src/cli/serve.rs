//! `agent-obs serve`: the server, and with `--demo` a workspace to look at.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;

use crate::{
    clock::Clock,
    config::Config,
    error::chain,
    startup::Application,
    telemetry::log,
};

/// What to serve. Everything else is set by the environment or a `.env` file.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// Make a demo workspace with 30 days of traffic, and let new traces arrive in it.
    #[arg(long)]
    demo: bool,
    /// Serve the pages of this folder instead of the ones that are built in.
    #[arg(long, value_name = "FOLDER")]
    web_dir: Option<PathBuf>,
}

/// Serves until told to stop. The exit code is 2 for a bad setting, 1 for anything else that goes wrong.
pub async fn run(args: ServeArgs) -> ExitCode {
    let mut config = match Config::read(|name| std::env::var(name).ok()) {
        Ok(config) => config,
        Err(error) => {
            eprintln!("agent-obs: {error}");
            return ExitCode::from(2);
        }
    };
    config.web_dir = args.web_dir.or(config.web_dir);
    log::start(&config.log_level, config.log_format);
    let host = config.host;
    let application = match Application::build(config, Clock::system()).await {
        Ok(application) => application,
        Err(error) => {
            eprintln!("agent-obs: {}", chain(&error));
            return ExitCode::FAILURE;
        }
    };
    println!("Agent Observability listens on http://{host}:{}", application.port());
    let _ = args.demo;
    match application.run_until_stopped().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("agent-obs: {error}");
            ExitCode::FAILURE
        }
    }
}
