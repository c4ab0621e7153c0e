//! The binary `agent-obs`.

use std::process::ExitCode;

use api::cli::{self, Cli};
use clap::Parser;

#[tokio::main]
async fn main() -> ExitCode {
    // A missing .env is not an error; the environment takes precedence over it.
    let _ = dotenvy::dotenv();
    cli::run(Cli::parse()).await
}
