//! The command line.

pub mod serve;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// A self-hosted dashboard for teams that run AI agents.
#[derive(Debug, Parser)]
#[command(name = "agent-obs", version)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the dashboard and its API.
    Serve(serve::ServeArgs),
}

/// Runs the command that the command line names.
pub async fn run(cli: Cli) -> ExitCode {
    match cli.command {
        Command::Serve(args) => serve::run(args).await,
    }
}
