//! `agent-obs healthcheck`: checks whether a server and its dependencies are up, for containers and scripts.

use std::{collections::BTreeMap, process::ExitCode, time::Duration};

use clap::Args;
use domain::error::chain;
use reqwest::StatusCode;
use serde::Deserialize;

use crate::http;

const TIMEOUT: Duration = Duration::from_secs(3);

/// The server to check.
#[derive(Debug, Args)]
pub struct HealthcheckArgs {
    /// URL of the server.
    #[arg(long, env = "AGENT_OBS_URL", default_value = "http://127.0.0.1:8000", value_parser = http::base_url)]
    url: String,
}

#[derive(Debug, Deserialize)]
struct Ready {
    #[serde(default)]
    status: String,
    #[serde(default)]
    dependencies: BTreeMap<String, String>,
}

/// Prints the state of every dependency. Exits with 0 if all are up, otherwise with 1.
pub async fn run(args: HealthcheckArgs) -> ExitCode {
    match ask(&args.url).await {
        Ok((status, ready)) => {
            for (name, state) in &ready.dependencies {
                println!("{name}: {state}");
            }
            if status.is_success() {
                println!("{}", ready.status);
                return ExitCode::SUCCESS;
            }
            println!("not ready: {}/ready responded {status}", args.url);
        }
        Err(error) => eprintln!("agent-obs: {}/ready does not respond: {}", args.url, chain(&error)),
    }
    ExitCode::FAILURE
}

async fn ask(url: &str) -> reqwest::Result<(StatusCode, Ready)> {
    // A health check calls this server directly, never through a proxy.
    let client = http::client(url).no_proxy().timeout(TIMEOUT).build()?;
    let response = client.get(format!("{url}/ready")).send().await?;
    let status = response.status();
    Ok((status, response.json().await?))
}
