//! The command line.

pub mod account;
mod failure;
pub mod healthcheck;
pub mod import;
pub mod migrate;
mod progress;
pub mod serve;
pub mod transfer;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// A self-hosted dashboard for teams that run AI agents.
#[derive(Debug, Parser)]
#[command(name = "agent-obs", version, arg_required_else_help = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the dashboard and its API.
    Serve(serve::ServeArgs),
    /// Send traces from a file of JSON lines to a server.
    Import(import::ImportArgs),
    /// Migrate the databases.
    Migrate(migrate::MigrateArgs),
    /// Copy the contents of a data directory to the servers.
    Transfer(transfer::TransferArgs),
    /// List, invite, disable and delete accounts.
    Account(account::AccountArgs),
    /// Check whether a server and its dependencies are up.
    Healthcheck(healthcheck::HealthcheckArgs),
}

/// Runs the command of the command line.
pub async fn run(cli: Cli) -> ExitCode {
    match cli.command {
        Command::Serve(args) => serve::run(args).await,
        Command::Import(args) => import::run(args).await,
        Command::Migrate(args) => migrate::run(args).await,
        Command::Transfer(args) => transfer::run(args).await,
        Command::Account(args) => account::run(args).await,
        Command::Healthcheck(args) => healthcheck::run(args).await,
    }
}
