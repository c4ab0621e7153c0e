//! Sends the recorded runs of τ-bench's airline agent to a server, as an agent would send its own: see `rule.rs` for how a
//! recording becomes a trace, and `../README.md` for where the recordings are.

mod expect;
mod rule;

use std::{error::Error, fs::File, io::BufReader, path::PathBuf, time::Duration};

use api::{clock::Clock, http};
use clap::Parser;
use reqwest::StatusCode;
use shared::{
    Timestamp,
    ingest::{IngestResponse, TraceBatch},
    trace::TraceInput,
};

/// Traces in one request: with all that was said in them, some 3 MB.
const BATCH: usize = 50;

/// Sends recorded runs of an airline agent to a server.
#[derive(Parser)]
struct Args {
    /// The recordings, like gpt-4o-airline.json.
    file: PathBuf,
    /// The server's address.
    #[arg(long, env = "AGENT_OBS_URL", default_value = "http://127.0.0.1:8000", value_parser = http::base_url)]
    url: String,
    /// An API key.
    #[arg(long, env = "AGENT_OBS_API_KEY", hide_env_values = true, required_unless_present_any = ["expect", "print"])]
    api_key: Option<String>,
    /// The runs lie before this time, in RFC 3339; now where absent.
    #[arg(long)]
    end: Option<Timestamp>,
    /// Hours over which the runs are spread.
    #[arg(long, default_value_t = 24, value_name = "HOURS")]
    spread: u32,
    /// Print the totals that the rule gives, as JSON, and send nothing.
    #[arg(long)]
    expect: bool,
    /// Print the traces as JSON lines, as `agent-obs import` reads them, and send nothing.
    #[arg(long, conflicts_with = "expect")]
    print: bool,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse();
    let recordings: Vec<rule::Recording> = serde_json::from_reader(BufReader::new(File::open(&args.file)?))?;
    if args.expect {
        println!("{}", serde_json::to_string_pretty(&expect::expected(&recordings))?);
        return Ok(());
    }
    let end = args.end.unwrap_or_else(|| Clock::system().now());
    let traces = rule::traces(&recordings, end, Duration::from_secs(3_600) * args.spread);
    if args.print {
        for trace in &traces {
            println!("{}", serde_json::to_string(trace)?);
        }
        return Ok(());
    }
    let sent = send(&args.url, &args.api_key.unwrap_or_default(), &traces).await?;
    println!("{sent} traces sent to {}", args.url);
    Ok(())
}

async fn send(url: &str, key: &str, traces: &[TraceInput]) -> Result<usize, Box<dyn Error>> {
    let client = http::client(url).build()?;
    let mut sent = 0;
    for part in traces.chunks(BATCH) {
        let batch = TraceBatch { traces: part.to_vec() };
        let answer = loop {
            let answer = client
                .post(format!("{url}/api/v1/traces/batch"))
                .bearer_auth(key)
                .json(&batch)
                .send()
                .await?;
            let wait =
                answer.headers().get("Retry-After").and_then(|value| value.to_str().ok()?.parse().ok());
            match (answer.status(), wait) {
                (StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE, Some(seconds)) => {
                    tokio::time::sleep(Duration::from_secs(seconds)).await;
                }
                (StatusCode::ACCEPTED, _) => break answer.json::<IngestResponse>().await?,
                (status, _) => return Err(format!("{status}: {}", answer.text().await?).into()),
            }
        };
        if let Some(rejection) = answer.rejected.first() {
            return Err(
                format!("trace {} of a batch was refused: {}", rejection.index, rejection.detail).into()
            );
        }
        sent += answer.accepted;
    }
    Ok(sent)
}

#[cfg(test)]
mod tests;
