//! Sends the recorded runs of τ-bench's airline agent to a server, as an agent would send its own: see `rule.rs` for how a
//! recording becomes a trace, and `../README.md` for where the recordings are.

mod expect;
mod otlp;
mod rule;

use std::{error::Error, fs::File, io::BufReader, path::PathBuf, time::Duration};

use api::{clock::Clock, http};
use clap::Parser;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message;
use reqwest::{RequestBuilder, Response, StatusCode};
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
    /// Send them as OpenTelemetry's spans, over HTTP with protobuf.
    #[arg(long)]
    otlp: bool,
    /// Print the totals that the rule gives, as JSON, and send nothing.
    #[arg(long, conflicts_with = "otlp")]
    expect: bool,
    /// Print the traces as JSON lines, as `agent-obs import` reads them, and send nothing.
    #[arg(long, conflicts_with_all = ["expect", "otlp"])]
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
    let receiver = Receiver {
        client: http::client(&args.url).build()?,
        url: args.url,
        key: args.api_key.unwrap_or_default(),
    };
    if args.otlp {
        receiver.send_spans(&traces).await?;
    } else {
        receiver.send(&traces).await?;
    }
    println!("{} traces sent to {}", traces.len(), receiver.url);
    Ok(())
}

/// The server that takes them.
struct Receiver {
    client: reqwest::Client,
    url: String,
    key: String,
}

impl Receiver {
    async fn send(&self, traces: &[TraceInput]) -> Result<(), Box<dyn Error>> {
        for part in traces.chunks(BATCH) {
            let batch = TraceBatch { traces: part.to_vec() };
            let answer = self.post("/api/v1/traces/batch", |request| request.json(&batch)).await?;
            if let Some(rejection) = answer.json::<IngestResponse>().await?.rejected.first() {
                let (index, detail) = (rejection.index, &rejection.detail);
                return Err(format!("trace {index} of a batch was refused: {detail}").into());
            }
        }
        Ok(())
    }

    async fn send_spans(&self, traces: &[TraceInput]) -> Result<(), Box<dyn Error>> {
        for batch in otlp::requests(traces) {
            let body = batch.encode_to_vec();
            let protobuf = |request: RequestBuilder| {
                request.header("Content-Type", "application/x-protobuf").body(body.clone())
            };
            let answer = self.post("/v1/traces", protobuf).await?.bytes().await?;
            let refused = ExportTraceServiceResponse::decode(answer)?.partial_success.unwrap_or_default();
            if refused.rejected_spans > 0 {
                return Err(format!(
                    "{} spans were refused: {}",
                    refused.rejected_spans, refused.error_message
                )
                .into());
            }
        }
        Ok(())
    }

    /// Sends until it is taken: a server that has no room now says when to come again.
    async fn post(
        &self,
        path: &str,
        fill: impl Fn(RequestBuilder) -> RequestBuilder,
    ) -> Result<Response, Box<dyn Error>> {
        loop {
            let request = self.client.post(format!("{}{path}", self.url)).bearer_auth(&self.key);
            let answer = fill(request).send().await?;
            let wait =
                answer.headers().get("Retry-After").and_then(|value| value.to_str().ok()?.parse().ok());
            match (answer.status(), wait) {
                (StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE, Some(seconds)) => {
                    tokio::time::sleep(Duration::from_secs(seconds)).await;
                }
                (status, _) if status.is_success() => return Ok(answer),
                (status, _) => return Err(format!("{status}: {}", answer.text().await?).into()),
            }
        }
    }
}

#[cfg(test)]
mod tests;
