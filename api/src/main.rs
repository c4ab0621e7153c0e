//! The binary `agent-obs`: reads the command line and does what it says.

use std::process::ExitCode;

use api::cli::{self, Cli};
use clap::Parser;

#[tokio::main]
async fn main() -> ExitCode {
    // A missing .env is no error; its settings give way to the environment's.
    let _ = dotenvy::dotenv();
    cli::run(Cli::parse()).await
}
