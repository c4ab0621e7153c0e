//! `make bench`: measures a server of the release profile, its client beside it on the same machine, on data that is the
//! same at every run, and writes the table of `docs/benchmarks.md`.
//!
//! Options: `--traces N` (1,000,000), `--seconds N` a measurement (10), `--write FILE`.

mod data;
mod ingest;
mod machine;
mod query;
mod raw;
mod report;
mod server;

use std::{error::Error, path::PathBuf, time::Duration};

use clap::Parser;

use self::{report::Report, server::Server};

pub(crate) type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

#[derive(Debug, Parser)]
struct Args {
    /// Traces in the database that is queried, spread over 30 days.
    #[arg(long, default_value_t = 1_000_000)]
    traces: u64,
    /// Seconds of each measurement of a rate.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Where to write the report; only printed where absent.
    #[arg(long)]
    write: Option<PathBuf>,
    /// What cargo adds.
    #[arg(long, hide = true)]
    bench: bool,
}

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    let seconds = Duration::from_secs(args.seconds);
    let mut report = Report::new(args.traces, seconds)?;
    let folder = tempfile::tempdir()?;
    let web = data::constant_page(folder.path())?;

    let server = Server::start(folder.path(), &web).await?;
    report.idle(server.memory()?);
    eprintln!("==> loading {} traces", args.traces);
    ingest::load_history(&server, args.traces).await?;
    report.disk(server.stop_and_measure_disk().await?);

    let server = Server::start(folder.path(), &web).await?;
    report.start(server.started_in, server.memory()?);
    eprintln!("==> queries");
    query::cached(&server, seconds, &mut report)?;
    query::uncached(&server, &mut report).await?;
    query::lists(&server, args.traces, &mut report).await?;
    eprintln!("==> ingestion");
    ingest::visible(&server, &mut report).await?;
    ingest::rate(&server, seconds, &mut report).await?;
    server.stop().await?;
    report.raw(raw::bulk_load(folder.path(), args.traces.min(400_000)).await?);

    let text = report.text();
    println!("{text}");
    if let Some(path) = args.write {
        std::fs::write(path, text)?;
    }
    Ok(())
}
