//! Sends the recorded runs of the airline agent of τ-bench to a server. `rule.rs` describes how a recording is converted into a
//! trace, and `../README.md` where to get the recordings.

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

/// Traces per request. With their messages, they have about 3 MB.
const BATCH: usize = 50;

/// Sends recorded runs of an airline agent to a server.
#[derive(Parser)]
struct Args {
    /// JSON file with the recordings, such as gpt-4o-airline.json.
    file: PathBuf,
    /// URL of the server.
    #[arg(long, env = "AGENT_OBS_URL", default_value = "http://127.0.0.1:8000", value_parser = http::base_url)]
    url: String,
    /// API key with which traces are sent.
    #[arg(long, env = "AGENT_OBS_API_KEY", hide_env_values = true, required_unless_present_any = ["expect", "print"])]
    api_key: Option<String>,
    /// End of the period that contains the runs, in RFC 3339 [default: now].
    #[arg(long)]
    end: Option<Timestamp>,
    /// Length of the period in hours.
    #[arg(long, default_value_t = 24, value_name = "HOURS")]
    spread: u32,
    /// Send OpenTelemetry spans over HTTP with protobuf.
    #[arg(long)]
    otlp: bool,
    /// Print the expected totals as JSON without sending anything.
    #[arg(long, conflicts_with = "otlp")]
    expect: bool,
    /// Print the traces as JSON lines for `agent-obs import` without sending anything.
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

/// A client of the server that receives the traces.
struct Receiver {
    client: reqwest::Client,
    url: String,
    key: String,
}

impl Receiver {
    async fn send(&self, traces: &[TraceInput]) -> Result<(), Box<dyn Error>> {
        for part in traces.chunks(BATCH) {
            let batch = TraceBatch { traces: part.to_vec() };
            let response = self.post("/api/v1/traces/batch", |request| request.json(&batch)).await?;
            if let Some(rejection) = response.json::<IngestResponse>().await?.rejected.first() {
                let (index, detail) = (rejection.index, &rejection.detail);
                return Err(format!("trace {index} of a batch was rejected: {detail}").into());
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
            let response = self.post("/v1/traces", protobuf).await?.bytes().await?;
            let partial = ExportTraceServiceResponse::decode(response)?.partial_success.unwrap_or_default();
            if partial.rejected_spans > 0 {
                let (count, message) = (partial.rejected_spans, partial.error_message);
                return Err(format!("{count} spans were rejected: {message}").into());
            }
        }
        Ok(())
    }

    /// Sends a request, and repeats it after the time in `Retry-After` while the server is overloaded.
    async fn post(
        &self,
        path: &str,
        fill: impl Fn(RequestBuilder) -> RequestBuilder,
    ) -> Result<Response, Box<dyn Error>> {
        loop {
            let request = self.client.post(format!("{}{path}", self.url)).bearer_auth(&self.key);
            let response = fill(request).send().await?;
            let wait =
                response.headers().get("Retry-After").and_then(|value| value.to_str().ok()?.parse().ok());
            match (response.status(), wait) {
                (StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE, Some(seconds)) => {
                    tokio::time::sleep(Duration::from_secs(seconds)).await;
                }
                (status, _) if status.is_success() => return Ok(response),
                (status, _) => return Err(format!("{status}: {}", response.text().await?).into()),
            }
        }
    }
}

#[cfg(test)]
mod tests;
