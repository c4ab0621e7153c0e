//! `agent-obs healthcheck`: whether a server and what it needs answer; for containers and scripts.

use std::{collections::BTreeMap, process::ExitCode, time::Duration};

use clap::Args;
use domain::error::chain;
use reqwest::StatusCode;
use serde::Deserialize;

use crate::http;

const TIMEOUT: Duration = Duration::from_secs(3);

/// Which server.
#[derive(Debug, Args)]
pub struct HealthcheckArgs {
    /// The server's address.
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

/// Prints every dependency and whether it is up. The exit code is 0 where all are, else 1.
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
            println!("not ready: {}/ready answers {status}", args.url);
        }
        Err(error) => eprintln!("agent-obs: {}/ready does not answer: {}", args.url, chain(&error)),
    }
    ExitCode::FAILURE
}

async fn ask(url: &str) -> reqwest::Result<(StatusCode, Ready)> {
    // A health check asks this very server, never a proxy.
    let client = http::client(url).no_proxy().timeout(TIMEOUT).build()?;
    let answer = client.get(format!("{url}/ready")).send().await?;
    let status = answer.status();
    Ok((status, answer.json().await?))
}
