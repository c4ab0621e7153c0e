//! `agent-obs import`: sends JSON lines from a file or a pipe to a server over its REST API.

mod batch;
mod line;
mod report;
mod send;

use std::{
    fs::File,
    io::{self, BufRead, BufReader},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    thread,
    time::Duration,
};

use clap::{Args, value_parser};
use domain::{error::chain, secret::Secret};
use tokio::{sync::mpsc, task::JoinSet, time};

use self::{
    batch::Read,
    report::Report,
    send::{ImportError, Sender},
};
use super::{failure::fail, progress::LINE_INTERVAL};
use crate::http;

/// The timeout of one batch.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Send JSON lines, one trace each in the format of POST /api/v1/traces, to a server.
///
/// Run the same command again to continue an interrupted import: traces that were accepted are not counted twice. A
/// line without a trace_id gets an id computed from its text and line number (import-<hash>), so the same applies to
/// it; if such a line is changed or moved, it becomes another trace.
///
/// Rejected lines are printed to stderr with their numbers, and the import continues. Exits with 0 if all lines were
/// accepted, with 1 if some were not, and with 2 if the import could not be started or completed.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// The file to read; - reads standard input.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// URL of the server.
    #[arg(long, env = "AGENT_OBS_URL", default_value = "http://127.0.0.1:8000", value_parser = http::base_url)]
    url: String,
    /// API key of the target workspace; prefer the environment variable to the command line.
    #[arg(long, env = "AGENT_OBS_API_KEY", hide_env_values = true, value_name = "KEY", value_parser = secret)]
    api_key: Secret,
    /// Traces per request.
    #[arg(long, default_value_t = 500, value_name = "TRACES", value_parser = value_parser!(u16).range(1..=1000))]
    batch: u16,
    /// Concurrent requests.
    #[arg(long, default_value_t = 2, value_name = "REQUESTS", value_parser = value_parser!(u8).range(1..=32))]
    parallel: u8,
}

fn secret(text: &str) -> Result<Secret, &'static str> {
    let text = text.trim();
    if text.is_empty() { Err("is empty") } else { Ok(Secret::new(text)) }
}

/// Imports, and prints the result. [`ImportArgs`] describes the exit code.
pub async fn run(args: ImportArgs) -> ExitCode {
    let (reader, bytes) = match open(&args.file) {
        Ok(opened) => opened,
        Err(error) => return fail(2, format_args!("cannot read {}: {error}", args.file.display())),
    };
    let report = Arc::new(Report::start(bytes));
    let result = import(&args, reader, &report).await;
    report.finish();
    if let Err(stop) = result {
        eprintln!("agent-obs: {stop}");
        eprintln!("{}; run the same command again to continue", report.summary());
        return ExitCode::from(2);
    }
    println!("{}", report.summary());
    if report.invalid_lines() == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Returns the input, and its size if it is known.
fn open(path: &Path) -> io::Result<(Box<dyn BufRead + Send>, Option<u64>)> {
    if path == Path::new("-") {
        return Ok((Box::new(BufReader::new(io::stdin())), None));
    }
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    // A pipe has a name but no size.
    let bytes = metadata.is_file().then_some(metadata.len());
    Ok((Box::new(BufReader::with_capacity(256 * 1024, file)), bytes))
}

async fn import(
    args: &ImportArgs,
    reader: impl BufRead + Send + 'static,
    report: &Arc<Report>,
) -> Result<(), ImportError> {
    let client = http::client(&args.url).connect_timeout(CONNECT_TIMEOUT).timeout(REQUEST_TIMEOUT).build();
    let client = client.map_err(|error| ImportError(format!("cannot initialize TLS: {}", chain(&error))))?;
    let url = format!("{}/api/v1/traces/batch", args.url);
    let sender = Sender { client, url, key: args.api_key.clone(), has_responded: Arc::default() };
    let (most, parallel) = (usize::from(args.batch), usize::from(args.parallel));
    // Reads ahead as many batches as are in flight. The thread is not joined, because it may be blocked in a read.
    let (to, mut from) = mpsc::channel(parallel);
    thread::spawn(move || batch::read(reader, most, &to));
    let mut tasks = JoinSet::new();
    let mut ticks = time::interval_at(time::Instant::now() + LINE_INTERVAL, LINE_INTERVAL);
    let mut reading = true;
    while reading || !tasks.is_empty() {
        tokio::select! {
            read = from.recv(), if reading && tasks.len() < parallel => match read {
                Some(Read::Batch(batch)) => {
                    let (sender, report) = (sender.clone(), Arc::clone(report));
                    tasks.spawn(async move {
                        let accepted = sender.send(&batch, &report).await?;
                        report.batch(accepted, batch.position);
                        Ok(())
                    });
                }
                Some(Read::Invalid { line, detail }) => report.record_invalid(line, &detail),
                Some(Read::Failed(error)) => return Err(ImportError(format!("cannot read the input: {error}"))),
                None => reading = false,
            },
            Some(done) = tasks.join_next() => {
                done.unwrap_or_else(|error| Err(ImportError(format!("sending ended unexpectedly: {error}"))))?;
            }
            _ = ticks.tick() => report.print_line(),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
